//! The `outrigger` command.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to people")]

mod banner;
mod check;
mod columns;
mod config;
mod explain;
mod fleet;
mod folder;
mod inject;
mod installation;
mod plane;
mod plugin;
mod policy;
mod quiet;
mod run;
mod simulate;
mod source;

use std::{env, process::ExitCode};

use config::Command;

/// Gives memory back after a burst, which glibc's does not; its settings are in `.cargo/config.toml`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    if plugin::completes() {
        plugin::completions(&env::args().skip(1).collect::<Vec<_>>()).iter().for_each(|line| println!("{line}"));
        return ExitCode::SUCCESS;
    }
    let cli = match plugin::parse(env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return misused(&error),
    };
    let done = match cli.command {
        Command::Run(args) => run::run(args),
        Command::Check(args) => check::check(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Simulate(args) => simulate::simulate(&args),
        Command::Fleet(args) => fleet::fleet(&args),
        Command::Inject(args) => inject::inject(&args),
        Command::Policy(command) => policy::policy(&command),
        Command::Completions(args) => {
            clap_complete::generate(args.shell, &mut plugin::command(), "outrigger", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("outrigger: {error:#}");
        ExitCode::FAILURE
    })
}

/// What clap says, with its exit code; 1 where 2 has another meaning.
fn misused(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    let asked = env::args().any(|word| word == "what-changes");
    match error.exit_code() {
        0 => ExitCode::SUCCESS,
        _ if asked => ExitCode::FAILURE,
        code => ExitCode::from(u8::try_from(code).unwrap_or(1)),
    }
}

//! The `outrigger` command.

mod banner;
mod check;
mod columns;
mod config;
#[cfg(test)]
mod documented;
mod explain;
mod fleet;
mod folder;
mod inject;
mod installation;
mod object;
mod plane;
mod plugin;
mod policy;
mod quiet;
mod report;
mod run;
mod simulate;
mod source;
mod top;
mod usage;

use std::{env, process::ExitCode};

use config::Command;
use outrigger_telemetry::out;

/// Gives memory back after a burst, which glibc's does not; its settings are in `.cargo/config.toml`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    if plugin::completes() {
        let words: Vec<String> = env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
        let lines: String = plugin::completions(&words).iter().map(|line| format!("{line}\n")).collect();
        return ended(out::write(&lines).map(|()| ExitCode::SUCCESS).map_err(Into::into));
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
        Command::Top(args) => top::top(&args),
        Command::Inject(args) => inject::inject(&args),
        Command::Policy(command) => policy::policy(&command),
        Command::Report(args) => report::report(&args),
        Command::Usage(args) => usage::usage(&args),
        Command::Completions(args) => {
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut plugin::command(), "outrigger", &mut script);
            out::write(&String::from_utf8_lossy(&script)).map(|()| ExitCode::SUCCESS).map_err(Into::into)
        }
    };
    ended(done)
}

fn ended(done: anyhow::Result<ExitCode>) -> ExitCode {
    done.unwrap_or_else(|error| {
        out::complain(format_args!("outrigger: {error:#}"));
        ExitCode::FAILURE
    })
}

/// What clap says, with its exit code; 1 where 2 has another meaning.
fn misused(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    let asked = env::args_os().any(|word| word == "what-changes");
    match error.exit_code() {
        0 => ExitCode::SUCCESS,
        _ if asked => ExitCode::FAILURE,
        code => ExitCode::from(u8::try_from(code).unwrap_or(1)),
    }
}

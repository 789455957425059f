//! The `outrigger` command.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to people")]

mod banner;
mod check;
mod config;
mod explain;
mod fleet;
mod folder;
mod quiet;
mod run;
mod simulate;
mod source;

use std::process::ExitCode;

use clap::Parser;
use config::{Cli, Command};

/// Gives memory back after a burst, which glibc's does not; its settings are in `.cargo/config.toml`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) => run::run(args),
        Command::Check(args) => check::check(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Simulate(args) => simulate::simulate(&args),
        Command::Fleet(args) => fleet::fleet(&args),
    };
    done.unwrap_or_else(|error| {
        eprintln!("outrigger: {error:#}");
        ExitCode::FAILURE
    })
}

//! The `outrigger-control-plane` command.

mod admin;
mod audit;
mod bootstrap;
mod check;
mod config;
mod desk;
mod fingerprint;
mod fleet;
mod follow;
mod identity;
mod injector;
mod ledger;
mod lifetime;
mod lock;
mod metrics;
mod outlook;
mod peers;
mod publish;
mod push;
mod ready;
mod reviews;
mod roster;
mod run;
mod scrape;
mod source;
mod state;
mod tally;
mod tls;
mod token;
mod uninstall;
mod webhook;

use std::{process::ExitCode, time::SystemTime};

use clap::Parser;
use config::{Cli, Command, Program, StateArgs};
use outrigger_telemetry::out;
use state::State;
use tls::Authority;

/// Gives memory back after every sidecar came at once, which glibc's does not; its settings are in `.cargo/config.toml`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let Cli { command, run } = Cli::parse();
    let done = match command {
        Some(Command::Token(args)) => token::token(*args, SystemTime::now()),
        Some(Command::Ca(args)) => ca(&args),
        Some(Command::Injector(args)) => injector::run(*args),
        Some(Command::Ledger(args)) => ledger::run(*args),
        Some(Command::Uninstall(args)) => uninstall::uninstall(args),
        Some(Command::Check(args)) => check::check(&args),
        Some(Command::Bootstrap(args)) => bootstrap::write(&args),
        Some(Command::Metrics { of }) => inventory(of),
        None => run::run(run),
    };
    done.map_or_else(
        |error| {
            out::complain(format_args!("outrigger-control-plane: {error:#}"));
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

/// `outrigger-control-plane metrics`: all that one of its programs can have on its page.
fn inventory(of: Program) -> anyhow::Result<()> {
    let families = match of {
        Program::ControlPlane => [metrics::FAMILIES, &scrape::families()].concat(),
        Program::Injector => injector::FAMILIES.to_vec(),
        Program::Ledger => ledger::FAMILIES.to_vec(),
    };
    Ok(out::write(&outrigger_telemetry::registry::markdown(&families))?)
}

/// `outrigger-control-plane ca`
fn ca(args: &StateArgs) -> anyhow::Result<()> {
    Ok(out::write(Authority::open(&State::open(&args.state)?, SystemTime::now())?.bundle())?)
}

//! The `outrigger-control-plane` command.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to people")]

mod config;
#[allow(dead_code, reason = "checking tokens is for the server, which is not there yet")]
mod identity;
mod lifetime;
mod state;
#[allow(dead_code, reason = "serving is for the server, which is not there yet")]
mod tls;
mod token;

use std::{process::ExitCode, time::SystemTime};

use clap::Parser;
use config::{Cli, Command, StateArgs};
use state::State;
use tls::Authority;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Token(args) => token::token(*args, SystemTime::now()),
        Command::Ca(args) => ca(&args),
    };
    done.map_or_else(
        |error| {
            eprintln!("outrigger-control-plane: {error:#}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

/// `outrigger-control-plane ca`
fn ca(args: &StateArgs) -> anyhow::Result<()> {
    print!("{}", Authority::open(&State::open(&args.state)?, SystemTime::now())?.bundle());
    Ok(())
}

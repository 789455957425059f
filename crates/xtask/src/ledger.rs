//! `cargo xtask ledger`: the ledger's stories on a real PostgreSQL, which is fetched and started for them. On SQLite they run
//! with all other tests.

mod server;

use std::process::Command;

use anyhow::{Result, bail};

use crate::tools::{self, Output};
use server::Server;

/// Names the server to tests: `postgres://USER@HOST:PORT`.
const SERVER: &str = "OUTRIGGER_LEDGER_POSTGRES";

/// Runs the ledger's tests that need PostgreSQL, or another command beside a server of its own.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The command; OUTRIGGER_LEDGER_POSTGRES tells it where the server is. None: the tests.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let server = Server::start()?;
    let mut command = match args.command.as_slice() {
        [] => tests(),
        [program, words @ ..] => {
            let mut command = Command::new(program);
            command.args(words);
            command
        }
    };
    if !command.env(SERVER, server.url()).status()?.success() {
        bail!("it failed");
    }
    Ok(())
}

fn tests() -> Command {
    let mut cargo = tools::cargo();
    // What is ignored there needs a server, and nothing else.
    cargo.args(["test", "--package", "outrigger-ledger", "--no-fail-fast", "--", "--ignored"]);
    cargo
}

/// The same as a step of `cargo xtask test`.
#[derive(Debug)]
pub(crate) enum Step {
    /// There is a server.
    Ready(Server),
    /// There is none, for this reason.
    Skipped(String),
}

impl Step {
    /// Fetches and starts the server.
    pub(crate) fn prepare() -> Self {
        if !cfg!(unix) {
            return Self::Skipped("its server is started on Unix alone".into());
        }
        match server::programs() {
            Ok(_) => {}
            Err(why) => return Self::Skipped(format!("PostgreSQL is not to be had here: {why:#}")),
        }
        match Server::start() {
            Ok(server) => Self::Ready(server),
            // It is there and does not start: that is no reason to leave its tests out.
            Err(why) => Self::Ready(Server::failed(why)),
        }
    }
}

/// The tests on a server.
pub(crate) fn step(server: &Server) -> Result<Output> {
    server.check()?;
    tools::capture(tests().env(SERVER, server.url()).env("CARGO_TERM_COLOR", "never"))
}

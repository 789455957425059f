//! `cargo xtask ledger`: the ledger's stories on a real PostgreSQL, which is fetched and started for them. On SQLite they run
//! with all other tests.

mod server;

use std::process::Command;

use anyhow::{Result, bail};

use crate::tools::{self, Output};
use server::Server;

/// Names the server to tests: `postgres://USER@HOST:PORT`.
const SERVER: &str = "OUTRIGGER_LEDGER_POSTGRES";
/// Says to stories, which kill one of their own, where the programs are.
const PROGRAMS: &str = "OUTRIGGER_LEDGER_POSTGRES_PROGRAMS";

/// Runs the ledger's tests that need PostgreSQL, or another command beside a server of its own.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The command; OUTRIGGER_LEDGER_POSTGRES tells it where the server is. None: the tests.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let server = Server::start()?;
    let commands = match args.command.as_slice() {
        [] => {
            tools::succeed(&mut tools::build_programs())?;
            tests().into()
        }
        [program, words @ ..] => {
            let mut command = Command::new(program);
            command.args(words);
            vec![command]
        }
    };
    for mut command in commands {
        if !told(&mut command, &server).status()?.success() {
            bail!("it failed");
        }
    }
    Ok(())
}

/// The tests of the ledger, and the stories of its program.
fn tests() -> [Command; 2] {
    let test = |words: &[&str]| {
        let mut cargo = tools::cargo();
        // As everybody builds them: a package by itself has other features, and all below it would be compiled once more.
        cargo.args(["test", "--no-fail-fast", "--workspace"]).args(words);
        cargo
    };
    // What a library ignores needs a server, and nothing else.
    [test(&["--lib", "--", "--ignored"]), test(&["--test", "it", "--", "--ignored", "chaos::postgres::"])]
}

/// A command that knows the server.
fn told<'a>(command: &'a mut Command, server: &Server) -> &'a mut Command {
    command.env(SERVER, server.url()).env(PROGRAMS, server.programs())
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

/// The tests on a server. The programs that stories start are built.
pub(crate) fn step(server: &Server) -> Result<Output> {
    server.check()?;
    let mut all = Output { text: String::new(), ok: true };
    for mut command in tests() {
        let Output { text, ok } = tools::capture(told(&mut command, server).env("CARGO_TERM_COLOR", "never"))?;
        all.text += &text;
        all.ok &= ok;
    }
    Ok(all)
}

//! `outrigger usage`: what the ledger is asked, and what it is given by hand.

mod call;
mod import;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use import::args::ImportArgs;

/// Arguments of `outrigger usage`.
#[derive(Args, Debug)]
pub(crate) struct UsageArgs {
    #[command(subcommand)]
    pub(crate) command: UsageCommand,
}

/// What to do with usage.
#[derive(Debug, Subcommand)]
pub(crate) enum UsageCommand {
    /// Give a ledger what sidecars could not deliver and wrote to their logs instead. What it has already is not booked again
    #[command(after_help = IMPORT)]
    Import(ImportArgs),
}

const IMPORT: &str = "\
The file is a log, of any number of sidecars: lines that are not such entries are passed over.

Exit codes:
  0  the ledger has all of them
  1  it has not, or an entry could not be read";

/// Runs it.
pub(crate) fn usage(args: &UsageArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        UsageCommand::Import(args) => import::import(args),
    }
}

//! `outrigger usage`: what the ledger is asked, and what it is given by hand.

mod call;
mod import;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};
use http::Uri;

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

/// Arguments of `outrigger usage import`.
#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    /// Log with the entries; `-` for standard input
    pub(crate) file: PathBuf,
    /// Where the ledger is: https://HOST:PORT, or http:// on this machine
    #[arg(long, env = "OUTRIGGER_LEDGER", value_name = "URL")]
    pub(crate) ledger: Uri,
    /// File with a token of the workload whose entries they are (kubectl create token NAME); `-` for standard input
    #[arg(long, env = "OUTRIGGER_TOKEN_FILE", value_name = "FILE")]
    pub(crate) token_file: PathBuf,
    /// File with the certificates (PEM) by which the ledger is known: `ca.crt` of the ConfigMap outrigger-ca
    #[arg(long, env = "OUTRIGGER_CA_FILE", value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}

/// Runs it.
pub(crate) fn usage(args: &UsageArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        UsageCommand::Import(args) => import::import(args),
    }
}

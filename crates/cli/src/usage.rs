//! `outrigger usage`: what the ledger is asked, and what it is given by hand.

mod args;
mod ask;
mod call;
mod import;
mod money;
mod table;
mod wire;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};
use http::Uri;

use args::{BooksArgs, CloseArgs, ForgetArgs, GapsArgs, QuestionArgs, ReconcileArgs};

/// Arguments of `outrigger usage`: it asks, unless another word follows.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct UsageArgs {
    #[command(subcommand)]
    pub(crate) command: Option<UsageCommand>,
    #[command(flatten)]
    pub(crate) question: QuestionArgs,
    #[command(flatten)]
    pub(crate) books: BooksArgs,
}

/// What to do with usage.
#[derive(Debug, Subcommand)]
pub(crate) enum UsageCommand {
    /// Give a ledger what sidecars could not deliver and wrote to their logs instead. What it has already is not booked again
    #[command(after_help = IMPORT)]
    Import(ImportArgs),
    /// Print what is missing: processes of which something never came, or of which nobody knows how far they got
    Gaps(GapsArgs),
    /// Take a user out of every record. Sums stay
    Forget(ForgetArgs),
    /// Close a period that is over: what was booked in it never changes again, and what comes later is shown apart
    Close(CloseArgs),
    /// Hold the ledger against a vendor's bill, by day and model
    Reconcile(ReconcileArgs),
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
        None => ask::question(&args.question, &args.books),
        Some(UsageCommand::Import(args)) => import::import(args),
        Some(UsageCommand::Gaps(args)) => ask::gaps(args),
        Some(UsageCommand::Forget(args)) => ask::forget(args),
        Some(UsageCommand::Close(args)) => ask::close(args),
        Some(UsageCommand::Reconcile(args)) => ask::reconcile(args),
    }
}

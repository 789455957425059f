//! `outrigger usage`: what the ledger is asked, and what it is given by hand.

pub(crate) mod args;
pub(crate) mod ask;
mod call;
mod import;
mod money;
mod reprice;
mod table;
mod wire;

use std::process::ExitCode;

use args::{UsageArgs, UsageCommand};

/// Runs it.
pub(crate) fn usage(args: &UsageArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        None => ask::question(&args.question, &args.books),
        Some(UsageCommand::Import(args)) => import::import(args),
        Some(UsageCommand::Gaps(args)) => ask::gaps(args),
        Some(UsageCommand::Forget(args)) => ask::forget(args),
        Some(UsageCommand::Close(args)) => ask::close(args),
        Some(UsageCommand::Reconcile(args)) => ask::reconcile(args),
        Some(UsageCommand::Reprice(args)) => reprice::reprice(args),
    }
}

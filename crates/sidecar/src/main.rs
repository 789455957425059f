//! The `outrigger-sidecar` command: the data plane in a pod, with policy from a control plane.
//!
//! `holdings` is what it was told, pure; `disk` keeps that over a restart; `bootstrap` is what was left for a pod that has
//! nothing yet, and `mounted` the keys that such a pod finds as files; `start` chooses between them; `link` is the one part
//! that speaks to a control plane, `ledger` the one that takes to a ledger what was spooled; what goes to a collector is taken
//! there by `outrigger_otlp`. Requests see none of it: they are decided on the snapshot that was published last,
//! control plane or not.

mod bootstrap;
mod claims;
mod config;
mod disk;
mod holdings;
mod ledger;
mod link;
mod mounted;
mod run;
mod start;

use std::process::ExitCode;

use clap::Parser;
use config::Cli;

/// Gives memory back after a burst, which glibc's does not; its settings are in `.cargo/config.toml`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    run::run(Cli::parse()).unwrap_or_else(|error| {
        outrigger_telemetry::out::complain(format_args!("outrigger-sidecar: {error:#}"));
        ExitCode::FAILURE
    })
}

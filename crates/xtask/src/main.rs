//! Chores of the repository: `cargo xtask --help`.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod arrows;
mod budget;
mod catalog;
mod charts;
mod circles;
mod cluster;
mod elsewhere;
mod faults;
mod fleet;
mod fuzz;
mod generate;
mod house;
mod kubernetes;
mod ledger;
mod llmock;
mod monitoring;
mod promises;
mod proto;
mod sdk;
mod syntax;
mod test;
mod tools;
mod traces;
mod traffic;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Chores of the repository")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Measures what the sidecar adds to a request.
    Bench(elsewhere::Args),
    Budget(budget::Args),
    /// Compares estimates of tokens with recorded usage.
    Calibrate(elsewhere::Args),
    Catalog(catalog::Args),
    Cluster(cluster::Args),
    Charts(charts::Args),
    Circles(circles::Args),
    Faults(faults::Args),
    Fleet(fleet::Args),
    /// Connects some hundred sidecars to a control plane and judges what it does for them.
    FleetCheck(elsewhere::Args),
    Fuzz(fuzz::Args),
    Generate(generate::Args),
    House(house::Args),
    Kubernetes(kubernetes::Args),
    Ledger(ledger::Args),
    Llmock(llmock::Args),
    Monitoring(monitoring::Args),
    Promises(promises::Args),
    Proto(proto::Args),
    Sdk(sdk::Args),
    /// Sends many requests with faults mixed in and looks for what the sidecar keeps of them (K6).
    Soak(elsewhere::Args),
    Test(test::Args),
    /// Has a receiver of traces that is not ours read those of a sidecar
    Traces,
    Traffic(traffic::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().chore {
        Chore::Bench(args) => elsewhere::bench("bench", &args),
        Chore::Budget(args) => budget::run(&args),
        Chore::Calibrate(args) => elsewhere::calibrate(&args),
        Chore::Catalog(args) => catalog::run(&args),
        Chore::Cluster(args) => cluster::run(&args),
        Chore::Charts(args) => charts::run(&args),
        Chore::Circles(args) => circles::run(&args),
        Chore::Faults(args) => faults::run(&args),
        Chore::Fleet(args) => fleet::run(&args),
        Chore::FleetCheck(args) => elsewhere::bench("fleet-check", &args),
        Chore::Fuzz(args) => fuzz::run(&args),
        Chore::Generate(args) => generate::run(&args),
        Chore::House(args) => house::run(&args),
        Chore::Kubernetes(args) => kubernetes::run(&args),
        Chore::Ledger(args) => ledger::run(&args),
        Chore::Llmock(args) => llmock::run(&args),
        Chore::Monitoring(args) => monitoring::run(&args),
        Chore::Promises(args) => promises::run(&args),
        Chore::Proto(args) => proto::run(&args),
        Chore::Sdk(args) => sdk::run(&args),
        Chore::Soak(args) => elsewhere::bench("soak", &args),
        Chore::Test(args) => test::run(&args),
        Chore::Traces => traces::run(),
        Chore::Traffic(args) => traffic::run(&args),
    }
}

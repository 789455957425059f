//! Chores of the repository: `cargo xtask --help`.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod arrows;
mod bench;
mod budget;
mod calibrate;
mod catalog;
mod charts;
mod cluster;
mod fleet;
mod fuzz;
mod generate;
mod kubernetes;
mod llmock;
mod promises;
mod proto;
mod sdk;
mod soak;
mod test;
mod tools;
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
    Bench(bench::Args),
    #[command(hide = true)]
    BenchPart(bench::part::Args),
    Budget(budget::Args),
    Calibrate(calibrate::Args),
    Catalog(catalog::Args),
    Cluster(cluster::Args),
    Charts(charts::Args),
    Fleet(fleet::Args),
    FleetCheck(bench::fleet::Args),
    Fuzz(fuzz::Args),
    Generate(generate::Args),
    Kubernetes(kubernetes::Args),
    Llmock(llmock::Args),
    Promises(promises::Args),
    Proto(proto::Args),
    Sdk(sdk::Args),
    Soak(soak::Args),
    Test(test::Args),
    Traffic(traffic::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().chore {
        Chore::Bench(args) => bench::run(&args),
        Chore::BenchPart(args) => bench::part::run(&args),
        Chore::Budget(args) => budget::run(&args),
        Chore::Calibrate(args) => calibrate::run(&args),
        Chore::Catalog(args) => catalog::run(&args),
        Chore::Cluster(args) => cluster::run(&args),
        Chore::Charts(args) => charts::run(&args),
        Chore::Fleet(args) => fleet::run(&args),
        Chore::FleetCheck(args) => bench::fleet::run(&args),
        Chore::Fuzz(args) => fuzz::run(&args),
        Chore::Generate(args) => generate::run(&args),
        Chore::Kubernetes(args) => kubernetes::run(&args),
        Chore::Llmock(args) => llmock::run(&args),
        Chore::Promises(args) => promises::run(&args),
        Chore::Proto(args) => proto::run(&args),
        Chore::Sdk(args) => sdk::run(&args),
        Chore::Soak(args) => soak::run(&args),
        Chore::Test(args) => test::run(&args),
        Chore::Traffic(args) => traffic::run(&args),
    }
}

//! Measurements of programs that run: `cargo xtask bench`, `cargo xtask soak`, `cargo xtask fleet-check`.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod bench;
mod soak;

use clap::{Parser, Subcommand};
use outrigger_chores as tools;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Measurements of programs that run")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    Bench(bench::Args),
    #[command(hide = true)]
    BenchPart(bench::part::Args),
    FleetCheck(bench::fleet::Args),
    Soak(soak::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().chore {
        Chore::Bench(args) => bench::run(&args),
        Chore::BenchPart(args) => bench::part::run(&args),
        Chore::FleetCheck(args) => bench::fleet::run(&args),
        Chore::Soak(args) => soak::run(&args),
    }
}

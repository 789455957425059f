//! Chores of the repository: `cargo xtask --help`.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod catalog;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Chores of the repository")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    Catalog(catalog::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().chore {
        Chore::Catalog(args) => catalog::run(&args),
    }
}

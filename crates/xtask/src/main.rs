//! Chores of the repository: `cargo xtask --help`.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod arrows;
mod catalog;
mod generate;
mod llmock;
mod test;
mod tools;

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
    Generate(generate::Args),
    Llmock(llmock::Args),
    Test(test::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().chore {
        Chore::Catalog(args) => catalog::run(&args),
        Chore::Generate(args) => generate::run(&args),
        Chore::Llmock(args) => llmock::run(&args),
        Chore::Test(args) => test::run(&args),
    }
}

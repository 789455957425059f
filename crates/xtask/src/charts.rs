//! `cargo xtask charts`: what of the charts needs Helm. What is printed without it is `cargo xtask generate`'s.

pub(crate) mod helm;
mod manifests;
mod print;
mod schema;
mod step;
mod test;
mod values;

use anyhow::Result;
use clap::Subcommand;

pub(crate) use step::Step;

use values::Value;

/// Renders deploy/kubernetes from the chart, with Helm; `test` tests the charts.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail if a file differs from what the chart renders.
    #[arg(long)]
    check: bool,
    #[command(subcommand)]
    command: Option<Chore>,
}

#[derive(Debug, Subcommand)]
enum Chore {
    Test(test::Args),
}

pub(crate) fn run(args: &Args) -> Result<()> {
    match &args.command {
        None => manifests::run(args.check),
        Some(Chore::Test(args)) => test::run(args),
    }
}

/// A chart whose values are printed from a table.
pub(crate) struct Chart {
    /// Its name, and that of its folder in `charts`.
    pub(crate) name: &'static str,
    values: Vec<Value>,
}

/// All of them, in the order in which they are installed.
pub(crate) fn all() -> [Chart; 2] {
    [Chart { name: "outrigger-crds", values: values::crds() }, Chart { name: "outrigger", values: values::outrigger() }]
}

impl Chart {
    /// Its folder, below the root of the repository.
    pub(crate) fn folder(&self) -> String {
        format!("charts/{}", self.name)
    }

    /// `values.yaml`
    pub(crate) fn values(&self) -> String {
        print::yaml(&self.values)
    }

    /// `values.schema.json`
    pub(crate) fn schema(&self) -> String {
        schema::schema(self.name, &self.values)
    }

    /// The table of its README.
    pub(crate) fn table(&self) -> String {
        print::table(&self.values)
    }
}

//! The decision alone has a bench of its own: quoted here.

use anyhow::{Context as _, Result};

use crate::{
    bench::{
        figure::{Figures, Spread},
        stage::Stage,
    },
    tools,
};

pub(super) fn run(_stage: &mut Stage, figures: &mut Figures) -> Result<()> {
    let printed =
        tools::succeed(tools::cargo().args(["bench", "--quiet", "-p", "outrigger-route", "--bench", "plan"]))?;
    for line in printed.lines().skip(1) {
        let mut words = line.split_whitespace().rev();
        let mut number = || words.next().and_then(|word| word.parse::<f64>().ok());
        let (p99, median) = (number().context("no p99 in a line of the bench")?, number().context("no median")?);
        let name = words.rev().collect::<Vec<_>>().join(" ");
        figures.add("plan", &format!("{name}: median"), "us", Spread::of([median]));
        figures.add("plan", &format!("{name}: p99"), "us", Spread::of([p99]));
    }
    Ok(())
}

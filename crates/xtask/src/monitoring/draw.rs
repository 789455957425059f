//! `cargo xtask monitoring draw`: the pictures of dashboards in the documents. A fleet runs for some minutes, a real Prometheus
//! answers what the dashboards ask, and Grafana's own components draw that in a browser, at the places that the dashboard has.
//!
//! An explicit chore: what it installs is half a gigabyte, and pictures change with dashboards alone.

mod answers;
mod page;

use std::{fs, path::PathBuf, thread, time::Duration};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{
    dashboards,
    fleet::{self, Fleet, Script},
    grafana::Dashboard,
    mode::{Clock, Mode},
    programs::Programs,
    server::Server,
};
use crate::tools;
use page::Page;

/// What is drawn.
const BOARDS: [&str; 2] = ["overview", "cost"];
/// How long the fleet runs: what is shown, and a week before it.
const TRAFFIC: Duration = Duration::from_secs(440);

/// Draws dashboards as Grafana shows them: a fleet runs for seven minutes before.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Draw what was answered the last time
    #[arg(long)]
    again: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let page = Page::build()?;
    let boards: Vec<Dashboard> = dashboards::all().into_iter().filter(|board| BOARDS.contains(&board.name)).collect();
    if !args.again {
        ask(&boards)?;
    }
    for board in &boards {
        let said = fs::read_to_string(saved(board)?).context("nothing was asked yet: without --again")?;
        let picture = tools::root().join(format!("docs/dashboard-{}.png", board.name));
        page.draw(&serde_json::from_str(&said)?, &picture)?;
        println!("{}: {} KiB", picture.display(), fs::metadata(&picture)?.len() / 1024);
    }
    Ok(())
}

/// What Prometheus says of a fleet with an outage, a limit and a refused key behind it.
fn ask(boards: &[Dashboard]) -> Result<()> {
    let programs = Programs::ensure()?;
    let fleet = Fleet::start()?;
    let of = (Mode::ControlPlane, Clock::DRAWN);
    let server = Server::start(&programs, of, &fleet.folder().join("prometheus"), fleet::free()?, &fleet.targets())?;
    println!("a fleet runs for {} s", TRAFFIC.as_secs());
    let traffic = fleet.traffic(&Script::DRAWN);
    thread::sleep(TRAFFIC);
    for board in boards {
        let said: Value = answers::all(&server, board)?;
        fs::write(saved(board)?, said.to_string())?;
    }
    println!("{} requests", traffic.stop());
    Ok(())
}

/// Where the answers are kept.
fn saved(board: &Dashboard) -> Result<PathBuf> {
    let folder = tools::target()?.join("drawn");
    fs::create_dir_all(&folder)?;
    Ok(folder.join(format!("{}.json", board.name)))
}

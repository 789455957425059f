//! The results: a table for people, JSON for programs.

use serde::Serialize;

use super::figure::{Figure, Spread};

/// Everything a run found.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Versions of what was measured.
    pub(super) versions: Vec<String>,
    /// Who ran where.
    pub(super) cores: String,
    /// Of our processes, where one was asked for.
    pub(super) priority: Option<i32>,
    pub(super) repetitions: usize,
    pub(super) quick: bool,
    /// Part of the proxy's core that others had while something was measured.
    pub(super) foreign_share: f64,
    pub(super) lanes: Vec<LaneReport>,
}

/// A lane and what came of it.
#[derive(Debug, Serialize)]
pub(super) struct LaneReport {
    pub(super) lane: &'static str,
    pub(super) about: &'static str,
    pub(super) figures: Vec<Figure>,
    pub(super) notes: Vec<String>,
    /// Part of the proxy's core that others had while this lane measured.
    pub(super) foreign_share: f64,
    pub(super) seconds: f64,
    /// Why nothing of it is published.
    pub(super) failure: Option<String>,
}

impl LaneReport {
    /// The table of the lane.
    pub(super) fn print(&self) {
        println!("\n{}: {}", self.lane, self.about);
        if let Some(why) = &self.failure {
            println!("  nothing is published: {why}");
        }
        for figure in &self.figures {
            println!("  {:<20} {:<75} {}", figure.contender, figure.what, value(figure));
        }
        for note in &self.notes {
            println!("  {note}");
        }
        println!("  ({:.0} s; others had {:.0} % of the proxy's core)", self.seconds, self.foreign_share * 100.0);
    }
}

impl Report {
    /// What is within reach and what is not; true if all is.
    pub(super) fn print_reach(&self) -> bool {
        println!("\nreach");
        let mut all = true;
        for lane in &self.lanes {
            if let Some(why) = &lane.failure {
                all = false;
                println!("  MISS  {}: {why}", lane.lane);
            }
            for figure in &lane.figures {
                let (Some(passes), Some(reach)) = (figure.passes(), figure.reach) else { continue };
                all &= passes;
                let verdict = if passes { "pass" } else { "MISS" };
                let Figure { contender, what, unit, .. } = figure;
                println!(
                    "  {verdict}  {:<13} {:<80} {}, at most {} {unit}",
                    lane.lane,
                    format!("{contender}, {what}"),
                    value(figure),
                    number(reach),
                );
            }
        }
        println!("\nothers had {:.0} % of the proxy's core while it was measured", self.foreign_share * 100.0);
        all
    }
}

fn value(figure: &Figure) -> String {
    let Spread { median, min, max, repetitions } = figure.value;
    let unit = figure.unit;
    if repetitions == 1 {
        return format!("{:>9} {unit}", number(median));
    }
    format!("{:>9} {unit} ({} .. {})", number(median), number(min), number(max))
}

fn number(value: f64) -> String {
    match value.abs() {
        magnitude if magnitude >= 1000.0 => format!("{value:.0}"),
        magnitude if magnitude >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

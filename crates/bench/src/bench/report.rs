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
    /// Part of the proxy's core that others had while something was measured; where there was a proxy.
    pub(super) foreign_share: Option<f64>,
    pub(super) lanes: Vec<LaneReport>,
}

/// A lane and what came of it.
#[derive(Debug, Serialize)]
pub(super) struct LaneReport {
    pub(super) lane: &'static str,
    pub(super) about: &'static str,
    pub(super) figures: Vec<Figure>,
    pub(super) notes: Vec<String>,
    /// Part of the proxy's core that others had while this lane measured; where there was a proxy.
    pub(super) foreign_share: Option<f64>,
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
        match self.foreign_share {
            Some(share) => println!("  ({:.0} s; others had {:.0} % of the proxy's core)", self.seconds, share * 100.0),
            None => println!("  ({:.0} s)", self.seconds),
        }
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
            all &= print_judged(&lane.figures) == 0;
        }
        if let Some(share) = self.foreign_share {
            println!("\nothers had {:.0} % of the proxy's core while it was measured", share * 100.0);
        }
        all
    }
}

/// Every figure that is held against a reach; how many miss it.
pub(super) fn print_judged(figures: &[Figure]) -> usize {
    let mut missed = 0;
    for figure in figures {
        let (Some(passes), Some(reach)) = (figure.passes(), figure.reach) else { continue };
        missed += usize::from(!passes);
        let verdict = if passes { "pass" } else { "MISS" };
        let Figure { lane, contender, what, unit, .. } = figure;
        println!(
            "  {verdict}  {lane:<13} {:<80} {}, at most {} {unit}",
            format!("{contender}, {what}"),
            value(figure),
            number(reach),
        );
    }
    missed
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

//! A fleet at the release of the control plane.

use std::time::Duration;

use anyhow::Result;

use crate::bench::{
    alone::Alone,
    figure::Figures,
    fleet::{Gates, Plan, measure},
};

pub(super) fn run(alone: &Alone, figures: &mut Figures) -> Result<()> {
    let (edits, flood) = if alone.quick { (5, 200) } else { (15, 1_000) };
    let plan = Plan {
        binary: alone.control_plane.clone(),
        program: alone.program.clone(),
        sidecars: alone.sidecars,
        views: 50,
        routes: 200,
        edits,
        flood,
        calm: Duration::from_secs(4),
        gates: Gates::RELEASE,
    };
    measure(&plan, figures)
}

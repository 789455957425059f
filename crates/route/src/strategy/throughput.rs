//! Highest median output tokens per second first.

use super::View;

pub(super) fn score(view: &View<'_>) -> f64 {
    view.standing.throughput.map_or(f64::NAN, |throughput| -throughput.at[0])
}

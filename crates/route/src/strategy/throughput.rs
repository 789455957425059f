//! Highest median output tokens per second first.

use super::View;

pub(super) fn score(view: &View<'_>) -> f64 {
    view.standing.throughput.map_or(f64::NAN, |throughput| -f64::from(throughput.at[0]))
}

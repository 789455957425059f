//! Lowest median time to the first content first.

use super::View;

pub(super) fn score(view: &View<'_>) -> f64 {
    view.standing.latency.map_or(f64::NAN, |latency| f64::from(latency.at[0]))
}

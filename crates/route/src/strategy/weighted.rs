//! Drawn by the weights of the route. Weight 0 is a pure fallback: behind every other.

use super::{View, drawn};

pub(super) fn score(view: &View<'_>) -> f64 {
    drawn(f64::from(view.weight).max(1e-9), view.draw)
}

//! Fewest requests in flight first; equals are shuffled.

use super::View;

pub(super) fn score(view: &View<'_>) -> f64 {
    f64::from(view.standing.outstanding) + view.draw
}

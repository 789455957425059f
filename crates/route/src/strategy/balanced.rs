//! OpenRouter's documented default ("v1"): a draw with weight 1/price^2, so that $1 against $3 is chosen 9 to 1.
//! Unstable candidates are put behind the stable ones by `plan`, before any strategy.

use super::{View, drawn, price};

/// A free endpoint would otherwise have an infinite weight: nothing counts as cheaper than a hundredth of a cent per
/// million tokens.
const CHEAPEST: f64 = 100_000.0;

pub(super) fn score(view: &View<'_>) -> f64 {
    let price = price::score(view).clamp(CHEAPEST, price::UNPRICED);
    drawn(1.0 / (price * price), view.draw)
}

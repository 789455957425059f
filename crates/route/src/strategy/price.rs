//! Cheapest first.

use super::View;

/// Stands for the price of a target without one: behind every priced target. (10,000 USD per million tokens, the
/// catalogue's own cap.)
pub(super) const UNPRICED: f64 = 1e13;

/// Nano-dollars per million tokens of a typical mix: three tokens read for one written.
pub(super) fn score(view: &View<'_>) -> f64 {
    view.target.prices.as_ref().map_or(UNPRICED, |prices| (3.0 * prices.input.0 as f64 + prices.output.0 as f64) / 4.0)
}

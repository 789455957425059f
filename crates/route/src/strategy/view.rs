//! What there is for a strategy to go by.

use crate::{signals::Standing, snapshot::Target};

/// What a strategy may look at.
pub(crate) struct View<'a> {
    pub(crate) target: &'a Target,
    pub(crate) standing: &'a Standing,
    /// Place in the route as written.
    pub(crate) position: usize,
    /// Weight in the route.
    pub(crate) weight: u32,
    /// A number in (0, 1), independent for every candidate of this request.
    pub(crate) draw: f64,
}

/// Draws without replacement with probability proportional to `weight` when the lowest is taken first: the
/// exponential form of Efraimidis and Spirakis, "Weighted random sampling with a reservoir" (2006).
pub(crate) fn drawn(weight: f64, draw: f64) -> f64 {
    -draw.ln() / weight
}

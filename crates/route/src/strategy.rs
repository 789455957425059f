//! How candidates of one priority are ordered. A strategy is one function in one file: it gives a candidate a score,
//! and the lowest score is tried first.

mod balanced;
mod exacto;
mod latency;
mod least_outstanding;
mod price;
mod throughput;
mod weighted;

use crate::{
    ask::{Ordering, Sort},
    signals::Standing,
    snapshot::Target,
    words::Strategy,
};

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

/// The score of one candidate; lower is first. `NaN` means "unmeasured" and is replaced by the peers' mean.
pub(crate) fn score(ordering: Ordering, view: &View<'_>) -> f64 {
    match ordering {
        Ordering::Strategy(Strategy::Priority) => view.position as f64,
        Ordering::Strategy(Strategy::Weighted) => weighted::score(view),
        Ordering::Strategy(Strategy::Price) | Ordering::Sort(Sort::Price) => price::score(view),
        Ordering::Strategy(Strategy::Latency) | Ordering::Sort(Sort::Latency) => latency::score(view),
        Ordering::Strategy(Strategy::Throughput) | Ordering::Sort(Sort::Throughput) => throughput::score(view),
        Ordering::Strategy(Strategy::Balanced) => balanced::score(view),
        Ordering::Strategy(Strategy::LeastOutstanding) => least_outstanding::score(view),
        Ordering::Sort(Sort::Exacto) => exacto::score(view),
    }
}

/// Draws without replacement with probability proportional to `weight` when the lowest is taken first: the
/// exponential form of Efraimidis and Spirakis, "Weighted random sampling with a reservoir" (2006).
pub(crate) fn drawn(weight: f64, draw: f64) -> f64 {
    -draw.ln() / weight
}

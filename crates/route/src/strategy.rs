//! How candidates of one priority are ordered. A strategy is one function in one file: it gives a candidate a score,
//! and the lowest score is tried first.

mod balanced;
mod exacto;
mod latency;
mod least_outstanding;
mod price;
mod throughput;
mod view;
mod weighted;

pub(crate) use view::View;
use view::drawn;

use crate::{
    ask::{Ordering, Sort},
    words::Strategy,
};

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

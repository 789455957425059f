//! What a request asked for, and where that led: known once it is decided.

use std::sync::Arc;

use outrigger_route::snapshot::Route;

use crate::metrics::by_route::RouteCounters;

/// What was read of a request before it was decided.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// The first name.
    pub(crate) requested: Box<str>,
    pub(crate) streamed: bool,
    /// Length of the body.
    pub(crate) prompt_bytes: u64,
    /// A conversation is that of one route and of one caller.
    pub(crate) conversation: Option<u64>,
}

/// The route that was taken.
#[derive(Debug)]
pub(crate) struct Routed {
    pub(crate) route: Arc<Route>,
    /// Where the request's end is counted.
    pub(crate) counters: Arc<RouteCounters>,
}

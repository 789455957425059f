//! What is known of each target's health right now; the proxy answers from atomics.

use std::time::Duration;

use crate::Target;

/// Live facts about targets.
pub trait Signals {
    /// How `target` stands at `now`, a time since a fixed start.
    fn standing(&self, target: &Target, now: Duration) -> Standing;
}

/// One target's standing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Standing {
    /// Whether it should be called.
    pub health: Health,
    /// Requests in flight.
    pub outstanding: u32,
    /// Seconds to the first content over the last five minutes.
    pub latency: Option<Percentiles>,
    /// Output tokens per second over the last five minutes; for this one `p90` means that 90 % were at least as fast.
    pub throughput: Option<Percentiles>,
    /// Share of successful attempts among the last thousand at most, older ones counting half and less, 0 to 1; `None` of
    /// fewer than twenty.
    pub uptime: Option<f32>,
}

/// Whether a target should be called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// Nothing speaks against it.
    #[default]
    Good,
    /// Significant failures in the last 30 s: behind its peers.
    Degraded,
    /// The operator's own limit is reached: never before this time (Z10).
    Limited {
        /// When it has room again, since the same fixed start as `now`.
        until: Duration,
    },
    /// Better not before this time: a breaker is open or its keys rest. Where all targets cool, one is tried all the
    /// same (C4).
    Cooling {
        /// When it may be called again, since the same fixed start as `now`.
        until: Duration,
    },
}

impl Health {
    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Degraded => "degraded",
            Self::Limited { .. } => "limited",
            Self::Cooling { .. } => "cooling",
        }
    }
}

/// Percentiles of a rolling window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Percentiles {
    /// p50, p75, p90, p99.
    pub at: [f32; 4],
}

/// No signals: every target is healthy and unmeasured. For tests and for `explain` without a running sidecar.
#[derive(Clone, Copy, Debug, Default)]
pub struct Calm;

impl Signals for Calm {
    fn standing(&self, _: &Target, _: Duration) -> Standing {
        Standing::default()
    }
}

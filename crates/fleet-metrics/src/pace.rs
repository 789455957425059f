//! How fast a process counts.

use std::time::Duration;

use crate::{families, page::Sample};

/// How fast a process counts, for each second between its last two pages; or, before it is divided, how much.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Pace {
    pub(crate) requests: f64,
    pub(crate) failovers: f64,
    pub(crate) nano_usd: f64,
}

impl Pace {
    pub(crate) fn sums() -> Self {
        Self::default()
    }

    /// So much was added by this sample.
    pub(crate) fn note(&mut self, sample: &Sample<'_>, increase: f64) {
        if let Some(sum) = self.of(families::at(sample.family).of) {
            *sum += increase;
        }
    }

    fn of(&mut self, family: &str) -> Option<&mut f64> {
        match family {
            "outrigger_requests_total" => Some(&mut self.requests),
            "outrigger_fallbacks_total" => Some(&mut self.failovers),
            "outrigger_cost_nano_usd_total" => Some(&mut self.nano_usd),
            _ => None,
        }
    }

    /// For each second of `took`.
    pub(crate) fn over(self, took: Duration) -> Self {
        let seconds = took.as_secs_f64();
        if seconds <= 0.0 {
            return Self::default();
        }
        let Self { requests, failovers, nano_usd } = self;
        Self { requests: requests / seconds, failovers: failovers / seconds, nano_usd: nano_usd / seconds }
    }
}

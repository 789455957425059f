//! From where a Prometheus has the figures of sidecars, and how far its rules look back.

/// `metrics.from` of the chart: one of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The control plane reads its sidecars and serves sums: `outrigger_fleet_*`.
    ControlPlane,
    /// Prometheus reads each pod: `outrigger_*`, joined with `outrigger_workload_info`.
    Pods,
}

impl Mode {
    pub(crate) const ALL: [Self; 2] = [Self::ControlPlane, Self::Pods];

    /// As the chart's value has it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::ControlPlane => "ControlPlane",
            Self::Pods => "Pods",
        }
    }

    /// As a part of the name of a file.
    pub(crate) fn file(self) -> &'static str {
        match self {
            Self::ControlPlane => "control-plane",
            Self::Pods => "pods",
        }
    }
}

/// Durations of the rules, as Prometheus writes them. Tests have days in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// How often rules are evaluated.
    pub(crate) every: &'static str,
    /// What a rate is taken over.
    pub(crate) window: &'static str,
    /// Both of the sums of money, whose windows lie end to end.
    pub(crate) slice: &'static str,
    /// What is compared with the same of a week ago.
    pub(crate) day: &'static str,
    pub(crate) week: &'static str,
    /// How long it lasts until an alert fires, where not each says it for itself.
    pub(crate) lasting: Option<&'static str>,
}

impl Clock {
    /// As it is installed.
    pub(crate) const REAL: Self =
        Self { every: "30s", window: "5m", slice: "5m", day: "1d", week: "7d", lasting: None };
    /// Where a minute has to do.
    pub(crate) const SHORT: Self =
        Self { every: "2s", window: "20s", slice: "10s", day: "20s", week: "10s", lasting: Some("4s") };
    /// Where a provider that is down is to be seen: it is asked once in a minute, when it has been down for a while.
    pub(crate) const PATIENT: Self = Self { window: "70s", ..Self::SHORT };
    /// Where pictures show five minutes, and a week ago is in them.
    pub(crate) const DRAWN: Self = Self { day: "60s", week: "120s", ..Self::SHORT };

    /// `WINDOW`, `SLICE`, `DAY` and `WEEK` in an expression, filled in.
    pub(crate) fn fill(self, text: &str) -> String {
        let Self { every: _, window, slice, day, week, lasting: _ } = self;
        let words = [("WINDOW", window), ("SLICE", slice), ("DAY", day), ("WEEK", week)];
        words.iter().fold(text.to_owned(), |text, (word, value)| text.replace(word, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_filled_in() {
        assert_eq!(Clock::REAL.fill("x[WINDOW] offset WEEK"), "x[5m] offset 7d");
    }
}

//! A family of metrics, before it is anywhere.

/// One family: what `/metrics` and the inventory print of it.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Full name with unit suffix.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// Label names.
    pub labels: &'static [&'static str],
    /// One sentence.
    pub help: &'static str,
    /// Upper bounds of histogram buckets, in the family's unit; empty otherwise.
    pub buckets: &'static [f64],
    /// What may become of it.
    pub stability: Stability,
}

/// What may become of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stability {
    /// It changes or goes with an announcement one minor version before.
    Stable,
    /// It follows a convention of others that is not stable itself.
    Development,
}

impl Stability {
    /// As the inventory has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Development => "development",
        }
    }
}

/// Endings of names, without `_total`, by which Prometheus tells units; the first that fits.
const UNITS: &[(&str, &str)] = &[
    ("_seconds", "seconds"),
    ("_bytes", "bytes"),
    ("_nano_usd", "10⁻⁹ US dollars"),
    ("_tokens", "tokens"),
    ("_token_usage", "tokens"),
    ("_ratio", "0 to 1"),
];

impl Family {
    /// Its unit, as its name says it; `None`: it is a number of things, or says what is the case.
    pub fn unit(&self) -> Option<&'static str> {
        let name = self.name.strip_suffix("_total").unwrap_or(self.name);
        UNITS.iter().find(|(ending, _)| name.ends_with(ending)).map(|(_, unit)| *unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_its_unit() {
        let of = |name| {
            let stability = Stability::Stable;
            Family { name, kind: "counter", labels: &[], help: "", buckets: &[], stability }.unit()
        };
        assert_eq!(of("outrigger_request_duration_seconds"), Some("seconds"));
        assert_eq!(of("outrigger_cost_nano_usd_total"), Some("10⁻⁹ US dollars"));
        assert_eq!(of("gen_ai_client_token_usage"), Some("tokens"));
        assert_eq!(of("outrigger_requests_total"), None);
    }
}

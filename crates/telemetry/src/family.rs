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
}

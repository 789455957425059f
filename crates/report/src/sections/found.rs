//! What every section is given.

use crate::{
    escape::cut,
    figures::{Figures, Sums},
    methods::{Alone, Caching, Concentration, Routed, Used},
    weeks::Week,
};

/// The figures, and what was found from them.
pub(super) struct Found<'f> {
    pub(super) figures: &'f Figures,
    /// Everything, by today's knowledge.
    pub(super) total: Sums,
    pub(super) weeks: Vec<Week>,
    /// Days of the period that are over or have begun, and days of the one before.
    pub(super) days: (i128, i128),
    pub(super) used: Vec<Used>,
    pub(super) alone: Vec<Alone>,
    pub(super) routed: Vec<Routed>,
    pub(super) caching: Caching,
    pub(super) concentration: Concentration,
    /// Version of the price list.
    pub(super) list: &'f str,
}

/// A name for people: what has none is said to have none.
pub(super) fn named(name: &str) -> String {
    if name.is_empty() { "(none)".into() } else { cut(name, 60) }
}

//! What a re-pricing does, or would do: pure.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::series::Series;

/// What a re-pricing did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repriced {
    /// Attempts whose cost is another now.
    pub changed: u64,
    /// What they cost before, in nano-dollars; those without a price cost nothing.
    pub before_nano: i128,
    /// What they cost now, in nano-dollars.
    pub after_nano: i128,
    models: BTreeMap<(bool, String, String), Tally>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tally {
    requests: u64,
    unpriced: u64,
    before_nano: i128,
    after_nano: i128,
    /// The record that was counted last: attempts of one come together.
    last: Option<(i64, i64)>,
}

/// A model of it, in open months or in closed ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RepricedModel {
    /// The vendor, as the price list calls it.
    pub vendor: String,
    /// The model, as the provider calls it.
    pub model: String,
    /// In months that are closed: what was booked there stays, and the difference is shown beside it.
    pub closed: bool,
    /// Requests of which an attempt costs something else.
    pub requests: u64,
    /// Attempts of those that had no price.
    pub unpriced: u64,
    /// What the attempts cost before, in nano-dollars.
    pub before_nano: i128,
    /// What they cost now, in nano-dollars.
    pub after_nano: i128,
}

/// An attempt that costs something else.
#[derive(Clone, Copy)]
pub(super) struct Changed<'a> {
    /// Of which record: its epoch and its number.
    pub(super) record: (i64, i64),
    /// Its month is closed.
    pub(super) closed: bool,
    pub(super) series: &'a Series,
    /// It had no price.
    pub(super) unpriced: bool,
    pub(super) before_nano: i128,
    pub(super) after_nano: i128,
}

impl Repriced {
    pub(super) fn add(&mut self, change: &Changed<'_>) {
        let Changed { record, closed, series, unpriced, before_nano, after_nano } = *change;
        self.changed += 1;
        self.before_nano += before_nano;
        self.after_nano += after_nano;
        let tally = self.models.entry((closed, series.vendor.clone(), series.model.clone())).or_default();
        tally.requests += u64::from(tally.last.replace(record) != Some(record));
        tally.unpriced += u64::from(unpriced);
        tally.before_nano += before_nano;
        tally.after_nano += after_nano;
    }

    /// The models of it: those in open months first, by vendor and name.
    #[must_use]
    pub fn models(&self) -> Vec<RepricedModel> {
        let model = |((closed, vendor, model), tally): (&(bool, String, String), &Tally)| RepricedModel {
            vendor: vendor.clone(),
            model: model.clone(),
            closed: *closed,
            requests: tally.requests,
            unpriced: tally.unpriced,
            before_nano: tally.before_nano,
            after_nano: tally.after_nano,
        };
        self.models.iter().map(model).collect()
    }
}

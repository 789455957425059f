//! What one vendor alone would have cost at list price.

use std::collections::{BTreeMap, BTreeSet};

use outrigger_catalog::{Catalog, Prices};

use super::list::{Used, cost, prices};

/// One vendor alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alone {
    pub(crate) vendor: String,
    /// What all of it would have cost there, in nano-dollars.
    pub(crate) nano: i128,
    /// The part of it for the very models that were used.
    pub(crate) same_nano: i128,
    /// The models that stand in for those that this vendor does not have.
    pub(crate) stand_ins: BTreeSet<String>,
}

/// Each vendor that was used, alone: the cheapest comes first. What has no list price where it was used is left out of all.
pub(crate) fn alone(used: &[Used], catalog: &Catalog) -> Vec<Alone> {
    let known = || used.iter().filter_map(|used| Some((used, used.list?)));
    let vendors: BTreeSet<&str> = known().map(|(used, _)| used.vendor.as_str()).collect();
    let one = |vendor: &str| {
        let models: BTreeMap<&str, &Prices> = known()
            .filter(|(used, _)| used.vendor == vendor)
            .filter_map(|(used, _)| Some((used.model.as_str(), prices(catalog, vendor, &used.model)?)))
            .collect();
        let mut alone = Alone { vendor: vendor.into(), nano: 0, same_nano: 0, stand_ins: BTreeSet::new() };
        for (used, list) in known() {
            if let Some(same) = there(catalog, vendor, used) {
                let nano = cost(same, &used.sums);
                (alone.nano, alone.same_nano) = (alone.nano + nano, alone.same_nano + nano);
            } else {
                let each = models.iter().map(|(model, prices)| (*model, cost(prices, &used.sums)));
                let (model, nano) = each.min_by_key(|(_, nano)| times(*nano, list))?;
                alone.nano += nano;
                alone.stand_ins.insert(model.to_owned());
            }
        }
        Some(alone)
    };
    let mut all: Vec<Alone> = vendors.into_iter().filter_map(one).collect();
    all.sort_by_key(|alone| alone.nano);
    all
}

/// How many times the smaller of two the larger one is, in thousandths: nothing is as far as can be.
fn times(one: i128, other: i128) -> i128 {
    let (less, more) = (one.min(other), one.max(other));
    if less <= 0 { if more <= 0 { 1_000 } else { i128::MAX } } else { more.saturating_mul(1_000) / less }
}

/// What `vendor` takes for the model that was used.
fn there<'c>(catalog: &'c Catalog, vendor: &str, used: &Used) -> Option<&'c Prices> {
    if used.vendor == vendor {
        return prices(catalog, vendor, &used.model);
    }
    let model = &catalog.offer(&used.vendor, &used.model)?.model;
    prices(catalog, vendor, model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_price_is_the_nearest_by_how_many_times() {
        assert!(times(50, 100) < times(300, 100) && times(150, 100) < times(50, 100));
        assert_eq!((times(0, 0), times(0, 5)), (1_000, i128::MAX));
    }
}

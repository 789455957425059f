//! How much hangs on one vendor.

use std::collections::BTreeMap;

use crate::figures::{Group, Sums};

/// Vendors, and how much hangs on each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Concentration {
    /// Vendors with their sums, the dearest first.
    pub(crate) vendors: Vec<(String, Sums)>,
    /// Tokens of each that nobody can price, in the same order.
    pub(crate) unpriced: Vec<i128>,
    /// The Herfindahl-Hirschman index of spend, 0 to 10,000: the sum of the squares of all shares in percent.
    pub(crate) spend: Option<i128>,
    /// The same of tokens, in which what nobody can price counts too.
    pub(crate) tokens: Option<i128>,
}

/// From groups by route, vendor, and more.
pub(crate) fn concentration(offers: &[Group]) -> Concentration {
    let mut vendors: BTreeMap<&str, Sums> = BTreeMap::new();
    for group in offers.iter().filter(|group| !group.name(1).is_empty()) {
        vendors.entry(group.name(1)).or_default().add(&group.sums());
    }
    let mut vendors: Vec<(String, Sums)> = vendors.into_iter().map(|(name, sums)| (name.to_owned(), sums)).collect();
    vendors.sort_by_key(|(_, sums)| (-sums.nano, -sums.tokens()));
    let of = |name: &str| offers.iter().filter(|group| group.name(1) == name).map(|group| group.unpriced.tokens).sum();
    Concentration {
        unpriced: vendors.iter().map(|(name, _)| of(name)).collect(),
        spend: index(vendors.iter().map(|(_, sums)| sums.nano)),
        tokens: index(vendors.iter().map(|(_, sums)| sums.tokens())),
        vendors,
    }
}

/// The index of these parts, rounded. Of nothing there is none.
fn index(parts: impl Iterator<Item = i128> + Clone) -> Option<i128> {
    let whole: i128 = parts.clone().map(|part| part.max(0)).sum();
    // Millionths, so that squares of any sum fit.
    let millionths = |part: i128| part.max(0) * 1_000_000 / whole;
    (whole > 0)
        .then(|| (parts.map(|part| millionths(part) * millionths(part)).sum::<i128>() + 50_000_000) / 100_000_000)
}

/// What people who watch markets call it: <https://www.justice.gov/atr/herfindahl-hirschman-index>.
pub(crate) fn word(index: i128) -> &'static str {
    match index {
        ..=1_000 => "spread out",
        1_001..=1_800 => "moderately concentrated",
        _ => "highly concentrated",
    }
}

impl Concentration {
    /// The index of spend in words, or that there is none.
    pub(crate) fn said(index: Option<i128>) -> String {
        index.map_or_else(|| "–".into(), |index| format!("{} ({})", crate::money::count(index), word(index)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_vendor_is_ten_thousand_and_equal_ones_are_a_part_of_it() {
        assert_eq!(index([7].into_iter()), Some(10_000));
        assert_eq!(index([5, 5, 0].into_iter()), Some(5_000));
        assert_eq!(index([i128::from(u64::MAX), i128::from(u64::MAX)].into_iter()), Some(5_000));
        assert_eq!(index([1, 1, 1].into_iter()), Some(3_333));
        assert_eq!(index([0, -3].into_iter()), None);
        assert_eq!([1_000, 1_800, 1_801].map(word), ["spread out", "moderately concentrated", "highly concentrated"]);
    }
}

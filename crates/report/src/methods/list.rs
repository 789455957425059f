//! List prices of sums of tokens.

use std::collections::BTreeMap;

use outrigger_catalog::{Catalog, Prices, Tokens};

use crate::figures::{Group, Sums};

/// What was used of one model of one vendor on one route, of which somebody knows the cost.
#[derive(Clone, Debug)]
pub(crate) struct Used {
    pub(crate) route: String,
    pub(crate) vendor: String,
    pub(crate) model: String,
    pub(crate) sums: Sums,
    /// What the price list makes of it, in nano-dollars. `None`: it does not know the model there.
    pub(crate) list: Option<i128>,
}

/// What was used, from groups by route, vendor, model and source. What nobody could price, or nobody was billed for, is left out:
/// it can be compared with nothing.
pub(crate) fn used(offers: &[Group], catalog: &Catalog) -> Vec<Used> {
    let mut all: BTreeMap<[&str; 3], Sums> = BTreeMap::new();
    for group in offers.iter().filter(|group| matches!(group.name(3), "upstream" | "catalog" | "policy")) {
        all.entry([group.name(0), group.name(1), group.name(2)]).or_default().add(&group.sums());
    }
    let used = |([route, vendor, model], sums): ([&str; 3], Sums)| Used {
        list: prices(catalog, vendor, model).map(|prices| cost(prices, &sums)),
        route: route.into(),
        vendor: vendor.into(),
        model: model.into(),
        sums,
    };
    all.into_iter().map(used).collect()
}

/// What this vendor takes for this model, by whichever name.
pub(crate) fn prices<'c>(catalog: &'c Catalog, vendor: &str, model: &str) -> Option<&'c Prices> {
    catalog.offer(vendor, model)?.prices.as_ref()
}

/// What these tokens cost at these prices, in nano-dollars. A dearer rate for long prompts is taken where the mean prompt is that
/// long: sums do not know each one.
pub(crate) fn cost(prices: &Prices, sums: &Sums) -> i128 {
    priced(prices, sums, &disjoint(sums))
}

/// The same, of tokens that are counted otherwise.
pub(super) fn priced(prices: &Prices, sums: &Sums, tokens: &Tokens) -> i128 {
    let attempts = sums.attempts.max(1);
    let mean = positive(sums.input / attempts);
    let cost = at_length(prices, mean).tokens(tokens, None, false).total.0;
    i128::from(cost) + i128::from(prices.request.unwrap_or_default().0) * sums.attempts.max(0)
}

/// The prices of prompts of one length, whatever the length that is asked about later.
fn at_length(prices: &Prices, length: u64) -> Prices {
    let mut flat = prices.clone();
    flat.tiers.clear();
    if let Some(tier) = prices.tiers.iter().rev().find(|tier| length > tier.above) {
        (flat.input, flat.output) = (tier.input, tier.output);
        flat.cache_read = tier.cache_read.or(flat.cache_read);
        flat.cache_write_5m = tier.cache_write_5m.or(flat.cache_write_5m);
        flat.cache_write_1h = tier.cache_write_1h.or(flat.cache_write_1h);
        flat.reasoning = tier.reasoning.or(flat.reasoning);
        flat.input_audio = tier.input_audio.or(flat.input_audio);
        flat.input_image = tier.input_image.or(flat.input_image);
        flat.output_audio = tier.output_audio.or(flat.output_audio);
        flat.output_image = tier.output_image.or(flat.output_image);
    }
    flat
}

/// Tokens that are each counted once, from totals that hold their parts.
pub(super) fn disjoint(sums: &Sums) -> Tokens {
    let rest = |total: i128, parts: &[i128]| positive(total - parts.iter().sum::<i128>());
    let Sums { cache_read, cache_write_5m, cache_write_1h, input_audio, input_image, .. } = *sums;
    Tokens {
        input: rest(sums.input, &[cache_read, cache_write_5m, cache_write_1h, input_audio, input_image]),
        cache_read: positive(cache_read),
        cache_write_5m: positive(cache_write_5m),
        cache_write_1h: positive(cache_write_1h),
        input_audio: positive(input_audio),
        input_image: positive(input_image),
        output: rest(sums.output, &[sums.reasoning, sums.output_audio, sums.output_image]),
        reasoning: positive(sums.reasoning),
        output_audio: positive(sums.output_audio),
        output_image: positive(sums.output_image),
    }
}

fn positive(number: i128) -> u64 {
    u64::try_from(number.max(0)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use outrigger_catalog::{Rate, Tier};

    use super::*;

    #[test]
    fn sums_of_many_short_prompts_are_no_long_prompt() {
        let mut prices = Prices::flat(Rate(1_000_000_000), Rate(2_000_000_000), "policy", "2026-01-01");
        prices.tiers = vec![Tier::flat(200_000, Rate(4_000_000_000), Rate(8_000_000_000))];
        let one = prices.cost(&Tokens { input: 100_000, output: 1_000, ..Tokens::default() }).total.0;
        let sums = Sums { attempts: 50, input: 5_000_000, output: 50_000, ..Sums::default() };
        assert_eq!(cost(&prices, &sums), 50 * i128::from(one));
        let long = prices.cost(&Tokens { input: 300_000, output: 1_000, ..Tokens::default() }).total.0;
        let sums = Sums { attempts: 2, input: 600_000, output: 2_000, ..Sums::default() };
        assert_eq!(cost(&prices, &sums), 2 * i128::from(long));
        // What late corrections left below nothing costs nothing.
        assert_eq!(cost(&prices, &Sums { input: -5, ..Sums::default() }), 0);
    }
}

//! Several sources, one price.
//!
//! The rule, per provider and upstream name:
//!
//! 1. Prices with equal input and output rates are one opinion. The opinion with the most sources wins: two
//!    independent sources rarely make the same mistake.
//! 2. Undecided: genai-prices, then LiteLLM, then models.dev. The first is checked by hand against the vendors' pages,
//!    the second is the newer of the two that are collected by many hands.
//! 3. Rates the winner lacks are taken from the sources of the same opinion, never from another one: a cache rate
//!    belongs to the base rate it is a discount of.
//!    Tiers of service go with the base rates, too; fees of tools do not.
//! 4. A tier that lacks a rate its base price has gets it in proportion to the tier's own base rate (a 200k tier at
//!    twice the input price reads its cache at twice the price, too).

use outrigger_catalog::{Prices, Rate, Source, Tier};

/// A price and, where the sources disagreed about it, what they said.
pub(crate) struct Merged {
    pub(crate) prices: Option<Prices>,
    pub(crate) sources: usize,
    /// All opinions when there was more than one.
    pub(crate) dispute: Option<Dispute>,
}

pub(crate) struct Dispute {
    pub(crate) opinions: Vec<Prices>,
    pub(crate) why: &'static str,
}

/// Decides by the rule above. At most one price per source.
pub(crate) fn merge(mut opinions: Vec<Prices>) -> Merged {
    opinions.sort_by_key(|prices| trust(&prices.source));
    let sources = opinions.len();
    let votes = |of: &Prices| opinions.iter().filter(|other| agree(of, other)).count();
    // The first of the largest groups: the sort made it the most trusted one.
    let most = opinions.iter().map(votes).max().unwrap_or(0);
    let Some(winner) = opinions.iter().find(|prices| votes(prices) == most) else {
        return Merged { prices: None, sources, dispute: None };
    };
    let mut prices = winner.clone();
    for other in opinions.iter().filter(|other| agree(winner, other)) {
        fill(&mut prices, other);
    }
    complete_tiers(&mut prices);
    // What tools cost, and where it is dearer, does not hang on the rates.
    for other in &opinions {
        if prices.fees.is_empty() {
            prices.fees.clone_from(&other.fees);
        }
        prices.in_us_percent = prices.in_us_percent.or(other.in_us_percent);
    }
    let dispute = (most < sources).then(|| Dispute {
        why: if most > 1 { "two sources agree" } else { "most trusted source" },
        opinions: opinions.clone(),
    });
    Merged { prices: Some(prices), sources, dispute }
}

fn trust(source: &str) -> usize {
    [Source::GenaiPrices, Source::LiteLlm, Source::ModelsDev]
        .iter()
        .position(|known| known.as_str() == source)
        .unwrap_or(usize::MAX)
}

fn agree(a: &Prices, b: &Prices) -> bool {
    (a.input, a.output) == (b.input, b.output)
}

fn fill(prices: &mut Prices, other: &Prices) {
    let missing = |own: &mut Option<Rate>, theirs: Option<Rate>| *own = own.or(theirs);
    missing(&mut prices.cache_read, other.cache_read);
    missing(&mut prices.cache_write_5m, other.cache_write_5m);
    missing(&mut prices.cache_write_1h, other.cache_write_1h);
    missing(&mut prices.reasoning, other.reasoning);
    missing(&mut prices.input_audio, other.input_audio);
    missing(&mut prices.output_audio, other.output_audio);
    missing(&mut prices.input_image, other.input_image);
    missing(&mut prices.output_image, other.output_image);
    prices.request = prices.request.or(other.request);
    prices.image = prices.image.or(other.image);
    if prices.tiers.is_empty() {
        prices.tiers.clone_from(&other.tiers);
    }
    if prices.services.is_empty() {
        prices.services.clone_from(&other.services);
    }
    prices.heard = prices.heard.or(other.heard);
}

fn complete_tiers(prices: &mut Prices) {
    let base = prices.clone();
    for tier in &mut prices.tiers {
        let Tier {
            above: _,
            input,
            output,
            cache_read,
            cache_write_5m,
            cache_write_1h,
            reasoning,
            input_audio,
            output_audio,
            input_image,
            output_image,
        } = tier;
        for (own, of_base) in [
            (cache_read, base.cache_read),
            (cache_write_5m, base.cache_write_5m),
            (cache_write_1h, base.cache_write_1h),
            (input_audio, base.input_audio),
            (input_image, base.input_image),
        ] {
            *own = own.or_else(|| of_base.map(|rate| in_proportion(rate, *input, base.input)));
        }
        for (own, of_base) in
            [(reasoning, base.reasoning), (output_audio, base.output_audio), (output_image, base.output_image)]
        {
            *own = own.or_else(|| of_base.map(|rate| in_proportion(rate, *output, base.output)));
        }
    }
}

fn in_proportion(rate: Rate, tier: Rate, base: Rate) -> Rate {
    if base.0 == 0 {
        return rate;
    }
    let scaled = u128::from(rate.0) * u128::from(tier.0) / u128::from(base.0);
    Rate(u64::try_from(scaled).unwrap_or(rate.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(source: Source, input: &str, output: &str) -> Prices {
        let rate = |text: &str| text.parse().unwrap_or_default();
        Prices::flat(rate(input), rate(output), source.as_str(), "2026-01-01")
    }

    #[test]
    fn two_sources_outvote_the_most_trusted_one() {
        let merged = merge(vec![
            price(Source::ModelsDev, "1", "2"),
            price(Source::GenaiPrices, "5", "2"),
            price(Source::LiteLlm, "1", "2"),
        ]);
        assert_eq!(merged.prices, Some(price(Source::LiteLlm, "1", "2")));
        assert_eq!(merged.dispute.map(|dispute| dispute.why), Some("two sources agree"));
    }

    #[test]
    fn one_against_one_goes_to_the_more_trusted_source() {
        let merged = merge(vec![price(Source::ModelsDev, "1", "2"), price(Source::LiteLlm, "3", "2")]);
        assert_eq!(merged.prices, Some(price(Source::LiteLlm, "3", "2")));
    }

    #[test]
    fn special_rates_are_filled_from_the_same_opinion_only() {
        let mut same = price(Source::ModelsDev, "1", "2");
        same.cache_write_1h = Some(Rate(7));
        let mut other = price(Source::LiteLlm, "9", "2");
        other.cache_read = Some(Rate(8));
        let merged = merge(vec![price(Source::GenaiPrices, "1", "2"), same, other]);
        let prices = merged.prices.unwrap_or_else(|| price(Source::Policy, "0", "0"));
        assert_eq!(prices.cache_write_1h, Some(Rate(7)));
        assert_eq!(prices.cache_read, None);
    }

    #[test]
    fn a_tier_gets_its_missing_rates_in_proportion() {
        let mut prices = price(Source::LiteLlm, "2", "10");
        prices.cache_read = Some(Rate(200));
        prices.tiers = vec![Tier::flat(200_000, Rate(4_000_000_000), Rate(15_000_000_000))];
        let merged = merge(vec![prices]).prices.map(|prices| prices.tiers[0].cache_read);
        assert_eq!(merged, Some(Some(Rate(400))));
    }
}

//! The price list, asked about what the ledger has.

use outrigger_api::ledger::{Target, Tokens};
use outrigger_catalog::{Catalog, Tokens as Disjoint};

use crate::reprice::{Priced, Pricer};

/// Today's price list, whatever the moment: it has one price for each offer.
impl Pricer for Catalog {
    fn price(&self, target: &Target, tokens: &Tokens, _at_ms: i64) -> Option<Priced> {
        let offer = self.offer(&target.vendor, &target.model)?;
        let prices = offer.prices.as_ref()?;
        let cost = prices.cost(&disjoint(tokens));
        let row = format!("{}/{}@{}", offer.provider, offer.upstream_name, self.version());
        Some(Priced { nano: cost.total.0, row, partial: cost.lacks.words().next().is_some() })
    }
}

/// Tokens that are each counted once, from totals that hold their parts.
#[must_use]
pub fn disjoint(tokens: &Tokens) -> Disjoint {
    let of = |kind: Option<u64>| kind.unwrap_or(0);
    let rest =
        |total: Option<u64>, parts: &[u64]| parts.iter().fold(of(total), |rest, part| rest.saturating_sub(*part));
    let [cache_read, cache_write_5m, cache_write_1h, input_audio, input_image] =
        [tokens.cache_read, tokens.cache_write_5m, tokens.cache_write_1h, tokens.input_audio, tokens.input_image]
            .map(of);
    let [reasoning, output_audio, output_image] = [tokens.reasoning, tokens.output_audio, tokens.output_image].map(of);
    Disjoint {
        input: rest(tokens.input, &[cache_read, cache_write_5m, cache_write_1h, input_audio, input_image]),
        cache_read,
        cache_write_5m,
        cache_write_1h,
        input_audio,
        input_image,
        output: rest(tokens.output, &[reasoning, output_audio, output_image]),
        reasoning,
        output_audio,
        output_image,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// U3: a token that was read from the cache is counted once.
    #[test]
    fn totals_are_taken_apart_so_that_each_token_counts_once() {
        let tokens = Tokens {
            input: Some(1_000),
            cache_read: Some(600),
            cache_write_1h: Some(100),
            input_image: Some(50),
            output: Some(200),
            reasoning: Some(150),
            ..Tokens::default()
        };
        let parts = disjoint(&tokens);
        assert_eq!((parts.input, parts.output), (250, 50));
        assert_eq!((parts.total_input(), parts.total_output()), (1_000, 200));
        // Parts that are more than their total are a provider's mistake: nothing is less than nothing.
        assert_eq!(disjoint(&Tokens { cache_read: Some(5), ..Tokens::default() }).total_input(), 5);
    }

    /// U6: what the list does not know has no price.
    #[test]
    fn the_list_prices_what_it_knows_and_nothing_else() {
        let catalog = Catalog::embedded();
        let offer = catalog
            .offers()
            .iter()
            .find(|offer| offer.prices.as_ref().is_some_and(|prices| prices.input.0 > 0))
            .unwrap();
        let target = Target { vendor: offer.provider.clone(), model: offer.upstream_name.clone(), ..Target::default() };
        let tokens = Tokens { input: Some(1_000_000), output: Some(0), ..Tokens::default() };
        let priced = catalog.price(&target, &tokens, 0).unwrap();
        assert!(priced.nano > 0 && priced.row.contains(&offer.upstream_name));
        let unknown = Target { model: "nobody's".into(), ..target };
        assert_eq!(catalog.price(&unknown, &tokens, 0), None);
    }
}

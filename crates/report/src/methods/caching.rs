//! What the caches of providers saved.

use outrigger_catalog::{Catalog, Tokens};

use super::list::{Used, disjoint, priced, prices};

/// What came of caches, in nano-dollars and tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Caching {
    /// What reading cost less than the same tokens uncached.
    pub(crate) read_nano: i128,
    /// What writing cost more than the same tokens uncached.
    pub(crate) write_nano: i128,
    /// Tokens that were read from a cache.
    pub(crate) read: i128,
    /// Tokens of prompts.
    pub(crate) input: i128,
    /// Tokens that were read and of which no list price is known: what those saved is not known.
    pub(crate) read_unlisted: i128,
}

impl Caching {
    /// Both together.
    pub(crate) fn nano(&self) -> i128 {
        self.read_nano - self.write_nano
    }
}

/// At the list price of the model that was used, where there is one.
pub(crate) fn caching(used: &[Used], catalog: &Catalog) -> Caching {
    let mut all = Caching::default();
    for used in used {
        let sums = &used.sums;
        all.read += sums.cache_read;
        all.input += sums.input;
        let Some(prices) = prices(catalog, &used.vendor, &used.model) else {
            all.read_unlisted += sums.cache_read;
            continue;
        };
        let tokens = disjoint(sums);
        let as_it_was = priced(prices, sums, &tokens);
        let unread = Tokens { input: tokens.input.saturating_add(tokens.cache_read), cache_read: 0, ..tokens };
        let written = tokens.cache_write_5m.saturating_add(tokens.cache_write_1h);
        let unwritten =
            Tokens { input: tokens.input.saturating_add(written), cache_write_5m: 0, cache_write_1h: 0, ..tokens };
        all.read_nano += priced(prices, sums, &unread) - as_it_was;
        all.write_nano += as_it_was - priced(prices, sums, &unwritten);
    }
    all
}

//! The catalogue that is in the program.

use std::{
    collections::BTreeMap,
    io::Read as _,
    sync::{Mutex, PoisonError},
};

use flate2::read::DeflateDecoder;

use crate::{Catalog, file::OfferRow, price::Prices};

/// `data/catalog.json`, packed by `build.rs`.
static EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/catalog.json.deflate"));

impl Catalog {
    /// The catalogue this program was built with.
    ///
    /// Unpacks and parses 1.7 MB into about 7 MB of memory (some 20 ms in a release build): call it once at start and share it.
    ///
    /// # Panics
    ///
    /// If the checked-in data is bad; a test parses it, so no build that passed its tests can.
    #[must_use]
    pub fn embedded() -> Self {
        let mut text = Vec::new();
        let unpacked = DeflateDecoder::new(EMBEDDED).read_to_end(&mut text);
        match unpacked
            .map_err(|error| error.to_string())
            .and_then(|_| Self::parse(&text).map_err(|bad| bad.to_string()))
        {
            Ok(catalog) => catalog,
            Err(why) => panic!("the embedded catalogue is bad: {why}"),
        }
    }

    /// What the catalogue of this program says that `name` costs at the provider `slug`, for whoever needs few of its rows:
    /// a sidecar that holds no catalogue and is told that another model took part in an answer (U8).
    ///
    /// Unpacks the data for each provider once, and keeps that provider's prices.
    #[must_use]
    pub fn shipped_price(slug: &str, name: &str) -> Option<Prices> {
        static KEPT: Mutex<BTreeMap<String, BTreeMap<String, Prices>>> = Mutex::new(BTreeMap::new());
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if !kept.contains_key(slug) {
            let rows = shipped_prices(slug);
            // Names that are no provider's are not kept, so that there are no more than providers.
            if rows.is_empty() {
                return None;
            }
            kept.insert(slug.to_owned(), rows);
        }
        kept.get(slug)?.get(name).cloned()
    }
}

/// The prices of one provider by the vendor's names, read row by row.
fn shipped_prices(slug: &str) -> BTreeMap<String, Prices> {
    let mut text = String::new();
    if DeflateDecoder::new(EMBEDDED).read_to_string(&mut text).is_err() {
        return BTreeMap::new();
    }
    // As `Parts::to_json` writes them: one row a line, the provider first.
    let start = format!("{{\"provider\":\"{slug}\",");
    let rows = text.lines().filter(|line| line.starts_with(&start));
    let read = rows.filter_map(|line| serde_json::from_str::<OfferRow>(line.trim_end_matches(',')).ok());
    read.filter_map(|row| Some((row.upstream, row.prices?))).collect()
}

//! Prices that somebody gives for a re-pricing: a catalogue, or a table of rates.

use std::collections::HashMap;

use outrigger_api::ledger::{Target, Tokens};
use outrigger_catalog::{Catalog, Prices, Rate};
use serde::Deserialize;

use crate::{
    error::{Error, Result},
    prices::disjoint,
    reprice::{Priced, Pricer},
};

/// More rows are no table of prices.
const MOST_ROWS: usize = 100_000;
/// Digits of a table's hash by which its rows are known.
const DIGITS: usize = 8;

/// A list of prices.
#[derive(Debug)]
pub struct PriceList(Kind);

#[derive(Debug)]
enum Kind {
    Catalog(Box<Catalog>),
    Table { version: String, rows: HashMap<(String, String), Prices> },
}

/// A row of a table: dollars for a million tokens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    vendor: String,
    model: String,
    input: Rate,
    output: Rate,
    #[serde(default)]
    cache_read: Option<Rate>,
    #[serde(default)]
    cache_write_5m: Option<Rate>,
    #[serde(default)]
    cache_write_1h: Option<Rate>,
    #[serde(default)]
    reasoning: Option<Rate>,
    #[serde(default)]
    input_audio: Option<Rate>,
    #[serde(default)]
    output_audio: Option<Rate>,
    #[serde(default)]
    input_image: Option<Rate>,
    #[serde(default)]
    output_image: Option<Rate>,
}

impl PriceList {
    /// The list within this program.
    #[must_use]
    pub fn embedded() -> Self {
        Self(Kind::Catalog(Box::new(Catalog::embedded())))
    }

    /// Reads a catalogue (JSON), or a table (CSV) with the columns `vendor`, `model`, `input`, `output` and, where they are
    /// known, the other kinds of tokens: dollars for a million of them.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] says which row is wrong, and what about it.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let start = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        match start {
            Some(b'{') => {
                let catalog = Catalog::parse(bytes).map_err(|why| Error::Invalid(format!("the prices: {why}")))?;
                Ok(Self(Kind::Catalog(Box::new(catalog))))
            }
            _ => table(bytes),
        }
    }

    /// By what its rows are known: the catalogue's version, or digits of the table's hash.
    #[must_use]
    pub fn version(&self) -> &str {
        match &self.0 {
            Kind::Catalog(catalog) => catalog.version(),
            Kind::Table { version, .. } => version,
        }
    }
}

fn table(bytes: &[u8]) -> Result<PriceList> {
    let hash = ring::digest::digest(&ring::digest::SHA256, bytes);
    let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let version = format!("file-{}", &hash[..DIGITS]);
    let mut rows = HashMap::new();
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    for (at, row) in reader.deserialize::<Row>().enumerate() {
        let row = row.map_err(|why| Error::Invalid(format!("row {} of the prices: {why}", at + 1)))?;
        if rows.len() >= MOST_ROWS {
            return Err(Error::Invalid(format!("the prices have more than {MOST_ROWS} rows")));
        }
        let Row { vendor, model, input, output, .. } = row;
        let flat = Prices::flat(input, output, "file", version.as_str());
        let prices = Prices {
            cache_read: row.cache_read,
            cache_write_5m: row.cache_write_5m,
            cache_write_1h: row.cache_write_1h,
            reasoning: row.reasoning,
            input_audio: row.input_audio,
            output_audio: row.output_audio,
            input_image: row.input_image,
            output_image: row.output_image,
            ..flat
        };
        let name = format!("{vendor}/{model}");
        if rows.insert((vendor, model), prices).is_some() {
            return Err(Error::Invalid(format!("row {} of the prices: {name} has one before it", at + 1)));
        }
    }
    if rows.is_empty() {
        return Err(Error::Invalid(
            "the prices have no rows: they are a catalogue, or CSV with vendor, model, input, output".into(),
        ));
    }
    Ok(PriceList(Kind::Table { version, rows }))
}

impl Pricer for PriceList {
    fn price(&self, target: &Target, tokens: &Tokens, at_ms: i64) -> Option<Priced> {
        match &self.0 {
            Kind::Catalog(catalog) => catalog.price(target, tokens, at_ms),
            Kind::Table { version, rows } => {
                let prices = rows.get(&(target.vendor.clone(), target.model.clone()))?;
                let cost = prices.cost(&disjoint(tokens));
                let row = format!("{}/{}@{version}", target.vendor, target.model);
                Some(Priced { nano: cost.total.0, row, partial: cost.lacks.words().next().is_some() })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(vendor: &str, model: &str) -> Target {
        Target { vendor: vendor.into(), model: model.into(), ..Target::default() }
    }

    /// U3: each kind of token at its own price, and only what the table has.
    #[test]
    fn a_table_prices_what_it_has() {
        let text = "vendor, model, input, output, cache_read\nopenai, gpt-5, 2, 10, 0.5\nacme, own, 1, 1,\n";
        let list = PriceList::read(text.as_bytes()).unwrap();
        let tokens = Tokens { input: Some(1_000), cache_read: Some(400), output: Some(100), ..Tokens::default() };
        let priced = list.price(&target("openai", "gpt-5"), &tokens, 0).unwrap();
        // 600 x 2 + 400 x 0.5 + 100 x 10 dollars for a million.
        assert_eq!((priced.nano, priced.partial), (2_400_000, false));
        assert!(priced.row.starts_with("openai/gpt-5@file-") && priced.row.len() == "openai/gpt-5@file-".len() + 8);
        assert_eq!(list.price(&target("openai", "other"), &tokens, 0), None);
        assert!(list.price(&target("acme", "own"), &tokens, 0).is_some());
    }

    #[test]
    fn what_is_no_price_is_refused_with_its_row() {
        for (text, word) in [
            ("", "no rows"),
            ("vendor,model,input,output\n", "no rows"),
            ("vendor,model,input,output\na,b,dear,1\n", "row 1"),
            ("vendor,model,input,output\na,b,1,1\na,b,1,2\n", "row 2"),
            ("vendor,model,input,output,outputs\na,b,1,1,1\n", "outputs"),
            ("vendor,model\na,b\n", "input"),
            ("{}", "prices"),
        ] {
            let why = PriceList::read(text.as_bytes()).unwrap_err().to_string();
            assert!(why.contains(word), "{text}: {why}");
        }
        assert_eq!(PriceList::embedded().version(), Catalog::embedded().version());
    }
}

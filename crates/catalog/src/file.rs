//! The data file: one JSON object, one row per line, so that an update is a reviewable diff.

use crate::{
    model::{Model, Offer},
    price::{Prices, Source},
    provider::Provider,
};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// The only layout this build reads. Raise it when an old build would misread a new file.
pub(crate) const FORMAT: u32 = 1;

/// The content of a data file, not yet validated: what a generator hands to [`Parts::to_json`].
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// ISO date of the newest source.
    pub as_of: String,
    /// The packages it was made from, with versions, for people.
    pub made_from: Vec<String>,
    /// In any order.
    pub providers: Vec<Provider>,
    /// In any order.
    pub models: Vec<Model>,
    /// In any order, but of several offers of one model at one provider the preferred one first.
    pub offers: Vec<Offer>,
}

impl Parts {
    /// The file: sorted and complete, the same bytes for the same content.
    ///
    /// # Errors
    ///
    /// Those of `serde_json`, which has none for these types.
    pub fn to_json(mut self) -> Result<String, serde_json::Error> {
        self.providers.sort_by(|a, b| a.slug.cmp(&b.slug));
        self.models.sort_by(|a, b| a.id.cmp(&b.id));
        self.offers.sort_by(|a, b| (&a.provider, &a.model).cmp(&(&b.provider, &b.model)));
        let head = Head {
            format: FORMAT,
            as_of: self.as_of,
            made_from: self.made_from,
            counts: Counts { providers: self.providers.len(), models: self.models.len(), offers: self.offers.len() },
        };
        let rows: Vec<OfferRow> = self.offers.into_iter().map(OfferRow::from).collect();
        let mut text = serde_json::to_string(&head)?;
        text.pop();
        section(&mut text, "providers", &self.providers)?;
        section(&mut text, "models", &self.models)?;
        section(&mut text, "offers", &rows)?;
        text.push_str("\n}\n");
        Ok(text)
    }
}

/// How many rows there must be: a file that lost some on the way is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Counts {
    pub(crate) providers: usize,
    pub(crate) models: usize,
    pub(crate) offers: usize,
}

/// An [`Offer`] as written: what equals the model's or the price's own is left out.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfferRow {
    pub(crate) provider: String,
    pub(crate) model: String,
    pub(crate) upstream: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) context: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_output: Option<u32>,
    /// Absent: as the price's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<Source>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) prices: Option<Prices>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) deprecated: bool,
}

impl From<Offer> for OfferRow {
    fn from(offer: Offer) -> Self {
        let priced_by_source = offer.prices.as_ref().is_some_and(|prices| prices.source == offer.source.as_str());
        Self {
            provider: offer.provider,
            model: offer.model,
            upstream: offer.upstream_name,
            context: offer.context_length,
            max_output: offer.max_output,
            source: (!priced_by_source).then_some(offer.source),
            prices: offer.prices,
            deprecated: offer.deprecated,
        }
    }
}

#[derive(Serialize)]
struct Head {
    format: u32,
    as_of: String,
    made_from: Vec<String>,
    counts: Counts,
}

fn section<T: Serialize>(text: &mut String, name: &str, rows: &[T]) -> Result<(), serde_json::Error> {
    // Writing to a String cannot fail.
    let _ = write!(text, ",\n\"{name}\":[");
    for (at, row) in rows.iter().enumerate() {
        text.push_str(if at == 0 { "\n" } else { ",\n" });
        text.push_str(&serde_json::to_string(row)?);
    }
    text.push_str("\n]");
    Ok(())
}

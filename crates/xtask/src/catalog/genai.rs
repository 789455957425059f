//! Reading genai-prices: the hand-checked second opinion on prices, and the newest list of OpenRouter's ids.

use super::{
    found::{Found, meant},
    models_dev::{above_zero, count},
    money,
    sources::GENAI_AS_OF,
    vendors::Vendor,
};
use anyhow::Result;
use genai_prices::{Calculator, PriceRequest, Usage, UsageKey};
use outrigger_catalog::{Capabilities, Modality, NanoUsd, Prices, Rate, Source, Tier};
use serde_json::Value;
use std::collections::HashMap;

/// Prices by provider and model, in genai-prices' own names, and its own way to match a name.
pub(crate) struct Genai {
    prices: HashMap<(String, String), Prices>,
    openrouter: Vec<Found>,
    calculator: Calculator,
}

impl Genai {
    pub(crate) fn read(data: &Value) -> Result<Self> {
        let mut prices = HashMap::new();
        let mut openrouter = Vec::new();
        for provider in data.as_array().into_iter().flatten() {
            let slug = provider["id"].as_str().unwrap_or_default();
            for model in provider["models"].as_array().into_iter().flatten() {
                let id = model["id"].as_str().unwrap_or_default();
                let price = active(&model["prices"]).and_then(read_prices);
                if slug == "openrouter" && is_served(model) {
                    openrouter.push(openrouter_row(id, model, price.clone()));
                }
                if let Some(price) = price {
                    prices.insert((slug.to_owned(), id.to_owned()), price);
                }
            }
        }
        Ok(Self { prices, openrouter, calculator: Calculator::from_json(serde_json::to_vec(data)?)? })
    }

    /// Rows of OpenRouter, so that models newer than models.dev's snapshot get their canonical id.
    pub(crate) fn openrouter(&self) -> &[Found] {
        &self.openrouter
    }

    /// What genai-prices says this vendor's model costs, if it knows it under the vendor itself.
    pub(crate) fn prices(&self, vendor: &Vendor, upstream: &str) -> Option<Prices> {
        let provider = vendor.genai?;
        let nothing = Usage::from([(UsageKey::INPUT_TOKENS, 0.0), (UsageKey::OUTPUT_TOKENS, 0.0)]);
        let request = PriceRequest::new(upstream, &nothing).with_provider_id(provider);
        let matched = self.calculator.calculate(&request).ok()?.model_id;
        let prices = self.prices.get(&(provider.to_owned(), matched))?.clone();
        meant(prices, upstream, None)
    }
}

/// OpenRouter rows that its scraper still sees carry a context window; retired ones stay for old invoices only.
fn is_served(model: &Value) -> bool {
    let id = model["id"].as_str().unwrap_or_default();
    let plain = id.contains('/') && !id.contains(':') && !id.starts_with('~');
    plain && model["deprecated"] != true && count(&model["context_window"]).is_some()
}

fn openrouter_row(id: &str, model: &Value, prices: Option<Prices>) -> Found {
    let can = Capabilities {
        prompt_caching: prices.as_ref().is_some_and(|prices| prices.cache_read.is_some()),
        ..Capabilities::default()
    };
    Found {
        source: Source::GenaiPrices,
        provider: "openrouter".to_owned(),
        upstream: id.to_owned(),
        name: model["name"].as_str().map(str::to_owned),
        kind: None,
        released: None,
        knowledge: None,
        context: count(&model["context_window"]),
        max_output: None,
        input: vec![Modality::Text],
        output: vec![Modality::Text],
        can,
        deprecated: false,
        prices: prices.and_then(|prices| meant(prices, id, None)),
    }
}

/// The last price that had begun on the source's day. Of prices by the hour of the day the dearest: a budget must not
/// depend on the hour it is read at.
fn active(prices: &Value) -> Option<&Value> {
    let Some(rows) = prices.as_array() else {
        return prices.is_object().then_some(prices);
    };
    let begun = rows.iter().rev().find(|row| match row["constraint"]["start_date"].as_str() {
        Some(date) => date <= GENAI_AS_OF,
        None => row["constraint"].is_null(),
    });
    let by_hour = rows.iter().filter(|row| row["constraint"]["start_time"].is_string());
    begun.into_iter().chain(by_hour).map(|row| &row["prices"]).max_by_key(|prices| base(&prices["input_mtok"]))
}

fn read_prices(row: &Value) -> Option<Prices> {
    let rate = |field: &str| base(&row[field]);
    let mut prices = Prices::flat(
        rate("input_mtok")?,
        // Embeddings have none.
        rate("output_mtok").unwrap_or(Rate(0)),
        Source::GenaiPrices.as_str(),
        GENAI_AS_OF,
    );
    prices.cache_read = above_zero(rate("cache_read_mtok"));
    prices.cache_write_5m = above_zero(rate("cache_write_mtok"));
    prices.cache_write_1h = above_zero(rate("cache_write_1h_mtok"));
    prices.reasoning = above_zero(rate("output_reasoning_mtok"));
    prices.input_audio = above_zero(rate("input_audio_mtok"));
    prices.output_audio = above_zero(rate("output_audio_mtok"));
    prices.input_image = above_zero(rate("input_image_mtok"));
    prices.output_image = above_zero(rate("output_image_mtok"));
    prices.request = money::fee(&row["requests_kcount"]).map(|fee| NanoUsd(fee.0 / 1000)).filter(|fee| fee.0 > 0);
    let mut starts: Vec<u64> = row["input_mtok"]["tiers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|tier| tier["start"].as_u64())
        .filter(|start| *start > 0)
        .collect();
    starts.sort_unstable();
    starts.dedup();
    for start in starts {
        let rate = |field: &str| at(&row[field], start);
        let Some(input) = rate("input_mtok") else {
            continue;
        };
        let mut tier = Tier::flat(start, input, rate("output_mtok").unwrap_or(prices.output));
        tier.cache_read = above_zero(rate("cache_read_mtok"));
        tier.cache_write_5m = above_zero(rate("cache_write_mtok"));
        tier.cache_write_1h = above_zero(rate("cache_write_1h_mtok"));
        tier.reasoning = above_zero(rate("output_reasoning_mtok"));
        tier.input_audio = above_zero(rate("input_audio_mtok"));
        tier.output_audio = above_zero(rate("output_audio_mtok"));
        prices.tiers.push(tier);
    }
    Some(prices)
}

fn base(price: &Value) -> Option<Rate> {
    money::per_million(price).or_else(|| money::per_million(&price["base"]))
}

/// The rate of the tier that starts exactly there; nothing for a flat price.
fn at(price: &Value, start: u64) -> Option<Rate> {
    let tiers = price["tiers"].as_array()?;
    let tier = tiers.iter().find(|tier| tier["start"] == start)?;
    money::per_million(&tier["price"])
}

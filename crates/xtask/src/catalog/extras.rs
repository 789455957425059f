//! What is priced beside plain rates: tiers of service, searches and containers as LiteLLM lists them, and fees that only
//! the vendors' manuals say.

use std::collections::BTreeMap;

use outrigger_catalog::{Fee, Kind, NanoUsd, Prices, Service, Source, Tier};
use serde_json::Value;

use super::{models_dev::above_zero, money, sources::LITELLM_AS_OF};

/// A fee that no package lists, for every chat model of a provider.
struct Manual {
    provider: &'static str,
    tool: &'static str,
    /// Dollars a thousand calls: as manuals write it.
    thousand: &'static str,
    /// The day that the page was read.
    as_of: &'static str,
}

/// OpenAI: <https://developers.openai.com/api/docs/pricing>, built-in tools. Azure bills file search alike:
/// <https://azure.microsoft.com/pricing/details/cognitive-services/openai-service/>. xAI:
/// <https://docs.x.ai/developers/pricing>, tool invocation costs.
const MANUALS: &[Manual] = &[
    Manual { provider: "openai", tool: "file_search", thousand: "2.5", as_of: "2026-11-28" },
    Manual { provider: "azure", tool: "file_search", thousand: "2.5", as_of: "2026-11-28" },
    Manual { provider: "xai", tool: "web_search", thousand: "5", as_of: "2026-11-28" },
    Manual { provider: "xai", tool: "x_search", thousand: "5", as_of: "2026-11-28" },
    Manual { provider: "xai", tool: "code_interpreter", thousand: "5", as_of: "2026-11-28" },
    Manual { provider: "xai", tool: "attachment_search", thousand: "10", as_of: "2026-11-28" },
    Manual { provider: "xai", tool: "file_search", thousand: "2.5", as_of: "2026-11-28" },
];

/// What LiteLLM's file says beside its rows of models that we list.
pub(crate) struct Extras {
    /// What a container costs at each of our providers.
    containers: BTreeMap<&'static str, NanoUsd>,
    /// Perplexity's searches, by its names of models: they are billed by size, and another source knows the dearest alone.
    searches: BTreeMap<String, Vec<Fee>>,
}

impl Extras {
    pub(crate) fn of(litellm: &Value) -> Self {
        let container = |slug, row: &str| Some((slug, money::fee(&litellm[row]["code_interpreter_cost_per_session"])?));
        let sizes = |(key, row): (&String, &Value)| {
            let fees = searches(&row["search_context_cost_per_query"]);
            Some((key.strip_prefix("perplexity/")?.to_owned(), fees)).filter(|(_, fees)| !fees.is_empty())
        };
        Self {
            containers: [container("openai", "openai/container"), container("azure", "azure/container")]
                .into_iter()
                .flatten()
                .collect(),
            searches: litellm.as_object().into_iter().flatten().filter_map(sizes).collect(),
        }
    }
}

/// Adds what holds for every chat model of a provider. What a row says itself goes first.
pub(crate) fn complete(prices: &mut Prices, provider: &str, upstream: &str, kind: Kind, extras: &Extras) {
    if kind != Kind::Chat {
        return;
    }
    if let Some(searches) = extras.searches.get(upstream).filter(|_| provider == "perplexity") {
        // In place of the same fee by the request.
        (prices.fees, prices.request) = (searches.clone(), None);
    }
    let container =
        extras.containers.get(provider).map(|each| fee("code_interpreter", *each, Source::LiteLlm, LITELLM_AS_OF));
    let manuals = MANUALS.iter().filter(|row| row.provider == provider).filter_map(|row| {
        let thousand: NanoUsd = row.thousand.parse().ok()?;
        Some(fee(row.tool, NanoUsd(thousand.0 / 1000), Source::Docs, row.as_of))
    });
    for fee in container.into_iter().chain(manuals) {
        if !prices.fees.iter().any(|known| known.tool == fee.tool) {
            prices.fees.push(fee);
        }
    }
    prices.fees.sort_by(|a, b| a.tool.cmp(&b.tool));
}

/// Reads the extras of one of LiteLLM's rows into its price.
pub(crate) fn read(row: &Value, upstream: &str, kind: Kind, prices: &mut Prices) {
    prices.services = Service::NAMES.iter().filter_map(|name| service(row, name, prices)).collect();
    let entry = &row["provider_specific_entry"];
    prices.in_us_percent = entry["us"].as_f64().map(percent).filter(|percent| *percent != 100);
    prices.fees = searches(&row["search_context_cost_per_query"]);
    // Models of chat that search for every answer, and do not say so in it.
    if kind == Kind::Chat
        && (upstream.contains("-search-preview") || upstream.contains("-search-api"))
        && let Some(each) = prices.fees.iter().find(|fee| fee.tool == "web_search").map(|fee| fee.each)
    {
        prices.request = Some(prices.request.unwrap_or_default().saturating_add(each));
    }
}

/// `input_cost_per_token_flex` and its like, or a factor on everything.
fn service(row: &Value, name: &str, list: &Prices) -> Option<Service> {
    let suffix = if name == "batch" { "batches" } else { name };
    let factor = row["provider_specific_entry"][name].as_f64();
    let tiers = match factor {
        Some(factor) => multiplied(list, percent(factor)),
        None => listed(row, suffix)?,
    };
    Some(Service {
        name: name.to_owned(),
        source: Source::LiteLlm.as_str().to_owned(),
        as_of: LITELLM_AS_OF.to_owned(),
        tiers,
    })
}

fn listed(row: &Value, suffix: &str) -> Option<Vec<Tier>> {
    let tier = |above: u64, infix: &str| {
        let rate = |field: &str| money::per_token(&row[format!("{field}{infix}_{suffix}")]);
        let mut tier = Tier::flat(above, rate("input_cost_per_token")?, rate("output_cost_per_token")?);
        tier.cache_read = above_zero(rate("cache_read_input_token_cost"));
        tier.cache_write_5m = above_zero(rate("cache_creation_input_token_cost"));
        tier.cache_write_1h = above_zero(rate("cache_creation_input_token_cost_above_1hr"));
        tier.input_audio = above_zero(rate("input_cost_per_audio_token"));
        tier.input_image = above_zero(rate("input_cost_per_image_token"));
        tier.output_image = above_zero(rate("output_cost_per_image_token"));
        Some(tier)
    };
    let mut tiers = vec![tier(0, "")?];
    // The lengths in use.
    tiers.extend([100, 128, 200, 256, 272].into_iter().filter_map(|k| tier(k * 1000, &format!("_above_{k}k_tokens"))));
    Some(tiers)
}

/// Everything at a factor, in percent; special rates follow in proportion by themselves.
fn multiplied(list: &Prices, percent: u16) -> Vec<Tier> {
    let at = |rate: outrigger_catalog::Rate| outrigger_catalog::Rate(rate.0.saturating_mul(percent.into()) / 100);
    vec![Tier::flat(0, at(list.input), at(list.output))]
}

/// A factor of two decimals.
fn percent(factor: f64) -> u16 {
    (factor * 100.0).round() as u16
}

/// A search by how much of what was found comes with it; one row where that is all the same.
fn searches(row: &Value) -> Vec<Fee> {
    let of = |size: &str| money::fee(&row[format!("search_context_size_{size}")]).filter(|fee| fee.0 > 0);
    let (low, medium, high) = (of("low"), of("medium"), of("high"));
    let fee = |tool: &str, each: Option<NanoUsd>| Some(fee(tool, each?, Source::LiteLlm, LITELLM_AS_OF));
    if low == medium && medium == high {
        return fee("web_search", low).into_iter().collect();
    }
    [fee("web_search_high", high), fee("web_search_low", low), fee("web_search_medium", medium)]
        .into_iter()
        .flatten()
        .collect()
}

fn fee(tool: &str, each: NanoUsd, source: Source, as_of: &str) -> Fee {
    Fee { tool: tool.to_owned(), each, source: source.as_str().to_owned(), as_of: as_of.to_owned() }
}

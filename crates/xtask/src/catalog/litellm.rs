//! Reading LiteLLM's file: one flat object, prices per token, the provider in the key's prefix or nowhere.

use super::{
    extras,
    found::{Found, meant},
    models_dev::{above_zero, count},
    money,
    sources::LITELLM_AS_OF,
    vendors::Vendor,
};
use outrigger_catalog::{Capabilities, Kind, Modality, Prices, Rate, Source, Tier};
use serde_json::Value;
use std::collections::BTreeSet;

/// Every model of every vendor whose LiteLLM names are known to us, and of a kind we can relay.
pub(crate) fn read(data: &Value, vendors: &[Vendor]) -> Vec<Found> {
    let mut found = Vec::new();
    for (key, row) in data.as_object().into_iter().flatten() {
        let Some(theirs) = row["litellm_provider"].as_str() else {
            continue;
        };
        let vendor = vendors.iter().find_map(|vendor| {
            let (_, prefix) = vendor.litellm.iter().find(|(name, _)| *name == theirs)?;
            Some((vendor, *prefix))
        });
        let Some((vendor, prefix)) = vendor else {
            continue;
        };
        let Some(kind) = row["mode"].as_str().and_then(kind) else {
            continue;
        };
        let upstream = key.strip_prefix(prefix).unwrap_or(key);
        if is_model_name(&vendor.provider.slug, upstream) {
            found.push(read_row(&vendor.provider.slug, upstream, kind, row));
        }
    }
    found
}

fn kind(mode: &str) -> Option<Kind> {
    match mode {
        "chat" | "responses" => Some(Kind::Chat),
        "embedding" => Some(Kind::Embedding),
        "image_generation" | "image_edit" => Some(Kind::Image),
        "audio_speech" => Some(Kind::Speech),
        "audio_transcription" => Some(Kind::Transcription),
        "rerank" => Some(Kind::Rerank),
        "moderation" => Some(Kind::Moderation),
        "completion" => Some(Kind::Completion),
        // Sessions, film, search, OCR: not requests this router relays.
        _ => None,
    }
}

/// Some keys are no names: price classes by size, picture sizes, fine-tune templates, regional copies.
fn is_model_name(provider: &str, upstream: &str) -> bool {
    let class = ["together-ai-", "fireworks-ai-", "ft:", "sample_spec", "container"]
        .iter()
        .any(|start| upstream.starts_with(start));
    let picture_size = upstream.contains("-x-") || upstream.contains("/max-") || upstream.contains("-steps");
    let regional = match provider {
        // A path is a region or a commitment term; a second-level prefix is an inference profile of a region.
        "amazon-bedrock" => {
            upstream.contains('/')
                || ["us.", "eu.", "apac.", "ap.", "jp.", "au.", "ca.", "us-gov.", "sa."]
                    .iter()
                    .any(|region| upstream.starts_with(region))
        }
        "azure" => {
            ["eu/", "us/", "global/", "global-standard/", "us-gov/"].iter().any(|region| upstream.starts_with(region))
        }
        // Short keys are LiteLLM's own aliases; the vendor only knows paths.
        "fireworks" => !upstream.starts_with("accounts/"),
        "cloudflare" => !upstream.starts_with("@cf/"),
        _ => false,
    };
    !class && !picture_size && !regional && upstream.bytes().all(|b| b.is_ascii_graphic())
}

fn read_row(provider: &str, upstream: &str, kind: Kind, row: &Value) -> Found {
    let flag = |field: &str| row[field].as_bool().unwrap_or(false);
    let reasoning = flag("supports_reasoning");
    let can = Capabilities {
        tools: flag("supports_function_calling"),
        structured_outputs: flag("supports_response_schema"),
        reasoning,
        // Only its absence is ever noted, and mostly for models that think.
        temperature: matches!(kind, Kind::Chat | Kind::Completion)
            && row["supports_sampling_params"].as_bool().unwrap_or(!reasoning),
        prompt_caching: flag("supports_prompt_caching"),
    };
    Found {
        source: Source::LiteLlm,
        provider: provider.to_owned(),
        upstream: upstream.to_owned(),
        name: None,
        kind: Some(kind),
        released: None,
        knowledge: None,
        context: count(&row["max_input_tokens"]).or_else(|| count(&row["max_tokens"])),
        max_output: matches!(kind, Kind::Chat | Kind::Completion).then(|| count(&row["max_output_tokens"])).flatten(),
        input: input(kind, row),
        output: output(kind, row),
        can,
        deprecated: row["deprecation_date"].as_str().is_some_and(|date| date <= LITELLM_AS_OF),
        prices: prices(row, upstream, kind).and_then(|prices| meant(prices, upstream, Some(kind))),
    }
}

fn prices(row: &Value, upstream: &str, kind: Kind) -> Option<Prices> {
    let rate = |field: &str| money::per_token(&row[field]);
    let fee = |field: &str| money::fee(&row[field]).filter(|fee| fee.0 > 0);
    let request = fee("input_cost_per_request").or_else(|| fee("input_cost_per_query"));
    let image =
        if kind == Kind::Image { fee("output_cost_per_image").or_else(|| fee("input_cost_per_image")) } else { None };
    // A rate per second, as one per million of them.
    let heard = (kind == Kind::Transcription).then(|| above_zero(rate("input_cost_per_second"))).flatten();
    let free_of_tokens = request.is_some() || image.is_some() || heard.is_some();
    let input = rate("input_cost_per_token").or(free_of_tokens.then_some(Rate(0)))?;
    let output = match rate("output_cost_per_token") {
        Some(rate) => rate,
        None if matches!(kind, Kind::Chat | Kind::Completion) => return None,
        // Vectors, scores and verdicts come without a price of their own, pictures with one.
        None => rate("output_cost_per_image_token").unwrap_or_default(),
    };
    if by_another_measure(row) && heard.is_none() && input.0 == 0 && output.0 == 0 {
        return None;
    }
    let mut prices = Prices::flat(input, output, Source::LiteLlm.as_str(), LITELLM_AS_OF);
    prices.cache_read = above_zero(rate("cache_read_input_token_cost"));
    prices.cache_write_5m = above_zero(rate("cache_creation_input_token_cost"));
    prices.cache_write_1h = above_zero(rate("cache_creation_input_token_cost_above_1hr"));
    prices.reasoning = above_zero(rate("output_cost_per_reasoning_token"));
    prices.input_audio = above_zero(rate("input_cost_per_audio_token"));
    prices.output_audio = above_zero(rate("output_cost_per_audio_token"));
    prices.input_image = above_zero(rate("input_cost_per_image_token"));
    prices.output_image = above_zero(rate("output_cost_per_image_token"));
    prices.request = request;
    prices.image = image.filter(|_| prices.output_image.is_none());
    prices.tiers = tiers(row);
    prices.heard = heard;
    extras::read(row, upstream, kind, &mut prices);
    Some(prices)
}

/// `input_cost_per_token_above_200k_tokens` and its like.
fn tiers(row: &Value) -> Vec<Tier> {
    const START: &str = "input_cost_per_token_above_";
    const END: &str = "k_tokens";
    let sizes: BTreeSet<u64> = row
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(key, _)| key.strip_prefix(START)?.strip_suffix(END)?.parse().ok())
        .collect();
    sizes
        .into_iter()
        .filter_map(|size| {
            let rate = |field: &str| money::per_token(&row[format!("{field}_above_{size}{END}")]);
            let mut tier = Tier::flat(size * 1000, rate("input_cost_per_token")?, rate("output_cost_per_token")?);
            tier.cache_read = above_zero(rate("cache_read_input_token_cost"));
            tier.cache_write_5m = above_zero(rate("cache_creation_input_token_cost"));
            tier.cache_write_1h = above_zero(rate("cache_creation_input_token_cost_above_1hr"));
            Some(tier)
        })
        .collect()
}

/// Seconds, characters, pixels, pages: prices this catalogue cannot express, so the model has none.
fn by_another_measure(row: &Value) -> bool {
    const MEASURES: [&str; 6] = ["_second", "_character", "_pixel", "_page", "dbu", "_step"];
    row.as_object().into_iter().flatten().any(|(key, value)| {
        key.contains("cost")
            && MEASURES.iter().any(|measure| key.contains(measure))
            && value.as_f64().is_some_and(|price| price > 0.0)
    })
}

fn input(kind: Kind, row: &Value) -> Vec<Modality> {
    let flag = |field: &str| row[field].as_bool().unwrap_or(false);
    let mut all = match kind {
        Kind::Transcription => vec![Modality::Audio],
        _ => vec![Modality::Text],
    };
    if flag("supports_vision") || flag("supports_image_input") || flag("supports_embedding_image_input") {
        all.push(Modality::Image);
    }
    if flag("supports_audio_input") && kind != Kind::Transcription {
        all.push(Modality::Audio);
    }
    if flag("supports_video_input") {
        all.push(Modality::Video);
    }
    if flag("supports_pdf_input") {
        all.push(Modality::File);
    }
    all
}

fn output(kind: Kind, row: &Value) -> Vec<Modality> {
    match kind {
        Kind::Image => vec![Modality::Image],
        Kind::Speech => vec![Modality::Audio],
        _ if row["supports_audio_output"] == true => vec![Modality::Text, Modality::Audio],
        _ => vec![Modality::Text],
    }
}

//! Reading models.dev: one object per provider, one per model, prices per million tokens.

use super::{
    found::{Found, meant},
    money,
    sources::MODELS_DEV_AS_OF,
    vendors::Vendor,
};
use outrigger_catalog::{Capabilities, Kind, Modality, Prices, Rate, Source, Tier};
use serde_json::Value;

/// Every model of every vendor that models.dev knows.
pub(crate) fn read(data: &Value, vendors: &[Vendor]) -> Vec<Found> {
    let mut found = Vec::new();
    for vendor in vendors {
        let Some(slug) = &vendor.models_dev else {
            continue;
        };
        for (upstream, model) in data[slug]["models"].as_object().into_iter().flatten() {
            // OpenRouter's "~author/..-latest" ids move from model to model; a catalogue row must not.
            if !upstream.starts_with('~') {
                found.push(row(&vendor.provider.slug, upstream, model));
            }
        }
    }
    found
}

fn row(provider: &str, upstream: &str, model: &Value) -> Found {
    let text = |field: &str| model[field].as_str().map(str::to_owned);
    let flag = |field: &str| model[field].as_bool().unwrap_or(false);
    let modalities = |side: &str| -> Vec<Modality> {
        let words = model["modalities"][side].as_array().into_iter().flatten();
        words.filter_map(|word| modality(word.as_str()?)).collect()
    };
    let (input, output) = (modalities("input"), modalities("output"));
    let kind = kind(upstream, &input, &output);
    let cost = &model["cost"];
    let can = Capabilities {
        tools: flag("tool_call"),
        structured_outputs: flag("structured_output"),
        reasoning: flag("reasoning"),
        temperature: flag("temperature"),
        prompt_caching: cost["cache_read"].as_f64().is_some_and(|price| price > 0.0),
    };
    Found {
        source: Source::ModelsDev,
        provider: provider.to_owned(),
        upstream: upstream.to_owned(),
        name: text("name"),
        kind: Some(kind),
        released: text("release_date"),
        knowledge: text("knowledge"),
        context: count(&model["limit"]["context"]),
        max_output: count(&model["limit"]["output"]),
        input,
        output,
        can,
        deprecated: model["status"] == "deprecated",
        prices: prices(cost).and_then(|prices| meant(prices, upstream, Some(kind))),
    }
}

fn prices(cost: &Value) -> Option<Prices> {
    let rate = |field: &str| money::per_million(&cost[field]);
    let mut prices = Prices::flat(rate("input")?, rate("output")?, Source::ModelsDev.as_str(), MODELS_DEV_AS_OF);
    prices.cache_read = above_zero(rate("cache_read"));
    prices.cache_write_5m = above_zero(rate("cache_write"));
    prices.reasoning = above_zero(rate("reasoning"));
    prices.input_audio = above_zero(rate("input_audio"));
    prices.output_audio = above_zero(rate("output_audio"));
    for row in cost["tiers"].as_array().into_iter().flatten() {
        let rate = |field: &str| money::per_million(&row[field]);
        let size = row["tier"]["size"].as_u64().filter(|size| *size > 0);
        if let (Some(above), Some(input), Some(output)) = (size, rate("input"), rate("output")) {
            let mut tier = Tier::flat(above, input, output);
            tier.cache_read = above_zero(rate("cache_read"));
            tier.cache_write_5m = above_zero(rate("cache_write"));
            tier.reasoning = above_zero(rate("reasoning"));
            tier.input_audio = above_zero(rate("input_audio"));
            tier.output_audio = above_zero(rate("output_audio"));
            prices.tiers.push(tier);
        }
    }
    Some(prices)
}

/// A special rate of 0 next to a priced model is a gap in the source far more often than a gift of the vendor; the
/// calculator then takes the base rate, which may be too much but never silently too little.
pub(crate) fn above_zero(rate: Option<Rate>) -> Option<Rate> {
    rate.filter(|rate| rate.0 > 0)
}

pub(crate) fn count(value: &Value) -> Option<u32> {
    let count = value.as_f64().filter(|n| *n >= 1.0 && n.fract() == 0.0)?;
    format!("{count}").parse().ok()
}

fn modality(word: &str) -> Option<Modality> {
    match word {
        "text" => Some(Modality::Text),
        "image" => Some(Modality::Image),
        "audio" => Some(Modality::Audio),
        "video" => Some(Modality::Video),
        "pdf" => Some(Modality::File),
        _ => None,
    }
}

/// models.dev has no field for it; LiteLLM's, where it knows the row, wins over this guess.
fn kind(upstream: &str, input: &[Modality], output: &[Modality]) -> Kind {
    let name = upstream.to_ascii_lowercase();
    let has = |part: &str| name.contains(part);
    if has("rerank") {
        Kind::Rerank
    } else if has("embed") || has("bge-") {
        Kind::Embedding
    } else if has("moderation") {
        Kind::Moderation
    } else if has("whisper") || has("transcribe") {
        Kind::Transcription
    } else if has("turbo-instruct") {
        Kind::Completion
    } else if output == [Modality::Audio] && input == [Modality::Text] {
        Kind::Speech
    } else if !output.contains(&Modality::Text) && output.iter().any(|m| *m == Modality::Image || *m == Modality::Video)
    {
        Kind::Image
    } else {
        Kind::Chat
    }
}

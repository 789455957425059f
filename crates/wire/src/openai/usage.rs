//! `usage` objects as OpenAI and its compatible vendors write them.

use crate::{Usage, json, scan};

/// The union of the field names in use: chat (`prompt_tokens`), Responses, images and audio (`input_tokens`), and
/// DeepSeek's cache fields. A count that is not a whole number is read as absent and spoils no other.
#[derive(Default)]
struct Raw {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    prompt_tokens_details: Option<Details>,
    completion_tokens_details: Option<Details>,
    input_tokens_details: Option<Details>,
    output_tokens_details: Option<Details>,
    prompt_cache_hit_tokens: Option<u64>,
    total_tokens: Option<u64>,
}

#[derive(Default)]
struct Details {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
    audio_tokens: Option<u64>,
    image_tokens: Option<u64>,
    reasoning_tokens: Option<u64>,
}

impl Raw {
    fn read(json: &str) -> Option<Self> {
        let mut raw = Self::default();
        scan::object(json, |key, value| match key {
            "prompt_tokens" => raw.prompt_tokens = whole(value),
            "completion_tokens" => raw.completion_tokens = whole(value),
            "input_tokens" => raw.input_tokens = whole(value),
            "output_tokens" => raw.output_tokens = whole(value),
            "prompt_tokens_details" => raw.prompt_tokens_details = Details::read(value),
            "completion_tokens_details" => raw.completion_tokens_details = Details::read(value),
            "input_tokens_details" => raw.input_tokens_details = Details::read(value),
            "output_tokens_details" => raw.output_tokens_details = Details::read(value),
            "prompt_cache_hit_tokens" => raw.prompt_cache_hit_tokens = whole(value),
            "total_tokens" => raw.total_tokens = whole(value),
            _ => {}
        })
        .ok()?;
        Some(raw)
    }
}

impl Details {
    fn read(json: &str) -> Option<Self> {
        let mut details = Self::default();
        scan::object(json, |key, value| match key {
            "cached_tokens" => details.cached_tokens = whole(value),
            "cache_write_tokens" => details.cache_write_tokens = whole(value),
            "audio_tokens" => details.audio_tokens = whole(value),
            "image_tokens" => details.image_tokens = whole(value),
            "reasoning_tokens" => details.reasoning_tokens = whole(value),
            _ => {}
        })
        .ok()?;
        Some(details)
    }
}

/// Reads the JSON text of a usage object. `None` if it is not one.
pub fn read(json: &str) -> Option<Usage> {
    let raw = Raw::read(json)?;
    let input = raw.prompt_tokens_details.or(raw.input_tokens_details).unwrap_or_default();
    let output = raw.completion_tokens_details.or(raw.output_tokens_details).unwrap_or_default();
    let usage = Usage {
        input: raw.prompt_tokens.or(raw.input_tokens).or(match raw.completion_tokens {
            None if raw.output_tokens.is_none() => raw.total_tokens,
            _ => None,
        }),
        cache_read: input.cached_tokens.or(raw.prompt_cache_hit_tokens),
        cache_write_5m: input.cache_write_tokens,
        cache_write_1h: None,
        input_audio: input.audio_tokens,
        input_image: input.image_tokens,
        output: raw.completion_tokens.or(raw.output_tokens),
        reasoning: output.reasoning_tokens,
        output_audio: output.audio_tokens,
        output_image: output.image_tokens,
        estimated: false,
    };
    usage.is_known().then_some(usage)
}

/// Writes `usage` for a chat completion; `cost` is a JSON number. What is not known of the three totals is 0: SDKs
/// require them.
pub(crate) fn write(usage: &Usage, cost: Option<&str>, out: &mut Vec<u8>) {
    let (input, output) = (usage.input.unwrap_or(0), usage.output.unwrap_or(0));
    json::object(out, |object| {
        object.number("prompt_tokens", input).number("completion_tokens", output);
        object.number("total_tokens", input.saturating_add(output));
        object.object("prompt_tokens_details", |details| {
            details.number("cached_tokens", usage.cache_read.unwrap_or(0));
            details.number("audio_tokens", usage.input_audio.unwrap_or(0));
            let (short, long) = (usage.cache_write_5m, usage.cache_write_1h);
            if short.is_some() || long.is_some() {
                let (short, long) = (short.unwrap_or(0), long.unwrap_or(0));
                // OpenRouter's word for the sum, Anthropic's for its parts, which have different prices.
                details.number("cache_write_tokens", short.saturating_add(long));
                details.object("cache_creation", |parts| {
                    parts.number("ephemeral_5m_input_tokens", short).number("ephemeral_1h_input_tokens", long);
                });
            }
        });
        object.object("completion_tokens_details", |details| {
            details.number("reasoning_tokens", usage.reasoning.unwrap_or(0));
            details.number("audio_tokens", usage.output_audio.unwrap_or(0));
        });
        if let Some(cost) = cost {
            object.raw("cost", cost);
        }
    });
}

/// A whole number; `12.0` is one that a vendor printed as a float.
fn whole(json: &str) -> Option<u64> {
    let float = || json.parse().ok().filter(|float: &f64| float.fract() == 0.0 && (0.0..1e15).contains(float));
    json.parse().ok().or_else(|| float().map(|float| float as u64))
}

#[cfg(test)]
mod tests;

//! `usage` objects as OpenAI and its compatible vendors write them.

use serde::{Deserialize, Deserializer};
use serde_json::Number;

use crate::{Usage, json};

/// The union of the field names in use: chat (`prompt_tokens`), Responses, images and audio (`input_tokens`), and
/// DeepSeek's cache fields. A count that is not a whole number is read as absent and spoils no other.
#[derive(Deserialize, Default)]
struct Raw {
    #[serde(default, deserialize_with = "whole")]
    prompt_tokens: Option<u64>,
    #[serde(default, deserialize_with = "whole")]
    completion_tokens: Option<u64>,
    #[serde(default, deserialize_with = "whole")]
    input_tokens: Option<u64>,
    #[serde(default, deserialize_with = "whole")]
    output_tokens: Option<u64>,
    #[serde(default)]
    prompt_tokens_details: Option<Details>,
    #[serde(default)]
    completion_tokens_details: Option<Details>,
    #[serde(default)]
    input_tokens_details: Option<Details>,
    #[serde(default)]
    output_tokens_details: Option<Details>,
    #[serde(default, deserialize_with = "whole")]
    prompt_cache_hit_tokens: Option<u64>,
    #[serde(default, deserialize_with = "whole")]
    total_tokens: Option<u64>,
}

#[derive(Deserialize, Default)]
struct Details {
    #[serde(default, deserialize_with = "whole")]
    cached_tokens: Option<u64>,
    #[serde(default, deserialize_with = "whole")]
    cache_write_tokens: Option<u64>,
    #[serde(default, deserialize_with = "whole")]
    audio_tokens: Option<u64>,
    #[serde(default, deserialize_with = "whole")]
    image_tokens: Option<u64>,
    #[serde(default, deserialize_with = "whole")]
    reasoning_tokens: Option<u64>,
}

/// Reads the JSON text of a usage object. `None` if it is not one.
pub fn read(json: &str) -> Option<Usage> {
    let raw: Raw = serde_json::from_str(json).ok()?;
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

fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Count {
        Number(Number),
        Other(serde::de::IgnoredAny),
    }
    Ok(match Count::deserialize(deserializer)? {
        // `12.0` is a whole number that a vendor printed as a float.
        Count::Number(number) => number.as_u64().or_else(|| {
            number
                .as_f64()
                .filter(|float| float.fract() == 0.0 && (0.0..1e15).contains(float))
                .map(|float| float as u64)
        }),
        Count::Other(_) => None,
    })
}

#[cfg(test)]
mod tests;

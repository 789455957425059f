//! `usage` as Anthropic writes it.

use serde::Deserialize;

use crate::{Usage, json};

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    input_tokens: Option<u64>,
    #[serde(default)]
    output_tokens: Option<u64>,
    #[serde(default)]
    cache_read_input_tokens: Option<u64>,
    #[serde(default)]
    cache_creation_input_tokens: Option<u64>,
    #[serde(default)]
    cache_creation: Option<Creation>,
    #[serde(default)]
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Deserialize)]
struct OutputDetails {
    #[serde(default)]
    thinking_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct Creation {
    #[serde(default)]
    ephemeral_5m_input_tokens: Option<u64>,
    #[serde(default)]
    ephemeral_1h_input_tokens: Option<u64>,
}

/// Reads the JSON text of a usage object. Anthropic's `input_tokens` leaves out what was read from or written to the
/// cache; [`Usage::input`] has them in (U3).
pub fn read(json: &str) -> Option<Usage> {
    let raw: Raw = serde_json::from_str(json).ok()?;
    let (write_5m, write_1h) = match &raw.cache_creation {
        Some(Creation { ephemeral_5m_input_tokens: None, ephemeral_1h_input_tokens: None }) | None => {
            (raw.cache_creation_input_tokens, None)
        }
        Some(split) => (split.ephemeral_5m_input_tokens, split.ephemeral_1h_input_tokens),
    };
    let parts = [raw.cache_read_input_tokens, write_5m, write_1h];
    let cached = parts.iter().flatten().fold(0_u64, |sum, count| sum.saturating_add(*count));
    let usage = Usage {
        input: raw.input_tokens.map(|fresh| fresh.saturating_add(cached)),
        cache_read: raw.cache_read_input_tokens,
        cache_write_5m: write_5m,
        cache_write_1h: write_1h,
        output: raw.output_tokens,
        reasoning: raw.output_tokens_details.and_then(|details| details.thinking_tokens),
        ..Usage::default()
    };
    usage.is_known().then_some(usage)
}

/// Writes `usage` for a message; `cost` is a JSON number. What is not known of the totals is 0: SDKs require them. Cached
/// tokens are taken out of the input again, as Anthropic counts (U3).
pub(crate) fn write(usage: &Usage, cost: Option<&str>, out: &mut Vec<u8>) {
    // Some vendors count what they stored as read, too: the parts are never more than the whole.
    let mut fresh = usage.input.unwrap_or(0);
    let mut part = |count: Option<u64>| {
        let count = count.map(|count| count.min(fresh));
        fresh = fresh.saturating_sub(count.unwrap_or(0));
        count
    };
    let (read, long, short) = (part(usage.cache_read), part(usage.cache_write_1h), part(usage.cache_write_5m));
    json::object(out, |object| {
        object.number("input_tokens", fresh);
        object.number("cache_creation_input_tokens", short.unwrap_or(0).saturating_add(long.unwrap_or(0)));
        object.number("cache_read_input_tokens", read.unwrap_or(0));
        if short.is_some() || long.is_some() {
            object.object("cache_creation", |parts| {
                parts.number("ephemeral_5m_input_tokens", short.unwrap_or(0));
                parts.number("ephemeral_1h_input_tokens", long.unwrap_or(0));
            });
        }
        object.number("output_tokens", usage.output.unwrap_or(0));
        if let Some(reasoning) = usage.reasoning {
            object.object("output_tokens_details", |details| {
                details.number("thinking_tokens", reasoning);
            });
        }
        if let Some(cost) = cost {
            object.raw("cost", cost);
        }
    });
}

#[cfg(test)]
mod tests;

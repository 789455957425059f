//! `usage` as Anthropic writes it.

use serde::Deserialize;

use crate::Usage;

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
    let cached = raw.cache_read_input_tokens.unwrap_or(0) + write_5m.unwrap_or(0) + write_1h.unwrap_or(0);
    let usage = Usage {
        input: raw.input_tokens.map(|fresh| fresh + cached),
        cache_read: raw.cache_read_input_tokens,
        cache_write_5m: write_5m,
        cache_write_1h: write_1h,
        output: raw.output_tokens,
        ..Usage::default()
    };
    usage.is_known().then_some(usage)
}

#[cfg(test)]
mod tests;

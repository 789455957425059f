//! From an answer's usage to its price.

use outrigger_catalog::{Cost, Prices, Tokens};
use outrigger_wire::Usage;

/// Usage as counts of which every token is in exactly one: parts are taken out of their inclusive totals (U3), so
/// that a cached token is never paid twice.
pub fn disjoint(usage: &Usage) -> Tokens {
    let of = |count: Option<u64>| count.unwrap_or(0);
    let (read, written) = (of(usage.cache_read), of(usage.cache_write_5m) + of(usage.cache_write_1h));
    // Where both are more than the prompt, the same tokens were written and read (OpenRouter reports Gemini so, and
    // bills both): they are taken out of the plain part once.
    let cached = if read + written > of(usage.input) { read.max(written) } else { read + written };
    Tokens {
        input: of(usage.input).saturating_sub(cached + of(usage.input_audio) + of(usage.input_image)),
        cache_read: of(usage.cache_read),
        cache_write_5m: of(usage.cache_write_5m),
        cache_write_1h: of(usage.cache_write_1h),
        input_audio: of(usage.input_audio),
        input_image: of(usage.input_image),
        output: of(usage.output).saturating_sub(of(usage.reasoning) + of(usage.output_audio) + of(usage.output_image)),
        reasoning: of(usage.reasoning),
        output_audio: of(usage.output_audio),
        output_image: of(usage.output_image),
    }
}

/// What `usage` costs at `prices`, or `None` where either is unknown (U6: absent, never zero).
pub fn cost(usage: &Usage, prices: Option<&Prices>) -> Option<Cost> {
    prices.filter(|_| usage.is_known()).map(|prices| prices.cost(&disjoint(usage)))
}

#[cfg(test)]
mod tests;

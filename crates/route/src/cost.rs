//! From an answer's usage to its price.

use outrigger_catalog::{Cost, Lacks, NanoUsd, Prices, Tokens};
use outrigger_wire::{Usage, usage::Call};

/// Usage as counts of which every token is in exactly one: parts are taken out of their inclusive totals (U3), so
/// that a cached token is never paid twice.
///
/// Parts that overlap (sound that came from the cache) or are more than their total are held within it, the cache's first:
/// together they are the total, whatever was said of them (U7).
pub fn disjoint(usage: &Usage) -> Tokens {
    let of = |count: Option<u64>| count.unwrap_or(0);
    let (read, short, long) = (of(usage.cache_read), of(usage.cache_write_5m), of(usage.cache_write_1h));
    let written = short.saturating_add(long);
    let cached = read.saturating_add(written);
    // Where both are more than the prompt, the same tokens were written and read (OpenRouter reports Gemini so, and
    // bills both): they are taken out of the plain part once.
    let twice = cached > of(usage.input) && read <= of(usage.input) && written <= of(usage.input);
    let mut input = Rest(of(usage.input));
    let (cache_read, cache_write_5m, cache_write_1h) = if twice {
        input.take(read.max(written));
        (read, short, long)
    } else {
        (input.take(read), input.take(short), input.take(long))
    };
    let (input_audio, input_image) = (input.take(of(usage.input_audio)), input.take(of(usage.input_image)));
    let mut output = Rest(of(usage.output));
    let (output_audio, output_image) = (output.take(of(usage.output_audio)), output.take(of(usage.output_image)));
    let reasoning = output.take(of(usage.reasoning));
    Tokens {
        input: input.0,
        cache_read,
        cache_write_5m,
        cache_write_1h,
        input_audio,
        input_image,
        output: output.0,
        reasoning,
        output_audio,
        output_image,
    }
}

/// What is left of a total.
struct Rest(u64);

impl Rest {
    /// Takes a part out, as much of it as there is.
    fn take(&mut self, part: u64) -> u64 {
        let part = part.min(self.0);
        self.0 -= part;
        part
    }
}

/// What `usage` costs at `prices`, or `None` where either is unknown (U6: absent, never zero). Of other models that took
/// part nothing is known: theirs are priced as the one that was asked, and [`Lacks::model`] says so.
pub fn cost(usage: &Usage, prices: Option<&Prices>) -> Option<Cost> {
    cost_of_calls(usage, prices, |_| None)
}

/// The same, where `other` knows the prices of models by their vendor's names: each call of which the answer is made is
/// priced as the call that it was, so that the tier of a long prompt is that of each (U8).
pub fn cost_of_calls(usage: &Usage, prices: Option<&Prices>, other: impl Fn(&str) -> Option<Prices>) -> Option<Cost> {
    let prices = prices.filter(|_| usage.is_known())?;
    let Some(bill) = &usage.bill else { return Some(capped(prices.cost(&disjoint(usage)))) };
    let (service, in_us) = (bill.service.as_str(), bill.in_us);
    let one = |Call { model, usage }: &Call| {
        let own = model.as_deref().map(&other);
        let lacks = Lacks { model: own.as_ref().is_some_and(Option::is_none), ..Lacks::default() };
        let prices = own.as_ref().and_then(Option::as_ref).unwrap_or(prices);
        prices.tokens(&disjoint(usage), service, in_us).plus(Cost { lacks, ..Cost::default() })
    };
    let tokens = match bill.calls.as_slice() {
        [] => prices.tokens(&disjoint(usage), service, in_us),
        calls => calls.iter().map(one).fold(Cost::default(), Cost::plus),
    };
    let tools = bill.tools().map(|(tool, calls)| (tool.as_str(), calls));
    Some(capped(tokens.plus(prices.fees(bill.heard_ms, tools))))
}

/// Held at what one answer may be believed to cost (H10).
fn capped(cost: Cost) -> Cost {
    let most = |amount: NanoUsd| amount.min(NanoUsd::ANSWER_CAP);
    Cost { total: most(cost.total), input: most(cost.input), output: most(cost.output), lacks: cost.lacks }
}

#[cfg(test)]
mod tests;

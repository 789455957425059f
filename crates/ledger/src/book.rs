//! What a record is in sums: pure.

use outrigger_api::ledger::{Attempt, Begun, Cost, CostSource, Outcome, Record, Tokens};

use outrigger_catalog::NanoUsd;

use crate::{
    series::{self, Series},
    sums::{Delta, Source},
};

/// More tokens of one kind than this, or more nano-dollars, of one attempt are not believed: it keeps a mad sender from
/// filling up sums.
const MOST_TOKENS: u64 = 1_000_000_000;
const MOST_NANO: u64 = NanoUsd::ANSWER_CAP.0;
/// Likewise a time, in milliseconds: a week.
const MOST_MS: u64 = 7 * 24 * 3_600_000;

/// Codes of attempts of which nothing left the sidecar.
const NOT_SENT: [&str; 3] = ["connect_failed", "connect_timeout", "proxy_unreachable"];

/// What an attempt is counted as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) series: Series,
    pub(crate) delta: Delta,
}

/// The parts of a record: one for each attempt, or one for a request that had none.
pub(crate) fn parts(namespace: &str, record: &Record) -> Vec<Part> {
    let outcome = series::outcome(record.outcome);
    let principal = principal(record);
    let series = |attempt: Option<&Attempt>, source| {
        let target = attempt.and_then(|attempt| attempt.target.as_ref());
        Series::new(namespace, record.payer.as_ref(), &record.route, target, outcome, source)
    };
    if record.attempts.is_empty() {
        return vec![Part { series: series(None, Source::Unbilled), delta: of_request(record) }];
    }
    let saved = saved_from(record);
    let part = |(at, attempt): (usize, &Attempt)| {
        let mut delta = of_attempt(attempt);
        if at == principal {
            let request = of_request(record);
            delta = Delta {
                requests: request.requests,
                took_ms: request.took_ms,
                first_token_ms: request.first_token_ms,
                first_tokens: request.first_tokens,
                ..delta
            };
        }
        delta.saved = i64::from(saved == Some(at));
        Part { series: series(Some(attempt), source(attempt)), delta }
    };
    record.attempts.iter().enumerate().map(part).collect()
}

/// What a begun attempt is counted as when nobody knows what became of it.
pub(crate) fn unknown(namespace: &str, begun: &Begun) -> Series {
    let target = begun.target.as_ref();
    Series::new(namespace, begun.payer.as_ref(), &begun.route, target, series::UNKNOWN, Source::Unknown)
}

/// The attempt at which the request is counted: the one whose answer the caller got, else the last.
fn principal(record: &Record) -> usize {
    let last = record.attempts.len().saturating_sub(1);
    record.served.and_then(|served| usize::try_from(served).ok()).map_or(last, |served| served.min(last))
}

/// The first attempt that a provider is to blame for, where a later one gave the caller the whole answer.
fn saved_from(record: &Record) -> Option<usize> {
    if record.outcome != i32::from(Outcome::Ok) {
        return None;
    }
    let served = usize::try_from(record.served?).ok()?;
    record.attempts.iter().take(served).position(|attempt| attempt.blamed)
}

/// Whose word an attempt's cost is.
pub(crate) fn source(attempt: &Attempt) -> Source {
    match believed(attempt.cost.as_ref()).map(|cost| CostSource::try_from(cost.source)) {
        Some(Ok(CostSource::Upstream)) => return Source::Upstream,
        Some(Ok(CostSource::Catalog)) => return Source::Catalog,
        Some(Ok(CostSource::Policy)) => return Source::Policy,
        // A cost that is nobody's word is no cost.
        Some(Ok(CostSource::Unspecified) | Err(_)) | None => {}
    }
    if attempt.tokens.is_some() || (200..300).contains(&attempt.status) {
        Source::Unpriced
    } else if attempt.status == 0 && !NOT_SENT.contains(&attempt.code.as_str()) {
        Source::Unknown
    } else {
        Source::Unbilled
    }
}

/// A cost that can be one.
fn believed(cost: Option<&Cost>) -> Option<&Cost> {
    cost.filter(|cost| cost.nano_usd <= MOST_NANO)
}

fn of_request(record: &Record) -> Delta {
    Delta {
        requests: 1,
        took_ms: ms(record.took_us),
        first_token_ms: record.first_token_us.map_or(0, ms),
        first_tokens: i64::from(record.first_token_us.is_some()),
        ..Delta::default()
    }
}

fn of_attempt(attempt: &Attempt) -> Delta {
    let priced = !matches!(source(attempt), Source::Unpriced | Source::Unknown | Source::Unbilled);
    let cost = believed(attempt.cost.as_ref()).filter(|_| priced);
    let nano = cost.map_or(0, |cost| number(cost.nano_usd, MOST_NANO));
    let estimated = attempt.tokens.as_ref().is_some_and(|tokens| tokens.estimated);
    let listed = cost.map_or(0, |cost| match CostSource::try_from(cost.source) {
        Ok(CostSource::Catalog) => nano,
        _ => cost.estimate.map_or(0, |estimate| number(estimate, MOST_NANO)),
    });
    let tokens = attempt.tokens.unwrap_or_default();
    let of = |kind: Option<u64>| number(kind.unwrap_or(0), MOST_TOKENS);
    let Tokens {
        input,
        cache_read,
        cache_write_5m,
        cache_write_1h,
        input_audio,
        input_image,
        output,
        reasoning,
        output_audio,
        output_image,
        estimated: _,
    } = tokens;
    Delta {
        attempts: 1,
        estimated: i64::from(estimated),
        partial: i64::from(cost.is_some_and(|cost| cost.partial)),
        nano,
        nano_estimated: if estimated { nano } else { 0 },
        nano_list: listed,
        input: of(input),
        cache_read: of(cache_read),
        cache_write_5m: of(cache_write_5m),
        cache_write_1h: of(cache_write_1h),
        input_audio: of(input_audio),
        input_image: of(input_image),
        output: of(output),
        reasoning: of(reasoning),
        output_audio: of(output_audio),
        output_image: of(output_image),
        ..Delta::default()
    }
}

fn number(value: u64, most: u64) -> i64 {
    i64::try_from(value.min(most)).unwrap_or(i64::MAX)
}

fn ms(us: u64) -> i64 {
    number(us / 1_000, MOST_MS)
}

#[cfg(test)]
mod tests;

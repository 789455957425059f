//! Answers as JSON, and in OpenRouter's shapes: pure.

use outrigger_api::ledger::{Attempt, Outcome, Record, Tokens};
use outrigger_ledger::{Activity, Figures, Gap, Generation, Query, Repriced, Row, Usage, reconcile::Hole};
use serde::Serialize;
use serde_json::{Value, json};

/// Members of OpenRouter's answer that nobody keeps here; its SDKs want to see each of them.
const NOT_KEPT: [&str; 18] = [
    "app_id",
    "cache_discount",
    "external_user",
    "http_referer",
    "moderation_latency",
    "native_tokens_completion_images",
    "num_fetches",
    "num_input_audio_prompt",
    "num_media_completion",
    "num_media_prompt",
    "num_search_results",
    "preset_id",
    "service_tier",
    "upstream_id",
    "user_agent",
    "web_search_engine",
    "workspace_id",
    "data_region",
];

/// What is missing of a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Missing {
    /// Entries that never came.
    entries: i64,
    /// Processes whose entries those are, or of which nobody knows how far they got.
    processes: usize,
    /// Of those, such as were never closed: more may be missing than is known.
    open: usize,
}

impl Missing {
    /// Of the processes that ran in that time.
    pub(super) fn of(gaps: &[Gap], since_ms: i64, until_ms: i64) -> Self {
        let ran = |gap: &&Gap| gap.started_at_ms < until_ms && gap.last_heard_ms >= since_ms;
        gaps.iter().filter(ran).fold(Self::default(), |sum, gap| Self {
            entries: sum.entries.saturating_add(gap.entries),
            processes: sum.processes + 1,
            open: sum.open + usize::from(gap.open),
        })
    }
}

/// What `POST /usage/reprice` answers, of a stretch of time and with prices of that version.
pub(super) fn repriced(done: &Repriced, (since_ms, until_ms): (i64, i64), prices: &str, applied: bool) -> Value {
    json!({
        "since": moment(since_ms),
        "until": moment(until_ms),
        "prices": prices,
        "applied": applied,
        "attempts": done.changed,
        "models": done.models(),
    })
}

/// What `GET /usage` answers.
#[derive(Serialize)]
pub(super) struct Told<'a> {
    since: String,
    until: String,
    by: &'a [String],
    rows: &'a [Row],
    /// Of all groups, those of other pages too.
    total: &'a Figures,
    groups: u64,
    /// `offset` of the next page, where there is one.
    next: Option<u64>,
    missing: Missing,
}

/// The answer to a question.
pub(super) fn usage<'a>(usage: &'a Usage, query: &Query, missing: Missing) -> Told<'a> {
    let Usage { since_ms, until_ms, by, rows, total, groups } = usage;
    let shown = u64::from(query.offset) + rows.len() as u64;
    Told {
        since: moment(*since_ms),
        until: moment(*until_ms),
        by,
        rows,
        total,
        groups: *groups,
        next: (shown < *groups && !rows.is_empty()).then_some(shown),
        missing,
    }
}

/// The days in which a process ran whose entries are missing.
pub(super) fn hole(gap: &Gap) -> Hole {
    let day = |ms: i64| moment(ms).chars().take(10).collect();
    Hole { from: day(gap.started_at_ms), to: day(gap.last_heard_ms) }
}

/// OpenRouter's `GET /activity`.
pub(super) fn activity(days: &[Activity]) -> Value {
    let rows = days.iter().map(|day| {
        let Activity {
            date,
            model,
            provider,
            vendor,
            requests,
            nano,
            prompt_tokens,
            completion_tokens,
            reasoning_tokens,
        } = day;
        json!({
            "date": date,
            "model": model,
            "model_permaslug": model,
            "endpoint_id": provider,
            "provider_name": vendor,
            // All of it is on keys of one's own, and is said once.
            "usage": *nano as f64 / 1e9,
            "byok_usage_inference": 0,
            "requests": whole(*requests),
            "prompt_tokens": whole(*prompt_tokens),
            "completion_tokens": whole(*completion_tokens),
            "reasoning_tokens": whole(*reasoning_tokens),
        })
    });
    json!({"data": rows.collect::<Vec<_>>()})
}

/// OpenRouter's `GET /generation`, with what a sidecar's own page has beside it.
pub(super) fn generation(generation: &Generation) -> Value {
    let Generation { record, namespace, service_account: _, received_at_ms: _, clock_off, nano } = generation;
    let served = record.served.and_then(|at| record.attempts.get(at as usize));
    let target = served.and_then(|attempt| attempt.target.as_ref());
    let tokens = served.and_then(|attempt| attempt.tokens.as_ref());
    let cost = served.and_then(|attempt| attempt.cost.as_ref());
    let of = |pick: fn(&Tokens) -> Option<u64>| tokens.and_then(pick);
    let usd = record.attempts.iter().any(|attempt| attempt.cost.is_some()).then(|| *nano as f64 / 1e9);
    let payer = record.payer.clone().unwrap_or_default();
    let mut value = json!({
        "id": record.id,
        "model": target.map(|target| &target.model),
        "provider_name": target.map(|target| &target.vendor),
        "provider": target.map(|target| &target.provider),
        "router": record.route,
        "requested": record.requested,
        "api_type": record.operation,
        "created_at": moment(signed(record.at_ms)),
        "streamed": record.streamed,
        "cancelled": record.outcome() == Outcome::Cancelled,
        "outcome": outcome(record),
        "code": record.code,
        "finish_reason": record.finish,
        "native_finish_reason": record.finish,
        "latency": record.first_token_us.map(|us| us / 1000),
        "generation_time": record.took_us / 1000,
        "tokens_prompt": of(|it| it.input),
        "tokens_completion": of(|it| it.output),
        "native_tokens_prompt": of(|it| it.input),
        "native_tokens_completion": of(|it| it.output),
        "native_tokens_cached": of(|it| it.cache_read),
        "native_tokens_reasoning": of(|it| it.reasoning),
        "usage_estimated": tokens.is_some_and(|tokens| tokens.estimated),
        "total_cost": usd,
        "usage": usd,
        "upstream_inference_cost": usd,
        "priced_by": cost.map(|cost| match cost.row.as_str() {
            "" => "upstream",
            row => row,
        }),
        "session_id": text(&record.session),
        "user": text(&record.user),
        "is_byok": true,
        "origin": "",
        "namespace": namespace,
        "workload": text(&payer.workload),
        "team": text(&payer.team),
        "tags": record.tags.iter().map(|tag| (tag.name.clone(), tag.value.clone().into())).collect::<serde_json::Map<_, _>>(),
        "clock_off": clock_off,
        "provider_responses": record.attempts.iter().map(attempt).collect::<Vec<_>>(),
    });
    if let Some(members) = value.as_object_mut() {
        members.extend(NOT_KEPT.iter().map(|name| ((*name).to_owned(), Value::Null)));
    }
    json!({"data": value})
}

/// Expensive requests, each with what made it so. Money is in nano-dollars.
pub(super) fn expensive(requests: &[Generation]) -> Value {
    let tried = |attempt: &Attempt| {
        let (target, tokens) = (attempt.target.clone().unwrap_or_default(), attempt.tokens.unwrap_or_default());
        json!({
            "vendor": target.vendor,
            "model": target.model,
            "code": attempt.code,
            "nano": attempt.cost.as_ref().map(|cost| cost.nano_usd),
            "input": tokens.input.unwrap_or(0),
            "cache_read": tokens.cache_read.unwrap_or(0),
            "output": tokens.output.unwrap_or(0),
            "reasoning": tokens.reasoning.unwrap_or(0),
        })
    };
    let one = |Generation { record, namespace, nano, .. }: &Generation| {
        json!({
            "id": record.id,
            "at": moment(signed(record.at_ms)),
            "namespace": namespace,
            "team": record.payer.as_ref().map_or("", |payer| payer.team.as_str()),
            "route": record.route,
            "nano": nano,
            "attempts": record.attempts.iter().map(tried).collect::<Vec<_>>(),
        })
    };
    requests.iter().map(one).collect()
}

fn attempt(attempt: &Attempt) -> Value {
    let target = attempt.target.clone().unwrap_or_default();
    json!({
        "provider_name": target.vendor,
        "provider": target.provider,
        "model_permaslug": target.model,
        "endpoint_id": target.provider,
        "status": (attempt.status != 0).then_some(attempt.status),
        "latency": attempt.took_us / 1000,
        "code": attempt.code,
        "blamed": attempt.blamed,
        "is_byok": true,
        "cost": attempt.cost.as_ref().map(|cost| cost.nano_usd as f64 / 1e9),
    })
}

/// As in metrics.
fn outcome(record: &Record) -> &'static str {
    match record.outcome() {
        Outcome::Ok => "ok",
        Outcome::Error => "error",
        Outcome::Broken => "broken",
        Outcome::Cancelled => "cancelled",
        Outcome::Unspecified => "unknown",
    }
}

/// What is empty is nothing.
fn text(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

/// JSON has no larger whole numbers that anybody reads.
fn whole(sum: i128) -> i64 {
    i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })
}

/// `2026-11-28T09:00:00Z`.
fn moment(ms: i64) -> String {
    /// The end of the year 9999, beyond which nothing can be written so.
    const LATEST_MS: u64 = 253_402_300_799_000;
    let since = std::time::Duration::from_millis(u64::try_from(ms).unwrap_or_default().min(LATEST_MS));
    humantime::format_rfc3339_seconds(std::time::SystemTime::UNIX_EPOCH + since).to_string()
}

#[cfg(test)]
mod tests {
    use outrigger_api::ledger::{Cost, Target};

    use super::*;

    fn gap(started_at_ms: i64, last_heard_ms: i64, open: bool) -> Gap {
        Gap {
            epoch: "00".into(),
            namespace: "n".into(),
            service_account: "s".into(),
            pod: "p".into(),
            node: String::new(),
            version: "1".into(),
            started_at_ms,
            last_heard_ms,
            missing: vec![(3, 4)],
            entries: 2,
            open,
        }
    }

    /// A sum is shown with what is missing of its time, and with nothing of another.
    #[test]
    fn gaps_count_for_the_time_in_which_their_process_ran() {
        let gaps = [gap(100, 200, false), gap(150, 250, true), gap(900, 950, true)];
        let of = |since, until| Missing::of(&gaps, since, until);
        assert_eq!(of(0, 1000), Missing { entries: 6, processes: 3, open: 2 });
        assert_eq!(of(201, 900), Missing { entries: 2, processes: 1, open: 1 });
        assert_eq!(of(300, 400), Missing::default());
        assert_eq!(hole(&gap(0, 86_400_000, false)), Hole { from: "1970-01-01".into(), to: "1970-01-02".into() });
    }

    #[test]
    fn the_last_page_names_no_next_one() {
        let row = || Row { names: vec!["a".into()], figures: Figures::default() };
        let answer = Usage {
            since_ms: 0,
            until_ms: 3_600_000,
            by: vec!["team".into()],
            rows: vec![row(), row()],
            total: Figures::default(),
            groups: 5,
        };
        let next = |offset| {
            let query = Query { offset, ..Query::between(0, 1) };
            serde_json::to_value(usage(&answer, &query, Missing::default())).unwrap()["next"].clone()
        };
        assert_eq!((next(0), next(2), next(3)), (json!(2), json!(4), Value::Null));
        let whole = serde_json::to_value(usage(&answer, &Query::between(0, 1), Missing::default())).unwrap();
        assert_eq!(whole["until"], "1970-01-01T01:00:00Z");
        assert_eq!(whole["rows"][0]["booked"]["nano"], 0, "{whole:#}");
    }

    #[test]
    fn a_record_is_shown_as_openrouter_shows_it() {
        let attempt = |code: &str, cost: Option<Cost>| Attempt {
            target: Some(Target { provider: "n/p".into(), vendor: "openai".into(), model: "gpt-5".into() }),
            code: code.into(),
            status: 200,
            tokens: Some(Tokens { input: Some(7), output: Some(0), ..Tokens::default() }),
            cost,
            ..Attempt::default()
        };
        let cost = Cost { nano_usd: 1_500, row: "openai/gpt-5@1".into(), ..Cost::default() };
        let mut record = Record {
            id: "gen-1".into(),
            served: Some(1),
            attempts: vec![attempt("rate_limit", None), attempt("ok", Some(cost))],
            outcome: Outcome::Ok.into(),
            took_us: 2_500,
            ..Record::default()
        };
        let shown = |record: &Record, nano| {
            let stored = Generation {
                record: record.clone(),
                namespace: "n".into(),
                service_account: "s".into(),
                received_at_ms: 0,
                clock_off: false,
                nano,
            };
            generation(&stored)["data"].clone()
        };
        let data = shown(&record, 2_000);
        assert_eq!((&data["model"], &data["total_cost"]), (&json!("gpt-5"), &json!(0.000_002)), "{data:#}");
        assert_eq!((&data["tokens_prompt"], &data["tokens_completion"]), (&json!(7), &json!(0)), "zero is not nothing");
        assert_eq!((&data["native_tokens_cached"], &data["user"]), (&Value::Null, &Value::Null));
        assert_eq!(data["provider_responses"].as_array().unwrap().len(), 2);
        assert!(NOT_KEPT.iter().all(|name| data.get(name).is_some_and(Value::is_null)));
        // What nobody can price is no cost of zero.
        record.attempts[1].cost = None;
        assert_eq!(shown(&record, 0)["total_cost"], Value::Null);
        let stored = Generation {
            record,
            namespace: "n".into(),
            service_account: "s".into(),
            received_at_ms: 0,
            clock_off: false,
            nano: 9_007_199_254_740_993,
        };
        let dear = expensive(&[stored]);
        assert_eq!(dear[0]["nano"].as_i64(), Some(9_007_199_254_740_993), "to the nano-dollar: {dear:#}");
        assert_eq!((&dear[0]["attempts"][1]["nano"], &dear[0]["attempts"][1]["input"]), (&Value::Null, &json!(7)));
    }
}

//! Made-up traffic with books of its own: what was asked and billed is added up where it is made, by nobody else's rules.

use std::collections::BTreeMap;

use outrigger_api::ledger::{
    AppendRequest, Attempt, Begun, Cost, CostSource, Entry, Outcome, Payer, Record, Reporter, Tag, Target, Tokens,
    entry,
};

/// What is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Another one, another traffic.
    pub(crate) seed: u64,
    /// Processes.
    pub(crate) sidecars: u64,
    /// Requests of each.
    pub(crate) requests: u64,
    /// When it begins, in milliseconds since 1970.
    pub(crate) start_ms: u64,
    /// How long it goes on, in milliseconds.
    pub(crate) length_ms: u64,
}

/// What is known of a team and a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// Requests, those of which only the beginning is known too.
    pub(crate) requests: i128,
    /// Attempts.
    pub(crate) attempts: i128,
    /// Tokens of prompts.
    pub(crate) input: i128,
    /// Tokens of answers.
    pub(crate) output: i128,
    /// Nano-dollars.
    pub(crate) nano: i128,
    /// Attempts that nobody can price.
    pub(crate) unpriced: i128,
    /// Attempts of which only the beginning is known.
    pub(crate) unknown: i128,
    /// Requests saved by another provider, at the one that failed.
    pub(crate) saved: i128,
}

/// What is known, by team and model.
pub(crate) type Books = BTreeMap<(String, String), Known>;

/// What one process tells.
#[derive(Clone, Debug)]
pub(crate) struct Sidecar {
    /// Its epoch.
    pub(crate) epoch: Vec<u8>,
    /// Its namespace.
    pub(crate) namespace: String,
    /// When it started, in milliseconds since 1970.
    pub(crate) started_ms: u64,
    /// All its entries, in order.
    pub(crate) entries: Vec<Entry>,
}

const TEAMS: u64 = 12;
const MODELS: [(&str, &str); 4] = [
    ("openai", "gpt-5"),
    ("anthropic", "claude-sonnet-4-5"),
    ("google", "gemini-2.5-pro"),
    ("mistral", "mistral-large"),
];

fn target(at: usize) -> Target {
    let (vendor, model) = MODELS[at % MODELS.len()];
    Target { provider: format!("models/{vendor}"), vendor: vendor.into(), model: model.into() }
}

/// Makes what one process tells, and writes what it is worth into the books.
pub(crate) fn sidecar(shape: &Shape, number: u64, books: &mut Books) -> Sidecar {
    let mut random = fastrand::Rng::with_seed(shape.seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let namespace = format!("apps-{}", number % 5);
    let team = format!("team-{}", number % TEAMS);
    let payer = Payer { namespace: namespace.clone(), workload: format!("Deployment/app-{}", number % 40), team };
    let epoch = (0..16).map(|_| random.u8(..)).collect();
    let mut entries = Vec::new();
    let mut push = |entry| entries.push(Entry { sequence: entries.len() as u64 + 1, entry: Some(entry) });
    for request in 0..shape.requests {
        let at_ms = shape.start_ms + shape.length_ms * request / shape.requests;
        let id = format!("gen-{}-{:020x}", at_ms / 1000, (u128::from(number) << 40) + u128::from(request));
        let route = format!("{namespace}/route-{}", random.u8(..6));
        let first = random.usize(..MODELS.len());
        let kind = random.u8(..100);
        let tokens = Tokens {
            input: Some(random.u64(50..8_000)),
            cache_read: Some(0),
            output: Some(random.u64(1..2_000)),
            ..Tokens::default()
        };
        let (input, output) = (tokens.input.unwrap_or(0), tokens.output.unwrap_or(0));
        let nano = input * 1_250 + output * 10_000;
        let ok = |at: usize, cost: Option<Cost>| Attempt {
            target: Some(target(at)),
            credential: "main".into(),
            sent_us: 180,
            took_us: 1_900_000,
            status: 200,
            code: "ok".into(),
            tokens: Some(tokens),
            cost,
            ..Attempt::default()
        };
        let priced = |source: CostSource| {
            let row = if source == CostSource::Catalog { "openai/gpt-5@2026-11-20" } else { "" };
            Some(Cost { nano_usd: nano, source: source.into(), row: row.into(), ..Cost::default() })
        };
        let failed =
            Attempt { status: 500, code: "server_error".into(), blamed: true, tokens: None, ..ok(first, None) };
        let attempts = match kind {
            0..5 => vec![failed, ok(first + 1, priced(CostSource::Catalog))],
            5..8 => vec![ok(first, priced(CostSource::Upstream))],
            8..10 => vec![ok(first, None)],
            10..12 => vec![Attempt { status: 429, code: "rate_limited".into(), tokens: None, ..ok(first, None) }],
            _ => vec![ok(first, priced(CostSource::Catalog))],
        };
        for (attempt, sent) in attempts.iter().enumerate() {
            push(entry::Entry::Begun(Begun {
                id: id.clone(),
                attempt: attempt as u32,
                at_ms,
                payer: Some(payer.clone()),
                route: route.clone(),
                target: sent.target.clone(),
            }));
        }
        let key = |at: usize| (payer.team.clone(), target(at).model);
        if kind == 12 {
            // The process was killed before it could tell.
            let known = books.entry(key(first)).or_default();
            known.requests += 1;
            known.attempts += 1;
            known.unknown += 1;
            continue;
        }
        let served_at = if kind < 5 { first + 1 } else { first };
        let known = books.entry(key(served_at)).or_default();
        known.requests += 1;
        known.attempts += 1;
        if !(10..12).contains(&kind) {
            known.input += i128::from(input);
            known.output += i128::from(output);
            if (8..10).contains(&kind) { known.unpriced += 1 } else { known.nano += i128::from(nano) }
        }
        if kind < 5 {
            let known = books.entry(key(first)).or_default();
            known.attempts += 1;
            known.saved += 1;
        }
        let error = (10..12).contains(&kind);
        push(entry::Entry::Record(Record {
            id,
            at_ms,
            payer: Some(payer.clone()),
            route,
            operation: "chat_completions".into(),
            requested: "gpt-5".into(),
            served: (!error).then(|| attempts.len() as u32 - 1),
            failover: if kind < 5 { "server_error".into() } else { String::new() },
            attempts,
            outcome: if error { Outcome::Error } else { Outcome::Ok }.into(),
            code: if error { "rate_limited" } else { "ok" }.into(),
            status: if error { 429 } else { 200 },
            streamed: true,
            finish: "stop".into(),
            took_us: 2_000_000,
            first_token_us: Some(400_000),
            user: format!("h:{:032x}", random.u64(..5_000)),
            tags: vec![Tag { name: "job".into(), value: format!("job-{}", random.u8(..4)) }],
            ..Record::default()
        }));
    }
    Sidecar { epoch, namespace, started_ms: shape.start_ms, entries }
}

impl Sidecar {
    /// Some of its entries as a batch that is sent at a moment.
    pub(crate) fn batch(&self, entries: Vec<Entry>, sent_ms: u64, closed: bool) -> AppendRequest {
        AppendRequest {
            epoch: self.epoch.clone(),
            started_at_ms: self.started_ms,
            sent_at_ms: sent_ms,
            issued: if closed {
                self.entries.len() as u64
            } else {
                entries.iter().map(|entry| entry.sequence).max().unwrap_or(0)
            },
            closed,
            dropped_below: 0,
            reporter: Some(Reporter { pod: "app-1".into(), node: "node-1".into(), version: "0.1.0".into() }),
            entries,
        }
    }
}

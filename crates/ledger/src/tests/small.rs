//! Single entries, as tests write them.

use outrigger_api::ledger::{
    AppendRequest, Attempt, Begun, Cost, CostSource, Entry, Outcome, Payer, Record, Reporter, Target, Tokens, entry,
};

use crate::{Figures, Ledger, Query, Stamp};

/// Noon of the 15th of September 2026.
pub(super) const NOON: i64 = 1_789_473_600_000;
pub(super) const HOUR: i64 = 3_600_000;
pub(super) const DAY: i64 = 24 * HOUR;

pub(super) fn stamp(namespace: &str, at_ms: i64) -> Stamp {
    Stamp { namespace: namespace.into(), service_account: Some("default".into()), received_at_ms: at_ms }
}

pub(super) fn payer(team: &str) -> Option<Payer> {
    Some(Payer { namespace: "ignored".into(), workload: "Deployment/web".into(), team: team.into() })
}

pub(super) fn target(model: &str) -> Option<Target> {
    Some(Target { provider: "models/openai".into(), vendor: "openai".into(), model: model.into() })
}

pub(super) fn attempt(model: &str, nano: Option<u64>) -> Attempt {
    let cost = nano.map(|nano_usd| Cost {
        nano_usd,
        source: CostSource::Catalog.into(),
        row: "openai/gpt-5@1".into(),
        ..Cost::default()
    });
    let tokens = Some(Tokens { input: Some(100), output: Some(10), ..Tokens::default() });
    Attempt { target: target(model), status: 200, code: "ok".into(), tokens, cost, ..Attempt::default() }
}

pub(super) fn record(id: &str, at_ms: i64, attempts: Vec<Attempt>) -> Record {
    Record {
        id: id.into(),
        at_ms: at_ms as u64,
        payer: payer("search"),
        route: "apps/chat".into(),
        served: attempts.len().checked_sub(1).map(|last| last as u32),
        attempts,
        outcome: Outcome::Ok.into(),
        code: "ok".into(),
        status: 200,
        ..Record::default()
    }
}

pub(super) fn told(sequence: u64, record: Record) -> Entry {
    Entry { sequence, entry: Some(entry::Entry::Record(record)) }
}

pub(super) fn begun(sequence: u64, id: &str, attempt: u32, at_ms: i64) -> Entry {
    let begun = Begun {
        id: id.into(),
        attempt,
        at_ms: at_ms as u64,
        payer: payer("search"),
        route: "apps/chat".into(),
        target: target("gpt-5"),
    };
    Entry { sequence, entry: Some(entry::Entry::Begun(begun)) }
}

/// A batch of an epoch that began a day before.
pub(super) fn batch(epoch: u8, sent_ms: i64, entries: Vec<Entry>) -> AppendRequest {
    AppendRequest {
        epoch: vec![epoch; 16],
        started_at_ms: (sent_ms - DAY) as u64,
        sent_at_ms: sent_ms as u64,
        issued: entries.iter().map(|entry| entry.sequence).max().unwrap_or(0),
        reporter: Some(Reporter { pod: format!("web-{epoch}"), node: "node-1".into(), version: "0.1.0".into() }),
        entries,
        ..AppendRequest::default()
    }
}

pub(super) async fn all(ledger: &Ledger) -> Figures {
    ledger.usage(&Query::between(0, NOON + 1_000 * DAY)).await.unwrap().total
}

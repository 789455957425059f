//! Single records.

use outrigger_api::ledger::Record;
use prost::Message as _;

use crate::{
    db::{Cells, Db, Value},
    error::{Error, Result},
    query::{Dimension, LIMIT, Query},
    time,
    usage::{among, answer},
    write::CLOCK_OFF,
};

/// A record as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Generation {
    /// What the sidecar told, less what was forgotten. Its time is the one it is booked at.
    pub record: Record,
    /// Namespace of the token.
    pub namespace: String,
    /// Service account of the token.
    pub service_account: String,
    /// When it came, in milliseconds since 1970.
    pub received_at_ms: i64,
    /// Its clock could not be believed: it is booked at the time when it came.
    pub clock_off: bool,
    /// What all its attempts were booked with, in nano-dollars. What another price makes of it is in the figures.
    pub nano: i64,
}

/// Figures of a day, a model and a provider.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Activity {
    /// `2026-11-28`.
    pub date: String,
    /// The model, as the provider calls it.
    pub model: String,
    /// The provider's object.
    pub provider: String,
    /// The vendor, as the price list calls it.
    pub vendor: String,
    /// Requests.
    pub requests: i128,
    /// Cost by today's knowledge, in nano-dollars.
    pub nano: i128,
    /// Tokens of prompts.
    pub prompt_tokens: i128,
    /// Tokens of answers.
    pub completion_tokens: i128,
    /// Reasoning of those.
    pub reasoning_tokens: i128,
}

const COLUMNS: &str =
    "r.id, r.at_ms, r.received_ms, r.marks, r.nano, r.person, r.session, r.body, e.namespace, e.service_account";
/// Records of one list.
const MOST: u32 = 100;
/// Days that are looked through for the most expensive records.
const MOST_DAYS: i64 = 400;

impl Generation {
    fn from_cells(mut row: Cells) -> Result<Self> {
        let id = row.text()?;
        let (at_ms, received_at_ms, marks, nano) = (row.int()?, row.int()?, row.int()?, row.int()?);
        let (user, session) = (row.maybe()?.unwrap_or_default(), row.maybe()?.unwrap_or_default());
        let body = Record::decode(row.bytes()?.as_slice())
            .map_err(|_| Error::Corrupt(format!("the record {id} cannot be read")))?;
        Ok(Self {
            record: Record { id, at_ms: u64::try_from(at_ms).unwrap_or(0), user, session, ..body },
            namespace: row.text()?,
            service_account: row.text()?,
            received_at_ms,
            clock_off: marks & CLOCK_OFF != 0,
            nano,
        })
    }
}

pub(crate) async fn find(db: &Db, id: &str, namespaces: Option<&[String]>) -> Result<Option<Generation>> {
    let (filter, names) = among("e.namespace", namespaces, 2);
    let sql = format!(
        "SELECT {COLUMNS} FROM records r JOIN epochs e ON e.id = r.epoch WHERE r.id = $1{filter} ORDER BY r.at_ms DESC LIMIT 1"
    );
    let mut values = vec![Value::Text(id)];
    values.extend(names.iter().map(|name| Value::Text(name)));
    db.read().await?.fetch(&sql, &values).await?.pop().map(Generation::from_cells).transpose()
}

pub(crate) async fn most_expensive(
    db: &Db,
    since_ms: i64,
    until_ms: i64,
    namespaces: Option<&[String]>,
    limit: u32,
) -> Result<Vec<Generation>> {
    let limit = limit.min(MOST);
    let (filter, names) = among("e.namespace", namespaces, 5);
    let mut tx = db.read().await?;
    let mut found: Vec<Generation> = Vec::new();
    let (first, last) = (time::day(since_ms.max(0)), time::day(until_ms.max(0)));
    // Day by day, from the index: the dearest of each, as long as they are dearer than what was found.
    for day in first..=last.min(first.saturating_add(MOST_DAYS)) {
        let least = if found.len() < limit as usize { -1 } else { found.last().map_or(-1, |last| last.nano) };
        let sql = format!(
            "SELECT {COLUMNS} FROM records r JOIN epochs e ON e.id = r.epoch WHERE r.day = $1 AND r.nano > $2 \
             AND r.at_ms >= $3 AND r.at_ms < $4{filter} ORDER BY r.nano DESC LIMIT {limit}"
        );
        let mut values = vec![Value::Int(day), Value::Int(least), Value::Int(since_ms), Value::Int(until_ms)];
        values.extend(names.iter().map(|name| Value::Text(name)));
        for row in tx.fetch(&sql, &values).await? {
            found.push(Generation::from_cells(row)?);
        }
        found.sort_by(|one, other| other.nano.cmp(&one.nano).then_with(|| one.record.id.cmp(&other.record.id)));
        found.truncate(limit as usize);
    }
    Ok(found)
}

pub(crate) async fn activity(
    db: &Db,
    since_ms: i64,
    until_ms: i64,
    namespaces: Option<&[String]>,
) -> Result<Vec<Activity>> {
    let by = [Dimension::Day, Dimension::Model, Dimension::Provider, Dimension::Vendor];
    let mut query =
        Query { namespaces: namespaces.map(<[String]>::to_vec), limit: LIMIT, ..Query::between(since_ms, until_ms) };
    query.by = by.into();
    let mut all = Vec::new();
    loop {
        let usage = answer(db, &query).await?;
        let full = usage.rows.len() == LIMIT as usize;
        for row in usage.rows {
            let sums = row.figures.sums();
            let [date, model, provider, vendor] = <[String; 4]>::try_from(row.names)
                .map_err(|_| Error::Corrupt("a group with more or fewer names than were asked for".into()))?;
            all.push(Activity {
                date,
                model,
                provider,
                vendor,
                requests: sums.requests,
                nano: sums.nano,
                prompt_tokens: sums.input,
                completion_tokens: sums.output,
                reasoning_tokens: sums.reasoning,
            });
        }
        if !full {
            return Ok(all);
        }
        query.offset = query.offset.saturating_add(LIMIT);
    }
}

//! Answers that only the records know: by user, session, code and tag.

use std::collections::HashSet;

use outrigger_api::ledger::Record;
use prost::Message as _;

use super::{
    groups::{Groups, add, among, conditions},
    pieces::Grain,
    rollups::word,
};
use crate::{
    book,
    db::{Db, Value},
    error::{Error, Result},
    query::{Dimension, Filter, Query},
    reprice,
    sums::{Source, Sums},
    time,
};

/// Records that one answer looks at: each is read whole.
const MOST: i64 = 250_000;

/// Which records a question is about, as the store is asked it: `FROM ... WHERE ...`, and its values.
pub(super) fn asked(query: &Query, since_ms: i64, until_ms: i64) -> (String, Vec<Value<'_>>) {
    let mut values = vec![Value::Int(time::day(since_ms)), Value::Int(time::day(until_ms))];
    values.extend([Value::Int(since_ms), Value::Int(until_ms)]);
    let (among, names) = among("e.namespace", query.namespaces.as_deref(), values.len() + 1);
    values.extend(names.iter().map(|name| Value::Text(name)));
    // What has a column is looked for by the store.
    let column = |filter: &Filter| match filter.dimension {
        Dimension::User if !filter.not && !filter.value.is_empty() => Some("r.person".to_owned()),
        Dimension::Namespace => Some("e.namespace".to_owned()),
        _ => None,
    };
    let (condition, wanted) = conditions(&query.filters, column, values.len() + 1);
    values.extend(wanted);
    let from = format!(
        "FROM records r JOIN epochs e ON e.id = r.epoch \
         WHERE r.day >= $1 AND r.day <= $2 AND r.at_ms >= $3 AND r.at_ms < $4{among}{condition}"
    );
    (from, values)
}

fn too_much() -> Error {
    Error::TooMuch(format!(
        "by user, session, code and tag the records themselves are read, at most {MOST} of them: ask for a shorter time, \
         or for one user"
    ))
}

pub(super) async fn groups(db: &Db, query: &Query, since: i64, until: i64) -> Result<Groups> {
    let (since_ms, until_ms) = (since.saturating_mul(time::HOUR_MS), until.saturating_mul(time::HOUR_MS));
    let (from, values) = asked(query, since_ms, until_ms);
    let mut tx = db.read().await?;
    // Counted before they are read: that there are too many is known without any of their messages.
    let count = format!("SELECT COUNT(*) FROM (SELECT 1 {from} LIMIT {}) counted", MOST + 1);
    if tx.fetch(&count, &values).await?.pop().map_or(Ok(0), |mut row| row.int())? > MOST {
        return Err(too_much());
    }
    let last = reprice::last(&mut tx, time::day(since_ms), time::day(until_ms), MOST).await?;
    let wanted = Wanted::of(&query.filters);
    let mut groups = Groups::new();
    let sql = format!("SELECT r.epoch, r.seq, e.namespace, r.at_ms, r.person, r.session, r.body {from}");
    tx.rows(&sql, &values, |mut row| {
        let key = (row.int()?, row.int()?);
        let namespace = row.text()?;
        let at_ms = row.int()?;
        let (user, session) = (row.maybe()?.unwrap_or_default(), row.maybe()?.unwrap_or_default());
        let body = row.bytes()?;
        let record = Record { user, session, ..decoded(&body)? };
        let parts = book::parts(&namespace, &record).into_iter().map(|part| (part, false));
        let adjusted = reprice::adjusted(&namespace, &record, key, &last).into_iter().map(|part| (part, true));
        for (part, adjusted) in parts.chain(adjusted) {
            let value = |dimension: &Dimension| -> String {
                match dimension {
                    Dimension::User => record.user.clone(),
                    Dimension::Session => record.session.clone(),
                    Dimension::Code => record.code.clone(),
                    Dimension::Tag(name) => {
                        let tag = record.tags.iter().find(|tag| tag.name == *name);
                        tag.map(|tag| tag.value.clone()).unwrap_or_default()
                    }
                    Dimension::Namespace => part.series.namespace.clone(),
                    Dimension::Team => part.series.team.clone(),
                    Dimension::Workload => part.series.workload.clone(),
                    Dimension::Route => part.series.route.clone(),
                    Dimension::Provider => part.series.provider.clone(),
                    Dimension::Vendor => part.series.vendor.clone(),
                    Dimension::Model => part.series.model.clone(),
                    Dimension::Outcome => part.series.outcome.to_owned(),
                    Dimension::Source => part.series.source.to_owned(),
                    Dimension::Hour | Dimension::Day | Dimension::Month | Dimension::Quarter => {
                        word(dimension, time::hour(at_ms), Grain::Hour)
                    }
                }
            };
            if !wanted.iter().all(|wanted| wanted.has(&value(&wanted.dimension))) {
                continue;
            }
            let names = query.by.iter().map(value).collect();
            let mut sums = Sums::default();
            sums.add_delta(&part.delta);
            let source = Source::ALL.into_iter().find(|known| known.as_str() == part.series.source);
            add(&mut groups, names, &sums, source, adjusted)?;
        }
        Ok(())
    })
    .await?;
    Ok(groups)
}

pub(super) fn decoded(body: &[u8]) -> Result<Record> {
    Record::decode(body).map_err(|_| Error::Corrupt("a record that cannot be read".into()))
}

/// What counts of a dimension: one of the values that are asked for, where any is, and none that is not wanted.
struct Wanted<'a> {
    dimension: Dimension,
    any: HashSet<&'a str>,
    none: HashSet<&'a str>,
}

impl<'a> Wanted<'a> {
    fn of(filters: &'a [Filter]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for Filter { dimension, not, value } in filters {
            let at = all.iter().position(|it| it.dimension == *dimension).unwrap_or_else(|| {
                all.push(Self { dimension: dimension.clone(), any: HashSet::new(), none: HashSet::new() });
                all.len() - 1
            });
            if *not { &mut all[at].none } else { &mut all[at].any }.insert(value);
        }
        all
    }

    fn has(&self, value: &str) -> bool {
        !self.none.contains(value) && (self.any.is_empty() || self.any.contains(value))
    }
}

//! Answers to questions.

mod figures;
mod groups;
mod pieces;
mod records;
mod rollups;
mod written;

pub use figures::{Apart, Figures, Row, Usage};
pub(crate) use groups::among;

use crate::{
    db::Db,
    error::Result,
    keys::Keys,
    query::{Order, Query},
    time,
};

/// Answers a question of somebody's, who may name users in clear.
pub(crate) async fn asked(db: &Db, keys: &Keys, query: &Query) -> Result<Usage> {
    query.check()?;
    answer(db, &*written::written(db, keys, query).await?).await
}

/// Answers a question that can be.
pub(crate) async fn answer(db: &Db, query: &Query) -> Result<Usage> {
    let since = time::hour(query.since_ms.max(0));
    let until = time::hour(query.until_ms.saturating_add(time::HOUR_MS - 1));
    let groups = if query.needs_records() {
        records::groups(db, query, since, until).await?
    } else {
        rollups::groups(db, query, since, until).await?
    };
    let mut total = Figures::default();
    for figures in groups.values() {
        total.add(figures);
    }
    let count = groups.len() as u64;
    let mut rows: Vec<Row> = groups.into_iter().map(|(names, figures)| Row { names, figures }).collect();
    if query.order == Order::Cost {
        // Stable: those that cost the same stay in the order of their names.
        rows.sort_by_key(|row| std::cmp::Reverse(row.figures.nano()));
    }
    let page = rows.into_iter().skip(query.offset as usize).take(query.limit as usize).collect();
    Ok(Usage {
        since_ms: since.saturating_mul(time::HOUR_MS),
        until_ms: until.saturating_mul(time::HOUR_MS),
        by: query.by.iter().map(ToString::to_string).collect(),
        rows: page,
        total,
        groups: count,
    })
}

/// How the store is asked for an answer.
#[cfg(test)]
pub(crate) fn statement(query: &Query) -> Result<(String, Vec<crate::db::Value<'_>>)> {
    let (since, until) = (time::hour(query.since_ms), time::hour(query.until_ms));
    if query.needs_records() {
        let (from, values) = records::asked(query, query.since_ms, query.until_ms);
        return Ok((format!("SELECT r.body {from}"), values));
    }
    rollups::asked(query, since, until).map(|asked| (asked.sql, asked.values))
}

//! Answers from sums.

use super::{
    groups::{Groups, add, among, conditions},
    pieces::{Grain, Piece, pieces},
};
use crate::{
    db::{Db, Value},
    error::{Error, Result},
    query::{Dimension, Query},
    sums::{MEASURES, Source, Sums, is_money},
    time,
};

/// Hours that can be told apart in one answer: a quarter's are some 2,200.
const MOST_HOURS: i64 = 93 * 24;
/// Days that can: somewhat more than three years.
const MOST_DAYS: i64 = 1_130;

/// The sum of money that may be larger than the store's largest number comes in two parts.
const PART: i64 = 1_000_000_000;

/// A question, as the store is asked it.
pub(super) struct Asked<'a> {
    pub(super) sql: String,
    pub(super) values: Vec<Value<'a>>,
    /// The columns of names that stand first in a row.
    names: usize,
    grain: Grain,
}

/// How the store is asked.
pub(super) fn asked(query: &Query, since: i64, until: i64) -> Result<Asked<'_>> {
    let grain = grain(query);
    let told = grain.is_some();
    let hours = until - since;
    if grain == Some(Grain::Hour) && hours > MOST_HOURS {
        return Err(Error::TooMuch(
            "hours are told apart for 93 days at most: ask by day, or for a shorter time".into(),
        ));
    }
    if grain == Some(Grain::Day) && hours > MOST_DAYS * 24 {
        return Err(Error::TooMuch(
            "days are told apart for three years at most: ask by month, or for a shorter time".into(),
        ));
    }
    let grain = grain.unwrap_or(Grain::Month);
    let pieces = pieces(since, until, grain);
    let mut values = Vec::new();
    let mut parts = Vec::new();
    for piece in pieces {
        let bucket = if told { bucket(piece, grain) } else { "0".into() };
        values.extend([Value::Int(piece.from), Value::Int(piece.to)]);
        parts.push(format!(
            "SELECT series, adjustment, {bucket} AS bucket, {} FROM rollups WHERE span = {} AND start >= ${} AND start < ${}",
            MEASURES.join(", "),
            piece.span,
            values.len() - 1,
            values.len()
        ));
    }
    let column = |dimension: &Dimension| dimension.column().map(|name| format!("s.{name}"));
    let (filter, names) = among("s.namespace", query.namespaces.as_deref(), values.len() + 1);
    values.extend(names.iter().map(|name| Value::Text(name)));
    let (condition, wanted) = conditions(&query.filters, |filter| column(&filter.dimension), values.len() + 1);
    values.extend(wanted);
    let keys: Vec<String> = query.by.iter().filter_map(column).collect();
    let names = keys.len();
    let mut select = keys;
    select.extend(["r.bucket".into(), "r.adjustment".into(), "s.source".into()]);
    let group: Vec<String> = (1..=select.len()).map(|at| at.to_string()).collect();
    let sums: Vec<String> = MEASURES.iter().map(|name| sum(name)).collect();
    // Two tables of the same sums: put together before they are summed up.
    let sql = format!(
        "SELECT {}, {} FROM ({}) r JOIN series s ON s.id = r.series WHERE 1 = 1{filter}{condition} GROUP BY {}",
        select.join(", "),
        sums.join(", "),
        parts.join(" UNION ALL "),
        group.join(", ")
    );
    Ok(Asked { sql, values, names, grain })
}

pub(super) async fn groups(db: &Db, query: &Query, since: i64, until: i64) -> Result<Groups> {
    let Asked { sql, values, names, grain } = asked(query, since, until)?;
    let mut groups = Groups::new();
    let mut tx = db.read().await?;
    tx.rows(&sql, &values, |mut row| {
        let mut words = (0..names).map(|_| row.text()).collect::<Result<Vec<_>>>()?.into_iter();
        let bucket = row.int()?;
        let adjusted = row.int()? != 0;
        let source = row.text()?;
        let source = Source::ALL.into_iter().find(|known| known.as_str() == source);
        let name = |dimension: &Dimension| match dimension.is_time() {
            true => word(dimension, bucket, grain),
            false => words.next().unwrap_or_default(),
        };
        let names = query.by.iter().map(name).collect();
        let mut sums = Vec::with_capacity(MEASURES.len());
        for measure in MEASURES {
            let whole = if is_money(measure) { i128::from(row.int()?) * i128::from(PART) } else { 0 };
            sums.push(whole + i128::from(row.int()?));
        }
        add(&mut groups, names, &Sums::from_values(&sums), source, adjusted)
    })
    .await?;
    // What was booked as unknown and is known since leaves sums of nothing.
    groups.retain(|_, figures| *figures != super::figures::Figures::default());
    Ok(groups)
}

/// The finest stretch of time that is told apart.
fn grain(query: &Query) -> Option<Grain> {
    let grain = |dimension: &Dimension| match dimension {
        Dimension::Hour => Some(Grain::Hour),
        Dimension::Day => Some(Grain::Day),
        Dimension::Month | Dimension::Quarter => Some(Grain::Month),
        _ => None,
    };
    query.by.iter().filter_map(grain).min()
}

/// The number of the grain's stretch that a row of a piece lies in.
fn bucket(piece: Piece, grain: Grain) -> String {
    match (piece.span, grain) {
        (0, Grain::Hour) | (1, Grain::Day) | (2, Grain::Month) => "start".into(),
        (0, Grain::Day) => "start / 24".into(),
        // All of it lies in one month.
        (0, _) => time::month(piece.from.saturating_mul(time::HOUR_MS)).to_string(),
        _ => time::month(piece.from.saturating_mul(time::DAY_MS)).to_string(),
    }
}

/// What a stretch is called in an answer.
pub(super) fn word(dimension: &Dimension, bucket: i64, grain: Grain) -> String {
    let month = match grain {
        Grain::Hour => time::month(bucket.saturating_mul(time::HOUR_MS)),
        Grain::Day => time::month(bucket.saturating_mul(time::DAY_MS)),
        Grain::Month => bucket,
    };
    match dimension {
        Dimension::Hour => time::hour_word(bucket),
        Dimension::Day => time::day_word(if grain == Grain::Hour { bucket.div_euclid(24) } else { bucket }),
        Dimension::Month => time::month_word(month),
        _ => time::quarter_word(month.div_euclid(3)),
    }
}

/// A sum that no store makes larger than it can: money in billions of nano-dollars, and what remains.
fn sum(name: &str) -> String {
    if is_money(name) {
        format!("CAST(SUM({name} / {PART}) AS BIGINT), CAST(SUM({name} % {PART}) AS BIGINT)")
    } else {
        format!("CAST(SUM({name}) AS BIGINT)")
    }
}

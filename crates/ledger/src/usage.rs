//! Answers to questions.

mod pieces;
mod records;
mod rollups;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    db::{Db, Value},
    error::{Error, Result},
    query::{Filter, Order, Query},
    sums::{Source, Sums},
    time,
};

/// The answer to a question.
#[derive(Clone, Debug, Serialize)]
pub struct Usage {
    /// From when on, in milliseconds since 1970: the start of an hour.
    pub since_ms: i64,
    /// Until when, not itself: the end of an hour, or `until` as asked where it lies in the future.
    pub until_ms: i64,
    /// What is told apart, in order.
    pub by: Vec<String>,
    /// The groups of this page.
    pub rows: Vec<Row>,
    /// Of all groups, those of other pages too.
    pub total: Figures,
    /// How many groups there are, with those of other pages.
    pub groups: u64,
}

/// A group.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Its values, in the order of [`Usage::by`]. Empty: there is none, such as no route.
    pub names: Vec<String>,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// The figures of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// As it was booked: in a closed period this never changes.
    pub booked: Sums,
    /// What came later: records that were late for a closed period, and what another price made of old ones. What is true by
    /// today's knowledge is both together.
    pub adjusted: Sums,
    /// Of both together: what nobody can price.
    pub unpriced: Apart,
    /// Of both together: what was sent, and nobody knows what became of it.
    pub unknown: Apart,
}

/// What is counted apart, because its cost is not known. It is within the sums too, with no cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Apart {
    /// Requests.
    pub requests: i128,
    /// Attempts.
    pub attempts: i128,
    /// Tokens of prompts and answers.
    pub tokens: i128,
}

impl Figures {
    /// Nano-dollars by today's knowledge.
    #[must_use]
    pub fn nano(&self) -> i128 {
        self.booked.nano + self.adjusted.nano
    }

    /// All sums by today's knowledge.
    #[must_use]
    pub fn sums(&self) -> Sums {
        let mut sums = self.booked;
        sums.add(&self.adjusted);
        sums
    }

    /// Adds.
    pub fn add(&mut self, other: &Self) {
        self.booked.add(&other.booked);
        self.adjusted.add(&other.adjusted);
        self.unpriced.add(other.unpriced);
        self.unknown.add(other.unknown);
    }
}

impl Apart {
    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.attempts += other.attempts;
        self.tokens += other.tokens;
    }
}

/// Groups that one answer is put together of: more are more than anybody reads, and have to be narrowed.
const MOST_GROUPS: usize = 200_000;

/// Groups by their names.
type Groups = BTreeMap<Vec<String>, Figures>;

/// Answers a question.
pub(crate) async fn answer(db: &Db, query: &Query) -> Result<Usage> {
    query.check()?;
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

/// Adds to a group.
fn add(groups: &mut Groups, names: Vec<String>, sums: &Sums, source: Option<Source>, adjusted: bool) -> Result<()> {
    if groups.len() >= MOST_GROUPS && !groups.contains_key(&names) {
        return Err(Error::TooMuch(format!(
            "the answer has more than {MOST_GROUPS} groups: ask by fewer dimensions, or for a shorter time"
        )));
    }
    let figures = groups.entry(names).or_default();
    let to = if adjusted { &mut figures.adjusted } else { &mut figures.booked };
    to.add(sums);
    let apart = Apart { requests: sums.requests, attempts: sums.attempts, tokens: sums.input + sums.output };
    match source {
        Some(Source::Unpriced) => figures.unpriced.add(apart),
        Some(Source::Unknown) => figures.unknown.add(apart),
        _ => {}
    }
    Ok(())
}

/// ` AND column IN ($3, $4)`, and the values for it, the first of which has that number.
pub(crate) fn among<'a>(column: &str, names: Option<&'a [String]>, first: usize) -> (String, &'a [String]) {
    match names {
        None => (String::new(), &[]),
        // Nobody's: there is no such namespace.
        Some([]) => (format!(" AND {column} = ''"), &[]),
        Some(names) => {
            let places: Vec<String> = (first..first + names.len()).map(|at| format!("${at}")).collect();
            (format!(" AND {column} IN ({})", places.join(", ")), names)
        }
    }
}

/// The conditions on columns of `series` that a question's filters are, and their values: those of one dimension are joined by
/// "or", those that say "not" all hold.
fn conditions<'a>(
    filters: &'a [Filter],
    column: impl Fn(&Filter) -> Option<String>,
    first: usize,
) -> (String, Vec<Value<'a>>) {
    let mut values = Vec::new();
    let mut sql = String::new();
    let mut wanted: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for filter in filters {
        let Some(column) = column(filter) else { continue };
        values.push(Value::Text(&filter.value));
        let place = first + values.len() - 1;
        if filter.not {
            sql += &format!(" AND {column} <> ${place}");
        } else {
            wanted.entry(column).or_default().push(place);
        }
    }
    for (column, places) in wanted {
        let places: Vec<String> = places.iter().map(|place| format!("${place}")).collect();
        sql += &format!(" AND {column} IN ({})", places.join(", "));
    }
    (sql, values)
}

//! Groups, as they are put together, and which rows of the store belong to them.

use std::collections::BTreeMap;

use super::figures::{Apart, Figures};
use crate::{
    db::Value,
    error::{Error, Result},
    query::Filter,
    sums::{Source, Sums},
};

/// Groups that one answer is put together of: more are more than anybody reads, and have to be narrowed.
const MOST_GROUPS: usize = 200_000;

/// Groups by their names.
pub(super) type Groups = BTreeMap<Vec<String>, Figures>;

/// Adds to a group.
pub(super) fn add(
    groups: &mut Groups,
    names: Vec<String>,
    sums: &Sums,
    source: Option<Source>,
    adjusted: bool,
) -> Result<()> {
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
pub(super) fn conditions<'a>(
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

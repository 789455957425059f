//! Ours beside the vendor's bill: pure.

use std::{collections::BTreeMap, io::Read};

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result},
    gaps::Gap,
    time,
    usage::Usage,
};

/// More rows than this are no bill of days and models.
const MOST_ROWS: usize = 1_000_000;

/// A row of a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Billed {
    /// `2026-11-28`.
    pub date: String,
    /// The model, as the vendor writes it.
    pub model: String,
    /// Nano-dollars; below zero for a credit.
    pub nano: i128,
}

/// What the ledger has of a day and a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ours {
    /// `2026-11-28`.
    pub date: String,
    /// The model, as the provider calls it.
    pub model: String,
    /// Nano-dollars, by today's knowledge.
    pub nano: i128,
    /// Of those, what rests on tokens that were counted here.
    pub nano_estimated: i128,
    /// Attempts without a price.
    pub unpriced: i128,
    /// Attempts of which the price list priced a part.
    pub partial: i128,
    /// Attempts of which nobody knows what became of them.
    pub unknown: i128,
}

/// A stretch of time in which entries are missing, in days as [`Billed::date`] has them, both included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
}

/// Why the two may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The ledger has attempts without a price, or with a price for a part.
    Unpriced,
    /// Tokens were counted here, because the provider never said.
    Estimated,
    /// Attempts were sent of which nobody knows what became.
    Unknown,
    /// Entries of that day are missing.
    Gaps,
    /// The bill has the day and the model, the ledger has nothing: somebody else uses the account, or the model has another name.
    NotOurs,
    /// The ledger has the day and the model, the bill has nothing.
    NotBilled,
}

/// A day and a model, ours beside the bill's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// `2026-11-28`.
    pub date: String,
    /// The model.
    pub model: String,
    /// Ours, in nano-dollars.
    pub ours_nano: i128,
    /// The vendor's, in nano-dollars.
    pub billed_nano: i128,
    /// The vendor's less ours, in nano-dollars.
    pub difference_nano: i128,
    /// What may be why. Empty: the two are equal, or nothing that the ledger knows explains it.
    pub reasons: Vec<Reason>,
}

#[derive(Deserialize)]
struct Columns {
    date: String,
    model: String,
    amount: String,
}

/// Reads a bill: CSV with a head that has the columns `date` (2026-11-28), `model` and `amount` (dollars), in any order and
/// beside others.
///
/// # Errors
///
/// [`Error::Invalid`] with the number of the line that is wrong.
pub fn read_bill(bill: impl Read) -> Result<Vec<Billed>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bill);
    let mut rows = Vec::new();
    for (at, row) in reader.deserialize().enumerate() {
        // The head is line 1.
        let line = at + 2;
        let wrong = |what: &str| Error::Invalid(format!("line {line} of the bill: {what}"));
        let Columns { date, model, amount } = row.map_err(|error| wrong(&error.to_string()))?;
        if date.len() != 10 || date.parse::<jiff::civil::Date>().is_err() {
            return Err(wrong("`date` is no day as 2026-11-28"));
        }
        let nano = nano(&amount).ok_or_else(|| wrong("`amount` is no sum of dollars with at most nine decimals"))?;
        if rows.len() == MOST_ROWS {
            return Err(wrong("there are more than a million rows: sum them up by day and model"));
        }
        rows.push(Billed { date, model, nano });
    }
    Ok(rows)
}

/// Dollars to nano-dollars, exactly: `-1,234.5`, `$0.000000001`. Digits beyond the ninth decimal are taken if they are zeros.
fn nano(text: &str) -> Option<i128> {
    let (text, negative) = text.strip_prefix('-').map_or((text, false), |rest| (rest, true));
    let text = text.strip_prefix('$').unwrap_or(text);
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let whole = whole.replace(',', "");
    let part = part.trim_end_matches('0');
    if (whole.is_empty() && part.is_empty() && !text.contains('0'))
        || !digits(&whole)
        || !digits(part)
        || part.len() > 9
    {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: i128 = if part.is_empty() { 0 } else { format!("{part:0<9}").parse().ok()? };
    let nano = whole.checked_mul(1_000_000_000)?.checked_add(part)?;
    Some(if negative { -nano } else { nano })
}

/// What the ledger says of a question by `day` and `model`, in that order.
#[must_use]
pub fn ours(usage: &Usage) -> Vec<Ours> {
    let rows = usage.rows.iter().map(|row| {
        let sums = row.figures.sums();
        let name = |at: usize| row.names.get(at).cloned().unwrap_or_default();
        Ours {
            date: name(0),
            model: name(1),
            nano: sums.nano,
            nano_estimated: sums.nano_estimated,
            unpriced: row.figures.unpriced.attempts,
            partial: sums.partial,
            unknown: row.figures.unknown.attempts,
        }
    });
    rows.collect()
}

/// The days on which entries of these gaps may have been: from the start of each process to when it was last heard, and the day
/// after where it was never closed.
#[must_use]
pub fn holes(gaps: &[Gap]) -> Vec<Hole> {
    let hole = |gap: &Gap| {
        let last = if gap.open { gap.last_heard_ms.saturating_add(time::DAY_MS) } else { gap.last_heard_ms };
        Hole { from: time::day_word(time::day(gap.started_at_ms)), to: time::day_word(time::day(last)) }
    };
    gaps.iter().map(hole).collect()
}

/// Holds the ledger against a bill: a line for each day and model that one of them has, in order.
///
/// Only what may explain a difference is given as its reason: a line that agrees has none.
#[must_use]
pub fn reconcile(ours: &[Ours], bill: &[Billed], holes: &[Hole]) -> Vec<Line> {
    #[derive(Default)]
    struct Pair {
        ours: Option<Ours>,
        billed: Option<i128>,
    }
    let mut pairs: BTreeMap<(&str, &str), Pair> = BTreeMap::new();
    for one in ours {
        let sum = pairs.entry((&one.date, &one.model)).or_default().ours.get_or_insert_with(Ours::default);
        sum.nano += one.nano;
        sum.nano_estimated += one.nano_estimated;
        sum.unpriced += one.unpriced;
        sum.partial += one.partial;
        sum.unknown += one.unknown;
    }
    for one in bill {
        *pairs.entry((&one.date, &one.model)).or_default().billed.get_or_insert(0) += one.nano;
    }
    let lines = pairs.into_iter().map(|((date, model), pair)| {
        let known = pair.ours.is_some();
        let ours = pair.ours.unwrap_or_default();
        let billed_nano = pair.billed.unwrap_or(0);
        let difference_nano = billed_nano - ours.nano;
        let reasons = [
            (Reason::Unpriced, ours.unpriced > 0 || ours.partial > 0),
            (Reason::Estimated, ours.nano_estimated != 0),
            (Reason::Unknown, ours.unknown > 0),
            (Reason::Gaps, holes.iter().any(|hole| hole.from.as_str() <= date && date <= hole.to.as_str())),
            (Reason::NotOurs, !known),
            (Reason::NotBilled, pair.billed.is_none()),
        ];
        let reasons = reasons.into_iter().filter(|(_, holds)| *holds && difference_nano != 0).map(|(reason, _)| reason);
        Line {
            date: date.into(),
            model: model.into(),
            ours_nano: ours.nano,
            billed_nano,
            difference_nano,
            reasons: reasons.collect(),
        }
    });
    lines.collect()
}

#[cfg(test)]
mod tests;

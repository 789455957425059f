//! One page of one process, in Prometheus' text format.
//!
//! Read by hand. Looked at first: `prometheus-parse` 0.2.5 (of 2023: a regular expression and a map of owned texts for each
//! line, no bounds), `prometheus-scrape` 0.1.1 (what that was made from, 2018), `openmetrics-parser` 0.4 (a PEG grammar and a
//! tree of owned texts, OpenMetrics first), `prom_text_format_parser` 0.1.0 (a first release, owned texts). All build the
//! whole page before anything of it is looked at; of a thousand pages every fifteen seconds, nine tenths are series that are
//! known already. Here a sample is borrowed from the page, its labels are taken apart only where its series is new, and what is
//! in no family of ours costs a search for the end of its line.

use std::borrow::Cow;

use crate::families::{self, Kind, Named, Part};

/// Most lines of a page: some thirty times those of a busy sidecar.
const LINES: usize = 20_000;
/// Longest value of a label that is kept as it is.
const LONG: usize = 256;
/// What a longer one is called.
const OTHER: &str = "other";

/// What a page says.
#[derive(Debug, Default)]
pub struct Page<'a> {
    /// Which process it is of, as [`INSTANCE`] says; `None`: it says nothing of that.
    pub instance: Option<Cow<'a, str>>,
    /// The replica whose stream it follows, and which stream of the process that is, counted from 1; as [`LINK`] says.
    pub(crate) link: Option<(Cow<'a, str>, u64)>,
    /// For how many seconds its policy may have been out of date.
    pub stale_seconds: f64,
    pub(crate) samples: Vec<Sample<'a>>,
}

/// The label `instance` of this series says which process a page is of.
pub const INSTANCE: &str = "outrigger_process_info";
/// The labels `replica` and `stream` of this series say which replica of a control plane a process follows.
pub const LINK: &str = "outrigger_link_info";
const STALE: &str = "outrigger_policy_stale_seconds";

/// One value of a family that is added up.
#[derive(Debug)]
pub(crate) struct Sample<'a> {
    /// Its place in [`crate::FAMILIES`].
    pub(crate) family: u8,
    pub(crate) part: Part,
    /// Name and labels, as they stand there: the same series is the same text, in all pages of a process.
    pub(crate) series: &'a str,
    labels: &'a str,
    pub(crate) value: f64,
}

/// Why nothing of a page is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// More lines than any sidecar has.
    TooManyLines,
    /// This line, counted from 1, is none of the format, or its value is none that a counter, a gauge or a histogram has.
    Line(usize),
}

impl<'a> Page<'a> {
    /// Reads a page. Families that are not added up are passed over, in whatever format their lines are.
    ///
    /// # Errors
    ///
    /// What is wrong with the first line that cannot be read: half a page would be a process that counts backwards.
    pub fn read(text: &'a str) -> Result<Self, Unreadable> {
        let mut page = Self::default();
        let mut last: (&str, Option<(u8, Named)>) = ("", None);
        for (at, line) in (1..).zip(text.split('\n')) {
            if at > LINES {
                return Err(Unreadable::TooManyLines);
            }
            let line = line.strip_suffix('\r').unwrap_or(line);
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let end = line.bytes().position(|byte| matches!(byte, b'{' | b' ' | b'\t')).unwrap_or(line.len());
            let name = &line[..end];
            if name != last.0 {
                last = (name, families::named(name));
            }
            match last.1 {
                Some(found) => page.samples.push(sample(line, end, found).ok_or(Unreadable::Line(at))?),
                None if name == INSTANCE => {
                    let (labels, _) = apart(line, end).ok_or(Unreadable::Line(at))?;
                    page.instance = label(labels, "instance");
                }
                None if name == LINK => {
                    let (labels, _) = apart(line, end).ok_or(Unreadable::Line(at))?;
                    let stream = label(labels, "stream").and_then(|stream| stream.parse().ok());
                    page.link = label(labels, "replica").zip(stream);
                }
                None if name == STALE => {
                    let (_, value) = apart(line, end).ok_or(Unreadable::Line(at))?;
                    page.stale_seconds = number(value).ok_or(Unreadable::Line(at))?;
                }
                None => {}
            }
        }
        Ok(page)
    }

    /// How many values of families that are added up it has.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }
}

impl Sample<'_> {
    /// The values of its family's labels in their order; one that is not there is empty, as it is to Prometheus.
    pub(crate) fn values(&self) -> Box<[Box<str>]> {
        let labels = families::at(self.family).labels;
        let mut values: Box<[Box<str>]> = labels.iter().map(|_| Box::from("")).collect();
        for (label, value) in pairs(self.labels).flatten() {
            if let Some(at) = labels.iter().position(|known| *known == label) {
                values[at] = if value.len() > LONG { OTHER.into() } else { value.into() };
            }
        }
        values
    }
}

/// The sample of a line whose name, of the family that is `found`, ends at `end`.
fn sample(line: &str, end: usize, (family, named): (u8, Named)) -> Option<Sample<'_>> {
    let (labels, rest) = apart(line, end)?;
    let value = number(rest)?;
    // A counter has no fraction of a sign: what is below zero or beyond all numbers was never counted.
    if !value.is_finite() || (value < 0.0 && families::at(family).kind != Kind::Gauge) {
        return None;
    }
    let part = match named {
        Named::Value => Part::Value,
        Named::Sum => Part::Sum,
        Named::Bucket => {
            let bound = label(labels, "le")?.parse::<f64>().ok()?;
            Part::Bucket(if bound.is_nan() { return None } else { bound })
        }
    };
    Some(Sample { family, part, series: line[..line.len() - rest.len()].trim_end(), labels, value })
}

/// The labels of a line, without their braces, and what is behind them.
fn apart(line: &str, end: usize) -> Option<(&str, &str)> {
    let Some(labels) = line[end..].strip_prefix('{') else { return Some(("", &line[end..])) };
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in labels.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'}' if !quoted => {
                let inside = &labels[..at];
                return pairs(inside).all(|pair| pair.is_some()).then_some((inside, &labels[at + 1..]));
            }
            _ => {}
        }
    }
    None
}

/// The value of one label.
fn label<'a>(labels: &'a str, name: &str) -> Option<Cow<'a, str>> {
    pairs(labels).flatten().find(|(label, _)| *label == name).map(|(_, value)| value)
}

/// The value of a line; a time behind it is not looked at.
fn number(rest: &str) -> Option<f64> {
    let mut words = rest.split_ascii_whitespace();
    let value = words.next()?.parse().ok()?;
    let time = words.next().is_none_or(|time| time.parse::<i64>().is_ok());
    (time && words.next().is_none()).then_some(value)
}

/// Name and value of each label; `None` where it is none, and nothing behind that.
fn pairs(labels: &str) -> impl Iterator<Item = Option<(&str, Cow<'_, str>)>> {
    let mut rest = labels.trim_start();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let next = pair(rest);
        rest = next.as_ref().map_or("", |(_, _, rest)| rest);
        Some(next.map(|(name, value, _)| (name, value)))
    })
}

/// The first label, and what is behind it and its comma.
fn pair(text: &str) -> Option<(&str, Cow<'_, str>, &str)> {
    let (name, rest) = text.split_once('=')?;
    let name = name.trim();
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return None;
    }
    let rest = rest.trim_start().strip_prefix('"')?;
    let (mut escaped, mut any, mut end) = (false, false, None);
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => (escaped, any) = (true, true),
            b'"' => {
                end = Some(at);
                break;
            }
            _ => {}
        }
    }
    let (value, rest) = (&rest[..end?], rest[end? + 1..].trim_start());
    let value = if any { Cow::Owned(plain(value)) } else { Cow::Borrowed(value) };
    let rest = match rest.strip_prefix(',') {
        Some(rest) => rest.trim_start(),
        None if rest.is_empty() => rest,
        None => return None,
    };
    Some((name, value, rest))
}

/// Without its escapes; what is none of the three stays as it is.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let escaped = if c == '\\' { chars.next() } else { None };
        match escaped {
            Some('n') => plain.push('\n'),
            Some(escaped @ ('\\' | '"')) => plain.push(escaped),
            Some(escaped) => plain.extend([c, escaped]),
            None => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

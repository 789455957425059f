//! A question, in the one grammar that the command line and `GET /usage` share.
//!
//! `since=90d&by=team,route,model&where=team=search&where=outcome!=ok&limit=100`

mod dimension;
mod when;

pub use dimension::Dimension;
pub use when::moment;

use crate::{
    error::{Error, Result},
    period::Period,
    time,
};

/// Groups of one page where nobody says how many.
pub const DEFAULT_LIMIT: u32 = 1_000;
/// Groups of one page at most.
pub const LIMIT: u32 = 10_000;
/// What can be asked for at once.
const MOST_DIMENSIONS: usize = 8;
const MOST_FILTERS: usize = 32;
const MOST_VALUE: usize = 256;

/// What is asked: sums over a stretch of time, in groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// From when on, in milliseconds since 1970; the whole hour counts.
    pub since_ms: i64,
    /// Until when, in milliseconds since 1970, not itself; the whole hour that has begun counts.
    pub until_ms: i64,
    /// What is told apart. Empty: one sum.
    pub by: Vec<Dimension>,
    /// What counts. Filters of the same dimension are joined by "or", others by "and".
    pub filters: Vec<Filter>,
    /// Namespaces that whoever asks may see. `None`: all. Not part of the grammar: whoever answers sets it.
    pub namespaces: Option<Vec<String>>,
    /// How the groups are ordered.
    pub order: Order,
    /// Groups of this page.
    pub limit: u32,
    /// Groups before this page.
    pub offset: u32,
}

/// How groups are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By their names, in the order of `by`.
    #[default]
    Names,
    /// The most expensive first.
    Cost,
}

/// Which of a dimension's values count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Of what.
    pub dimension: Dimension,
    /// All but this one.
    pub not: bool,
    /// The value.
    pub value: String,
}

impl Query {
    /// Everything of a stretch of time, as one sum.
    #[must_use]
    pub fn between(since_ms: i64, until_ms: i64) -> Self {
        Self {
            since_ms,
            until_ms,
            by: Vec::new(),
            filters: Vec::new(),
            namespaces: None,
            order: Order::Names,
            limit: DEFAULT_LIMIT,
            offset: 0,
        }
    }

    /// Everything of a period, as one sum.
    #[must_use]
    pub fn of(period: Period) -> Self {
        Self::between(period.start_ms(), period.end_ms())
    }

    /// The same, told apart by these.
    #[must_use]
    pub fn by(mut self, dimensions: impl IntoIterator<Item = Dimension>) -> Self {
        self.by = dimensions.into_iter().collect();
        self
    }

    /// Reads a question from pairs of name and value, as an URL's query has them.
    ///
    /// | name | value | absent |
    /// | --- | --- | --- |
    /// | `since`, `until` | `90d`, `12h`, `4w` ago; `2026-07-01`, `2026-07-01T09:00:00Z`, `now`; a period: `since` its start, `until` its end | 30 days ago, now |
    /// | `period` | `2026-Q3`, `2026-09`, `2026` | `since` and `until` say it |
    /// | `by` | dimensions, with commas between them | one sum |
    /// | `where` | `team=search`, `outcome!=ok`; any number of times | everything counts |
    /// | `order` | `names`, `cost` | `names` |
    /// | `limit`, `offset` | numbers | 1000, 0 |
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] says which pair is wrong, and what would be right.
    pub fn parse<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>, now_ms: i64) -> Result<Self> {
        let mut query = Self::between(now_ms - 30 * time::DAY_MS, now_ms);
        let (mut stretch, mut period) = (false, false);
        for (name, value) in pairs {
            match name {
                "since" => (query.since_ms, stretch) = (when::moment(value, now_ms, when::End::Start)?, true),
                "until" => (query.until_ms, stretch) = (when::moment(value, now_ms, when::End::End)?, true),
                "period" => {
                    let named: Period = value.parse()?;
                    (query.since_ms, query.until_ms, period) = (named.start_ms(), named.end_ms(), true);
                }
                "by" => query.by.extend(dimensions(value)?),
                "where" => query.filters.push(value.parse()?),
                "order" => query.order = order(value)?,
                "limit" => query.limit = number(name, value, 1, LIMIT)?,
                "offset" => query.offset = number(name, value, 0, u32::MAX)?,
                _ => {
                    return Err(Error::Invalid(format!(
                        "nothing is asked with `{}`: there are since, until, period, by, where, order, limit and offset",
                        shown(name)
                    )));
                }
            }
        }
        if stretch && period {
            return Err(Error::Invalid("`period` says from when and until when: leave out `since` and `until`".into()));
        }
        query.check()?;
        Ok(query)
    }

    /// Whether it can be asked at all.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] says what is wrong.
    pub fn check(&self) -> Result<()> {
        if self.until_ms <= self.since_ms {
            return Err(Error::Invalid("`until` is not after `since`: nothing lies between".into()));
        }
        if self.by.len() > MOST_DIMENSIONS {
            return Err(Error::Invalid(format!("`by` names more than {MOST_DIMENSIONS} dimensions")));
        }
        if let Some(twice) = self.by.iter().enumerate().find_map(|(at, one)| self.by[..at].contains(one).then_some(one))
        {
            return Err(Error::Invalid(format!("`by` names {twice} twice")));
        }
        if self.filters.len() > MOST_FILTERS {
            return Err(Error::Invalid(format!("more than {MOST_FILTERS} filters")));
        }
        if self.limit == 0 || self.limit > LIMIT {
            return Err(Error::Invalid(format!("`limit` is from 1 to {LIMIT}")));
        }
        if let Some(filter) = self.filters.iter().find(|filter| filter.dimension.is_time()) {
            return Err(Error::Invalid(format!("`where` takes no {}: say `since` and `until`", filter.dimension)));
        }
        Ok(())
    }

    /// Whether roll-ups do not know the answer: it takes the records themselves.
    #[must_use]
    pub fn needs_records(&self) -> bool {
        let filtered = self.filters.iter().map(|filter| &filter.dimension);
        self.by.iter().chain(filtered).any(Dimension::is_of_records)
    }
}

impl std::str::FromStr for Filter {
    type Err = Error;

    /// `team=search` or `team!=search`; everything behind the first `=` is the value.
    fn from_str(text: &str) -> Result<Self> {
        let (name, value) = text.split_once('=').ok_or_else(|| {
            Error::Invalid(format!("`where` takes `team=search` or `team!=search`, not `{}`", shown(text)))
        })?;
        let (name, not) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
        if value.len() > MOST_VALUE {
            return Err(Error::Invalid(format!("the value of `where {name}` is longer than {MOST_VALUE} bytes")));
        }
        Ok(Self { dimension: name.trim().parse()?, not, value: value.into() })
    }
}

/// Reads dimensions with commas between them: `team,route,model`.
///
/// # Errors
///
/// [`Error::Invalid`] names the first that there is not, and those that there are.
pub fn dimensions(text: &str) -> Result<Vec<Dimension>> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::parse).collect()
}

fn order(text: &str) -> Result<Order> {
    match text {
        "names" => Ok(Order::Names),
        "cost" => Ok(Order::Cost),
        _ => Err(Error::Invalid(format!("`order` is `names` or `cost`, not `{}`", shown(text)))),
    }
}

fn number(name: &str, text: &str, least: u32, most: u32) -> Result<u32> {
    let wrong = || Error::Invalid(format!("`{name}` is a number from {least} to {most}, not `{}`", shown(text)));
    text.parse().ok().filter(|number| (least..=most).contains(number)).ok_or_else(wrong)
}

/// What is wrong, short enough for a message.
fn shown(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_867_200_000;

    fn parsed(text: &str) -> Result<Query> {
        Query::parse(text.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap()), NOW)
    }

    #[test]
    fn a_question_is_read_from_its_pairs() {
        let query =
            parsed("since=90d&by=team, route,model&where=team=a=b&where=outcome!=ok&limit=5&offset=10&order=cost")
                .unwrap();
        assert_eq!((query.since_ms, query.until_ms), (NOW - 90 * time::DAY_MS, NOW));
        assert_eq!(query.by, [Dimension::Team, Dimension::Route, Dimension::Model]);
        let team = Filter { dimension: Dimension::Team, not: false, value: "a=b".into() };
        let outcome = Filter { dimension: Dimension::Outcome, not: true, value: "ok".into() };
        assert_eq!(query.filters, [team, outcome]);
        assert_eq!((query.limit, query.offset, query.order), (5, 10, Order::Cost));
        assert!(!query.needs_records());
        assert!(parsed("by=user").unwrap().needs_records());
        assert!(parsed("where=tag:job=nightly").unwrap().needs_records());
    }

    #[test]
    fn a_period_says_both_ends_and_nothing_else_may() {
        let period: Period = "2026-Q3".parse().unwrap();
        let query = parsed("period=2026Q3").unwrap();
        assert_eq!((query.since_ms, query.until_ms), (period.start_ms(), period.end_ms()));
        let query = parsed("since=2026-07&until=2026-Q3").unwrap();
        assert_eq!((query.since_ms, query.until_ms), (period.start_ms(), period.end_ms()));
        assert!(parsed("period=2026Q3&since=1d").is_err());
    }

    #[test]
    fn a_wrong_question_is_told_what_would_be_right() {
        for (text, word) in [
            ("sinse=1d", "sinse"),
            ("by=tema", "did you mean `team`"),
            ("by=team,team", "twice"),
            ("where=team", "team=search"),
            ("since=1d&until=2d", "not after"),
            ("where=day=2026-01-01", "since"),
            ("limit=0", "limit"),
            ("order=up", "order"),
            ("since=yesterday", "90d"),
        ] {
            let error = parsed(text).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}

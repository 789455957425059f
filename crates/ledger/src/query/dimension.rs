//! What can be told apart.

use std::{fmt, str::FromStr};

use crate::error::{Error, Result};

/// What figures are told apart by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dimension {
    /// The namespace of the token.
    Namespace,
    /// The team that is charged.
    Team,
    /// The workload.
    Workload,
    /// The route.
    Route,
    /// The provider's object.
    Provider,
    /// The vendor, as the price list calls it.
    Vendor,
    /// The model, as the provider calls it.
    Model,
    /// How the request ended: `ok`, `error`, `broken`, `cancelled`, or `unknown`.
    Outcome,
    /// Whose word the cost is: see [`Source`](crate::Source).
    Source,
    /// The hour, in UTC.
    Hour,
    /// The day, in UTC.
    Day,
    /// The month, in UTC.
    Month,
    /// The quarter, in UTC.
    Quarter,
    /// The caller's `user`: of the records, which are kept for 90 days.
    User,
    /// The caller's `session_id`: of the records.
    Session,
    /// The stable code of the end: of the records.
    Code,
    /// A tag that the caller set: of the records.
    Tag(String),
}

/// Those with a name of their own.
const NAMED: [(&str, Dimension); 16] = [
    ("namespace", Dimension::Namespace),
    ("team", Dimension::Team),
    ("workload", Dimension::Workload),
    ("route", Dimension::Route),
    ("provider", Dimension::Provider),
    ("vendor", Dimension::Vendor),
    ("model", Dimension::Model),
    ("outcome", Dimension::Outcome),
    ("source", Dimension::Source),
    ("hour", Dimension::Hour),
    ("day", Dimension::Day),
    ("month", Dimension::Month),
    ("quarter", Dimension::Quarter),
    ("user", Dimension::User),
    ("session", Dimension::Session),
    ("code", Dimension::Code),
];

impl Dimension {
    /// A stretch of time.
    #[must_use]
    pub fn is_time(&self) -> bool {
        matches!(self, Self::Hour | Self::Day | Self::Month | Self::Quarter)
    }

    /// Known of the records alone, not of roll-ups.
    #[must_use]
    pub fn is_of_records(&self) -> bool {
        matches!(self, Self::User | Self::Session | Self::Code | Self::Tag(_))
    }

    /// The column of `series` that has it.
    pub(crate) fn column(&self) -> Option<&'static str> {
        let has = !self.is_time() && !self.is_of_records();
        has.then(|| NAMED.iter().find(|(_, dimension)| dimension == self).map(|(name, _)| *name)).flatten()
    }
}

impl FromStr for Dimension {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some(tag) = text.strip_prefix("tag:") {
            let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if tag.is_empty() || tag.len() > 32 || !tag.bytes().all(good) {
                return Err(Error::Invalid(
                    "a tag is `tag:NAME`, with at most 32 lower-case letters, digits and dashes for its name".into(),
                ));
            }
            return Ok(Self::Tag(tag.into()));
        }
        if let Some((_, dimension)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(dimension.clone());
        }
        let near = NAMED.iter().map(|(name, _)| (strsim::jaro_winkler(name, text), *name));
        let near = near.max_by(|one, other| one.0.total_cmp(&other.0)).filter(|(likeness, _)| *likeness > 0.8);
        let meant = near.map(|(_, name)| format!(" (did you mean `{name}`?)")).unwrap_or_default();
        let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
        let text: String = text.chars().filter(|letter| !letter.is_control()).take(64).collect();
        Err(Error::Invalid(format!(
            "nothing is told apart by `{text}`{meant}: there are {}, tag:NAME",
            names.join(", ")
        )))
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(name) => write!(f, "tag:{name}"),
            _ => f.write_str(NAMED.iter().find(|(_, one)| one == self).map_or("", |(name, _)| name)),
        }
    }
}

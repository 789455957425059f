//! Where the ledger lies.

use std::{fmt, path::PathBuf, str::FromStr};

use crate::error::{Error, Result};

/// Which store, and where.
#[derive(Clone, PartialEq, Eq)]
pub enum Store {
    /// One file, of one process.
    Sqlite(PathBuf),
    /// A database, by its URL. It may hold a password: it is never shown.
    Postgres(String),
}

impl FromStr for Store {
    type Err = Error;

    /// `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST/DATABASE` with whatever libpq's URLs take.
    fn from_str(text: &str) -> Result<Self> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err(Error::Invalid(
                    "`sqlite:` names no file: write `sqlite:/var/lib/outrigger/ledger.db`".into(),
                ));
            }
            return Ok(Self::Sqlite(path.into()));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.into()));
        }
        // The text itself may hold a password.
        Err(Error::Invalid("a store is `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/DATABASE`".into()))
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            Self::Postgres(_) => f.write_str("Postgres(..)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_read_from_its_url_and_never_shows_a_password() {
        assert_eq!("sqlite:/a/b.db".parse::<Store>().unwrap(), Store::Sqlite("/a/b.db".into()));
        assert_eq!("sqlite:///a/b.db".parse::<Store>().unwrap(), Store::Sqlite("/a/b.db".into()));
        let store = "postgres://me:hush@db/ledger".parse::<Store>().unwrap();
        assert!(!format!("{store:?}").contains("hush"));
        let error = "mysql://me:hush@db".parse::<Store>().unwrap_err();
        assert!(!error.to_string().contains("hush"));
        assert!("sqlite:".parse::<Store>().is_err());
    }
}

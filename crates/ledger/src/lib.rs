//! The ledger: every request and what it cost, once each, in SQLite or PostgreSQL.
//!
//! [`Ledger::append`] books what sidecars tell (`proto/outrigger/ledger/v1/ledger.proto` is the manual),
//! [`Ledger::usage`] answers questions, [`Ledger::gaps`] says what it cannot know. This crate is the only one that
//! speaks SQL.

mod book;
mod clock;
mod close;
mod db;
mod error;
mod forget;
mod gaps;
mod generation;
mod keys;
mod ledger;
pub mod period;
pub mod prices;
pub mod query;
mod ranges;
pub mod reconcile;
mod reprice;
mod retain;
mod series;
mod settings;
mod stamp;
mod store;
mod sums;
mod time;
mod usage;
mod write;

pub use close::Closed;
pub use error::{Error, Result};
pub use gaps::Gap;
pub use forget::Forgotten;
pub use generation::{Activity, Generation};
pub use ledger::Ledger;
pub use period::Period;
pub use query::{Dimension, Filter, Order, Query};
pub use reprice::{Priced, Pricer, Repriced};
pub use settings::Settings;
pub use stamp::Stamp;
pub use store::Store;
pub use sums::{Source, Sums};
pub use usage::{Apart, Figures, Row, Usage};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

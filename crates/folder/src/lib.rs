//! A folder of policy as a source.
//!
//! [`Contents`] is what the files hold now, for whoever looks once. [`Source`] is for whoever goes on serving: people and
//! programs save files by emptying and filling them, by removing and creating them, by renaming, and a look may fall in
//! between. What an edit adds or changes counts at once; what it seems to take away counts once the folder has been quiet
//! and a second reading agrees. No look ever turns a policy into none.
//!
//! Blocking, and asks no clock: the time of a look is an argument.

mod contents;
mod file;
mod listing;
mod objects;
mod seen;
mod settle;
mod source;

use std::time::Duration;

pub use contents::{Contents, Env, TOGETHER};
pub use file::LARGEST;
pub use listing::{ENTRIES, MOST};
pub use settle::{Edit, QUIET};
pub use source::Source;

/// Four looks a second: an edit applies within one (the folder is small).
pub const INTERVAL: Duration = Duration::from_millis(250);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

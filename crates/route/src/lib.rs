//! The decision. `plan` is a pure function of an immutable [`Snapshot`], what the caller asked, the live signals and
//! one random draw; [`Failover`] is a state machine that says what to try next and is told what happened. No I/O, no
//! clock, no randomness: time and draws are arguments.

pub mod ask;
pub mod authorities;
pub mod breaker;
pub mod closed;
pub mod cost;
pub mod failover;
mod filter;
pub mod hash;
pub mod plan;
pub mod reason;
mod resolve;
pub mod selector;
pub mod signals;
pub mod snapshot;
pub mod sticky;
mod strategy;
#[cfg(test)]
mod testing;
pub mod view;
pub mod window;
pub mod words;

pub use ask::{Ask, Preferences, Sort};
pub use authorities::Authorities;
pub use failover::{Failover, Step};
pub use plan::{Candidate, Plan, plan};
pub use reason::{NoRoute, Reason};
pub use signals::{Health, Percentiles, Signals, Standing};
pub use snapshot::{Route, Snapshot, Target};
pub use view::View;

//! The data plane: sockets, pools, attempts, streams. The module tree is the story of a request; `serve` tells it.

mod about;
mod admin;
mod allowance;
mod app;
mod attempt;
mod books;
mod caller;
mod clock;
mod closed;
pub mod config;
mod crossing;
pub mod decisions;
mod drain;
mod error;
mod explain;
mod headers;
mod hops;
mod intake;
mod ledger;
mod listen;
mod lock;
#[cfg(feature = "measured")]
pub mod measured;
mod memory;
pub mod metrics;
mod models;
pub mod outbox;
mod paths;
pub mod process;
mod record;
mod redact;
pub mod reference;
mod relay;
mod resume;
mod serve;
mod sidecar;
mod signals;
mod staleness;
mod state;
mod tokens;
pub mod trace;
mod upstream;
mod watch;

#[cfg(test)]
mod story;
#[cfg(test)]
mod tests;

pub use about::About;
pub use books::Told;
pub use config::Config;
pub use explain::explain;
pub use ledger::{Ledger, Users};
pub use sidecar::{Requests, Sidecar};
pub use trace::Tracer;

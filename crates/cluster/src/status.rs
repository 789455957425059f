//! What became of each object, said back in its status by one replica.
//!
//! ```text
//! counts    how many sidecars run it, summed over replicas            pure
//! judge     an object, its problems, its counts -> its conditions     pure
//! board     what should be said, against what the API has -> writes   pure
//! schedule  when which object is written                              pure
//! events    what has become true or false -> events, and how many     pure
//! api       the calls                     writer   the task
//! ```

mod api;
mod board;
mod counts;
pub(crate) mod events;
mod judge;
mod schedule;
mod writer;

pub use counts::{Counts, Reach, Tally};
pub use judge::{ACCEPTED, Change, PROGRAMMED, RESOLVED_REFS, Subject, change, judge};
pub use writer::{Inputs, Problems, spawn};

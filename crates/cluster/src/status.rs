//! What became of each object, said back in its status by one replica.
//!
//! ```text
//! counts    how many sidecars run it, summed over replicas          pure
//! judge     an object, its problems, its counts -> its conditions   pure
//! schedule  when which object is written                            pure
//! board     what should be said against what the API has -> writes  pure
//! ```

mod board;
mod counts;
mod judge;
mod schedule;

pub use counts::{Counts, Reach, Tally};
pub use judge::{ACCEPTED, Change, PROGRAMMED, RESOLVED_REFS, Subject, change, judge};

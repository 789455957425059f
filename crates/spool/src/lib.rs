//! A bounded queue of entries on disk that outlives its process.
//!
//! Entries are bytes that mean nothing here. Each gets a number, from 1 without a gap, within an **epoch**: one start of a
//! process, 16 random bytes. They lie in **segments**, files that are only ever added to; a segment goes when all of it was
//! taken over by whoever it is for, or when it is the oldest and there is no room. What a process left behind that was killed
//! is found by the next one in the same folder, and goes first.
//!
//! - Adding is one write into the page cache under a short lock, nothing else: no sync, no file made or removed. A thread
//!   syncs what is new within [`SYNC`], makes the next segment before it is needed, and removes what is too much.
//! - A kill of the process loses nothing that was added. A crash of the machine loses what was not synced: where that may
//!   be, the epoch is not said to be whole.
//! - Without a disk (none, read-only, full, broken) entries lie in memory, as far as its bound lets them. Adding never fails
//!   and never waits for a disk to come back.
//! - What was lost for room is counted, and told as `dropped_below`.
//!
//! `frame` is how bytes lie in a segment and `shelf` which segments there are, both pure; `state` is what is under the lock,
//! `take` what leaves, `disk` the effects, `found` what an earlier process left, `tend` the thread.

mod core;
mod disk;
mod found;
mod frame;
mod machine;
mod marks;
mod place;
mod shelf;
mod spool;
mod state;
mod take;
mod tend;
mod terms;

#[cfg(test)]
mod tests;

pub use spool::Spool;
pub use take::Batch;
pub use terms::{Epoch, LEAST, LONGEST, MANY, MEMORY, SYNC, Settings, Standing};

//! Where reading goes on.

use crate::terms::Epoch;

/// A place in a segment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mark {
    pub(crate) epoch: Epoch,
    /// Which segment.
    pub(crate) segment: u64,
    /// The number that stands there.
    pub(crate) sequence: u64,
    pub(crate) at: u64,
}

/// Where the batch that was read last begins and ends: from there on reading goes on.
#[derive(Debug, Default)]
pub(crate) struct Marks(pub(crate) [Mark; 2]);

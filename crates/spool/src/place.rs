//! Where segments lie.

use crate::{disk::Disk, shelf::Shelf};

/// Where a segment lies.
#[derive(Debug)]
pub(crate) enum Place<F> {
    File { file: F, number: u64 },
    Memory(Vec<u8>),
}

/// Segments of one epoch.
pub(crate) type Shelved<D> = Shelf<Place<<D as Disk>::File>>;

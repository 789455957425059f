//! How entries lie in a segment: a header, then each entry behind its length and checksum. Pure.
//!
//! ```text
//! header  magic 8 | epoch 16 | boot 16 | started_at_ms 8 | born_ms 8 | first 8 | crc 4 | spilled 1 | 0 0 0
//! entry   length 4 | crc 4 | bytes       the checksum is over the entry's number and its bytes
//! end     0 0 0 0 | crc 4                 over the number that would have come next: the process ended in order
//! ```
//!
//! All numbers are little-endian. The checksum over the number keeps an entry from being taken for another one.

use crate::terms::{Epoch, LONGEST};

/// The first bytes. Another digit is another format.
const MAGIC: [u8; 8] = *b"outspl1\n";
/// Bytes before the first entry.
pub(crate) const HEADER: usize = 72;
/// Where the header says that entries went elsewhere: outside the checksum, since it is written into a finished header.
pub(crate) const SPILLED: u64 = 68;
/// Bytes before each entry.
pub(crate) const HEAD: usize = 8;
/// What the checksum of an end is over, beside the number.
const END: &[u8] = b"end";

/// What a segment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) epoch: Epoch,
    /// Which run of the machine it was.
    pub(crate) boot: [u8; 16],
    pub(crate) started_at_ms: u64,
    /// When it was begun, by a clock that counts from the start of the machine.
    pub(crate) born_ms: u64,
    /// Number of its first entry.
    pub(crate) first: u64,
    /// Later entries were kept in memory.
    pub(crate) spilled: bool,
}

impl Header {
    pub(crate) fn write(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..24].copy_from_slice(&self.epoch);
        bytes[24..40].copy_from_slice(&self.boot);
        bytes[40..48].copy_from_slice(&self.started_at_ms.to_le_bytes());
        bytes[48..56].copy_from_slice(&self.born_ms.to_le_bytes());
        bytes[56..64].copy_from_slice(&self.first.to_le_bytes());
        let sum = crc32fast::hash(&bytes[..64]);
        bytes[64..68].copy_from_slice(&sum.to_le_bytes());
        bytes[68] = u8::from(self.spilled);
        bytes
    }

    /// `None`: not whole, or of another format.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; HEADER] = bytes.first_chunk()?;
        let sum = u32::from_le_bytes(part(bytes, 64)?);
        if bytes[..8] != MAGIC || sum != crc32fast::hash(&bytes[..64]) {
            return None;
        }
        Some(Self {
            epoch: part(bytes, 8)?,
            boot: part(bytes, 24)?,
            started_at_ms: u64::from_le_bytes(part(bytes, 40)?),
            born_ms: u64::from_le_bytes(part(bytes, 48)?),
            first: u64::from_le_bytes(part(bytes, 56)?),
            spilled: bytes[68] != 0,
        })
    }
}

fn part<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// What stands before an entry. `entry` is at most [`LONGEST`] bytes long.
pub(crate) fn head(sequence: u64, entry: &[u8]) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[..4].copy_from_slice(&u32::try_from(entry.len()).unwrap_or(u32::MAX).to_le_bytes());
    head[4..].copy_from_slice(&sum(sequence, entry).to_le_bytes());
    head
}

/// What stands behind the last one, where `next` would have been.
pub(crate) fn end(next: u64) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[4..].copy_from_slice(&sum(next, END).to_le_bytes());
    head
}

fn sum(sequence: u64, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&sequence.to_le_bytes());
    hasher.update(bytes);
    hasher.finalize()
}

/// What comes next in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next<'a> {
    Entry(&'a [u8]),
    /// The process ended in order.
    End,
    /// Nothing, or nothing whole.
    Nothing,
}

/// What `bytes` begin with, if that is entry `sequence`.
pub(crate) fn next(bytes: &[u8], sequence: u64) -> Next<'_> {
    let read = || {
        let length = u32::from_le_bytes(part(bytes, 0)?) as usize;
        let told = u32::from_le_bytes(part(bytes, 4)?);
        if length == 0 {
            return (told == sum(sequence, END)).then_some(Next::End);
        }
        let entry = bytes.get(HEAD..HEAD + length).filter(|_| length <= LONGEST)?;
        (told == sum(sequence, entry)).then_some(Next::Entry(entry))
    };
    read().unwrap_or(Next::Nothing)
}

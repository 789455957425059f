//! What a spool is told, and what it tells of itself.

use std::{path::PathBuf, time::Duration};

/// Longest entry, in bytes: with its number, which is added when it is sent and takes up to 11, the ledger takes 4096.
pub const LONGEST: usize = 4096 - 11;
/// An entry is on its way to the platter within this.
pub const SYNC: Duration = Duration::from_millis(100);
/// Least room that a spool may be given on disk.
pub const LEAST: u64 = 256 << 10;
/// What lies in memory without a disk, at most.
pub const MEMORY: u64 = 4 << 20;
/// As many entries that wait are sent at once.
pub const MANY: u64 = 512;

/// 16 random bytes: one start of a process.
pub type Epoch = [u8; 16];

/// How much a spool may hold, and where.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its folder, which is made where it is not there; `None`: memory alone.
    pub folder: Option<PathBuf>,
    /// Most bytes on disk, of all epochs; at least [`LEAST`].
    pub limit: u64,
    /// Most bytes in memory.
    pub memory: u64,
    /// How long an entry may wait.
    pub age: Duration,
}

/// How a spool stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Entries that nobody has taken over yet.
    pub waiting: u64,
    /// Entries that were lost for room, or could not be read again.
    pub lost: u64,
    /// Entries that were given up, because nobody takes them.
    pub refused: u64,
    /// Bytes of segments on disk.
    pub disk_bytes: u64,
    /// Bytes of segments in memory.
    pub memory_bytes: u64,
    /// New entries go to disk.
    pub on_disk: bool,
}

//! Gives back the pages of its own files that a process no longer uses: the code and the constants of its start.
//!
//! Half of what an idle sidecar has in memory are pages of its program and of libc that were touched once, or only lie
//! beside one that was: Linux maps 64 KiB around every touched page of a file. They count in every pod although they are
//! the file's and are shared. Once unmapped, a page that is needed again comes back with a minor fault; only if the node was
//! so short of memory that it dropped the page from its cache is the file read again.

mod quiet;
mod smaps;

use std::ops::Range;

pub use quiet::Quiet;

/// What is mapped of the program and the libraries it was linked with, and never written: code and constants.
#[derive(Debug, Default)]
pub struct Files {
    mapped: Vec<Range<usize>>,
}

impl Files {
    /// Looks what is mapped. Call it at the start, when nothing can have been loaded that may be unloaded again; what is
    /// loaded later is left alone. Finds nothing where `/proc` is not Linux's.
    pub fn mapped() -> Self {
        let text = std::fs::read_to_string("/proc/self/smaps").unwrap_or_default();
        Self { mapped: smaps::unwritten(&text) }
    }

    /// Unmaps the pages; those that are in use come back one after the other.
    pub fn give_back(&self) {
        for range in &self.mapped {
            forget(range);
        }
    }
}

/// An error leaves the pages where they are.
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "the kernel is asked for what no safe interface offers")]
fn forget(range: &Range<usize>) {
    use rustix::mm::{Advice, madvise};
    // SAFETY: the range is one mapping of the program or of a library that it was linked with, which stays for as long as
    // the process does. It is private, of a file, not writable, and held no page of its own: so every page is what the
    // file says, and is what the file says when it is touched again (madvise(2), MADV_DONTNEED).
    let _ = unsafe { madvise(std::ptr::without_provenance_mut(range.start), range.len(), Advice::LinuxDontNeed) };
}

#[cfg(not(target_os = "linux"))]
fn forget(_: &Range<usize>) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// KiB of files that are mapped.
    fn resident() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssFile:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    #[test]
    fn pages_are_given_back_and_the_program_goes_on() {
        let files = Files::mapped();
        assert!(!files.mapped.is_empty());
        let before = resident();
        files.give_back();
        let after = resident();
        assert!(after < before, "{before} KiB, then {after}");
        assert_eq!(format!("{:?}", "still here".to_uppercase()), "\"STILL HERE\"");
    }
}

//! Lines on standard output beside the log, written by a thread of its own: whoever has something to say never waits for
//! whoever reads it, and what is not read is dropped and counted.

use std::{io, sync::Arc};

use crate::queue::{self, Queue};

/// Lines on their way to standard output.
#[derive(Debug)]
pub struct Lines(Arc<Queue>);

impl Lines {
    /// With a thread named `name`.
    pub fn to_stdout(name: &str) -> Self {
        let queue = Arc::default();
        queue::start(&queue, name, io::stdout(), |_| {});
        Self(queue)
    }

    /// Lines that nobody takes.
    #[doc(hidden)]
    pub fn held() -> Self {
        Self(Arc::default())
    }

    /// Adds `line`, which ends in a line feed, or drops it where there is no room: 256 KiB wait at most.
    pub fn push(&self, line: &[u8]) {
        self.0.push(line);
    }

    /// How many lines nobody will read.
    pub fn dropped(&self) -> u64 {
        self.0.dropped()
    }

    /// Waits until all has been written, for 200 ms at the most.
    pub fn flush(&self) {
        self.0.flush();
    }
}

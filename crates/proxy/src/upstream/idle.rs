//! Connections of HTTP/1.1 that wait for their next request: the last used first.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use hyper::client::conn::http1;

use super::{sent::Sent, watched::News};
use crate::lock::lock;

/// A connection: one request at a time.
#[derive(Debug)]
pub(super) struct Single {
    pub(super) sender: http1::SendRequest<Sent>,
    pub(super) news: Arc<News>,
}

/// A point in time, in sweeps: a clock that is good enough for idle connections and costs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sweep(u32);

/// Those that wait.
#[derive(Debug, Default)]
pub(super) struct Idle {
    waiting: Mutex<Vec<(Single, Sweep)>>,
    sweeps: AtomicU32,
}

impl Idle {
    /// The one used last that is still open, and since when it waited.
    pub(super) fn take(&self) -> Option<(Single, Sweep)> {
        let mut waiting = lock(&self.waiting);
        while let Some((single, since)) = waiting.pop() {
            if single.sender.is_ready() {
                return Some((single, since));
            }
        }
        None
    }

    /// One whose answer has been read.
    pub(super) fn take_back(self: &Arc<Self>, mut single: Single) {
        if single.sender.is_ready() {
            return self.keep(single);
        }
        if !single.sender.is_closed() {
            // Its task has not got round to saying that it is ready.
            let idle = self.clone();
            tokio::spawn(async move {
                if single.sender.ready().await.is_ok() {
                    idle.keep(single);
                }
            });
        }
    }

    fn keep(&self, single: Single) {
        lock(&self.waiting).push((single, self.now()));
    }

    /// One that had waited since `since` turned out to be dead: so may those be that waited as long. They are closed.
    pub(super) fn doubt(&self, since: Sweep) {
        let now = self.now();
        lock(&self.waiting).retain(|(_, other)| now.since(*other) < now.since(since));
    }

    /// Closes what waited for `longest` sweeps, or was closed by its peer.
    pub(super) fn sweep(&self, longest: u32) {
        let now = Sweep(self.sweeps.fetch_add(1, Relaxed).wrapping_add(1));
        let mut waiting = lock(&self.waiting);
        waiting.retain(|(single, since)| !single.sender.is_closed() && now.since(*since) <= longest);
        if waiting.len() * 4 < waiting.capacity() {
            waiting.shrink_to_fit();
        }
    }

    fn now(&self) -> Sweep {
        Sweep(self.sweeps.load(Relaxed))
    }
}

impl Sweep {
    /// Sweeps since `earlier`.
    fn since(self, earlier: Self) -> u32 {
        self.0.wrapping_sub(earlier.0)
    }
}

//! What is told of requests, on its way to whoever sends it: bounded in number and in bytes. What does not fit is dropped and
//! counted; no request waits (M6).

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
};

use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Most requests that wait, and most bytes of what is told of them, those on the wire among them.
const REQUESTS: usize = 2_048;
const BYTES: usize = 4 << 20;
/// Most bytes that go together, but for what the last request has more: a quarter of what a collector takes at once by default
/// (4 MiB).
const TOGETHER: usize = 1 << 20;

/// One thing that is told.
pub trait Told {
    /// What it takes of memory.
    fn bytes(&self) -> usize;
}

/// What became of what was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The collector took it.
    pub sent: u64,
    /// There was no room for it here.
    pub full: u64,
    /// The collector said that it never takes it.
    pub refused: u64,
    /// The collector could not be reached for too long.
    pub unreachable: u64,
}

#[derive(Debug, Default)]
struct Tally {
    bytes: AtomicUsize,
    sent: AtomicU64,
    full: AtomicU64,
    refused: AtomicU64,
    unreachable: AtomicU64,
}

/// What is told of one request, and what it takes.
#[derive(Debug)]
struct Entry<T> {
    items: Vec<T>,
    bytes: usize,
}

/// The end that requests have.
#[derive(Debug)]
pub struct Outbox<T> {
    sender: Sender<Entry<T>>,
    tally: Arc<Tally>,
}

/// The end that is read.
#[derive(Debug)]
pub struct Waiting<T> {
    receiver: Receiver<Entry<T>>,
    tally: Arc<Tally>,
}

/// What was taken out and is on the wire: it takes its room until this is dropped.
#[derive(Debug)]
pub struct Batch<T> {
    /// Of whole requests.
    pub items: Vec<T>,
    bytes: usize,
    tally: Arc<Tally>,
}

/// Both ends.
pub fn outbox<T: Told>() -> (Outbox<T>, Waiting<T>) {
    let (sender, receiver) = channel(REQUESTS);
    let tally = Arc::<Tally>::default();
    (Outbox { sender, tally: tally.clone() }, Waiting { receiver, tally })
}

impl<T: Told> Outbox<T> {
    /// Drops them where there is no room.
    pub(crate) fn put(&self, items: Vec<T>) {
        let (count, bytes) = (items.len() as u64, items.iter().map(Told::bytes).sum());
        let before = self.tally.bytes.fetch_add(bytes, Relaxed);
        // Where nobody reads any more there is no room either.
        if before + bytes > BYTES || self.sender.try_send(Entry { items, bytes }).is_err() {
            self.tally.bytes.fetch_sub(bytes, Relaxed);
            self.tally.full.fetch_add(count, Relaxed);
        }
    }

    pub(crate) fn standing(&self) -> Standing {
        let of = |counter: &AtomicU64| counter.load(Relaxed);
        let Tally { bytes: _, sent, full, refused, unreachable } = &*self.tally;
        Standing { sent: of(sent), full: of(full), refused: of(refused), unreachable: of(unreachable) }
    }
}

impl<T> Waiting<T> {
    /// Waits for what is told of one request; whoever gives up waiting loses nothing. `None`: there will never be any. Behind it,
    /// better wait a while and [`Waiting::fill`]: a busy sidecar then wakes nobody for each request.
    pub async fn first(&mut self) -> Option<Batch<T>> {
        let Entry { items, bytes } = self.receiver.recv().await?;
        Some(Batch { items, bytes, tally: self.tally.clone() })
    }

    /// What there is, at most about `most`; `None`: nothing.
    pub fn now(&mut self, most: usize) -> Option<Batch<T>> {
        let mut batch = Batch { bytes: 0, items: Vec::new(), tally: self.tally.clone() };
        self.fill(&mut batch, most);
        (!batch.items.is_empty()).then_some(batch)
    }

    /// Adds what there is, up to about `most`, and up to about a mebibyte.
    pub fn fill(&mut self, batch: &mut Batch<T>, most: usize) {
        while batch.items.len() < most
            && batch.bytes < TOGETHER
            && let Ok(entry) = self.receiver.try_recv()
        {
            batch.bytes += entry.bytes;
            batch.items.extend(entry.items);
        }
    }
}

impl<T> Batch<T> {
    fn count(&self, counter: impl Fn(&Tally) -> &AtomicU64, items: u64) {
        counter(&self.tally).fetch_add(items, Relaxed);
    }

    /// The collector took all but `rejected`.
    pub fn taken(self, rejected: u64) {
        let all = self.items.len() as u64;
        let rejected = rejected.min(all);
        self.count(|tally| &tally.refused, rejected);
        self.count(|tally| &tally.sent, all - rejected);
    }

    /// The collector never takes them.
    pub fn refused(self) {
        self.count(|tally| &tally.refused, self.items.len() as u64);
    }

    /// They are given up.
    pub fn unreachable(self) {
        self.count(|tally| &tally.unreachable, self.items.len() as u64);
    }
}

impl<T> Drop for Batch<T> {
    fn drop(&mut self) {
        self.tally.bytes.fetch_sub(self.bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many bytes.
    #[derive(Debug)]
    struct Item(usize);

    impl Told for Item {
        fn bytes(&self) -> usize {
            self.0
        }
    }

    /// M6: whoever reads nothing costs a bounded number of requests, and what does not fit is counted.
    #[test]
    fn so_many_wait_and_no_more() {
        let (outbox, mut waiting) = outbox();
        for _ in 0..REQUESTS + 10 {
            outbox.put(vec![Item(1), Item(1)]);
        }
        assert_eq!(outbox.standing(), Standing { full: 20, ..Standing::default() });
        let batch = waiting.now(512).unwrap();
        assert_eq!(batch.items.len(), 512);
        batch.taken(3);
        waiting.now(2).unwrap().refused();
        waiting.now(2).unwrap().unreachable();
        assert_eq!(outbox.standing(), Standing { sent: 509, full: 20, refused: 5, unreachable: 2 });
    }

    /// M6: nor more than so many bytes, those on the wire among them.
    #[test]
    fn so_many_bytes_wait_and_no_more() {
        let (outbox, mut waiting) = outbox();
        for _ in 0..5 {
            outbox.put(vec![Item(1 << 20)]);
        }
        assert_eq!(outbox.standing().full, 1);
        let batch = waiting.now(1).unwrap();
        outbox.put(vec![Item(1 << 20)]);
        assert_eq!(outbox.standing().full, 2, "it is on the wire");
        drop(batch);
        outbox.put(vec![Item(1 << 20)]);
        assert_eq!(outbox.standing().full, 2, "its room is given back");
    }

    /// What goes together fits into one message of a collector's, whatever its count.
    #[test]
    fn so_many_bytes_go_together() {
        let (outbox, mut waiting) = outbox();
        (0..16).for_each(|_| outbox.put(vec![Item(200 << 10)]));
        let sizes: Vec<usize> = std::iter::from_fn(|| waiting.now(512)).map(|batch| batch.items.len()).collect();
        assert_eq!(sizes, [6, 6, 4]);
    }

    #[tokio::test]
    async fn what_waits_goes_together() {
        let (outbox, mut waiting) = outbox();
        (0..3).for_each(|_| outbox.put(vec![Item(1)]));
        let mut batch = waiting.first().await.unwrap();
        waiting.fill(&mut batch, 512);
        assert_eq!(batch.items.len(), 3);
        drop(outbox);
        assert!(waiting.first().await.is_none());
    }
}

//! Spans on their way to whoever sends them: bounded in number and in bytes. What does not fit is dropped and counted; no request
//! waits (M6).

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
};

use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::span::Span;

/// Most requests that wait, and most bytes of their spans, those on the wire among them.
const REQUESTS: usize = 2_048;
const BYTES: usize = 4 << 20;

/// What became of spans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The collector took them.
    pub sent: u64,
    /// There was no room for them here.
    pub full: u64,
    /// The collector said that it never takes them.
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

/// The spans of one request, and what they take.
#[derive(Debug)]
struct Entry {
    spans: Vec<Span>,
    bytes: usize,
}

/// The end that requests have.
#[derive(Debug)]
pub(super) struct Queue {
    sender: Sender<Entry>,
    tally: Arc<Tally>,
}

/// The end that is read.
#[derive(Debug)]
pub struct Spans {
    receiver: Receiver<Entry>,
    tally: Arc<Tally>,
}

/// Spans that were taken out and are on the wire: they take their room until this is dropped.
#[derive(Debug)]
pub struct Batch {
    /// Whole requests.
    pub spans: Vec<Span>,
    bytes: usize,
    tally: Arc<Tally>,
}

/// Both ends.
pub(super) fn queue() -> (Queue, Spans) {
    let (sender, receiver) = channel(REQUESTS);
    let tally = Arc::<Tally>::default();
    (Queue { sender, tally: tally.clone() }, Spans { receiver, tally })
}

impl Queue {
    /// Drops them where there is no room.
    pub(super) fn put(&self, spans: Vec<Span>) {
        let (count, bytes) = (spans.len() as u64, spans.iter().map(Span::bytes).sum());
        let before = self.tally.bytes.fetch_add(bytes, Relaxed);
        // Where nobody reads any more there is no room either.
        if before + bytes > BYTES || self.sender.try_send(Entry { spans, bytes }).is_err() {
            self.tally.bytes.fetch_sub(bytes, Relaxed);
            self.tally.full.fetch_add(count, Relaxed);
        }
    }

    pub(super) fn standing(&self) -> Standing {
        let of = |counter: &AtomicU64| counter.load(Relaxed);
        let Tally { bytes: _, sent, full, refused, unreachable } = &*self.tally;
        Standing { sent: of(sent), full: of(full), refused: of(refused), unreachable: of(unreachable) }
    }
}

impl Spans {
    /// Waits for the spans of one request; whoever gives up waiting loses none. `None`: there will never be any. Behind it,
    /// better wait a while and [`Spans::fill`]: a busy sidecar then wakes nobody for each request.
    pub async fn first(&mut self) -> Option<Batch> {
        let Entry { spans, bytes } = self.receiver.recv().await?;
        Some(Batch { spans, bytes, tally: self.tally.clone() })
    }

    /// What there is, at most about `most` spans; `None`: nothing.
    pub fn now(&mut self, most: usize) -> Option<Batch> {
        let mut batch = Batch { bytes: 0, spans: Vec::new(), tally: self.tally.clone() };
        self.fill(&mut batch, most);
        (!batch.spans.is_empty()).then_some(batch)
    }

    /// Adds what there is, up to about `most` spans.
    pub fn fill(&mut self, batch: &mut Batch, most: usize) {
        while batch.spans.len() < most
            && let Ok(entry) = self.receiver.try_recv()
        {
            batch.bytes += entry.bytes;
            batch.spans.extend(entry.spans);
        }
    }
}

impl Batch {
    fn count(&self, counter: impl Fn(&Tally) -> &AtomicU64, spans: u64) {
        counter(&self.tally).fetch_add(spans, Relaxed);
    }

    /// The collector took all but `rejected`.
    pub fn taken(self, rejected: u64) {
        let all = self.spans.len() as u64;
        let rejected = rejected.min(all);
        self.count(|tally| &tally.refused, rejected);
        self.count(|tally| &tally.sent, all - rejected);
    }

    /// The collector never takes them.
    pub fn refused(self) {
        self.count(|tally| &tally.refused, self.spans.len() as u64);
    }

    /// They are given up.
    pub fn unreachable(self) {
        self.count(|tally| &tally.unreachable, self.spans.len() as u64);
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.tally.bytes.fetch_sub(self.bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::trace::context::{SpanId, TraceId};

    fn span(name: usize) -> Span {
        Span {
            trace: TraceId([1; 16]),
            id: SpanId([2; 8]),
            parent: None,
            sampled: true,
            state: "".into(),
            name: "n".repeat(name),
            began: SystemTime::UNIX_EPOCH,
            ended: SystemTime::UNIX_EPOCH,
            attributes: Vec::new(),
            events: Vec::new(),
            error: None,
        }
    }

    /// M6: whoever reads nothing costs a bounded number of requests, and what does not fit is counted.
    #[test]
    fn so_many_wait_and_no_more() {
        let (queue, mut spans) = queue();
        for _ in 0..REQUESTS + 10 {
            queue.put(vec![span(1), span(1)]);
        }
        assert_eq!(queue.standing(), Standing { full: 20, ..Standing::default() });
        let batch = spans.now(512).unwrap();
        assert_eq!(batch.spans.len(), 512);
        batch.taken(3);
        spans.now(2).unwrap().refused();
        spans.now(2).unwrap().unreachable();
        assert_eq!(queue.standing(), Standing { sent: 509, full: 20, refused: 5, unreachable: 2 });
    }

    /// M6: nor more than so many bytes, those on the wire among them.
    #[test]
    fn so_many_bytes_wait_and_no_more() {
        let (queue, mut spans) = queue();
        for _ in 0..5 {
            queue.put(vec![span(1 << 20)]);
        }
        assert_eq!(queue.standing().full, 2);
        let batch = spans.now(1).unwrap();
        queue.put(vec![span(1 << 20)]);
        assert_eq!(queue.standing().full, 3, "it is on the wire");
        drop(batch);
        queue.put(vec![span(1 << 20)]);
        assert_eq!(queue.standing().full, 3, "its room is given back");
    }

    #[tokio::test]
    async fn what_waits_goes_together() {
        let (queue, mut spans) = queue();
        (0..3).for_each(|_| queue.put(vec![span(1)]));
        let mut batch = spans.first().await.unwrap();
        spans.fill(&mut batch, 512);
        assert_eq!(batch.spans.len(), 3);
        drop(queue);
        assert!(spans.first().await.is_none());
    }
}

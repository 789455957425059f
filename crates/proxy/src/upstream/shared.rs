//! Connections of HTTP/2: as few as the peer's limit of streams allows.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
};

use hyper::client::conn::http2;

use super::{sent::Sent, watched::News};
use crate::lock::lock;

/// Most connections to one peer that are kept. What one more would take waits for a stream of one of them.
pub(super) const MOST: usize = 16;

/// Streams on a connection whose peer has not said how many it allows (the smallest number that RFC 9113, 5.1.2,
/// recommends it to allow).
const UNTOLD: u32 = 100;

/// The connections to one peer.
#[derive(Debug, Default)]
pub(super) struct Shared(Mutex<Vec<Connection>>);

#[derive(Clone, Debug)]
struct Connection {
    sender: http2::SendRequest<Sent>,
    load: Arc<Load>,
}

/// How much of a connection is in use.
#[derive(Debug)]
pub(super) struct Load {
    open: AtomicU32,
    /// As its refusals tell: no more than were open when it refused one.
    taught: AtomicU32,
    /// Sweeps that found nothing open.
    quiet: AtomicU32,
    /// It has brought an answer.
    answered: AtomicBool,
    news: Arc<News>,
}

/// A stream that may be opened.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) sender: http2::SendRequest<Sent>,
    pub(super) stream: Stream,
    /// Its connection has brought an answer before: should it break, it was an old one.
    pub(super) reused: bool,
}

/// A stream of a connection: counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Stream(Arc<Load>);

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}

impl Load {
    fn new(news: Arc<News>) -> Arc<Self> {
        let (open, taught, quiet) = (AtomicU32::new(0), AtomicU32::new(u32::MAX), AtomicU32::new(0));
        Arc::new(Self { open, taught, quiet, answered: AtomicBool::new(false), news })
    }

    fn has_room(&self) -> bool {
        self.open.load(Relaxed) < self.news.streams().unwrap_or(UNTOLD).min(self.taught.load(Relaxed))
    }
}

impl Shared {
    /// A stream on a connection that has room; where none has and there may be no more, on the one with the fewest.
    pub(super) fn take(&self) -> Option<Slot> {
        let mut connections = lock(&self.0);
        connections.retain(|connection| !connection.sender.is_closed());
        let with_room = connections.iter().find(|connection| connection.load.has_room());
        let least = || {
            let full = connections.len() >= MOST;
            full.then(|| connections.iter().min_by_key(|connection| connection.load.open.load(Relaxed))).flatten()
        };
        with_room.or_else(least).map(Connection::slot)
    }

    /// A stream on a connection that has brought no answer yet.
    pub(super) fn take_fresh(&self) -> Option<Slot> {
        let connections = lock(&self.0);
        let fresh = |connection: &&Connection| {
            !connection.sender.is_closed() && connection.load.has_room() && !connection.load.answered.load(Relaxed)
        };
        connections.iter().find(fresh).map(Connection::slot)
    }

    /// Adds a connection that was opened, and takes the first of its streams.
    pub(super) fn add(&self, sender: http2::SendRequest<Sent>, news: Arc<News>) -> Slot {
        let connection = Connection { sender, load: Load::new(news) };
        let slot = connection.slot();
        let mut connections = lock(&self.0);
        if connections.len() < MOST {
            connections.push(connection);
        }
        slot
    }

    /// The connection of `stream` is of no more use.
    pub(super) fn forget(&self, stream: &Stream) {
        lock(&self.0).retain(|connection| !Arc::ptr_eq(&connection.load, &stream.0));
    }

    /// Closes all but one that nobody used for `longest` sweeps.
    pub(super) fn sweep(&self, longest: u32) {
        let mut connections = lock(&self.0);
        connections.retain(|connection| !connection.sender.is_closed());
        let mut first = true;
        connections.retain(|connection| std::mem::take(&mut first) || connection.load.quiet_for() <= longest);
    }
}

impl Connection {
    fn slot(&self) -> Slot {
        self.load.open.fetch_add(1, Relaxed);
        self.load.quiet.store(0, Relaxed);
        let reused = self.load.answered.load(Relaxed);
        Slot { sender: self.sender.clone(), stream: Stream(self.load.clone()), reused }
    }
}

impl Load {
    /// How many sweeps have found nothing open, this one included.
    fn quiet_for(&self) -> u32 {
        match self.open.load(Relaxed) {
            0 => self.quiet.fetch_add(1, Relaxed).saturating_add(1),
            _ => 0,
        }
    }
}

impl Stream {
    /// What its connection tells.
    pub(super) fn news(&self) -> &News {
        &self.0.news
    }

    /// Whether its connection has brought an answer, on whatever stream.
    pub(super) fn has_answered(&self) -> bool {
        self.0.answered.load(Relaxed)
    }

    /// An answer came on it.
    pub(super) fn answered(&self) {
        self.0.answered.store(true, Relaxed);
    }

    /// The peer refused it: there were too many.
    pub(super) fn refused(&self) {
        let others = self.0.open.load(Relaxed).saturating_sub(1).max(1);
        self.0.taught.fetch_min(others, Relaxed);
    }
}

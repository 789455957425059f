//! What the benchmark and the process of the sidecars say to each other: lines of JSON.

use std::{collections::BTreeMap, net::SocketAddr};

use serde::{Deserialize, Serialize};

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Setup {
    /// The control plane.
    pub(super) addr: SocketAddr,
    /// By which it is known, as PEM.
    pub(super) authority: String,
    pub(super) sidecars: Vec<One>,
}

/// A sidecar.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct One {
    pub(super) namespace: String,
    pub(super) token: String,
}

/// Every further line. Each is answered by one.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Command {
    /// All connect, spread over a second as the sidecar's first wait is.
    Connect,
    /// All lose their connections at once and connect again, as the sidecar does.
    Drop,
    /// From now on one sidecar of so many takes its time over an ack.
    Slow { one_of: usize, millis: u64 },
    /// Says how things are.
    Count,
    /// Says what is held.
    Look,
}

/// The answer to all but `Look`: counted from the beginning, but for what is open now.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Counts {
    /// Streams that have acknowledged an update and are open.
    pub(super) settled: usize,
    /// Acknowledgements sent.
    pub(super) acks: u64,
    /// When the last of them was sent, by the clock of all processes.
    pub(super) last_ack: f64,
    /// Bytes of gRPC messages received, compressed as they came.
    pub(super) bytes: u64,
    /// Connections that failed or were lost.
    pub(super) lost: u64,
    /// What must never be: a wrong hash, revision or namespace, a refused token, a second update before the ack.
    pub(super) faults: u64,
    /// Most updates that one stream had without an ack.
    pub(super) most_pending: usize,
    /// The first of what went wrong, in words.
    pub(super) said: Vec<String>,
}

/// The answer to `Look`, by namespace.
pub(super) type Holdings = BTreeMap<String, Held>;

/// What the sidecars of a namespace hold.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Held {
    /// How many hold which revision.
    pub(super) revisions: BTreeMap<String, usize>,
    /// How many hold which edit.
    pub(super) marks: BTreeMap<u32, usize>,
    /// Most updates of one sidecar since the last look.
    pub(super) most_updates: u64,
}

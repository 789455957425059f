//! What the callers are told to do, and what they report: lines of JSON between two processes.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// Requests of one kind to one address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) addr: SocketAddr,
    pub(crate) path: String,
    /// Lines of the head, without their ends.
    pub(crate) headers: Vec<String>,
    /// Bodies, sent in turn.
    pub(crate) bodies: Vec<String>,
    pub(crate) connections: usize,
    /// Sent before anything is measured, on each connection.
    pub(crate) warm: usize,
    /// What is sent then.
    pub(crate) warm_body: String,
    pub(crate) until: Until,
    pub(crate) expect: Expect,
    /// Must be in the head of every measured answer, spelled like this.
    pub(crate) head_has: String,
    /// Connections begin this far apart, in microseconds.
    pub(crate) stagger_us: u64,
}

impl Job {
    /// The bytes of a request with this body.
    pub(crate) fn request(&self, body: &str) -> Vec<u8> {
        let mut head = format!("POST {} HTTP/1.1\r\nhost: {}\r\n", self.path, self.addr);
        for line in &self.headers {
            head.push_str(line);
            head.push_str("\r\n");
        }
        head.push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
        head.into_bytes()
    }
}

/// When a job is done.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Until {
    /// Each connection goes on for so many seconds.
    Seconds(f64),
    /// Each connection sends so many requests.
    Each(usize),
}

/// What makes an answer right, besides status 200 and an end where its framing says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Expect {
    /// At least so many bytes, and the upstream's last words.
    Whole(usize),
    /// So many events with content, in order, and these bytes at the very end.
    Events(usize, String),
}

/// What came of a job.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Outcome {
    /// Requests that were measured and answered right.
    pub(super) answered: usize,
    /// Requests that the warm-up took, answered right.
    pub(super) warmed: usize,
    pub(super) failed: usize,
    pub(super) first_failure: Option<String>,
    /// Events that never came.
    pub(super) lost: usize,
    /// From the first measured request to the last answer.
    pub(super) seconds: f64,
    /// From sending a request to the end of its answer.
    pub(super) latency: Summary,
    /// From sending a request to its first event with content.
    pub(super) first: Summary,
    /// From the upstream's sending an event to our reading it.
    pub(super) transit: Summary,
    /// By how much longer a gap between two events was here than at the upstream.
    pub(super) gap: Summary,
}

/// Microseconds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Summary {
    pub(super) count: usize,
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) max: f64,
}

impl Summary {
    /// Of samples in nanoseconds, every one of them counted.
    pub(super) fn of(mut samples: Vec<i64>) -> Self {
        samples.sort_unstable();
        let at = |share: f64| {
            let rank = (samples.len() as f64 * share).ceil() as usize;
            samples.get(rank.max(1) - 1).map_or(0.0, |&nanos| nanos as f64 / 1e3)
        };
        Self { count: samples.len(), p50: at(0.5), p99: at(0.99), max: at(1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples() {
        let summary = Summary::of((1..=1000).rev().map(|n| n * 1000).collect());
        assert_eq!((summary.count, summary.p50, summary.p99, summary.max), (1000, 500.0, 990.0, 1000.0));
        assert_eq!(Summary::of(Vec::new()).count, 0);
    }
}

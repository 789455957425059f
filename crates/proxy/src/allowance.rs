//! What one request may take of its sidecar: time to send its body, length, and a share of the memory.

use std::time::Duration;

use crate::{config::Config, memory::Memory};

/// The limits of every request, and the memory that all of them share.
#[derive(Debug)]
pub(crate) struct Allowance {
    /// For bodies of callers.
    pub(crate) bodies: Memory,
    /// For answers that are held whole.
    pub(crate) answers: Memory,
    /// How long one may wait for memory.
    pub(crate) patience: Duration,
    /// Longest body of a caller, in bytes.
    pub(crate) max_body: usize,
    /// How long a caller may pause within its body.
    pub(crate) read_timeout: Duration,
}

impl Allowance {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            bodies: Memory::new(config.buffer_budget),
            answers: Memory::of_answers(config.answer_budget),
            patience: config.queue_timeout,
            max_body: config.max_body,
            read_timeout: config.read_timeout,
        }
    }

    /// Bytes that are held.
    pub(crate) fn held(&self) -> usize {
        self.bodies.in_use() + self.answers.in_use()
    }
}

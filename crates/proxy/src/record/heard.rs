//! What an answer said so far: its content as far as it counts, its usage, its end.

use std::time::Duration;

use outrigger_wire::{Usage, usage::estimate_tokens};

/// What was heard of the answer.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    usage: Usage,
    finish: Option<Box<str>>,
    /// What the caller could not be told.
    lost: Vec<&'static str>,
    malformed: u64,
    text_bytes: u64,
    events: u64,
    first_token: Option<Duration>,
    last_token: Option<Duration>,
    /// The upstream has said what it used although the answer broke.
    last_word: bool,
}

impl Heard {
    /// An event with so many bytes of text came at `now`.
    pub(crate) fn content(&mut self, now: Duration, text: usize) {
        self.first_token.get_or_insert(now);
        self.last_token = Some(now);
        self.events += 1;
        self.text_bytes += text as u64;
    }

    /// An event could not be read, and was passed on all the same.
    pub(crate) fn malformed(&mut self) {
        self.malformed += 1;
    }

    /// Why it ended, where that was said.
    pub(crate) fn finish(&mut self, reason: Option<Box<str>>) {
        if reason.is_some() {
            self.finish = reason;
        }
    }

    /// Parts of it for which the caller's dialect has no words.
    pub(crate) fn lost(&mut self, parts: Vec<&'static str>) {
        self.lost.extend(parts);
    }

    /// Counts of a stream are cumulative.
    pub(super) fn used(&mut self, usage: Usage) {
        self.usage.merge(usage);
    }

    /// The same in or behind an error: the last that is said, and no estimate is to take its place (U12).
    pub(super) fn used_at_last(&mut self, usage: Usage) {
        self.last_word |= usage.output.is_some();
        self.usage.merge(usage);
    }

    /// An interrupted stream is recorded by what was seen of it, marked as an estimate (U4).
    pub(super) fn estimate(&mut self, prompt_bytes: u64) {
        let final_seen = (self.finish.is_some() || self.last_word) && self.usage.output.is_some();
        if !final_seen && self.text_bytes > 0 {
            let seen = estimate_tokens(self.text_bytes);
            self.usage.output = Some(self.usage.output.unwrap_or(0).max(seen));
            self.usage.input = self.usage.input.or(Some(estimate_tokens(prompt_bytes)));
            self.usage.estimated = true;
        }
    }

    /// Another target goes on with the answer: what its predecessor used is booked, and its counts begin anew.
    pub(super) fn begin_again(&mut self) {
        self.usage = Usage::default();
        self.last_word = false;
        (self.text_bytes, self.events) = (0, 0);
        (self.first_token, self.last_token) = (None, None);
    }

    /// Tokens for the operator's limit: as reported, else as estimated, so that missing usage dodges nothing (Z10).
    pub(super) fn tokens(&self, prompt_bytes: u64) -> u64 {
        let input = self.usage.input.unwrap_or_else(|| estimate_tokens(prompt_bytes));
        input.saturating_add(self.usage.output.unwrap_or_else(|| estimate_tokens(self.text_bytes)))
    }

    pub(super) fn usage(&self) -> &Usage {
        &self.usage
    }

    pub(super) fn take_usage(&mut self) -> Usage {
        std::mem::take(&mut self.usage)
    }

    pub(super) fn finished(&self) -> Option<&str> {
        self.finish.as_deref()
    }

    pub(super) fn take_finish(&mut self) -> Option<Box<str>> {
        self.finish.take()
    }

    pub(super) fn all_lost(&self) -> &[&'static str] {
        &self.lost
    }

    pub(super) fn unreadable(&self) -> u64 {
        self.malformed
    }

    /// When its first content came.
    pub(super) fn first_token(&self) -> Option<Duration> {
        self.first_token
    }

    /// Mean time between its events.
    pub(super) fn gap(&self) -> Option<Duration> {
        let span = self.last_token.zip(self.first_token).map(|(last, first)| last.saturating_sub(first));
        let gaps = self.events.saturating_sub(1);
        span.filter(|_| gaps > 0).map(|span| span / u32::try_from(gaps).unwrap_or(u32::MAX))
    }
}

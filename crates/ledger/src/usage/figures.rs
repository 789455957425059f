//! What an answer is made of.

use serde::Serialize;

use crate::sums::Sums;

/// The answer to a question.
#[derive(Clone, Debug, Serialize)]
pub struct Usage {
    /// From when on, in milliseconds since 1970: the start of an hour.
    pub since_ms: i64,
    /// Until when, not itself: the end of an hour, or `until` as asked where it lies in the future.
    pub until_ms: i64,
    /// What is told apart, in order.
    pub by: Vec<String>,
    /// The groups of this page.
    pub rows: Vec<Row>,
    /// Of all groups, those of other pages too.
    pub total: Figures,
    /// How many groups there are, with those of other pages.
    pub groups: u64,
}

/// A group.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Its values, in the order of [`Usage::by`]. Empty: there is none, such as no route.
    pub names: Vec<String>,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// The figures of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// As it was booked: in a closed period this never changes.
    pub booked: Sums,
    /// What came later: records that were late for a closed period, and what another price made of old ones. What is true by
    /// today's knowledge is both together.
    pub adjusted: Sums,
    /// Of both together: what nobody can price.
    pub unpriced: Apart,
    /// Of both together: what was sent, and nobody knows what became of it.
    pub unknown: Apart,
}

/// What is counted apart, because its cost is not known. It is within the sums too, with no cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Apart {
    /// Requests.
    pub requests: i128,
    /// Attempts.
    pub attempts: i128,
    /// Tokens of prompts and answers.
    pub tokens: i128,
}

impl Figures {
    /// Nano-dollars by today's knowledge.
    #[must_use]
    pub fn nano(&self) -> i128 {
        self.booked.nano + self.adjusted.nano
    }

    /// All sums by today's knowledge.
    #[must_use]
    pub fn sums(&self) -> Sums {
        let mut sums = self.booked;
        sums.add(&self.adjusted);
        sums
    }

    /// Adds.
    pub fn add(&mut self, other: &Self) {
        self.booked.add(&other.booked);
        self.adjusted.add(&other.adjusted);
        self.unpriced.add(other.unpriced);
        self.unknown.add(other.unknown);
    }
}

impl Apart {
    pub(super) fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.attempts += other.attempts;
        self.tokens += other.tokens;
    }
}

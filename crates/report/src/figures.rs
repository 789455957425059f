//! What a report is made from: answers of a ledger to its questions, exact.

use serde::{Deserialize, Serialize};

/// Sums as a ledger gives them. Money is in nano-dollars. Totals of tokens hold their parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Sums {
    /// Requests that ended.
    pub requests: i128,
    /// Attempts that were sent.
    pub attempts: i128,
    /// Requests that another provider served after this one failed.
    pub saved: i128,
    /// Attempts whose tokens were counted here, because the provider never said.
    pub estimated: i128,
    /// Attempts of which the price list priced a part.
    pub partial: i128,
    /// Cost.
    pub nano: i128,
    /// The part of it that rests on tokens counted here.
    pub nano_estimated: i128,
    /// Tokens of prompts, with the next five.
    pub input: i128,
    /// Read from a provider's cache.
    pub cache_read: i128,
    /// Written to it for five minutes.
    pub cache_write_5m: i128,
    /// Written to it for an hour.
    pub cache_write_1h: i128,
    /// Audio of `input`.
    pub input_audio: i128,
    /// Images of `input`.
    pub input_image: i128,
    /// Tokens of answers, with the next three.
    pub output: i128,
    /// Reasoning of `output`.
    pub reasoning: i128,
    /// Audio of `output`.
    pub output_audio: i128,
    /// Images of `output`.
    pub output_image: i128,
}

impl Sums {
    /// Adds.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.attempts += other.attempts;
        self.saved += other.saved;
        self.estimated += other.estimated;
        self.partial += other.partial;
        self.nano += other.nano;
        self.nano_estimated += other.nano_estimated;
        self.input += other.input;
        self.cache_read += other.cache_read;
        self.cache_write_5m += other.cache_write_5m;
        self.cache_write_1h += other.cache_write_1h;
        self.input_audio += other.input_audio;
        self.input_image += other.input_image;
        self.output += other.output;
        self.reasoning += other.reasoning;
        self.output_audio += other.output_audio;
        self.output_image += other.output_image;
    }

    /// Tokens of prompts and answers.
    #[must_use]
    pub fn tokens(&self) -> i128 {
        self.input + self.output
    }
}

/// What is counted apart, because its cost is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Apart {
    /// Requests.
    pub requests: i128,
    /// Attempts.
    pub attempts: i128,
    /// Tokens of prompts and answers.
    pub tokens: i128,
}

/// A group of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Group {
    /// Its values, in the order that was asked for. Empty: there is none, such as no route.
    pub names: Vec<String>,
    /// As it was booked: in a closed period this never changes.
    pub booked: Sums,
    /// What came later.
    pub adjusted: Sums,
    /// Of both together: what nobody can price.
    pub unpriced: Apart,
    /// Of both together: what was sent, and nobody knows what became of it.
    pub unknown: Apart,
}

impl Group {
    /// All sums by today's knowledge.
    #[must_use]
    pub fn sums(&self) -> Sums {
        let mut sums = self.booked;
        sums.add(&self.adjusted);
        sums
    }

    /// The name at this place; empty where there is none.
    #[must_use]
    pub fn name(&self, at: usize) -> &str {
        self.names.get(at).map_or("", String::as_str)
    }
}

/// What is missing of the time that was asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Missing {
    /// Entries that never came.
    pub entries: i128,
    /// Processes whose entries those are, or of which nobody knows how far they got.
    pub processes: i128,
    /// Of those, such as were never closed: more may be missing than is known.
    pub open: i128,
}

/// An attempt of an expensive request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Tried {
    /// The vendor, as the price list calls it.
    pub vendor: String,
    /// The model, as the provider calls it.
    pub model: String,
    /// `ok`, or why it failed.
    pub code: String,
    /// What it cost, where that is known.
    pub nano: Option<i128>,
    /// Tokens of the prompt.
    pub input: i128,
    /// Those of them that were read from the cache.
    pub cache_read: i128,
    /// Tokens of the answer.
    pub output: i128,
    /// Those of them that were reasoning.
    pub reasoning: i128,
}

/// An expensive request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Dear {
    /// The id that its caller was told.
    pub id: String,
    /// When: `2026-11-28T09:00:00Z`.
    pub at: String,
    /// Namespace of its caller.
    pub namespace: String,
    /// Who is charged.
    pub team: String,
    /// Its route; empty: none.
    pub route: String,
    /// What all its attempts were booked with.
    pub nano: i128,
    /// Its attempts, in order.
    pub attempts: Vec<Tried>,
}

/// A month that is closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Closed {
    /// `2026-09`.
    pub month: String,
}

/// All of it. Groups are told apart by what their field says, in that order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Figures {
    /// As it is called: `2026-Q4`.
    pub period: String,
    /// The one before it.
    pub before_period: String,
    /// The first day of that.
    pub before_day: String,
    /// Its first day: `2026-10-01`.
    pub first_day: String,
    /// The first day that is not in it.
    pub end_day: String,
    /// When the ledger was asked: `2026-11-28T20:00:00Z`.
    pub asked_at: String,
    /// The one namespace that this is about, where it is not about all.
    pub namespace: Option<String>,
    /// The books were the same before and after all that was asked.
    pub steady: bool,
    /// Everything.
    pub total: Group,
    /// Everything of the period before.
    pub before: Group,
    /// By day and vendor.
    pub days: Vec<Group>,
    /// By month.
    pub months: Vec<Group>,
    /// By team.
    pub teams: Vec<Group>,
    /// By route, vendor, model and source.
    pub offers: Vec<Group>,
    /// By workload.
    pub workloads: Vec<Group>,
    /// By provider, vendor and outcome.
    pub providers: Vec<Group>,
    /// Months that are closed. `None`: whoever asked may not know.
    pub closed: Option<Vec<Closed>>,
    /// The most expensive requests, the most expensive first.
    pub dear: Vec<Dear>,
    /// What is missing.
    pub missing: Missing,
}

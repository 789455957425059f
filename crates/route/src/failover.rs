//! Failover: a state machine that says what to try next and is told what happened. It does no I/O and reads no clock.

use std::time::Duration;

use outrigger_wire::{Failure, Kind};

use crate::{Plan, signals::Health, snapshot::FailoverPolicy};

/// What follows from one kind of failure. This table is the whole policy; everything else obeys it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What to do now.
    pub then: Then,
    /// Whose fault it is, for cooldown and breaker.
    pub blame: Blame,
    /// Whether the same target may be asked again later in this request, after a wait.
    pub again: bool,
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Go on to the next target.
    Next,
    /// The request itself is at fault: tell the caller, unless the route's `alsoOn` names this kind (F2).
    Stop,
    /// Another key of the same provider, if it has one; else the next target (F6).
    NextKey,
}

/// What a failure speaks against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// Nothing: a caller's mistake, a cancellation.
    Nobody,
    /// The key alone.
    Credential,
    /// This model at this provider.
    Target,
    /// The whole endpoint: nothing there can be reached.
    Provider,
}

/// The rule for `kind`.
pub fn rule(kind: Kind) -> Rule {
    let rule = |then, blame, again| Rule { then, blame, again };
    match kind {
        Kind::Connect | Kind::ConnectTimeout => rule(Then::Next, Blame::Provider, true),
        Kind::ServerError | Kind::Overloaded => rule(Then::Next, Blame::Target, true),
        // The request may have been executed: it goes to another target, and at most once (see `Failover::failed`).
        Kind::Reset => rule(Then::Next, Blame::Target, false),
        Kind::FirstTokenTimeout | Kind::IdleTimeout => rule(Then::Next, Blame::Target, false),
        Kind::Truncated => rule(Then::Next, Blame::Target, true),
        // It was answered, and most likely billed: the same would be bought again (H17).
        Kind::Malformed => rule(Then::Next, Blame::Target, false),
        // Another target may be reached without the proxy.
        Kind::TryAgain | Kind::ProxyUnreachable => rule(Then::Next, Blame::Nobody, true),
        Kind::RateLimited => rule(Then::NextKey, Blame::Credential, true),
        Kind::QuotaExhausted | Kind::Unauthorized | Kind::Forbidden => rule(Then::NextKey, Blame::Credential, false),
        Kind::NotFound | Kind::InvalidRequest | Kind::ContextLength | Kind::ContentPolicy | Kind::TooLarge => {
            rule(Then::Stop, Blame::Nobody, false)
        }
        // Others look whether it has recovered: in a while this one may go too.
        Kind::Recovering => rule(Then::Next, Blame::Nobody, true),
        // Another target may speak the caller's own dialect.
        Kind::Untranslatable => rule(Then::Next, Blame::Nobody, false),
        // Whoever answers, there is no room for it.
        Kind::NoRoom | Kind::TotalTimeout | Kind::Cancelled => rule(Then::Stop, Blame::Nobody, false),
    }
}

/// The next move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Call this candidate of the plan.
    Try(usize),
    /// Do nothing for this long, then ask again.
    Wait(Duration),
    /// Nothing is left: report the failures.
    GiveUp,
}

/// First wait before a target is asked again; doubled each time up to [`BACKOFF_CAP`], with equal jitter, half of it at
/// least (AWS Architecture Blog, "Exponential Backoff And Jitter").
const BACKOFF_BASE: Duration = Duration::from_millis(250);
const BACKOFF_CAP: Duration = Duration::from_secs(4);

/// One request's way through its candidates.
#[derive(Clone, Debug)]
pub struct Failover {
    entries: Vec<Entry>,
    policy: FailoverPolicy,
    /// No later than this, on the caller's clock.
    deadline: Duration,
    calls: u32,
    resets: u32,
    strict: bool,
    stopped: bool,
    probing: bool,
    /// Until when a target that recovers is waited for.
    patience: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    tries: u32,
    not_before: Duration,
    dead: bool,
    /// `not_before` is the operator's limit: nothing is sent earlier.
    limited: bool,
    /// Another key stands ready: no wait needed.
    fresh_key: bool,
}

impl Failover {
    /// Starts on `plan`; `deadline` is `timeouts.total` from the start of the request, on the caller's clock.
    pub fn new(plan: &Plan, deadline: Duration) -> Self {
        let entries = plan
            .candidates
            .iter()
            .map(|candidate| Entry {
                tries: 0,
                not_before: match candidate.standing.health {
                    Health::Cooling { until } | Health::Limited { until } => until,
                    _ => Duration::ZERO,
                },
                limited: matches!(candidate.standing.health, Health::Limited { .. }),
                dead: false,
                fresh_key: false,
            })
            .collect();
        Self {
            entries,
            policy: plan.route.failover.clone(),
            deadline,
            calls: 0,
            resets: 0,
            strict: plan.no_fallbacks,
            stopped: false,
            probing: false,
            patience: None,
        }
    }

    /// The next move at `now`. Every `Try` counts against the budget, whatever it is a retry of (F1).
    pub fn next(&mut self, now: Duration) -> Step {
        if self.stopped || self.calls >= self.policy.attempts || now >= self.deadline {
            return Step::GiveUp;
        }
        let ready = |entry: &Entry| !entry.dead && (entry.fresh_key || (entry.tries == 0 && entry.not_before <= now));
        if let Some(at) = self.entries.iter().position(ready) {
            return self.call(at);
        }
        let soonest = self
            .entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| !entry.dead)
            .min_by_key(|(_, entry)| entry.not_before)
            .map(|(at, entry)| (at, entry.not_before));
        let Some((at, not_before)) = soonest else { return Step::GiveUp };
        let wait = not_before.saturating_sub(now);
        if wait.is_zero() {
            return self.call(at);
        }
        if wait <= self.policy.max_wait && not_before < self.deadline {
            return Step::Wait(wait);
        }
        // Everything cools for longer than we may wait: ask the one that recovers first rather than fail unasked (C4).
        // One request at a time: see `Self::is_probe`. A limit of the operator's is no cooldown: it is kept.
        let recovering = |(_, entry): &(usize, &Entry)| !entry.dead && !entry.limited;
        if self.calls == 0
            && !self.probing
            && let Some((at, _)) =
                self.entries.iter().enumerate().filter(recovering).min_by_key(|(_, entry)| entry.not_before)
        {
            self.probing = true;
            return self.call(at);
        }
        self.stopped = true;
        Step::GiveUp
    }

    /// What is to be tried now cools, like everything else: a look whether it has recovered early. One request at a time is
    /// enough for that; the others wait for what becomes of it, within [`FailoverPolicy::max_wait`], or are told when to
    /// come back (H24).
    pub fn is_probe(&self) -> bool {
        self.probing && self.calls == 1
    }

    /// Nothing has been sent yet but for what is to be tried now, which was chosen because it does not cool.
    pub fn is_first(&self) -> bool {
        !self.probing && self.calls == 1
    }

    /// Candidate `at` failed at `now`. `other_key` says whether its provider has another usable key; `draw` is one
    /// random number for the jitter.
    pub fn failed(&mut self, at: usize, failure: &Failure, other_key: bool, now: Duration, draw: u64) {
        let rule = rule(failure.kind);
        let Some(entry) = self.entries.get_mut(at) else { return };
        match rule.then {
            Then::Stop if !self.policy.also_on.contains(&failure.kind) => {
                self.stopped = true;
                return;
            }
            Then::Stop => entry.dead = true,
            Then::NextKey if other_key => {
                entry.fresh_key = true;
                return;
            }
            Then::NextKey | Then::Next => {}
        }
        match failure.kind {
            Kind::Reset => {
                self.resets += 1;
                self.stopped |= self.resets > 1;
            }
            // Nothing was sent, so no call was used up.
            Kind::Untranslatable => self.calls = self.calls.saturating_sub(1),
            Kind::Recovering => {
                self.calls = self.calls.saturating_sub(1);
                entry.dead |= now >= *self.patience.get_or_insert(now.saturating_add(self.policy.max_wait));
            }
            _ => {}
        }
        entry.dead |= !rule.again || self.strict;
        let ceiling = BACKOFF_BASE.saturating_mul(1 << (entry.tries.saturating_sub(1)).min(8)).min(BACKOFF_CAP);
        // Between half of the ceiling and the ceiling: jittered, and never no wait at all.
        let jitter = ceiling / 2 + ceiling.mul_f64((draw >> 11) as f64 / (1_u64 << 53) as f64) / 2;
        let wait = match failure.retry_after {
            Some(asked) => asked.saturating_add(jitter / 4),
            None => jitter,
        };
        entry.not_before = entry.not_before.max(now.saturating_add(wait));
    }

    /// Upstream calls so far.
    pub fn calls(&self) -> u32 {
        self.calls
    }

    /// A target that has not been tried and could be tried now, for hedging; counts as a call.
    pub fn hedge(&mut self, now: Duration) -> Option<usize> {
        if self.strict || self.stopped || self.calls >= self.policy.attempts || now >= self.deadline {
            return None;
        }
        let at = self.entries.iter().position(|entry| !entry.dead && entry.tries == 0 && entry.not_before <= now)?;
        self.call(at);
        Some(at)
    }

    fn call(&mut self, at: usize) -> Step {
        self.calls += 1;
        self.entries[at].tries += 1;
        self.entries[at].fresh_key = false;
        Step::Try(at)
    }
}

#[cfg(test)]
mod tests;

//! How long a prompt is, where a decision depends on it: the context windows of its candidates, and `count_tokens` at a
//! provider that has no such call.
//!
//! The bytes of a prompt bound its tokens, and nearly always that decides. Only between the bounds a vocabulary is
//! needed: it is loaded by the first request that would need one, beside it and not in its way, and kept.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use bytes::Bytes;
use outrigger_route::{NoRoute, Plan, Reason, reason::Removed};
use outrigger_tokens::{Counter, Estimate, Prompt, bounds, estimate};
use tokio::task::spawn_blocking;

/// The vocabulary, if it has been needed.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    counter: Arc<OnceLock<Counter>>,
    loading: AtomicBool,
}

impl Tokens {
    /// Waits for the vocabulary and estimates: for callers who asked for a count.
    pub(crate) async fn count(&self, model: &str, body: &Bytes) -> Option<Estimate> {
        let (counter, model, body) = (self.counter.clone(), model.to_owned(), body.clone());
        spawn_blocking(move || estimate(counter.get_or_init(Counter::load), &model, &body)).await.ok().flatten()
    }

    /// Takes out of `plan` the targets whose context window the prompt is certainly too long for. While the vocabulary
    /// is not there yet, the bounds have to do.
    pub(crate) async fn keep_fitting(&self, plan: &mut Plan, body: &Bytes) -> Result<(), NoRoute> {
        let doubtful = doubtful(plan, body.len());
        if doubtful.is_empty() {
            return Ok(());
        }
        if self.counter.get().is_none() {
            self.load();
            return Ok(());
        }
        let (counter, body) = (self.counter.clone(), body.clone());
        let too_long = spawn_blocking(move || too_long(doubtful, &body, counter.get_or_init(Counter::load)));
        remove(plan, &too_long.await.unwrap_or_default())
    }

    /// The vocabulary, if it is there.
    pub(crate) fn counter(&self) -> Option<&Counter> {
        self.counter.get()
    }

    fn load(&self) {
        if !self.loading.swap(true, Relaxed) {
            let counter = self.counter.clone();
            spawn_blocking(move || {
                counter.get_or_init(Counter::load);
            });
        }
    }
}

/// The same for those who have the vocabulary at hand and time to count.
pub(crate) fn fit(plan: &mut Plan, body: &[u8], counter: &Counter) -> Result<(), NoRoute> {
    let doubtful = doubtful(plan, body.len());
    remove(plan, &too_long(doubtful, body, counter))
}

/// The places of those candidates that the prompt is too long for.
fn too_long(doubtful: Vec<(usize, Box<str>, u64)>, body: &[u8], counter: &Counter) -> Vec<usize> {
    let Some(prompt) = Prompt::read(body) else { return Vec::new() };
    // Many providers serve one model: it is counted once.
    let mut counted: Vec<(Box<str>, u64)> = Vec::new();
    let mut places = Vec::new();
    for (at, model, context) in doubtful {
        let known = counted.iter().find(|(known, _)| *known == model).map(|(_, tokens)| *tokens);
        let tokens = known.unwrap_or_else(|| {
            let tokens = least(&prompt.estimate(counter, &model));
            counted.push((model, tokens));
            tokens
        });
        if tokens > context {
            places.push(at);
        }
    }
    places
}

/// What the prompt has at least, the estimate's error taken off. What is in it beside text only adds.
fn least(estimate: &Estimate) -> u64 {
    (estimate.tokens as f64 * (1.0 - estimate.margin).max(0.0)) as u64
}

/// Candidates whose context window lies between the bounds: their places, models and windows.
fn doubtful(plan: &Plan, body: usize) -> Vec<(usize, Box<str>, u64)> {
    let most = bounds(body).most;
    let candidates = plan.candidates.iter().enumerate();
    candidates
        .filter_map(|(at, candidate)| {
            let context = u64::from(candidate.target.context_length?);
            (context < most).then(|| (at, candidate.target.model.clone(), context))
        })
        .collect()
}

fn remove(plan: &mut Plan, places: &[usize]) -> Result<(), NoRoute> {
    let removed = &mut plan.removed;
    let mut at = 0;
    plan.candidates.retain(|candidate| {
        let goes = places.contains(&at);
        at += 1;
        if goes {
            removed.push(Removed { target: candidate.target.clone(), reason: Reason::ContextLength });
        }
        !goes
    });
    if plan.candidates.is_empty() { Err(NoRoute::Filtered { removed: std::mem::take(removed) }) } else { Ok(()) }
}

//! The operator's own limits of a provider.

use std::{sync::Mutex, time::Duration};

use outrigger_route::snapshot::Provider;

use crate::lock::lock;

/// Token buckets of a provider's own limits. They bound this pod alone (K8).
#[derive(Debug)]
pub(super) struct Limits {
    /// Requests and tokens per minute.
    pub(super) rates: [Option<f64>; 2],
    /// What is left of each, and when that was so.
    left: Mutex<([f64; 2], Duration)>,
}

impl Limits {
    pub(super) fn of(provider: &Provider) -> Self {
        let rates = [provider.requests_per_minute.map(f64::from), provider.tokens_per_minute.map(f64::from)];
        Self { rates, left: Mutex::new((rates.map(|rate| rate.unwrap_or(0.0)), Duration::ZERO)) }
    }

    pub(super) fn closed_until(&self, now: Duration) -> Option<Duration> {
        let mut state = lock(&self.left);
        self.refill(&mut state, now);
        self.room_at(&state.0, now)
    }

    /// Takes one request, or says when there is room for it.
    pub(super) fn take_request(&self, now: Duration) -> Result<(), Duration> {
        let mut state = lock(&self.left);
        self.refill(&mut state, now);
        if let Some(until) = self.room_at(&state.0, now) {
            return Err(until);
        }
        state.0[0] -= 1.0;
        Ok(())
    }

    fn room_at(&self, left: &[f64; 2], now: Duration) -> Option<Duration> {
        self.rates
            .iter()
            .zip(left)
            .zip([1.0, 0.0])
            .filter_map(|((rate, left), need)| {
                // A request needs room for itself; tokens are paid for afterwards, so any room at all will do.
                let missing = need - left;
                let full = if need > 0.0 { missing > 0.0 } else { *left <= 0.0 };
                let wait = if need > 0.0 { missing } else { missing.max(1.0) };
                rate.filter(|_| full)
                    .map(|rate| now + Duration::from_secs_f64((wait / rate.max(1e-9) * 60.0).min(3600.0)))
            })
            .max()
    }

    pub(super) fn spend_tokens(&self, now: Duration, tokens: f64) {
        let mut state = lock(&self.left);
        self.refill(&mut state, now);
        state.0[1] -= tokens;
    }

    fn refill(&self, state: &mut ([f64; 2], Duration), now: Duration) {
        let seconds = now.saturating_sub(state.1).as_secs_f64();
        state.1 = state.1.max(now);
        for (left, rate) in state.0.iter_mut().zip(self.rates) {
            if let Some(rate) = rate {
                *left = (*left + rate / 60.0 * seconds).min(rate);
            }
        }
    }
}

//! Live health per target, endpoint and key. Kept under stable ids, so that a policy push resets nothing that did not
//! change (C7).

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use outrigger_route::{
    Health, Percentiles, Signals, Snapshot, Standing, Target,
    breaker::Breaker,
    failover::{Blame, rule},
    snapshot::Provider,
    window::Window,
};
use outrigger_wire::{Failure, Kind};

use crate::lock::lock;
use limits::Limits;
pub(crate) use probe::Probe;
use probe::Probes;

mod limits;
mod probe;

/// How long a key that was refused (401, 402, 403, spent quota) is left alone.
const REFUSED_KEY: Duration = Duration::from_secs(300);
/// How long a key rests after a 429 that names no time.
const LIMITED_KEY: Duration = Duration::from_secs(2);
/// No `Retry-After` is believed beyond this (F4).
const LONGEST_REST: Duration = Duration::from_secs(600);
/// Percentiles are worked out at most this often.
const REFRESH: Duration = Duration::from_secs(1);

/// All health ever needed, by stable id.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    targets: Mutex<HashMap<u64, Arc<TargetHealth>>>,
    endpoints: Mutex<HashMap<Box<str>, Arc<Mutex<Breaker>>>>,
    keys: Mutex<HashMap<u64, Arc<KeyHealth>>>,
    limits: Mutex<HashMap<Box<str>, Arc<Limits>>>,
}

/// The health of one target of the current snapshot, ready to hand.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) target: Arc<TargetHealth>,
    endpoint: Arc<Mutex<Breaker>>,
    keys: Arc<[Arc<KeyHealth>]>,
    limits: Option<Arc<Limits>>,
}

/// One target's measurements.
#[derive(Debug, Default)]
pub(crate) struct TargetHealth {
    outstanding: AtomicU32,
    probes: Arc<Probes>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    breaker: Breaker,
    /// Of streams: until the first token.
    streamed: Measures,
    /// Of whole answers, kept apart: until all of it was there. They stand in where nobody streams (H26).
    whole: Measures,
    outcomes: (u64, u64),
    cached: (Duration, Option<Percentiles>, Option<Percentiles>),
}

/// What was measured of one kind of answers.
#[derive(Debug, Default)]
struct Measures {
    /// In milliseconds.
    latency: Option<Box<Window>>,
    /// In tokens a second.
    throughput: Option<Box<Window>>,
}

/// What one answer took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Took {
    pub(crate) streamed: bool,
    /// Until its first token if it was streamed, else until all of it was there.
    pub(crate) latency: Option<Duration>,
    pub(crate) tokens_per_second: Option<f64>,
}

/// One key: not to be used before this time.
#[derive(Debug, Default)]
pub(crate) struct KeyHealth {
    rest_until: AtomicU64,
}

/// Why an attempt does not begin.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Held {
    /// The operator's limit is used up until then.
    Limited(Duration),
    /// The target rests until then; `None`: as many requests as may look already whether it has recovered.
    Recovers(Option<Duration>),
}

/// Counts a request in flight until dropped.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<TargetHealth>);

impl Registry {
    /// Health for every target of `snapshot`, by slot; forgets what no longer exists.
    pub(crate) fn bind(&self, snapshot: &Snapshot) -> Healths {
        let mut targets = lock(&self.targets);
        let mut endpoints = lock(&self.endpoints);
        let mut keys = lock(&self.keys);
        let mut limits = lock(&self.limits);
        let mut of_provider: HashMap<*const Provider, Arc<[Arc<KeyHealth>]>> = HashMap::new();
        let bound: Vec<Bound> = snapshot
            .targets
            .iter()
            .map(|target| {
                let provider = &target.provider;
                let provider_keys = of_provider.entry(Arc::as_ptr(provider)).or_insert_with(|| {
                    provider
                        .credentials
                        .iter()
                        .map(|credential| keys.entry(credential.id).or_default().clone())
                        .collect()
                });
                let limited = provider.requests_per_minute.is_some() || provider.tokens_per_minute.is_some();
                Bound {
                    target: targets.entry(target.id).or_default().clone(),
                    endpoint: endpoints.entry(provider.base_url.clone()).or_default().clone(),
                    keys: provider_keys.clone(),
                    limits: limited.then(|| {
                        let entry =
                            limits.entry(provider.name.clone()).or_insert_with(|| Arc::new(Limits::of(provider)));
                        if entry.rates != Limits::of(provider).rates {
                            *entry = Arc::new(Limits::of(provider));
                        }
                        entry.clone()
                    }),
                }
            })
            .collect();
        targets.retain(|_, health| Arc::strong_count(health) > 1);
        endpoints.retain(|_, health| Arc::strong_count(health) > 1);
        keys.retain(|_, health| Arc::strong_count(health) > 1);
        limits.retain(|_, limits| Arc::strong_count(limits) > 1);
        Healths(bound)
    }
}

impl Bound {
    fn standing(&self, now: Duration) -> Standing {
        let outstanding = self.target.outstanding.load(Relaxed);
        let mut inner = lock(&self.target.inner);
        let mut until = inner.breaker.closed_until(now, outstanding);
        let mut degraded = !inner.breaker.is_idle() && inner.breaker.degraded(now);
        let (latency, throughput) = inner.percentiles(now);
        let (ok, bad) = inner.outcomes;
        drop(inner);
        {
            let mut endpoint = lock(&self.endpoint);
            if !endpoint.is_idle() {
                until = until.max(endpoint.closed_until(now, outstanding));
                degraded |= endpoint.degraded(now);
            }
        }
        if !self.keys.is_empty() {
            let rest = self.keys.iter().map(|key| key.rests_until()).min().unwrap_or_default();
            if rest > now {
                until = until.max(Some(rest));
            }
        }
        let limited = self.limits.as_ref().and_then(|limits| limits.closed_until(now));
        let health = match (limited, until) {
            (Some(limited), until) => Health::Limited { until: limited.max(until.unwrap_or_default()) },
            (None, Some(until)) => Health::Cooling { until },
            (None, None) if degraded => Health::Degraded,
            (None, None) => Health::Good,
        };
        let uptime = (ok + bad >= 20).then(|| ok as f32 / (ok + bad) as f32);
        Standing { health, outstanding, latency, throughput, uptime }
    }

    /// A usable key by weight, or the one that rests the shortest. One of weight 0 is used while no other can be (H14).
    /// `None` for a provider without keys.
    pub(crate) fn key(&self, provider: &Provider, now: Duration, draw: f64) -> Option<usize> {
        let fit = || (0..self.keys.len()).filter(|at| self.keys[*at].rests_until() <= now);
        let weight = |at: usize| provider.credentials.get(at).map_or(0.0, |credential| f64::from(credential.weight));
        let total: f64 = fit().map(weight).sum();
        if total == 0.0 {
            let count = fit().count();
            let drawn = fit().nth((draw * count as f64) as usize);
            return drawn.or_else(|| (0..self.keys.len()).min_by_key(|at| self.keys[*at].rests_until()));
        }
        let mut left = draw * total;
        fit().find(|at| {
            left -= weight(*at);
            left < 0.0
        })
    }

    /// This request looks whether the target has recovered early, unless another does.
    pub(crate) fn probe(&self) -> Option<Probe> {
        self.target.probes.begin()
    }

    /// How many such looks have ended, and how many of these were answered.
    pub(crate) fn probes(&self) -> (u64, u64) {
        self.target.probes.counts()
    }

    /// Until when it cools; `None`: it does not.
    pub(crate) fn cools_until(&self, now: Duration) -> Option<Duration> {
        match self.standing(now).health {
            Health::Cooling { until } | Health::Limited { until } => Some(until),
            _ => None,
        }
    }

    /// Whether another key of the provider than `used` is usable now.
    pub(crate) fn has_other_key(&self, used: Option<usize>, now: Duration) -> bool {
        self.keys.iter().enumerate().any(|(at, key)| Some(at) != used && key.rests_until() <= now)
    }

    /// An attempt begins, unless the operator's limit was reached since the plan was made (Z10), or others look already
    /// whether the target has recovered (C6). `first`: nothing was sent for this request yet, and it is no probe; it then
    /// keeps away from a target that has begun to cool since.
    pub(crate) fn begin(&self, now: Duration, first: bool) -> Result<InFlight, Held> {
        let before = self.target.outstanding.fetch_add(1, Relaxed);
        // From here on its drop takes it back.
        let in_flight = InFlight(self.target.clone());
        let held = |breaker: &Breaker| match breaker.closed_until(now, before) {
            Some(_) if breaker.is_full(now, before) => Some(Held::Recovers(None)),
            Some(until) if first => Some(Held::Recovers(Some(until))),
            _ => None,
        };
        let held = held(&lock(&self.target.inner).breaker).or_else(|| held(&lock(&self.endpoint)));
        if let Some(held) = held {
            return Err(held);
        }
        if let Some(limits) = &self.limits {
            limits.take_request(now).map_err(Held::Limited)?;
        }
        Ok(in_flight)
    }

    /// Tokens were used, as far as they are known.
    pub(crate) fn spent(&self, now: Duration, tokens: u64) {
        if let Some(limits) = &self.limits {
            limits.spend_tokens(now, tokens as f64);
        }
    }

    /// An attempt ended well.
    pub(crate) fn success(&self, now: Duration, took: Took) {
        let mut inner = lock(&self.target.inner);
        inner.breaker.success(now);
        inner.outcomes.0 += 1;
        let measures = if took.streamed { &mut inner.streamed } else { &mut inner.whole };
        if let Some(latency) = took.latency {
            measures.latency.get_or_insert_default().record(now, latency.as_secs_f64() * 1000.0);
        }
        if let Some(speed) = took.tokens_per_second {
            measures.throughput.get_or_insert_default().record(now, speed);
        }
        drop(inner);
        let mut endpoint = lock(&self.endpoint);
        if !endpoint.is_idle() {
            endpoint.success(now);
        }
    }

    /// An attempt failed; what it speaks against is in the table of `route::failover`. Returns whether something
    /// began to cool.
    pub(crate) fn failure(&self, failure: &Failure, key: Option<usize>, now: Duration) -> bool {
        match rule(failure.kind).blame {
            Blame::Nobody => false,
            Blame::Credential => {
                let rest = match failure.kind {
                    Kind::RateLimited => failure.retry_after.unwrap_or(LIMITED_KEY).min(LONGEST_REST),
                    _ => REFUSED_KEY,
                };
                match key.and_then(|at| self.keys.get(at)) {
                    Some(key) => {
                        key.rest_until(now + rest);
                        true
                    }
                    // An endpoint without keys: the target itself is what is limited.
                    None => self.target_failed(now),
                }
            }
            Blame::Target => self.target_failed(now),
            Blame::Provider => {
                lock(&self.target.inner).outcomes.1 += 1;
                lock(&self.endpoint).failure(now)
            }
        }
    }

    fn target_failed(&self, now: Duration) -> bool {
        let mut inner = lock(&self.target.inner);
        inner.outcomes.1 += 1;
        inner.breaker.failure(now)
    }
}

impl Inner {
    fn percentiles(&mut self, now: Duration) -> (Option<Percentiles>, Option<Percentiles>) {
        if (self.streamed.any() || self.whole.any()) && now.saturating_sub(self.cached.0) >= REFRESH {
            let latency = self.streamed.latency(now).or_else(|| self.whole.latency(now));
            let throughput = self.streamed.throughput(now).or_else(|| self.whole.throughput(now));
            self.cached = (now, latency, throughput);
            // Old outcomes fade: half of them every five minutes would need a clock; a cap serves as well.
            if self.outcomes.0 + self.outcomes.1 > 1000 {
                self.outcomes = (self.outcomes.0 / 2, self.outcomes.1 / 2);
            }
        }
        (self.cached.1, self.cached.2)
    }
}

impl Measures {
    fn any(&self) -> bool {
        self.latency.is_some() || self.throughput.is_some()
    }

    /// In seconds.
    fn latency(&mut self, now: Duration) -> Option<Percentiles> {
        let seconds = |p: Percentiles| Percentiles { at: p.at.map(|ms| ms / 1000.0) };
        self.latency.as_mut().and_then(|window| window.percentiles(now, false)).map(seconds)
    }

    fn throughput(&mut self, now: Duration) -> Option<Percentiles> {
        self.throughput.as_mut().and_then(|window| window.percentiles(now, true))
    }
}

impl KeyHealth {
    fn rests_until(&self) -> Duration {
        Duration::from_nanos(self.rest_until.load(Relaxed))
    }

    /// Never shortens a rest (C2).
    fn rest_until(&self, until: Duration) {
        self.rest_until.fetch_max(u64::try_from(until.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.outstanding.fetch_sub(1, Relaxed);
    }
}

/// The health of every target of one snapshot, by slot.
#[derive(Debug)]
pub(crate) struct Healths(Vec<Bound>);

impl std::ops::Index<usize> for Healths {
    type Output = Bound;

    fn index(&self, slot: usize) -> &Bound {
        &self.0[slot]
    }
}

impl Signals for Healths {
    fn standing(&self, target: &Target, now: Duration) -> Standing {
        self.0.get(target.slot as usize).map_or_else(Standing::default, |bound| bound.standing(now))
    }
}

#[cfg(test)]
mod tests;

//! The decision itself: names to candidates, hard filters, health, order.

use std::{sync::Arc, time::Duration};

use crate::{
    Ask, NoRoute, Reason, Signals, Snapshot, Target,
    ask::{Ordering, Preferences},
    filter,
    reason::Removed,
    resolve::{Targets, resolve},
    signals::{Health, Percentiles, Standing},
    snapshot::{BodyEdits, Route},
    strategy::{self, View},
    words::{Parameter, Parameters},
};

/// What to try, in order, and why.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whose failover, timeouts and stickiness apply: the route of the first name.
    pub route: Arc<Route>,
    /// Candidates, best first. Never empty.
    pub candidates: Vec<Candidate>,
    /// What was removed, with its reason.
    pub removed: Vec<Removed>,
    /// How the candidates were ordered.
    pub ordering: Ordering,
    /// The caller forbade fallbacks.
    pub no_fallbacks: bool,
    /// What the request's further names stand for, by place; empty for most.
    others: Vec<(u16, Arc<Route>)>,
}

impl Plan {
    /// The route through which `candidate` came in: that of the name which stands for it.
    pub fn route_of(&self, candidate: &Candidate) -> &Arc<Route> {
        let other = self.others.iter().find(|(name, _)| *name == candidate.name);
        other.map_or(&self.route, |(_, route)| route)
    }
}

/// One target that may answer.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The target; owned, so that a new snapshot cannot disturb a request in flight.
    pub target: Arc<Target>,
    /// How it stood when the plan was made.
    pub standing: Standing,
    /// What its strategy gave it; lower is better.
    pub score: f64,
    /// Request fields set or removed for this target (F7); `None` for most.
    pub parameters: Option<BodyEdits>,
    /// Place among its route's targets, or among those that serve a bare model.
    pub line: u32,
    /// Which of the request's names it came from.
    name: u16,
    key: Key,
}

/// The order of candidates, most significant first. Health comes before priority, so that a cooling primary stands
/// behind a healthy fallback; a merely degraded one only stands behind its peers. A threshold the caller prefers comes
/// before the order of models, which it may turn round (OpenRouter's `preferred_*`).
///
/// Packed into integers, because sorting compares and moves it hundreds of times: `place` holds, from its highest bit,
/// the end of the cooldown in nanoseconds (64 bits; zero = not cooling), "no warm tie", "misses a preferred threshold",
/// name (16), priority (16), place in `order` (16), "degraded", "no tie"; the others are floats, see [`ordered`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    place: u128,
    score: u64,
    draw: u64,
}

/// `float` as an integer of the same order.
fn ordered(float: f64) -> u64 {
    let bits = float.to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

/// Decides. Pure: the same arguments give the same plan. `draw` is one random number; `now` the time since the fixed
/// start that `signals` uses.
///
/// Costs one allocation for the candidates and a few for those removed, if any; time grows with the number of
/// providers that serve the model, not with the size of the catalogue.
pub fn plan(
    snapshot: &Snapshot,
    ask: &Ask<'_>,
    signals: &impl Signals,
    now: Duration,
    draw: u64,
) -> Result<Plan, NoRoute> {
    let mut gather = Gather { snapshot, ask, signals, now, draw, name: 0, candidates: Vec::new(), removed: Vec::new() };
    let mut first: Option<(&Arc<Route>, Ordering)> = None;
    let mut unknown = None;
    let mut others = Vec::new();
    for (at, name) in ask.names.iter().enumerate() {
        // SDKs repeat `model` at the head of `models`.
        if ask.names[..at].contains(name) {
            continue;
        }
        // One unknown name among several fallbacks is no reason to fail the others.
        let resolved = match resolve(snapshot, name) {
            Ok(resolved) => resolved,
            Err(error) => {
                unknown.get_or_insert(error);
                continue;
            }
        };
        let sort = ask.preferences.sort.or(resolved.sort);
        let ordering = sort.map_or(Ordering::Strategy(resolved.route.strategy), Ordering::Sort);
        gather.name = u16::try_from(at).unwrap_or(u16::MAX);
        match first {
            None => first = Some((resolved.route, ordering)),
            Some(_) => others.push((gather.name, resolved.route.clone())),
        }
        let rank = if ask.preferences.across_models { 0 } else { gather.name };
        gather.add(resolved.route, &resolved.targets, ordering, rank);
    }
    let Some((route, ordering)) = first else { return Err(unknown.unwrap_or(NoRoute::NoName)) };
    let Gather { mut candidates, mut removed, .. } = gather;
    prefer_supporting(ask, &mut candidates, &mut removed);
    if candidates.is_empty() {
        return Err(NoRoute::Filtered { removed });
    }
    replace_unmeasured(&mut candidates);
    candidates.sort_unstable_by_key(|candidate| candidate.key);
    if ask.names.len() > 1 {
        keep_first_of_each(&mut candidates);
    }
    if ask.preferences.no_fallbacks && ask.preferences.order.is_empty() {
        candidates.truncate(1);
    }
    Ok(Plan { route: route.clone(), candidates, removed, ordering, no_fallbacks: ask.preferences.no_fallbacks, others })
}

struct Gather<'a, S> {
    snapshot: &'a Snapshot,
    ask: &'a Ask<'a>,
    signals: &'a S,
    now: Duration,
    draw: u64,
    /// Which of the request's names is being resolved.
    name: u16,
    candidates: Vec<Candidate>,
    removed: Vec<Removed>,
}

impl<S: Signals> Gather<'_, S> {
    fn add(&mut self, route: &Route, targets: &Targets<'_>, ordering: Ordering, rank: u16) {
        match targets {
            Targets::Route(list) => {
                self.candidates.reserve(list.len());
                for (position, line) in list.iter().enumerate() {
                    self.one(
                        route,
                        line.slot,
                        ordering,
                        rank,
                        position,
                        line.priority,
                        line.weight,
                        Some(&line.parameters),
                    );
                }
            }
            Targets::Model(slots) => {
                self.candidates.reserve(slots.len());
                for (position, slot) in slots.iter().enumerate() {
                    self.one(route, *slot, ordering, rank, position, 0, 1, None);
                }
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn one(
        &mut self,
        route: &Route,
        slot: u32,
        ordering: Ordering,
        rank: u16,
        position: usize,
        priority: u16,
        weight: u32,
        parameters: Option<&BodyEdits>,
    ) {
        let Some(target) = self.snapshot.targets.get(slot as usize) else { return };
        let want = &self.ask.preferences;
        if let Some(reason) = filter::removal(target, self.ask, &route.constraints) {
            self.removed.push(Removed { target: target.clone(), reason });
            return;
        }
        let order = filter::order_rank(&target.provider, want);
        if want.no_fallbacks && !want.order.is_empty() && order.is_none() {
            self.removed.push(Removed { target: target.clone(), reason: Reason::NotAllowed });
            return;
        }
        let standing = self.signals.standing(target, self.now);
        let draw = unit(self.draw, u64::from(slot));
        let score = strategy::score(ordering, &View { target, standing: &standing, position, weight, draw });
        let cooling = match standing.health {
            Health::Cooling { until } | Health::Limited { until } => {
                u64::try_from(until.as_nanos()).unwrap_or(u64::MAX).max(1)
            }
            _ => 0,
        };
        let tie = self.ask.sticky.filter(|tie| want.order.is_empty() && tie.target == target.id);
        let order = order.unwrap_or(u16::MAX);
        let place = u64::from(!tie.is_some_and(|tie| tie.warm)) << 51
            | u64::from(misses(want, &standing)) << 50
            | u64::from(rank) << 34
            | u64::from(priority) << 18
            | u64::from(order) << 2
            | u64::from(standing.health == Health::Degraded) << 1
            | u64::from(tie.is_none());
        let place = u128::from(cooling) << 64 | u128::from(place);
        let key = Key { place, score: ordered(score), draw: ordered(draw) };
        self.candidates.push(Candidate {
            target: target.clone(),
            standing,
            score,
            parameters: parameters.filter(|edits| !edits.is_empty()).cloned(),
            line: u32::try_from(position).unwrap_or(u32::MAX),
            name: self.name,
            key,
        });
    }
}

/// Soft per-model preference of OpenRouter: where some endpoints of a model support tools, structured output or
/// verbosity and the request uses them, the others of that model are left out; where none does, all stay.
fn prefer_supporting(ask: &Ask<'_>, candidates: &mut Vec<Candidate>, removed: &mut Vec<Removed>) {
    let soft: Parameters =
        [Parameter::Tools, Parameter::ResponseFormat, Parameter::StructuredOutputs, Parameter::Verbosity]
            .into_iter()
            .filter(|parameter| ask.parameters.contains(*parameter))
            .collect();
    let lacks = |candidate: &Candidate| !soft.minus(candidate.target.parameters).is_empty();
    if soft.is_empty() || !candidates.iter().any(lacks) {
        return;
    }
    let able: Vec<Box<str>> = candidates
        .iter()
        .filter(|candidate| !lacks(candidate))
        .map(|candidate| candidate.target.model.clone())
        .collect();
    candidates.retain(|candidate| {
        let keep = !lacks(candidate) || !able.contains(&candidate.target.model);
        if !keep {
            removed.push(Removed { target: candidate.target.clone(), reason: Reason::Preferred });
        }
        keep
    });
}

/// Two names may stand for the same target (`a/b` and `a/b:floor`, a route and its model): it is tried in its best
/// place alone. A route that lists one target twice with other parameters keeps both lines.
fn keep_first_of_each(candidates: &mut Vec<Candidate>) {
    let mut kept: Vec<(u32, u16)> = Vec::with_capacity(candidates.len());
    candidates.retain(|candidate| {
        let keep = kept.iter().all(|(slot, name)| *slot != candidate.target.slot || *name == candidate.name);
        kept.push((candidate.target.slot, candidate.name));
        keep
    });
}

/// Gives unmeasured candidates the mean of their measured peers: a new endpoint starts as a typical one.
fn replace_unmeasured(candidates: &mut [Candidate]) {
    let (sum, count) = candidates
        .iter()
        .filter(|candidate| !candidate.score.is_nan())
        .fold((0.0, 0_u32), |(sum, count), candidate| (sum + candidate.score, count + 1));
    let typical = if count == 0 { 0.0 } else { sum / f64::from(count) };
    for candidate in candidates.iter_mut().filter(|candidate| candidate.score.is_nan()) {
        candidate.score = typical;
        candidate.key.score = ordered(typical);
    }
}

/// Whether a measured target misses any of the thresholds the request prefers.
fn misses(want: &Preferences, standing: &Standing) -> bool {
    let any = |wanted: &[Option<f64>; 4], have: Option<Percentiles>, bad: fn(f64, f64) -> bool| {
        have.is_some_and(|have| {
            wanted.iter().zip(have.at).any(|(wanted, have)| wanted.is_some_and(|w| bad(f64::from(have), w)))
        })
    };
    any(&want.min_throughput, standing.throughput, |have, want| have < want)
        || any(&want.max_latency, standing.latency, |have, want| have > want)
}

/// A number in (0, 1) for each candidate of one request (SplitMix64, Steele et al. 2014).
fn unit(draw: u64, slot: u64) -> f64 {
    let mut z = draw.wrapping_add((slot + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    ((z >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests;

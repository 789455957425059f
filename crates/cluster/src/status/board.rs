//! What should be said of every object, held against what the API has, and so what is to be written next. Pure: the clock of
//! the schedule (durations since any one moment) and the time of day are arguments.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::ObjectMeta, jiff::Timestamp};
use outrigger_compile::{Kind, ObjectRef, Problem, World};
use outrigger_crd::Status;

use super::{
    counts::Tally,
    judge::{Change, Subject, change, judge},
    schedule::{Outcome, Schedule},
};
use crate::Observed;

/// The objects of the world that is served, what is wrong with them, what became of them, and what was said of them last.
#[derive(Debug, Default)]
pub(crate) struct Board {
    world: Option<Arc<World>>,
    meant: BTreeMap<ObjectRef, Meant>,
    seen: BTreeMap<ObjectRef, Observed>,
    tally: Arc<Tally>,
    schedule: Schedule,
}

/// What an object means.
#[derive(Debug, Default)]
struct Meant {
    /// The generation that means it; `None` where it could not be read.
    generation: Option<i64>,
    unreadable: Option<String>,
    problems: Vec<Problem>,
}

/// A write that is due.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Job {
    pub(crate) object: ObjectRef,
    /// Another object of the same name is none of its business.
    pub(crate) uid: String,
    /// What the API has.
    pub(crate) before: Status,
    /// What it is to have.
    pub(crate) status: Status,
}

impl Board {
    /// Takes `world`, with everything that is wrong with it.
    pub(crate) fn set_world(&mut self, world: Arc<World>, problems: Vec<Problem>, now: Duration, wall: Timestamp) {
        self.meant = readable(&world).collect();
        for unread in world.unreadable.iter().filter(|unread| is_ours(unread.object.kind)) {
            let meant = Meant { unreadable: Some(unread.reason.clone()), ..Meant::default() };
            self.meant.entry(unread.object.clone()).or_insert(meant);
        }
        for problem in problems {
            if let Some(meant) = self.meant.get_mut(&problem.object) {
                meant.problems.push(problem);
            }
        }
        self.world = Some(world);
        self.look_at_all(now, wall);
    }

    /// Takes what the API has of every object. Whatever was written here and is not in it yet stands all the same: a watch
    /// is behind a write.
    pub(crate) fn set_observed(&mut self, observed: &[Observed], now: Duration, wall: Timestamp) {
        let mut before = std::mem::take(&mut self.seen);
        for watched in observed {
            let written = before.remove(&watched.object).filter(|written| is_later(written, watched));
            self.seen.insert(watched.object.clone(), written.unwrap_or_else(|| watched.clone()));
        }
        self.look_at_all(now, wall);
    }

    /// Takes what became of the objects.
    pub(crate) fn set_tally(&mut self, tally: Arc<Tally>, now: Duration, wall: Timestamp) {
        let before = std::mem::replace(&mut self.tally, tally.clone());
        match before.reach == tally.reach {
            true => tally.differences(&before).into_iter().for_each(|object| self.look(object, now, wall)),
            false => self.look_at_all(now, wall),
        }
    }

    /// The world that it speaks of.
    pub(crate) fn world(&self) -> Option<&Arc<World>> {
        self.world.as_ref()
    }

    /// What is to be written now.
    pub(crate) fn due(&mut self, now: Duration, wall: Timestamp) -> Vec<Job> {
        let due = self.schedule.due(now);
        due.into_iter().filter_map(|object| self.job(object, wall)).collect()
    }

    /// When to ask again, if nothing happens before.
    pub(crate) fn next(&self, now: Duration) -> Option<Duration> {
        self.schedule.next(now)
    }

    /// A write has ended; `seen` is what the API has since. `random` in 0..1.
    pub(crate) fn done(
        &mut self,
        object: &ObjectRef,
        outcome: Outcome,
        seen: Option<Observed>,
        (now, wall): (Duration, Timestamp),
        random: f64,
    ) {
        if let (Some(known), Some(seen)) = (self.seen.get_mut(object), seen) {
            *known = seen;
        }
        self.schedule.done(object, outcome, now, random);
        if outcome != Outcome::Gone {
            self.look(object, now, wall);
        }
    }

    fn look_at_all(&mut self, now: Duration, wall: Timestamp) {
        let Self { schedule, meant, seen, .. } = self;
        schedule.retain(|object| meant.contains_key(object) && seen.contains_key(object));
        let all: Vec<ObjectRef> = self.meant.keys().cloned().collect();
        all.iter().for_each(|object| self.look(object, now, wall));
    }

    fn look(&mut self, object: &ObjectRef, now: Duration, wall: Timestamp) {
        let (Some(meant), Some(seen)) = (self.meant.get(object), self.seen.get(object)) else { return };
        let change = change(&seen.status, &self.wanted(object, meant, seen, wall));
        self.schedule.look(object, meant.generation, change, now);
    }

    fn job(&mut self, object: ObjectRef, wall: Timestamp) -> Option<Job> {
        let known = self.meant.get(&object).zip(self.seen.get(&object));
        let wanted = known.map(|(meant, seen)| (seen, self.wanted(&object, meant, seen, wall)));
        match wanted.filter(|(seen, status)| change(&seen.status, status) != Change::None) {
            Some((seen, status)) => Some(Job { uid: seen.uid.clone(), before: seen.status.clone(), object, status }),
            None => {
                self.schedule.nothing(&object);
                None
            }
        }
    }

    fn wanted(&self, object: &ObjectRef, meant: &Meant, seen: &Observed, wall: Timestamp) -> Status {
        let subject = Subject {
            kind: object.kind,
            // What could not be read has no other generation than that of what is there.
            generation: if meant.unreadable.is_some() { Some(seen.generation) } else { meant.generation },
            unreadable: meant.unreadable.as_deref(),
            present: &seen.status,
        };
        judge(&subject, &meant.problems, &self.tally.of(object, meant.generation), self.tally.reach, wall)
    }
}

/// Whether `written` is what the API has, and `watched` what it had before. Versions of one resource are numbers that grow
/// (since Kubernetes 1.35 by contract); where they are none, what is watched counts.
fn is_later(written: &Observed, watched: &Observed) -> bool {
    let number = |seen: &Observed| seen.version.parse::<u128>().ok();
    written.uid == watched.uid
        && number(written).zip(number(watched)).is_some_and(|(written, watched)| written > watched)
}

fn is_ours(kind: Kind) -> bool {
    matches!(kind, Kind::ModelProvider | Kind::ModelRoute | Kind::ModelPolicy)
}

/// Every object of ours in `world`.
fn readable(world: &World) -> impl Iterator<Item = (ObjectRef, Meant)> {
    let each = |kind: Kind, metadata: &ObjectMeta| {
        (ObjectRef::new(kind, metadata), Meant { generation: metadata.generation, ..Meant::default() })
    };
    let providers = world.providers.iter().map(move |it| each(Kind::ModelProvider, &it.metadata));
    let routes = world.routes.iter().map(move |it| each(Kind::ModelRoute, &it.metadata));
    let policies = world.policies.iter().map(move |it| each(Kind::ModelPolicy, &it.metadata));
    providers.chain(routes).chain(policies)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

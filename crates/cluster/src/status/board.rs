//! What should be said of every object, held against what the API has, and so what is to be written next. Pure: the clock of
//! the schedule (durations since any one moment) and the time of day are arguments.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::ObjectMeta, jiff::Timestamp};
use outrigger_compile::{Kind, ObjectRef, Problem, World};
use outrigger_crd::Status;

use super::{
    counts::Tally,
    judge::{Change, Subject, change, judge},
    schedule::{Outcome, Schedule},
};

/// The objects of the world that is served, what is wrong with them, and what became of them.
#[derive(Debug, Default)]
pub(crate) struct Board {
    world: Option<Arc<World>>,
    objects: BTreeMap<ObjectRef, Object>,
    problems: BTreeMap<ObjectRef, Vec<Problem>>,
    tally: Arc<Tally>,
    schedule: Schedule,
}

/// One object, as the API has it.
#[derive(Debug)]
struct Object {
    /// As the counts speak of it: `None` where it could not be read.
    generation: Option<i64>,
    unreadable: Option<String>,
    /// `None`: nobody has asked yet, of one that could not be read.
    seen: Option<Seen>,
}

/// What the API says of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) uid: Option<String>,
    pub(crate) generation: Option<i64>,
    pub(crate) resource_version: Option<String>,
    pub(crate) status: Option<Status>,
}

/// A write that is due.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Job {
    pub(crate) object: ObjectRef,
    /// Another object of the same name is none of its business.
    pub(crate) uid: Option<String>,
    pub(crate) work: Work,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Work {
    /// What the API has of it is not known: it is to be asked.
    Ask,
    /// Its status is to be this instead of that.
    Write { before: Option<Status>, status: Status },
}

impl Board {
    /// Takes `world`, with everything that is wrong with it. Whatever was written here and is not in it yet stands all the
    /// same: a watch is behind a write.
    pub(crate) fn set_world(&mut self, world: Arc<World>, problems: Arc<Vec<Problem>>, now: Duration, wall: Timestamp) {
        let mut before = std::mem::take(&mut self.objects);
        for (object, seen) in readable(&world) {
            let generation = seen.generation;
            let seen = match before.remove(&object).and_then(|before| before.seen) {
                Some(written) if is_later(&written, &seen) => Seen { generation, ..written },
                _ => seen,
            };
            self.objects.insert(object, Object { generation, unreadable: None, seen: Some(seen) });
        }
        for unread in world.unreadable.iter().filter(|unread| is_ours(unread.object.kind)) {
            let seen = before.remove(&unread.object).filter(|it| it.unreadable.as_ref() == Some(&unread.reason));
            let unreadable = Some(unread.reason.clone());
            let object = Object { generation: None, unreadable, seen: seen.and_then(|it| it.seen) };
            self.objects.entry(unread.object.clone()).or_insert(object);
        }
        self.problems = BTreeMap::new();
        for problem in problems.iter() {
            self.problems.entry(problem.object.clone()).or_default().push(problem.clone());
        }
        self.world = Some(world);
        let Self { schedule, objects, .. } = self;
        schedule.retain(|object| objects.contains_key(object));
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

    /// Forgets what is under way and when anything was written: somebody else has written meanwhile.
    pub(crate) fn begin(&mut self, now: Duration, wall: Timestamp) {
        self.schedule = Schedule::default();
        self.look_at_all(now, wall);
    }

    /// The world that it speaks of.
    pub(crate) fn world(&self) -> Option<&Arc<World>> {
        self.world.as_ref()
    }

    /// What is to be done now.
    pub(crate) fn due(&mut self, now: Duration, wall: Timestamp) -> Vec<Job> {
        let due = self.schedule.due(now);
        due.into_iter().filter_map(|object| self.job(object, wall)).collect()
    }

    /// When to ask again, if nothing happens before.
    pub(crate) fn next(&self, now: Duration) -> Option<Duration> {
        self.schedule.next(now)
    }

    /// A write has ended; `seen` is what the API has since.
    pub(crate) fn done(
        &mut self,
        object: &ObjectRef,
        outcome: Outcome,
        seen: Option<Seen>,
        (now, wall): (Duration, Timestamp),
        random: f64,
    ) {
        if let (Some(known), Some(seen)) = (self.objects.get_mut(object), seen) {
            known.seen = Some(seen);
        }
        self.schedule.done(object, outcome, now, random);
        if outcome != Outcome::Gone {
            self.look(object, now, wall);
        }
    }

    /// What the API has of an object that could not be read.
    pub(crate) fn asked(&mut self, object: &ObjectRef, seen: Seen, now: Duration, wall: Timestamp) {
        if let Some(known) = self.objects.get_mut(object) {
            known.seen = Some(seen);
        }
        self.schedule.nothing(object);
        self.look(object, now, wall);
    }

    fn look_at_all(&mut self, now: Duration, wall: Timestamp) {
        let all: Vec<ObjectRef> = self.objects.keys().cloned().collect();
        all.iter().for_each(|object| self.look(object, now, wall));
    }

    fn look(&mut self, object: &ObjectRef, now: Duration, wall: Timestamp) {
        let Some(known) = self.objects.get(object) else { return };
        let change = match &known.seen {
            None => Change::Edit,
            Some(seen) => change(seen.status.as_ref(), &self.wanted(object, known, seen, wall)),
        };
        self.schedule.look(object, known.generation, change, now);
    }

    fn job(&mut self, object: ObjectRef, wall: Timestamp) -> Option<Job> {
        let job = self.objects.get(&object).and_then(|known| {
            let Some(seen) = &known.seen else {
                return Some(Job { object: object.clone(), uid: None, work: Work::Ask });
            };
            let status = self.wanted(&object, known, seen, wall);
            (change(seen.status.as_ref(), &status) != Change::None).then(|| Job {
                object: object.clone(),
                uid: seen.uid.clone(),
                work: Work::Write { before: seen.status.clone(), status },
            })
        });
        if job.is_none() {
            self.schedule.nothing(&object);
        }
        job
    }

    fn wanted(&self, object: &ObjectRef, known: &Object, seen: &Seen, wall: Timestamp) -> Status {
        let subject = Subject {
            kind: object.kind,
            generation: seen.generation,
            unreadable: known.unreadable.as_deref(),
            present: seen.status.as_ref(),
        };
        let problems = self.problems.get(object).map_or(&[][..], Vec::as_slice);
        judge(&subject, problems, &self.tally.of(object, known.generation), self.tally.reach, wall)
    }
}

/// Whether `written` is what the API has, and `watched` what it had before. Versions of one resource are numbers that grow
/// (since Kubernetes 1.35 by contract); where they are none, what is watched counts.
fn is_later(written: &Seen, watched: &Seen) -> bool {
    let number = |seen: &Seen| seen.resource_version.as_deref().and_then(|version| version.parse::<u128>().ok());
    written.uid == watched.uid
        && number(written).zip(number(watched)).is_some_and(|(written, watched)| written > watched)
}

fn is_ours(kind: Kind) -> bool {
    matches!(kind, Kind::ModelProvider | Kind::ModelRoute | Kind::ModelPolicy)
}

/// Every object of ours in `world`, as the API has it.
fn readable(world: &World) -> impl Iterator<Item = (ObjectRef, Seen)> {
    let each = |kind: Kind, metadata: &ObjectMeta, status: &Option<Status>| {
        let ObjectMeta { uid, generation, resource_version, .. } = metadata;
        let seen = Seen {
            uid: uid.clone(),
            generation: *generation,
            resource_version: resource_version.clone(),
            status: status.clone(),
        };
        (ObjectRef::new(kind, metadata), seen)
    };
    let providers = world.providers.iter().map(move |it| each(Kind::ModelProvider, &it.metadata, &it.status));
    let routes = world.routes.iter().map(move |it| each(Kind::ModelRoute, &it.metadata, &it.status));
    let policies = world.policies.iter().map(move |it| each(Kind::ModelPolicy, &it.metadata, &it.status));
    providers.chain(routes).chain(policies)
}

/// Whether the two mean the same, whatever has become of their objects: statuses come and go with every write of ours.
pub(crate) fn mean_the_same(left: &World, right: &World) -> bool {
    let key = |it: &(ObjectRef, Seen)| (it.0.clone(), it.1.uid.clone(), it.1.generation);
    let objects = |world: &World| readable(world).map(|it| key(&it)).collect::<BTreeSet<_>>();
    let generations_count = readable(left).chain(readable(right)).all(|(_, seen)| seen.generation.is_some());
    generations_count
        && left.secrets == right.secrets
        && left.namespaces == right.namespaces
        && left.system_namespace == right.system_namespace
        && left.unreadable == right.unreadable
        && left.incomplete == right.incomplete
        && objects(left) == objects(right)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

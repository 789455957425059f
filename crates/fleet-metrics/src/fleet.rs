//! The processes of a fleet, what each said last, and what that adds to the sums.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher as _,
    sync::Arc,
    time::Duration,
};

use crate::{
    families::{self, Kind},
    owner::Owner,
    pace::Pace,
    page::{Page, Sample},
    points::{NOWHERE, Point, Points},
    sums::{Key, Sums},
};

/// One process for all time: never the container that it runs in, which starts others.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Process {
    /// Of a pod its uid, else the name of its token: what it cannot choose.
    pub whose: Arc<str>,
    /// Random, one for each start.
    pub instance: Box<str>,
    /// When it started, in milliseconds since 1970.
    pub started_at_ms: u64,
}

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Series that are served.
    pub series: usize,
    /// Series of processes whose last value is kept, of 24 bytes each.
    pub points: usize,
    /// The same of one process.
    pub points_each: usize,
    /// Versions that are told apart.
    pub versions: usize,
    /// How long a counter is served to which no process adds any more.
    pub keep: Duration,
}

impl Default for Limits {
    /// 100,000 series, an hour; 48 MB of last values.
    fn default() -> Self {
        Self { series: 100_000, points: 2_000_000, points_each: 8_192, versions: 16, keep: Duration::from_secs(3600) }
    }
}

/// What became of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It was added up, or was a first one.
    Counted,
    /// Its process follows another replica, or none any more: it is for that one to count.
    Elsewhere,
}

/// How long a policy may be out of date before its sidecar is one of the stale ones, in seconds.
const STALE: f64 = 60.0;

/// What the sidecars of one replica count, added up. Time is what the caller says it is, from any beginning.
///
/// The sums are of increases: what a process has counted since the page before. Its first page adds nothing, whether it is
/// young or comes from another replica, which has added what it saw; neither does a page on which any counter has fallen.
/// A page that tells of another replica's stream is that one's to count, whatever this one believes of the process. So the sum
/// over replicas is what was seen, each increase once, and never falls (M2).
#[derive(Debug)]
pub struct Fleet {
    pub(crate) limits: Limits,
    /// What this replica is called.
    replica: Box<str>,
    hasher: RandomState,
    pub(crate) sums: Sums,
    pub(crate) members: HashMap<Process, Member>,
    points: usize,
    dropped: u64,
}

/// A process that is connected.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) owner: Arc<Owner>,
    pub(crate) version: Box<str>,
    pub(crate) stale: bool,
    pub(crate) pace: Pace,
    /// When its last page came; `None`: none has.
    pub(crate) seen: Option<Duration>,
    points: Points,
    /// Its stream ended, and it may come back.
    pub(crate) away: bool,
    /// The stream that its last page told of.
    stream: Option<u64>,
    /// Some of what it says is not kept for want of room: of a series that is not known nobody knows whether it is new.
    cut: bool,
}

impl Fleet {
    /// An empty one, of the replica of this name.
    pub fn new(limits: Limits, replica: &str) -> Self {
        let sums = Sums::new(limits.series);
        Self {
            limits,
            replica: replica.into(),
            hasher: RandomState::new(),
            sums,
            members: HashMap::new(),
            points: 0,
            dropped: 0,
        }
    }

    /// A process is connected, and this is known of it. One that becomes another's is seen for the first time.
    pub fn join(&mut self, process: &Process, owner: &Arc<Owner>, version: &str, now: Duration) {
        match self.members.get_mut(process) {
            Some(member) if member.owner == *owner => {
                member.away = false;
                return;
            }
            Some(_) => self.leave(process, now),
            None => {}
        }
        let member = Member {
            owner: owner.clone(),
            version: version.into(),
            stale: false,
            pace: Pace::default(),
            seen: None,
            points: Points::default(),
            away: false,
            stream: None,
            cut: false,
        };
        self.members.insert(process.clone(), member);
    }

    /// It is no more: nothing of it is kept but what it has added to counters.
    pub fn leave(&mut self, process: &Process, now: Duration) {
        let Some(mut member) = self.members.remove(process) else { return };
        self.hush(&mut member);
        self.points -= member.points.len();
        member.points.iter().for_each(|point| self.sums.detach(point.group, now));
    }

    /// Its stream has ended. What it said last is kept until it leaves: if it comes back with its next stream, no other
    /// replica has seen it meanwhile, and nothing is lost.
    pub fn away(&mut self, process: &Process) {
        self.silent(process);
        if let Some(member) = self.members.get_mut(process) {
            member.away = true;
        }
    }

    /// It has not answered for a while: what it has of gauges is not known any more. Its counters go on from what it said
    /// last.
    pub fn silent(&mut self, process: &Process) {
        let Some(mut member) = self.members.remove(process) else { return };
        self.hush(&mut member);
        member.pace = Pace::default();
        self.members.insert(process.clone(), member);
    }

    /// Takes from gauges what it added to them.
    fn hush(&mut self, member: &mut Member) {
        for point in member.points.iter_mut() {
            let gauge = self.sums.family(point.group).is_some_and(is_gauge);
            if gauge {
                self.sums.add(point.group, point.part, -point.last);
                point.last = 0.0;
            }
        }
    }

    /// Takes a page of a process that has joined.
    pub fn see(&mut self, process: &Process, page: &Page<'_>, now: Duration) -> Seen {
        if page.link.as_ref().is_some_and(|(replica, _)| **replica != *self.replica) {
            return Seen::Elsewhere;
        }
        if self.members.get(process).is_none_or(|member| member.away) {
            return Seen::Elsewhere;
        }
        let Some(mut member) = self.members.remove(process) else { return Seen::Elsewhere };
        let hashes: Vec<u64> = page.samples.iter().map(|sample| self.hasher.hash_one(sample.series)).collect();
        let fell = |(sample, hash): (&Sample<'_>, &u64)| {
            !is_gauge(sample.family)
                && member.points.find(*hash).is_some_and(|at| sample.value < member.points.at(at).last)
        };
        // One that has fallen is another count, and so are those beside it, whatever they have come to again.
        let stream = page.link.as_ref().map(|(_, stream)| *stream);
        // Of a stream between them another replica may have counted.
        let follows = member.stream == stream || member.stream.map(|last| last + 1) == stream;
        let first = member.seen.is_none() || !follows || page.samples.iter().zip(&hashes).any(fell);
        let mut added = Pace::sums();
        let mut fresh: Vec<Point> = Vec::new();
        for (sample, hash) in page.samples.iter().zip(hashes) {
            let known = member.points.find(hash);
            let last = match known {
                Some(at) => {
                    let point = member.points.at_mut(at);
                    if point.group == NOWHERE && self.sums.has_room() {
                        // What it has counted meanwhile was never seen.
                        if let Some((group, part)) = Self::place(&mut self.sums, &member.owner, sample) {
                            (point.group, point.part) = (group, part);
                            point.last = if is_gauge(sample.family) { 0.0 } else { sample.value };
                        }
                    }
                    std::mem::replace(&mut point.last, sample.value)
                }
                None => {
                    if self.points + fresh.len() >= self.limits.points
                        || member.points.len() + fresh.len() >= self.limits.points_each
                    {
                        // Told once, and not with every page.
                        self.dropped += u64::from(!std::mem::replace(&mut member.cut, true));
                        continue;
                    }
                    let place = Self::place(&mut self.sums, &member.owner, sample);
                    self.dropped += u64::from(place.is_none());
                    let (group, part) = place.unwrap_or((NOWHERE, 0));
                    fresh.push(Point { hash, last: sample.value, group, part });
                    // What was not there on the page before was nothing then.
                    0.0
                }
            };
            let unseen = first || (known.is_none() && member.cut);
            let increase = match is_gauge(sample.family) {
                true => sample.value - last,
                false if unseen => 0.0,
                false => sample.value - last,
            };
            let point = match known {
                Some(at) => member.points.at(at),
                None => &fresh[fresh.len() - 1],
            };
            if increase != 0.0 && point.group != NOWHERE {
                self.sums.add(point.group, point.part, increase);
                added.note(sample, increase);
            }
        }
        self.points += fresh.len();
        member.points.add(fresh);
        member.stale = page.stale_seconds > STALE;
        member.pace = match member.seen {
            Some(before) if !first => added.over(now.saturating_sub(before)),
            _ => Pace::default(),
        };
        (member.seen, member.stream) = (Some(now), stream);
        self.members.insert(process.clone(), member);
        Seen::Counted
    }

    /// Where a series is added up, if there is room.
    fn place(sums: &mut Sums, owner: &Arc<Owner>, sample: &Sample<'_>) -> Option<(u32, u16)> {
        let key = Key { family: sample.family, owner: owner.clone(), values: sample.values() };
        let group = sums.find(key)?;
        Some((group, sums.attach(group, sample.part)?))
    }

    /// Forgets counters to which nobody has added for long. To be called now and then.
    pub fn expire(&mut self, now: Duration) {
        self.sums.expire(self.limits.keep, now);
    }

    /// Processes that are connected.
    pub fn processes(&self) -> impl Iterator<Item = &Process> {
        self.members.keys()
    }

    /// Whether this one is.
    pub fn has(&self, process: &Process) -> bool {
        self.members.contains_key(process)
    }

    /// Series that are served.
    pub fn series(&self) -> usize {
        self.sums.len()
    }

    /// Series of processes that were not added up for want of room, and processes of which no more series were taken.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl Member {
    /// Series whose last value is kept.
    #[cfg(test)]
    pub(crate) fn points(&self) -> usize {
        self.points.len()
    }
}

/// Whether values of this family are what is the case, and not what has been counted.
pub(crate) fn is_gauge(family: u8) -> bool {
    families::at(family).kind == Kind::Gauge
}

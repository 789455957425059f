//! The sums: what all processes of a workload have added to one set of labels.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    families::{self, Kind, Part},
    owner::Owner,
};

/// Series that a histogram may have: seventeen buckets, `+Inf` among them, its sum and its count, and one to spare. It is
/// let in only where there is room for all of them: half a histogram has wrong quantiles.
const HISTOGRAM: usize = 20;

/// Whose a sum is, and by what labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) family: u8,
    pub(crate) owner: Arc<Owner>,
    pub(crate) values: Box<[Box<str>]>,
}

/// One set of labels: a number, or a histogram.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) key: Arc<Key>,
    /// Of a histogram the count.
    pub(crate) value: f64,
    pub(crate) sum: f64,
    /// Upper bounds in the order in which they came, and how many were at most so much.
    pub(crate) buckets: Vec<(f64, f64)>,
    /// Series of processes that add to it.
    points: usize,
    /// Since when there are none.
    idle: Option<Duration>,
}

/// All of them, as far as there is room.
#[derive(Debug)]
pub(crate) struct Sums {
    most: usize,
    /// Series that are promised to groups.
    promised: usize,
    by_key: BTreeMap<Arc<Key>, u32>,
    groups: Vec<Option<Group>>,
    free: Vec<u32>,
}

impl Sums {
    /// For at most so many series.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, promised: 0, by_key: BTreeMap::new(), groups: Vec::new(), free: Vec::new() }
    }

    /// The group of this key, made if there is room for it.
    pub(crate) fn find(&mut self, key: Key) -> Option<u32> {
        if let Some(group) = self.by_key.get(&key) {
            return Some(*group);
        }
        let room = room(key.family);
        if self.promised + room > self.most {
            return None;
        }
        let at = match self.free.pop() {
            Some(at) => at,
            None => {
                self.groups.push(None);
                u32::try_from(self.groups.len() - 1).ok()?
            }
        };
        self.promised += room;
        let key = Arc::new(key);
        let group = Group {
            key: key.clone(),
            value: 0.0,
            sum: 0.0,
            buckets: Vec::new(),
            points: 0,
            idle: Some(Duration::ZERO),
        };
        self.groups[at as usize] = Some(group);
        self.by_key.insert(key, at);
        Some(at)
    }

    /// Whether a group of one series would find room.
    pub(crate) fn has_room(&self) -> bool {
        self.promised < self.most
    }

    /// One more series of a process adds to `part` of it. Answers which number that is; `None` where it has no room for
    /// one more bucket.
    pub(crate) fn attach(&mut self, group: u32, part: Part) -> Option<u16> {
        let group = self.groups[group as usize].as_mut()?;
        let number = match part {
            Part::Value => 0,
            Part::Sum => 1,
            Part::Bucket(bound) => {
                let known = group.buckets.iter().position(|(known, _)| known.total_cmp(&bound).is_eq());
                let at = match known {
                    Some(at) => at,
                    None if group.buckets.len() + 2 == HISTOGRAM => return None,
                    None => {
                        group.buckets.push((bound, 0.0));
                        group.buckets.len() - 1
                    }
                };
                u16::try_from(at + 2).ok()?
            }
        };
        group.points += 1;
        group.idle = None;
        Some(number)
    }

    /// A series of a process adds to it no more. A gauge to which nobody does is gone, a counter stays for a while.
    pub(crate) fn detach(&mut self, at: u32, now: Duration) {
        let Some(group) = self.groups.get_mut(at as usize).and_then(Option::as_mut) else { return };
        group.points = group.points.saturating_sub(1);
        if group.points == 0 {
            group.idle = Some(now);
            if families::at(group.key.family).kind == Kind::Gauge {
                self.remove(at);
            }
        }
    }

    /// Adds so much to one number of a group.
    pub(crate) fn add(&mut self, group: u32, part: u16, more: f64) {
        let Some(group) = self.groups.get_mut(group as usize).and_then(Option::as_mut) else { return };
        match part {
            0 => group.value += more,
            1 => group.sum += more,
            bucket => {
                if let Some((_, count)) = group.buckets.get_mut(usize::from(bucket) - 2) {
                    *count += more;
                }
            }
        }
    }

    /// The family of a group.
    pub(crate) fn family(&self, group: u32) -> Option<u8> {
        Some(self.groups.get(group as usize)?.as_ref()?.key.family)
    }

    /// Removes those to which nobody has added for longer than `keep`.
    pub(crate) fn expire(&mut self, keep: Duration, now: Duration) {
        let old = |group: &Group| group.idle.is_some_and(|since| now.saturating_sub(since) > keep);
        let gone: Vec<u32> =
            (0..).zip(&self.groups).filter(|(_, group)| group.as_ref().is_some_and(old)).map(|(at, _)| at).collect();
        gone.into_iter().for_each(|at| self.remove(at));
    }

    fn remove(&mut self, at: u32) {
        if let Some(group) = self.groups[at as usize].take() {
            self.by_key.remove(&group.key);
            self.promised -= room(group.key.family);
            self.free.push(at);
        }
    }

    /// Every group, by family, then owner, then labels.
    pub(crate) fn sorted(&self) -> impl Iterator<Item = &Group> {
        self.by_key.values().filter_map(|at| self.groups[*at as usize].as_ref())
    }

    /// Series that are served.
    pub(crate) fn len(&self) -> usize {
        self.sorted().map(Group::len).sum()
    }
}

impl Group {
    fn len(&self) -> usize {
        match families::at(self.key.family).kind {
            Kind::Histogram => 2 + self.buckets.len(),
            Kind::Counter | Kind::Gauge => 1,
        }
    }
}

/// Series that a group of this family may come to have.
fn room(family: u8) -> usize {
    match families::at(family).kind {
        Kind::Histogram => HISTOGRAM,
        Kind::Counter | Kind::Gauge => 1,
    }
}

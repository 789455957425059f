//! When which object is written: at once where something has become true or false, seldom where only counts have moved, and
//! never more often than the allowance of an object. Pure; times are durations since any one moment.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use outrigger_compile::ObjectRef;

use super::judge::Change;

/// Writes under way at one time: one costs the API server 4 ms, and more at once are not faster.
pub(crate) const CONCURRENCY: usize = 4;
/// What changes is first looked at for so long: an edit and its arrival at the sidecars are one write, most times.
const DEBOUNCE: Duration = Duration::from_secs(1);
/// Between two writes that only move counts.
const COUNTS: Duration = Duration::from_secs(60);
/// Writes of one object in a row, without an edit of it; and after how long there is one more: 59 in any hour.
const ALLOWANCE: u32 = 4;
const REFILL: Duration = Duration::from_secs(65);
/// The wait after a failure, doubled with each: attempts never end, and become few.
const RETRY: Duration = Duration::from_secs(1);
const RETRY_MOST: Duration = Duration::from_secs(600);

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is there.
    Written,
    /// The object is not.
    Gone,
    /// Nobody knows.
    Failed,
}

/// Every object that is looked after.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    objects: BTreeMap<ObjectRef, Entry>,
    running: usize,
}

#[derive(Debug)]
struct Entry {
    change: Change,
    /// Since when there is something of this urgency to be written.
    since: Duration,
    generation: Option<i64>,
    /// When it was written last.
    written: Option<Duration>,
    allowance: u32,
    /// When the allowance was last counted.
    counted: Duration,
    failures: u32,
    not_before: Duration,
    running: bool,
}

impl Schedule {
    /// `object` was looked at: what should be said of its `generation` differs so from what the API has.
    pub(crate) fn look(&mut self, object: &ObjectRef, generation: Option<i64>, change: Change, now: Duration) {
        let entry = match self.objects.get_mut(object) {
            Some(entry) => entry,
            None => self.objects.entry(object.clone()).or_insert_with(|| Entry::new(generation, now)),
        };
        if entry.generation != generation {
            entry.generation = generation;
            entry.allowance = ALLOWANCE;
            entry.counted = now;
            // What waits for its allowance waits for what the edit brings, too; what waits for its second does not start anew
            // with every edit.
            if entry.since + DEBOUNCE < now {
                entry.since = now;
            }
        }
        if entry.change <= Change::Counts && change > entry.change {
            entry.since = now;
        }
        entry.change = change;
    }

    /// Forgets every object that is not in `there`.
    pub(crate) fn retain(&mut self, there: impl Fn(&ObjectRef) -> bool) {
        self.objects.retain(|object, entry| entry.running || there(object));
    }

    /// Those whose time has come, at most as many as may be under way. Each must be [`done`](Self::done).
    pub(crate) fn due(&mut self, now: Duration) -> Vec<ObjectRef> {
        let room = CONCURRENCY.saturating_sub(self.running);
        let mut due: BTreeSet<(Duration, &ObjectRef)> = BTreeSet::new();
        for (object, entry) in &mut self.objects {
            if let Some(at) = entry.at(now).filter(|at| *at <= now) {
                due.insert((at, object));
            }
        }
        let due: Vec<ObjectRef> = due.into_iter().take(room).map(|(_, object)| object.clone()).collect();
        for object in &due {
            if let Some(entry) = self.objects.get_mut(object) {
                entry.running = true;
                self.running += 1;
            }
        }
        due
    }

    /// A write that was due turned out to be none.
    pub(crate) fn nothing(&mut self, object: &ObjectRef) {
        if let Some(entry) = self.objects.get_mut(object)
            && std::mem::take(&mut entry.running)
        {
            entry.change = Change::None;
            self.running -= 1;
        }
    }

    /// A write has ended. `random` in 0..1 spreads what failed together.
    pub(crate) fn done(&mut self, object: &ObjectRef, outcome: Outcome, now: Duration, random: f64) {
        let Some(entry) = self.objects.get_mut(object) else { return };
        if !std::mem::take(&mut entry.running) {
            return;
        }
        self.running -= 1;
        match outcome {
            Outcome::Written => {
                entry.count(now);
                entry.allowance = entry.allowance.saturating_sub(1);
                entry.written = Some(now);
                entry.change = Change::None;
                entry.failures = 0;
            }
            Outcome::Gone => drop(self.objects.remove(object)),
            Outcome::Failed => {
                let wait = RETRY.saturating_mul(1 << entry.failures.min(16)).min(RETRY_MOST);
                entry.failures = entry.failures.saturating_add(1);
                entry.not_before = now + wait.mul_f64(0.5 + random / 2.0);
            }
        }
    }

    /// When to ask again, if nothing happens before.
    pub(crate) fn next(&self, now: Duration) -> Option<Duration> {
        if self.running >= CONCURRENCY {
            return None;
        }
        self.objects.values().filter_map(|entry| entry.at(now)).min()
    }
}

impl Entry {
    fn new(generation: Option<i64>, now: Duration) -> Self {
        Self {
            change: Change::None,
            since: now,
            generation,
            written: None,
            allowance: ALLOWANCE,
            counted: now,
            failures: 0,
            not_before: Duration::ZERO,
            running: false,
        }
    }

    /// When it is to be written.
    fn at(&self, now: Duration) -> Option<Duration> {
        let wanted = match self.change {
            Change::None => return None,
            Change::Counts => (self.since + DEBOUNCE).max(self.written.map_or(Duration::ZERO, |at| at + COUNTS)),
            Change::State | Change::Edit => self.since + DEBOUNCE,
        };
        let (left, counted) = self.left(now);
        let allowed = if left > 0 { Duration::ZERO } else { counted + REFILL };
        (!self.running).then(|| wanted.max(allowed).max(self.not_before))
    }

    /// What is left of the allowance, and when that was last counted.
    fn left(&self, now: Duration) -> (u32, Duration) {
        let refills = now.saturating_sub(self.counted).as_secs() / REFILL.as_secs();
        let refills = u32::try_from(refills).unwrap_or(u32::MAX);
        let left = self.allowance.saturating_add(refills).min(ALLOWANCE);
        let counted = if left == ALLOWANCE { now } else { self.counted + REFILL * refills };
        (left, counted)
    }

    fn count(&mut self, now: Duration) {
        (self.allowance, self.counted) = self.left(now);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use outrigger_compile::Kind;

    use super::*;

    const HOUR: u64 = 3600;

    fn object(name: &str) -> ObjectRef {
        ObjectRef { kind: Kind::ModelRoute, namespace: "demo".to_owned(), name: name.to_owned() }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// The whole seconds at which `object` is written, if what is to be said changes so by the second.
    fn writes(object: &ObjectRef, to: u64, change: impl Fn(u64) -> (i64, Change)) -> Vec<u64> {
        let mut schedule = Schedule::default();
        let mut written = Vec::new();
        for at in 0..to {
            let (generation, change) = change(at);
            schedule.look(object, Some(generation), change, seconds(at));
            for due in schedule.due(seconds(at)) {
                schedule.done(&due, Outcome::Written, seconds(at), 0.0);
                written.push(at);
            }
        }
        written
    }

    #[test]
    fn a_state_is_written_a_second_later_and_counts_a_minute_after_the_last() {
        assert_eq!(writes(&object("r"), 10, |at| (1, if at == 3 { Change::State } else { Change::None })), [0; 0]);
        assert_eq!(writes(&object("r"), 5, |_| (1, Change::State))[0], 1);
        assert_eq!(writes(&object("r"), 185, |_| (1, Change::Counts)), [1, 61, 121, 181]);
    }

    /// Whatever happens, without an edit: never more than 60 in an hour.
    #[test]
    fn an_hour_of_anything_without_an_edit_is_at_most_sixty_writes() {
        for change in [Change::Counts, Change::State, Change::Edit] {
            let hour = writes(&object("r"), HOUR, |_| (1, change)).len();
            assert!((50..=60).contains(&hour), "{hour}");
            let busy = writes(&object("r"), 3 * HOUR, |_| (1, change));
            let most = busy.iter().map(|from| busy.iter().filter(|at| (*from..from + HOUR).contains(at)).count());
            assert!(most.max() <= Some(60), "{change:?}");
        }
    }

    /// An edit is never made to wait for what came before it.
    #[test]
    fn an_edit_has_an_allowance_of_its_own() {
        let written = writes(&object("r"), 40, |at| (1 + i64::from(at >= 20), Change::State));
        assert_eq!(written, [1, 3, 5, 7, 21, 23, 25, 27]);
    }

    #[test]
    fn no_more_than_four_at_once_and_the_oldest_first() {
        let mut schedule = Schedule::default();
        for at in 0..10 {
            schedule.look(&object(&format!("{}", 9 - at)), Some(1), Change::Edit, seconds(at));
        }
        let first = schedule.due(seconds(20));
        assert_eq!(first.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["9", "8", "7", "6"]);
        assert!(schedule.due(seconds(20)).is_empty() && schedule.next(seconds(20)).is_none());
        schedule.done(&first[0], Outcome::Written, seconds(21), 0.0);
        assert_eq!(schedule.due(seconds(21)), [object("5")]);
    }

    #[test]
    fn what_fails_is_tried_again_ever_more_seldom() {
        let mut schedule = Schedule::default();
        schedule.look(&object("r"), Some(1), Change::Edit, seconds(0));
        let mut tried = Vec::new();
        for at in 0..6 * HOUR {
            for due in schedule.due(seconds(at)) {
                tried.push(at);
                schedule.done(&due, Outcome::Failed, seconds(at), 1.0);
            }
        }
        assert_eq!(tried[..5], [1, 2, 4, 8, 16]);
        let gaps: Vec<u64> = tried.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(gaps.iter().max(), Some(&600));
        assert!(tried.len() < 50, "{}", tried.len());
        // What is there in the end is written as if nothing had been.
        schedule.due(seconds(6 * HOUR + 600));
        schedule.done(&object("r"), Outcome::Written, seconds(7 * HOUR), 0.0);
        assert_eq!(schedule.next(seconds(7 * HOUR)), None);
    }

    #[test]
    fn what_is_gone_is_forgotten() {
        let mut schedule = Schedule::default();
        for name in ["a", "b", "c"] {
            schedule.look(&object(name), Some(1), Change::Edit, seconds(0));
        }
        for due in schedule.due(seconds(1)) {
            schedule.done(&due, if due.name == "a" { Outcome::Gone } else { Outcome::Written }, seconds(1), 0.0);
        }
        schedule.retain(|object| object.name != "b");
        assert_eq!(schedule.objects.keys().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["c"]);
    }
}

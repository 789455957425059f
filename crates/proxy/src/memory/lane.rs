//! Large bodies share memory: who may have more of it now. Pure: time is an argument, and nobody waits here.
//!
//! Bytes are held as they come. Whoever began first is sure to get what it still needs, so that many who have begun do not
//! stop each other for ever; that is only kept for them while they send.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::sync::Notify;

/// Who has sent nothing for so long is overtaken, among bodies of callers: they are on this machine.
pub(super) const LIVELY: Duration = Duration::from_millis(500);

/// The memory, and the bodies in it.
#[derive(Debug)]
pub(super) struct Lane {
    size: usize,
    free: usize,
    lively: Duration,
    bodies: BTreeMap<u64, Body>,
    next: u64,
}

/// A body that is coming, or has come.
#[derive(Debug)]
struct Body {
    held: usize,
    /// What it will hold when all of it has come, as far as anybody knows.
    whole: usize,
    /// What it would hold if there were no end of room.
    asked: usize,
    halved: bool,
    state: State,
    /// Its place among those that are coming: the lowest goes first.
    turn: u64,
    wake: Arc<Notify>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Its last bytes came then.
    Coming(Duration),
    /// It waits to be given room.
    Waiting,
    /// All of it has come.
    There,
    /// It had to make room for an older one.
    Evicted,
}

/// What became of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Granted,
    /// Not now.
    Wait,
    /// Never: there is an older one that could not go on otherwise.
    Refused,
}

impl Lane {
    /// Who has sent nothing for longer than `lively` is overtaken.
    pub(super) fn new(size: usize, lively: Duration) -> Self {
        Self { size, free: size, lively, bodies: BTreeMap::new(), next: 0 }
    }

    /// A body begins to come. Its number, and what wakes it.
    pub(super) fn join(&mut self, now: Duration) -> (u64, Arc<Notify>) {
        let (number, wake) = (self.next, Arc::<Notify>::default());
        self.next += 1;
        let state = State::Coming(now);
        let body = Body { held: 0, whole: 0, asked: 0, halved: false, state, turn: number, wake: wake.clone() };
        self.bodies.insert(number, body);
        (number, wake)
    }

    /// Body `number` needs to hold `asked` bytes now, and `whole` in the end. One that needs more than there is gets it when
    /// it is alone.
    pub(super) fn ask(&mut self, number: u64, asked: usize, whole: usize, now: Duration) -> Asked {
        let (needed, whole, next) = (asked.min(self.size), whole.min(self.size), self.next);
        let Some(body) = self.bodies.get_mut(&number) else { return Asked::Refused };
        match body.state {
            State::Evicted => return Asked::Refused,
            // It was overtaken meanwhile: it goes on behind those who did.
            State::Coming(since) if now.saturating_sub(since) > self.lively => {
                body.turn = next;
                self.next += 1;
            }
            _ => {}
        }
        body.whole = body.whole.max(whole).max(needed);
        body.asked = asked;
        let (more, turn) = (needed.saturating_sub(body.held), body.turn);
        let kept: usize = self.older(turn, now).map(|(_, older)| older.whole - older.held).sum();
        if more <= self.free.saturating_sub(kept) {
            self.free -= more;
            if let Some(body) = self.bodies.get_mut(&number) {
                body.held += more;
                body.state = State::Coming(now);
            }
            return Asked::Granted;
        }
        let first = self.older(turn, now).next().is_none();
        if let Some(body) = self.bodies.get_mut(&number) {
            body.state = State::Waiting;
        }
        if first {
            self.make_room(number, more);
        }
        Asked::Wait
    }

    /// Those that go before `turn`, as long as they send or wait.
    fn older(&self, turn: u64, now: Duration) -> impl Iterator<Item = (&u64, &Body)> {
        self.bodies.iter().filter(move |(_, body)| {
            let lively = match body.state {
                State::Coming(since) => now.saturating_sub(since) <= self.lively,
                State::Waiting => true,
                State::There | State::Evicted => false,
            };
            lively && body.turn < turn
        })
    }

    /// The first of all needs `more`. If it could not have that even when all that is there has gone, those who are coming
    /// hold it: the last of them gives way.
    fn make_room(&mut self, number: u64, more: usize) {
        let coming = |body: &Body| matches!(body.state, State::Coming(_) | State::Waiting);
        let others = self.bodies.iter().filter(|(other, body)| **other != number && coming(body));
        let held: usize = others.clone().map(|(_, body)| body.held).sum();
        let own = self.bodies.get(&number).map_or(0, |body| body.held);
        if own + more + held <= self.size {
            return;
        }
        let last = others.filter(|(_, body)| body.held > 0).max_by_key(|(_, body)| body.turn).map(|(other, _)| *other);
        if let Some(body) = last.and_then(|last| self.bodies.get_mut(&last)) {
            body.state = State::Evicted;
            body.wake.notify_one();
        }
    }

    /// All of body `number` has come.
    pub(super) fn came(&mut self, number: u64) {
        if let Some(body) = self.bodies.get_mut(&number) {
            body.state = State::There;
            self.wake_first();
        }
    }

    /// Body `number` needs only half of what it asked for from now on.
    pub(super) fn halve(&mut self, number: u64) {
        if let Some(body) = self.bodies.get_mut(&number).filter(|body| !body.halved) {
            body.halved = true;
            let back = body.held.saturating_sub(body.asked / 2);
            body.held -= back;
            self.free += back;
            self.wake_first();
        }
    }

    /// Body `number` is gone.
    pub(super) fn leave(&mut self, number: u64) {
        if let Some(body) = self.bodies.remove(&number) {
            self.free += body.held;
            self.wake_first();
        }
    }

    /// Whoever waits longest may ask again; whoever is given something has the next one ask.
    pub(super) fn wake_first(&self) {
        let waiting = self.bodies.values().filter(|body| body.state == State::Waiting);
        if let Some(first) = waiting.min_by_key(|body| body.turn) {
            first.wake.notify_one();
        }
    }

    /// Room that nobody has been waiting for.
    pub(super) fn spare(&self) -> usize {
        let waited_for = self.bodies.values().any(|body| body.state == State::Waiting);
        if waited_for { 0 } else { self.free }
    }

    pub(super) fn in_use(&self) -> usize {
        self.size - self.free
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn join(lane: &mut Lane) -> u64 {
        lane.join(Duration::ZERO).0
    }

    #[test]
    fn who_began_first_is_sure_of_what_it_still_needs() {
        let mut lane = Lane::new(100, LIVELY);
        let (a, b) = (join(&mut lane), join(&mut lane));
        assert_eq!(lane.ask(a, 10, 80, MS), Asked::Granted);
        assert_eq!(lane.ask(b, 20, 80, MS), Asked::Granted);
        assert_eq!(lane.ask(b, 21, 80, MS), Asked::Wait);
        assert_eq!(lane.ask(a, 80, 80, MS), Asked::Granted);
        lane.came(a);
        assert_eq!(lane.ask(b, 21, 80, MS), Asked::Wait);
        (0..2).for_each(|_| lane.halve(a));
        assert_eq!(lane.ask(b, 60, 80, MS), Asked::Granted);
        lane.leave(a);
        assert_eq!(lane.ask(b, 80, 80, MS), Asked::Granted);
        lane.leave(b);
        assert_eq!((lane.in_use(), lane.bodies.len()), (0, 0));
    }

    /// H4: an announced length without bytes reserves nothing, and who stops sending is overtaken.
    #[test]
    fn who_sends_nothing_keeps_nothing_from_others() {
        let mut lane = Lane::new(100, LIVELY);
        let (a, b) = (join(&mut lane), join(&mut lane));
        assert_eq!(lane.ask(a, 1, 100, MS), Asked::Granted);
        assert_eq!(lane.in_use(), 1);
        assert_eq!(lane.ask(b, 90, 90, MS), Asked::Wait);
        let later = MS + LIVELY + MS;
        assert_eq!(lane.ask(b, 90, 90, later), Asked::Granted);
        // It comes back, behind the other.
        assert_eq!(lane.ask(a, 20, 100, later + MS), Asked::Wait);
        lane.leave(b);
        assert_eq!(lane.ask(a, 100, 100, later + MS), Asked::Granted);
    }

    #[test]
    fn what_is_larger_than_everything_gets_it_alone() {
        let mut lane = Lane::new(100, LIVELY);
        let (a, b) = (join(&mut lane), join(&mut lane));
        assert_eq!(lane.ask(a, 10, 10, MS), Asked::Granted);
        lane.came(a);
        assert_eq!(lane.ask(b, 90, 300, MS), Asked::Granted);
        assert_eq!(lane.ask(b, 91, 300, MS), Asked::Wait);
        lane.leave(a);
        assert_eq!(lane.ask(b, 300, 300, MS), Asked::Granted);
        assert_eq!(lane.spare(), 0);
        // Half of what is there is more than there is room for.
        lane.halve(b);
        assert_eq!(lane.spare(), 0);
    }

    #[test]
    fn of_two_that_stop_each_other_the_later_gives_way() {
        let mut lane = Lane::new(100, LIVELY);
        // Nobody knew how long they would be.
        let (a, b) = (join(&mut lane), join(&mut lane));
        for held in [10, 20, 30, 40, 50] {
            let asked = [a, b].map(|number| lane.ask(number, held, held, MS));
            assert_eq!(asked, [Asked::Granted; 2]);
        }
        assert_eq!((lane.ask(b, 60, 60, MS), lane.ask(a, 60, 60, MS)), (Asked::Wait, Asked::Wait));
        assert_eq!(lane.ask(b, 60, 60, MS), Asked::Refused);
        lane.leave(b);
        assert_eq!(lane.ask(a, 60, 60, MS), Asked::Granted);
    }

    proptest! {
        /// However bodies come, what is held is never more than there is, and as long as somebody sends somebody goes on.
        #[test]
        fn nothing_is_given_twice_and_nobody_is_stopped_for_ever(
            wholes in prop::collection::vec((1_usize..150, any::<bool>()), 1..12),
            order in prop::collection::vec(0_usize..12, 0..200),
        ) {
            let mut lane = Lane::new(100, LIVELY);
            type Open = Vec<(u64, usize, bool, usize)>;
            let mut open: Open = wholes.iter().map(|(whole, told)| (join(&mut lane), *whole, *told, 0)).collect();
            let mut now = Duration::ZERO;
            let mut step = |lane: &mut Lane, at: usize, open: &mut Open| -> bool {
                now += MS;
                let (number, whole, told, came) = open[at];
                let needed = (came + 7).min(whole);
                match lane.ask(number, needed, if told { whole } else { 2 * needed }, now) {
                    Asked::Granted if needed == whole => {
                        lane.came(number);
                        lane.leave(number);
                        open.remove(at);
                    }
                    Asked::Granted => open[at].3 = needed,
                    Asked::Refused => {
                        lane.leave(number);
                        open.remove(at);
                    }
                    Asked::Wait => return false,
                }
                true
            };
            for at in order {
                if open.is_empty() {
                    break;
                }
                let at = at % open.len();
                step(&mut lane, at, &mut open);
                let held: usize = lane.bodies.values().map(|body| body.held).sum();
                prop_assert_eq!(held + lane.free, 100);
            }
            while !open.is_empty() {
                // One round in which each asks, twice: the first time somebody may be told to give way.
                let went_on = (0..2).any(|_| (0..open.len()).rev().any(|at| step(&mut lane, at, &mut open)));
                prop_assert!(went_on, "nobody goes on: {:?}", lane);
            }
            prop_assert_eq!(lane.free, 100);
        }
    }
}

//! Whose turn it is: some stories go together, and some are alone with the installation.
//!
//! Whoever goes together goes first. A story that is to be alone and came in between would wait for the last of those who
//! are there, and everybody else for it: with each of them the machine would stand still twice.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Each story has pods that start, and on a small machine more of them would wait for each other.
const MOST: usize = 4;

#[derive(Debug, Default)]
pub struct Turns {
    now: Mutex<Now>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Now {
    /// Who will go together with others, and has no turn yet.
    asking: usize,
    together: usize,
    alone: bool,
}

/// A story that will go together with others: those that are to be alone wait for it from now on.
#[derive(Debug)]
pub struct Asking<'a>(&'a Turns);

/// The turn of one that others go together with.
#[derive(Debug)]
pub struct Together<'a>(&'a Turns);

/// The turn of one that is alone.
#[derive(Debug)]
pub struct Alone<'a>(&'a Turns);

impl Turns {
    pub fn ask(&self) -> Asking<'_> {
        self.change(|now| now.asking += 1);
        Asking(self)
    }

    /// Once nobody else is there or will be, of those who are known.
    pub async fn alone(&self) -> Alone<'_> {
        self.once(|now| {
            let free = !now.alone && now.together == 0 && now.asking == 0;
            now.alone |= free;
            free
        })
        .await;
        Alone(self)
    }

    async fn once(&self, mut taken: impl FnMut(&mut Now) -> bool) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // What changes from here on is heard.
            changed.as_mut().enable();
            if taken(&mut self.now()) {
                return;
            }
            changed.await;
        }
    }

    fn change(&self, work: impl FnOnce(&mut Now)) {
        work(&mut self.now());
        self.changed.notify_waiters();
    }

    /// A story that fails drops what it holds.
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Asking<'a> {
    /// Once there is room.
    pub async fn turn(self) -> Together<'a> {
        let turns = self.0;
        turns
            .once(|now| {
                let free = !now.alone && now.together < MOST;
                now.together += usize::from(free);
                free
            })
            .await;
        Together(turns)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.change(|now| now.asking -= 1);
    }
}

impl Drop for Together<'_> {
    fn drop(&mut self) {
        self.0.change(|now| now.together -= 1);
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        self.0.change(|now| now.alone = false);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;

    /// Whether it has its turn by now.
    macro_rules! turn {
        ($waiting:expr) => {
            match $waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(turn) => Some(turn),
                Poll::Pending => None,
            }
        };
    }

    #[test]
    fn who_is_alone_waits_for_all_who_go_together_and_they_for_it() {
        let turns = Turns::default();
        let (first, second) = (turns.ask(), turns.ask());
        let mut alone = pin!(turns.alone());
        assert!(turn!(alone).is_none());
        let first = turn!(pin!(first.turn())).expect("room");
        drop(first);
        assert!(turn!(alone).is_none(), "another one asks");
        let second = turn!(pin!(second.turn())).expect("room");
        assert!(turn!(alone).is_none());
        drop(second);
        let held = turn!(alone).expect("nobody is left");
        let mut next = pin!(turns.ask().turn());
        let mut other = pin!(turns.alone());
        assert!(turn!(next).is_none() && turn!(other).is_none());
        drop(held);
        assert!(turn!(other).is_none(), "who goes together goes first");
        drop(turn!(next).expect("room"));
        assert!(turn!(other).is_some());
    }

    #[test]
    fn no_more_go_together_than_there_is_room_for() {
        let turns = Turns::default();
        let mut all: Vec<_> = (0..MOST).map(|_| turn!(pin!(turns.ask().turn())).expect("room")).collect();
        let mut more = pin!(turns.ask().turn());
        assert!(turn!(more).is_none());
        drop(all.pop());
        assert!(turn!(more).is_some());
    }

    #[test]
    fn one_that_fails_before_its_turn_is_not_waited_for() {
        let turns = Turns::default();
        drop(turns.ask());
        assert!(turn!(pin!(turns.alone())).is_some());
    }
}

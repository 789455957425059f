//! Pods that are no more, remembered for a while: a uid never comes back, but a call that was under way may still tell of it.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use super::Uid;

/// Most that are remembered; the oldest go first.
const MOST: usize = 4096;

/// Those that are gone.
#[derive(Debug, Default)]
pub(super) struct Gone {
    until: HashMap<Uid, Instant>,
    order: VecDeque<Uid>,
}

impl Gone {
    /// Remembers it for `long`.
    pub(super) fn insert(&mut self, uid: Uid, now: Instant, long: Duration) {
        if self.until.insert(uid.clone(), now + long).is_none() {
            self.order.push_back(uid);
        }
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.until.remove(&oldest);
        }
    }

    /// It is there after all.
    pub(super) fn remove(&mut self, uid: &str) {
        if self.until.remove(uid).is_some() {
            self.order.retain(|gone| **gone != *uid);
        }
    }

    pub(super) fn contains(&self, uid: &str, now: Instant) -> bool {
        self.until.get(uid).is_some_and(|until| now < *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_is_short_and_bounded() {
        let (mut gone, now, long) = (Gone::default(), Instant::now(), Duration::from_secs(5));
        gone.insert("a".into(), now, long);
        assert!(gone.contains("a", now + long / 2) && !gone.contains("a", now + long) && !gone.contains("b", now));
        gone.remove("a");
        assert!(!gone.contains("a", now));
        (0..2 * MOST).for_each(|at| gone.insert(at.to_string().into(), now, long));
        assert_eq!((gone.until.len(), gone.order.len()), (MOST, MOST));
        assert!(!gone.contains("0", now) && gone.contains(&(2 * MOST - 1).to_string(), now));
    }
}

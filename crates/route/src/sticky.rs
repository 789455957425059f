//! Which target a conversation is tied to: a bounded map from conversation to target, aged by use.

use std::{collections::HashMap, time::Duration};

/// Conversations remembered at most; beyond it the oldest half is dropped. One entry is 32 bytes.
const CAPACITY: usize = 8192;

/// Ties of conversations to targets.
#[derive(Debug, Default)]
pub struct Sticky {
    ties: HashMap<u64, (u64, Duration), foldhash::fast::RandomState>,
}

impl Sticky {
    /// The target `conversation` is tied to, if the tie is not older than `ttl`.
    pub fn target(&self, conversation: u64, now: Duration, ttl: Duration) -> Option<u64> {
        let (target, used) = *self.ties.get(&conversation)?;
        (now.saturating_sub(used) <= ttl).then_some(target)
    }

    /// `target` answered `conversation` with success.
    pub fn tie(&mut self, conversation: u64, target: u64, now: Duration) {
        if self.ties.len() >= CAPACITY && !self.ties.contains_key(&conversation) {
            let mut ages: Vec<Duration> = self.ties.values().map(|(_, used)| *used).collect();
            ages.sort_unstable();
            let median = ages[ages.len() / 2];
            self.ties.retain(|_, (_, used)| *used > median);
        }
        self.ties.insert(conversation, (target, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tie_holds_for_its_ttl_and_each_success_renews_it() {
        let s = Duration::from_secs;
        let mut sticky = Sticky::default();
        sticky.tie(1, 7, s(0));
        assert_eq!(sticky.target(1, s(10), s(10)), Some(7));
        assert_eq!(sticky.target(1, s(11), s(10)), None);
        sticky.tie(1, 7, s(9));
        assert_eq!(sticky.target(1, s(19), s(10)), Some(7));
        for conversation in 0..20_000 {
            sticky.tie(conversation, 1, s(30));
        }
        assert!(sticky.ties.len() <= CAPACITY);
    }
}

//! Which target a conversation is tied to: a bounded map from conversation to target, aged by use.
//!
//! A tie is worth what the target remembers: one whose cache has shown to be warm is asked before targets of a better
//! priority, another only before its equals (H25).

use std::{collections::HashMap, time::Duration};

/// Conversations remembered at most; beyond it the oldest half is dropped. One entry is 40 bytes.
const CAPACITY: usize = 8192;

/// What ties a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tie {
    /// [`crate::Target::id`].
    pub target: u64,
    /// It has read tokens of the conversation from its cache, or written them there.
    pub warm: bool,
}

/// Ties of conversations to targets.
#[derive(Debug, Default)]
pub struct Sticky {
    ties: HashMap<u64, (Tie, Duration), foldhash::fast::RandomState>,
}

impl Sticky {
    /// The target `conversation` is tied to, if the tie is not older than `ttl`.
    pub fn tie_of(&self, conversation: u64, now: Duration, ttl: Duration) -> Option<Tie> {
        let (tie, used) = *self.ties.get(&conversation)?;
        (now.saturating_sub(used) <= ttl).then_some(tie)
    }

    /// A target answered `conversation` with success. What was warm stays so while the target is the same.
    pub fn tie(&mut self, conversation: u64, mut tie: Tie, now: Duration) {
        if self.ties.len() >= CAPACITY && !self.ties.contains_key(&conversation) {
            let mut ages: Vec<Duration> = self.ties.values().map(|(_, used)| *used).collect();
            ages.sort_unstable();
            let median = ages[ages.len() / 2];
            self.ties.retain(|_, (_, used)| *used > median);
        }
        let before = self.ties.get(&conversation);
        tie.warm |= before.is_some_and(|(before, _)| before.target == tie.target && before.warm);
        self.ties.insert(conversation, (tie, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tie_holds_for_its_ttl_and_each_success_renews_it() {
        let s = Duration::from_secs;
        let mut sticky = Sticky::default();
        sticky.tie(1, cold(7), s(0));
        assert_eq!(sticky.tie_of(1, s(10), s(10)), Some(cold(7)));
        assert_eq!(sticky.tie_of(1, s(11), s(10)), None);
        sticky.tie(1, cold(7), s(9));
        assert_eq!(sticky.tie_of(1, s(19), s(10)), Some(cold(7)));
        for conversation in 0..20_000 {
            sticky.tie(conversation, cold(1), s(30));
        }
        assert!(sticky.ties.len() <= CAPACITY);
    }

    fn cold(target: u64) -> Tie {
        Tie { target, warm: false }
    }

    /// H25: a cache that was warm is, until another target answers.
    #[test]
    fn a_tie_stays_warm_while_its_target_is_the_same() {
        let mut sticky = Sticky::default();
        for (target, warm, expected) in [(7, true, true), (7, false, true), (8, false, false), (7, false, false)] {
            sticky.tie(1, Tie { target, warm }, Duration::ZERO);
            let tie = Tie { target, warm: expected };
            assert_eq!(sticky.tie_of(1, Duration::ZERO, Duration::ZERO), Some(tie));
        }
    }
}

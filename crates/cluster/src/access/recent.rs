//! What the API server has said of tokens lately, by their hashes: pure.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use super::denied::Denied;

/// How long an answer holds: as long as the API server itself remembers a token.
const HOLDS: Duration = Duration::from_secs(10);
/// Answers that are remembered.
const MOST: usize = 1_000;

/// Answers that are not old.
#[derive(Debug, Default)]
pub(super) struct Recent(HashMap<[u8; 32], (Result<(), Denied>, Instant)>);

impl Recent {
    /// What was said of it, if that still holds.
    pub(super) fn get(&self, asked: &[u8; 32], now: Instant) -> Option<Result<(), Denied>> {
        let (answer, at) = self.0.get(asked)?;
        (now.saturating_duration_since(*at) < HOLDS).then(|| answer.clone())
    }

    /// This was said of it just now.
    pub(super) fn put(&mut self, asked: [u8; 32], answer: Result<(), Denied>, now: Instant) {
        if self.0.len() >= MOST {
            self.0.retain(|_, (_, at)| now.saturating_duration_since(*at) < HOLDS);
        }
        if self.0.len() >= MOST
            && let Some(oldest) = self.0.iter().min_by_key(|(_, (_, at))| *at).map(|(asked, _)| *asked)
        {
            self.0.remove(&oldest);
        }
        self.0.insert(asked, (answer, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_holds_for_ten_seconds() {
        let (mut recent, now) = (Recent::default(), Instant::now());
        recent.put([1; 32], Ok(()), now);
        recent.put([2; 32], Err(Denied::Unauthenticated), now);
        let almost = now + HOLDS - Duration::from_millis(1);
        assert_eq!(recent.get(&[1; 32], almost), Some(Ok(())));
        assert_eq!(recent.get(&[2; 32], almost), Some(Err(Denied::Unauthenticated)));
        assert_eq!(recent.get(&[1; 32], now + HOLDS), None);
        assert_eq!(recent.get(&[3; 32], now), None);
    }

    #[test]
    fn only_so_many_are_remembered_and_the_oldest_go() {
        let (mut recent, now) = (Recent::default(), Instant::now());
        let of = |n: usize| {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&n.to_le_bytes());
            hash
        };
        for n in 0..2 * MOST {
            recent.put(of(n), Ok(()), now + Duration::from_micros(n as u64));
        }
        assert_eq!(recent.0.len(), MOST);
        assert!(recent.get(&of(2 * MOST - 1), now).is_some() && recent.get(&of(0), now).is_none());
        // Those that are over make room for many at once.
        recent.put(of(9 * MOST), Ok(()), now + 2 * HOLDS);
        assert_eq!(recent.0.len(), 1);
    }
}

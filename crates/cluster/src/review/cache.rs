//! What was said of tokens, for as long as it counts. Pure; bounded.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

use super::verdict::{Key, Refusal, Reviewed};

/// Most tokens of which something is remembered.
pub(super) const MOST: usize = 10_000;
/// How long a good token is not asked about again: a revoked one may be used so long for another stream.
const GOOD: Duration = Duration::from_secs(60);
/// How long one that is not good is not.
const BAD: Duration = Duration::from_secs(5);

/// By the hash of the whole token.
#[derive(Debug, Default)]
pub(super) struct Cache {
    all: HashMap<Key, Said>,
}

/// What was said of one, and when.
#[derive(Debug)]
struct Said {
    answer: Result<Reviewed, Refusal>,
    at: SystemTime,
}

impl Said {
    /// It need not be asked about again. A clock that was set back makes nothing fresher.
    fn is_fresh(&self, now: SystemTime) -> bool {
        let age = now.duration_since(self.at).ok();
        match &self.answer {
            Ok(reviewed) => age.is_some_and(|age| age < GOOD) && now < reviewed.expires,
            Err(_) => age.is_some_and(|age| age < BAD),
        }
    }

    /// Nothing will be made of it any more.
    fn is_over(&self, now: SystemTime) -> bool {
        match &self.answer {
            Ok(reviewed) => now >= reviewed.expires,
            Err(_) => !self.is_fresh(now),
        }
    }
}

impl Cache {
    /// What counts without asking.
    pub(super) fn fresh(&self, key: &Key, now: SystemTime) -> Option<Result<Reviewed, Refusal>> {
        self.all.get(key).filter(|said| said.is_fresh(now)).map(|said| said.answer.clone())
    }

    /// What counts where nobody can be asked.
    pub(super) fn known(&self, key: &Key, now: SystemTime) -> Option<Reviewed> {
        self.all.get(key)?.answer.clone().ok().filter(|reviewed| now < reviewed.expires)
    }

    /// Takes in what was said.
    pub(super) fn insert(&mut self, key: Key, answer: Result<Reviewed, Refusal>, now: SystemTime) {
        if self.all.len() >= MOST && !self.all.contains_key(&key) {
            self.make_room(now);
        }
        self.all.insert(key, Said { answer, at: now });
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Of an eighth at least, so that it is not done for each: what is over, then tokens that are not good, which anybody
    /// can make any number of, then what was said longest ago.
    fn make_room(&mut self, now: SystemTime) {
        self.all.retain(|_, said| !said.is_over(now));
        let keep = MOST - MOST / 8;
        if self.all.len() > keep {
            let mut order: Vec<_> = self.all.iter().map(|(key, said)| (said.answer.is_ok(), said.at, *key)).collect();
            order.sort_unstable();
            let least_worth = order.len() - keep;
            order[..least_worth].iter().for_each(|(.., key)| drop(self.all.remove(key)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn start() -> SystemTime {
        SystemTime::UNIX_EPOCH + SECOND * 1_000_000
    }

    fn key(at: usize) -> Key {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&at.to_le_bytes());
        key
    }

    fn good(lives: Duration) -> Result<Reviewed, Refusal> {
        let text = || "x".into();
        let expires = start() + lives;
        Ok(Reviewed { namespace: text(), service_account: text(), pod: text(), uid: text(), expires, key: key(0) })
    }

    #[test]
    fn answers_count_for_a_minute_their_life_or_five_seconds() {
        let mut cache = Cache::default();
        let answers = [good(SECOND * 3600), good(SECOND * 20), Err(Refusal::NotAuthenticated)];
        answers.into_iter().enumerate().for_each(|(at, answer)| cache.insert(key(at), answer, start()));
        let fresh = |at, seconds| cache.fresh(&key(at), start() + SECOND * seconds).is_some();
        assert!(fresh(0, 0) && fresh(0, 59) && !fresh(0, 60));
        assert!(fresh(1, 19) && !fresh(1, 20));
        assert!(fresh(2, 4) && !fresh(2, 5));
        assert_eq!(cache.fresh(&key(0), start() - SECOND), None, "the clock was set back");
        // Where nobody can be asked, a token counts until its own end, and what was refused is not known.
        let known = |at, seconds| cache.known(&key(at), start() + SECOND * seconds).is_some();
        assert!(known(0, 3599) && !known(0, 3600) && known(1, 19) && !known(1, 20) && !known(2, 0) && !known(3, 0));
    }

    #[test]
    fn a_later_answer_replaces_an_earlier_one() {
        let mut cache = Cache::default();
        cache.insert(key(0), good(SECOND * 3600), start());
        cache.insert(key(0), Err(Refusal::NotAuthenticated), start() + SECOND * 61);
        assert_eq!(cache.fresh(&key(0), start() + SECOND * 62), Some(Err(Refusal::NotAuthenticated)));
        assert_eq!(cache.known(&key(0), start() + SECOND * 62), None);
    }

    #[test]
    fn the_memory_is_bounded_and_rubbish_goes_first() {
        let mut cache = Cache::default();
        cache.insert(key(0), good(SECOND * 3600), start());
        // Whoever makes up tokens pushes out none that is good.
        for at in 1..3 * MOST {
            cache.insert(key(at), Err(Refusal::NotAuthenticated), start());
            assert!(cache.len() <= MOST);
        }
        assert!(cache.known(&key(0), start()).is_some());
        // Of good ones the oldest go.
        for at in 1..=MOST {
            cache.insert(key(at), good(SECOND * 3600), start() + SECOND * u32::try_from(at).unwrap().min(50));
        }
        assert!(cache.len() <= MOST && cache.known(&key(0), start()).is_none());
        assert!(cache.known(&key(MOST), start()).is_some());
    }

    #[test]
    fn what_is_over_makes_room_by_itself() {
        let mut cache = Cache::default();
        (0..MOST).for_each(|at| cache.insert(key(at), good(SECOND * if at % 2 == 0 { 10 } else { 3600 }), start()));
        cache.insert(key(MOST), good(SECOND * 3600), start() + SECOND * 10);
        assert_eq!(cache.len(), MOST / 2 + 1);
    }
}

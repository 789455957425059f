use std::thread;

use super::*;

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A target that failed five times at 1 s and rests until 6 s.
fn resting() -> Bound {
    let bound = Bound { target: Arc::default(), endpoint: Arc::default(), keys: Arc::from([]), limits: None };
    for _ in 0..5 {
        bound.failure(&Failure::local(Kind::ServerError, ""), None, s(1));
    }
    bound
}

/// C6: of those who were all told the same a moment ago, one goes through; the others are told that nothing was sent.
#[test]
fn of_many_at_the_same_time_one_goes_through_to_a_target_that_recovers() {
    for first in [true, false] {
        let bound = resting();
        let went: Vec<_> = thread::scope(|scope| {
            let all: Vec<_> = (0..8).map(|_| scope.spawn(|| bound.begin(s(7), first))).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(went.iter().filter(|one| one.is_ok()).count(), 1);
        assert!(went.iter().all(|one| matches!(one, Ok(_) | Err(Held::Recovers(None)))), "{went:?}");
        drop(went);
        assert_eq!(bound.target.outstanding.load(Relaxed), 0);
    }
}

/// C1, H24: what began to cool after the plan was made gets no first request; a probe and a retry of its own may go.
#[test]
fn a_first_request_keeps_away_from_a_target_that_has_just_begun_to_cool() {
    let bound = resting();
    assert!(matches!(bound.begin(s(2), true), Err(Held::Recovers(Some(until))) if until == s(6)));
    assert!(bound.begin(s(2), false).is_ok());
}

/// H24: one look at a time; who waits learns of its end and whether it was answered.
#[test]
fn one_looks_at_a_time() {
    let bound = resting();
    let look = bound.probe().unwrap();
    assert!(bound.probe().is_none());
    assert_eq!(bound.probes(), (0, 0));
    drop(look);
    assert_eq!(bound.probes(), (1, 0));
    let look = bound.probe().unwrap();
    look.answered();
    drop(look);
    assert_eq!(bound.probes(), (2, 1));
}

//! Several questions at the same time.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Calls of kubectl at one time.
const AT_ONCE: usize = 6;

/// What `of` gives for each of `jobs`, a few at a time, in their order.
pub(super) fn all<J: Sync, T: Send>(jobs: &[J], of: impl Fn(&J) -> T + Sync) -> Vec<T> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(jobs.len())));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(jobs.len()) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(at) else { break };
                    let came = of(job);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((at, came));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, came)| came).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_at_the_same_time_comes_back_in_order() {
        let jobs: Vec<usize> = (0..40).collect();
        assert_eq!(all(&jobs, |it| it * 2), jobs.iter().map(|it| it * 2).collect::<Vec<_>>());
        assert_eq!(all(&[] as &[usize], |it| *it), Vec::<usize>::new());
    }
}

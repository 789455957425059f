//! Calls to the API server of one sort: one at a time for each key, few at once, and no more waiting than is of use.

use std::{
    collections::HashMap,
    future::Future,
    hash::Hash,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::sync::{OnceCell, Semaphore};

use crate::lock::lock;

/// How many, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Calls at one time.
    pub(crate) at_once: usize,
    /// Callers that wait at one time, whether for their turn or for an answer.
    pub(crate) waiting: usize,
    /// How long one waits, all in all.
    pub(crate) patience: Duration,
}

/// There is no place to wait, or the wait was too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// The calls that are under way.
pub(crate) struct Flights<K, V> {
    limits: Limits,
    open: Mutex<HashMap<K, Arc<OnceCell<V>>>>,
    room: Semaphore,
    waiting: AtomicUsize,
}

impl<K: Clone + Eq + Hash, V: Clone> Flights<K, V> {
    pub(crate) fn new(limits: Limits) -> Self {
        let room = Semaphore::new(limits.at_once);
        Self { limits, open: Mutex::default(), room, waiting: AtomicUsize::new(0) }
    }

    /// What `ask` answers, or the call for `key` that is under way already. One that is given up by its caller is taken
    /// over by the next who waits for it.
    pub(crate) async fn join(&self, key: K, ask: impl Future<Output = V>) -> Result<V, Full> {
        let _place = Place::take(&self.waiting, self.limits.waiting)?;
        let seat = Seat::take(self, key);
        let asked = seat.flight.get_or_init(|| async {
            // Never closed, so that there is always a turn.
            let _turn = self.room.acquire().await;
            ask.await
        });
        tokio::time::timeout(self.limits.patience, asked).await.cloned_or(Full)
    }

    /// Callers that wait now.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }
}

/// One who waits.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, most: usize) -> Result<Self, Full> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Relaxed) < most { Ok(place) } else { Err(Full) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// Where one call is waited for. The last to go takes the flight out, and so does the first who has an answer.
struct Seat<'a, K: Eq + Hash, V> {
    flights: &'a Flights<K, V>,
    key: K,
    flight: Arc<OnceCell<V>>,
}

impl<'a, K: Clone + Eq + Hash, V> Seat<'a, K, V> {
    fn take(flights: &'a Flights<K, V>, key: K) -> Self {
        let flight = lock(&flights.open).entry(key.clone()).or_default().clone();
        Self { flights, key, flight }
    }
}

impl<K: Eq + Hash, V> Drop for Seat<'_, K, V> {
    fn drop(&mut self) {
        let mut open = lock(&self.flights.open);
        // The map's and this one.
        let last = Arc::strong_count(&self.flight) <= 2;
        if (last || self.flight.initialized())
            && open.get(&self.key).is_some_and(|flight| Arc::ptr_eq(flight, &self.flight))
        {
            open.remove(&self.key);
        }
    }
}

trait ClonedOr<V, E> {
    fn cloned_or(self, error: E) -> Result<V, E>;
}

impl<V: Clone, E, Late> ClonedOr<V, E> for Result<&V, Late> {
    fn cloned_or(self, error: E) -> Result<V, E> {
        self.cloned().map_err(|_| error)
    }
}

impl<K, V> std::fmt::Debug for Flights<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flights").field("limits", &self.limits).field("waiting", &self.waiting).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    const LIMITS: Limits = Limits { at_once: 2, waiting: 5, patience: Duration::from_secs(10) };
    const SECOND: Duration = Duration::from_secs(1);

    fn flights() -> Arc<Flights<u32, u32>> {
        Arc::new(Flights::new(LIMITS))
    }

    #[tokio::test(start_paused = true)]
    async fn all_who_ask_for_one_key_are_told_by_one_call() {
        let (flights, calls) = (flights(), AtomicU32::new(0));
        let ask = || {
            flights.join(7, async {
                calls.fetch_add(1, Relaxed);
                tokio::time::sleep(SECOND).await;
                42
            })
        };
        assert_eq!(tokio::join!(ask(), ask(), ask()), (Ok(42), Ok(42), Ok(42)));
        assert_eq!((calls.load(Relaxed), lock(&flights.open).len(), flights.waiting()), (1, 0, 0));
        // What is known is remembered elsewhere.
        assert_eq!((ask().await, calls.load(Relaxed)), (Ok(42), 2));
    }

    /// A caller that goes away takes nobody along.
    #[tokio::test(start_paused = true)]
    async fn the_next_goes_on_where_one_gives_up() {
        let flights = flights();
        let first = flights.clone();
        let first = tokio::spawn(async move { first.join(1, std::future::pending()).await });
        tokio::task::yield_now().await;
        let second = flights.clone();
        let second = tokio::spawn(async move { second.join(1, async { 2 }).await });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        first.abort();
        assert_eq!(second.await.unwrap(), Ok(2));
        assert_eq!((lock(&flights.open).len(), flights.waiting()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn few_at_once_and_a_bounded_number_waits_for_a_bounded_time() {
        let (flights, now, most) = (flights(), Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let mut calls: Vec<_> = (0..6)
            .map(|key| {
                let (flights, now, most) = (flights.clone(), now.clone(), most.clone());
                tokio::spawn(async move {
                    let ask = async {
                        most.fetch_max(now.fetch_add(1, Relaxed) + 1, Relaxed);
                        tokio::time::sleep(4 * SECOND).await;
                        now.fetch_sub(1, Relaxed);
                        key
                    };
                    flights.join(key, ask).await
                })
            })
            .collect();
        tokio::time::sleep(SECOND).await;
        // The sixth is one too many; the fifth would have its answer after twelve seconds.
        assert_eq!(calls.pop().unwrap().await.unwrap(), Err(Full));
        assert_eq!(calls.pop().unwrap().await.unwrap(), Err(Full));
        for (key, call) in calls.into_iter().enumerate() {
            assert_eq!(call.await.unwrap().map(|key| key as usize), Ok(key));
        }
        assert_eq!((most.load(Relaxed), flights.waiting(), lock(&flights.open).len()), (2, 0, 0));
    }
}

//! What the sidecars whose streams are here have counted: asked for one by one, added up, served as `outrigger_fleet_*`.
//!
//! ```text
//! place  where a sidecar shows it: an address of its own alone      page     one page, over one connection, bounded
//! shown  the families, for the inventory
//! top    the page for people
//! rows   who is connected, and who is asked next: pure
//! ```
//!
//! What it adds up to is the crate `fleet-metrics`.

pub(crate) mod outcome;
mod page;
mod place;
mod rows;
mod shown;
pub(crate) mod top;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use outcome::Outcome;
use outrigger_fleet_metrics::{Fleet as Sums, Limits, Page, Process, Seen};
pub(crate) use place::Places;
use rows::{Due, Rows};
pub(crate) use shown::families;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use crate::{fleet::Fleet, lock::lock, metrics::Metrics};

/// Sidecars that are asked at one time. Two seconds each, four hundred may hang before anybody waits for them.
const AT_ONCE: usize = 64;
/// How often old counters are looked for.
const EXPIRE: Duration = Duration::from_secs(60);

/// Asks sidecars, and knows what they have counted.
#[derive(Debug)]
pub(crate) struct Scraper {
    fleet: Arc<Fleet>,
    places: Places,
    metrics: Arc<Metrics>,
    interval: Duration,
    began: Instant,
    sums: Mutex<Sums>,
    rows: Mutex<Rows>,
    asking: Arc<Semaphore>,
    large: Semaphore,
}

impl Scraper {
    /// Asks every sidecar of `fleet` once in each `interval`, in tasks of its own. Within a runtime.
    pub(crate) fn start(
        fleet: Arc<Fleet>,
        places: Places,
        metrics: Arc<Metrics>,
        interval: Duration,
        limits: Limits,
    ) -> Arc<Self> {
        let scraper = Arc::new(Self {
            sums: Mutex::new(Sums::new(limits, &fleet.replica)),
            fleet,
            places,
            metrics,
            interval,
            began: Instant::now(),
            rows: Mutex::new(Rows::new(interval)),
            asking: Arc::new(Semaphore::new(AT_ONCE)),
            large: Semaphore::new(page::LARGE_AT_ONCE),
        });
        tokio::spawn(scraper.clone().run(rows::look(interval)));
        scraper
    }

    /// For ever.
    async fn run(self: Arc<Self>, look: Duration) {
        let mut expired = Duration::ZERO;
        loop {
            tokio::time::sleep(look).await;
            let now = self.now();
            self.muster(now);
            self.ask_due(now);
            if now.saturating_sub(expired) > EXPIRE {
                expired = now;
                lock(&self.sums).expire(now);
            }
        }
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Who is connected.
    fn muster(&self, now: Duration) {
        let connections = self.fleet.connections();
        let (mut rows, mut sums) = (lock(&self.rows), lock(&self.sums));
        rows.begin();
        for connection in &connections {
            if let Some((process, owner, version)) = rows.see(connection, now, fastrand::f64) {
                sums.join(&process, &owner, &version, now);
            }
        }
        let left = rows.end(now);
        left.away.iter().for_each(|process| sums.away(process));
        left.gone.iter().for_each(|process| sums.leave(process, now));
    }

    /// Asks whose turn it is, by as many as there are places for.
    fn ask_due(self: &Arc<Self>, now: Duration) {
        lock(&self.rows).line_up(now);
        while let Ok(place) = self.asking.clone().try_acquire_owned() {
            let Some(first) = lock(&self.rows).next() else { return };
            tokio::spawn(self.clone().work(first, place));
        }
    }

    /// Asks one after the other, until nobody waits.
    async fn work(self: Arc<Self>, first: Due, _place: OwnedSemaphorePermit) {
        let mut next = Some(first);
        while let Some(due) = next.take() {
            let began = Instant::now();
            let outcome = self.ask(&due).await;
            self.metrics.scraped(outcome, began.elapsed());
            let Due { process, connection } = due;
            if outcome != Outcome::Ok {
                tracing::debug!(outcome = outcome.word(), token = &*connection.token.id, "a sidecar was not counted");
            }
            let mut rows = lock(&self.rows);
            let silent = rows.done(&process, outcome, self.now(), fastrand::f64());
            next = rows.next();
            drop(rows);
            if silent {
                lock(&self.sums).silent(&process);
            }
        }
    }

    /// Asks one, and adds up what it says.
    async fn ask(&self, Due { process, connection }: &Due) -> Outcome {
        let asked = async {
            let address = self.places.of(connection).await.ok_or(Outcome::Nowhere)?;
            page::get(address, &self.large).await
        };
        let text = match tokio::time::timeout(page::LIMIT, asked).await {
            Ok(Ok(text)) => text,
            Ok(Err(outcome)) => return outcome,
            Err(_) => return Outcome::Late,
        };
        self.take(process, &text)
    }

    /// Adds up what a page says.
    fn take(&self, process: &Process, text: &str) -> Outcome {
        let Ok(page) = Page::read(text) else { return Outcome::Unreadable };
        // What answers at an address is whoever has it now.
        if page.instance.as_deref() != Some(&*process.instance) {
            return Outcome::Stranger;
        }
        match lock(&self.sums).see(process, &page, self.now()) {
            Seen::Counted => Outcome::Ok,
            Seen::Elsewhere => Outcome::Elsewhere,
        }
    }

    /// What they have counted, for Prometheus.
    pub(crate) fn show(&self) -> String {
        let mut page = String::new();
        let sums = lock(&self.sums);
        sums.show(&mut page);
        self.metrics.series(sums.series(), sums.dropped());
        page
    }
}

//! What has to be done now and then: whether the store answers, what is missing, what is given up, what is old.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::time::{Instant, timeout};

use super::program::{Program, now_ms};
use crate::lock::lock;

/// How often the store is asked whether it is there, and samples go into their buckets.
const LOOK: Duration = Duration::from_secs(5);
/// How long it may take to say so.
const ANSWER: Duration = Duration::from_secs(5);
/// How often it is looked what is missing, and what has to be given up.
const SETTLE: Duration = Duration::from_secs(60);
/// How often what is old is removed.
const REMOVE: Duration = Duration::from_secs(3600);

/// For ever.
pub(super) async fn run(program: Arc<Program>) {
    let (mut settled, mut removed): (Option<Instant>, Option<Instant>) = (None, None);
    let due = |at: &Option<Instant>, every| at.is_none_or(|at: Instant| at.elapsed() >= every);
    loop {
        program.look().await;
        if due(&settled, SETTLE) {
            settled = Some(Instant::now());
            program.settle().await;
        }
        if due(&removed, REMOVE) {
            removed = Some(Instant::now());
            program.remove().await;
        }
        tokio::time::sleep(LOOK).await;
    }
}

impl Program {
    async fn look(&self) {
        self.metrics.upkeep();
        let answer = match timeout(ANSWER, self.books.ping()).await {
            Ok(answer) => answer.map_err(|why| {
                self.complain(&why);
                "store_away: the books do not answer; the log says why"
            }),
            Err(_) => Err("store_away: the books do not answer in time"),
        };
        self.metrics.looked(self.file.as_deref().map_or(0, size), answer.is_ok());
        *lock(&self.away) = answer.err().map(str::to_owned);
        let now = SystemTime::now();
        if let Some(serving) = self.serving.as_ref().filter(|serving| now >= serving.renew_at()) {
            match serving.renew(now) {
                Ok(()) => tracing::info!("the serving certificate was renewed"),
                Err(error) => tracing::error!(code = "certificate_not_renewed", "{error:#}"),
            }
        }
    }

    async fn settle(&self) {
        let now = i64::try_from(now_ms()).unwrap_or(i64::MAX);
        match self.books.settle(now).await {
            Ok(settled) => self.metrics.kept_up(settled, 0),
            Err(why) => self.complain(&why),
        }
        match self.books.gaps(None, now).await {
            Ok(gaps) => self.metrics.missing(gaps.iter().map(|gap| gap.entries).sum(), gaps.len()),
            Err(why) => self.complain(&why),
        }
    }

    async fn remove(&self) {
        match self.books.retain(i64::try_from(now_ms()).unwrap_or(i64::MAX)).await {
            Ok(removed) => self.metrics.kept_up(0, removed),
            Err(why) => self.complain(&why),
        }
    }
}

/// Of the file, and of the log beside it.
fn size(file: &Path) -> u64 {
    let log = {
        let mut name = file.as_os_str().to_owned();
        name.push("-wal");
        name
    };
    let bytes = |path: &Path| std::fs::metadata(path).map_or(0, |it| it.len());
    bytes(file) + bytes(Path::new(&log))
}

//! Takes what is spooled to the ledger: batch by batch, for ever. Nothing of a request waits for it (M6).

mod call;
mod key;
mod left;
mod message;
mod narrow;
mod quiet;

use std::{
    future::poll_fn,
    task::Poll,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context as _, bail};
use outrigger_api::ledger::{AppendResponse, Reporter};
use outrigger_otlp::farewell::Asked;
use outrigger_proxy::Users;
use outrigger_spool::{Batch, Spool};

use crate::link::backoff::Backoff;
pub(crate) use call::Way;
use call::{Call, Refused};
use key::Key;
pub(crate) use left::tell;
use narrow::{Narrow, Next};
use quiet::Quiet;

/// What there is, is sent this often, and at once when [`outrigger_spool::MANY`] wait: acknowledged well within two seconds.
const PERIOD: Duration = Duration::from_millis(800);
/// Most entries of a call, and most bytes of them: what the ledger takes, less what frames them.
const ENTRIES: usize = 512;
const BYTES: usize = (1 << 20) - (32 << 10);
/// How long a ledger may take for a batch, connecting included.
const ANSWER: Duration = Duration::from_secs(15);
/// At the end there is no time for long waits.
const HURRY: Duration = Duration::from_millis(100);

/// Everything the way to the ledger needs.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) way: Way,
    pub(crate) reporter: Reporter,
    pub(crate) spool: Spool,
    /// Who is told by which key users are hashed.
    pub(crate) users: Users,
}

impl Ledger {
    /// Sends for ever; once it is asked to leave, until nothing is left.
    pub(crate) async fn run(self, asked: Asked) {
        let Asked { mut leave, done } = asked;
        let (mut call, mut backoff, mut leaving, mut lost) = (None, Backoff::default(), false, false);
        let (mut narrow, mut quiet) = (Narrow::new(ENTRIES), Quiet::new(Instant::now()));
        let mut key = Key::new(self.users.clone());
        loop {
            let word = || self.spool.word().filter(|_| !leaving && quiet.is_due(Instant::now()));
            // Before the first request, so that few are booked by a key that nobody else has.
            let greeting = || self.spool.greeting().filter(|_| !leaving && key.is_wanted());
            let Some(batch) = self.spool.batch(narrow.entries(), BYTES).or_else(greeting).or_else(word) else {
                if leaving {
                    let _ = done.send(());
                    return;
                }
                tokio::select! {
                    () = self.many() => {}
                    () = tokio::time::sleep(PERIOD) => {}
                    _ = &mut leave => leaving = true,
                }
                continue;
            };
            let began = Instant::now();
            let sent = tokio::time::timeout(ANSWER, self.send(&mut call, &mut key, &batch)).await;
            let sent = sent.unwrap_or_else(|_| bail!("the ledger did not answer within {} s", ANSWER.as_secs()));
            let wait = match sent {
                Ok(()) => {
                    backoff = Backoff::default();
                    narrow.taken();
                    quiet.heard(Instant::now());
                    if std::mem::take(&mut lost) {
                        tracing::info!("the ledger answers again");
                    }
                    let standing = self.spool.standing();
                    // What came meanwhile is sent together with what will.
                    if leaving || batch.last || standing.waiting >= ENTRIES as u64 { continue } else { PERIOD }
                }
                Err(error) => {
                    if error.is::<Refused>() {
                        match narrow.refused(batch.entries.len()) {
                            Next::Fewer => continue,
                            Next::GiveUp => self.give_up(&batch, &error),
                            Next::Wait => {}
                        }
                    }
                    call = None;
                    lost = true;
                    let wait = backoff.next(began.elapsed(), fastrand::f64());
                    let wait = if leaving { wait.min(HURRY) } else { wait };
                    tracing::warn!(
                        code = "ledger_lost",
                        wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                        waiting = self.spool.standing().waiting,
                        "{error:#}; what is to be booked waits here"
                    );
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        _ = &mut leave, if !leaving => leaving = true,
                    }
                    continue;
                }
            };
            tokio::select! {
                () = self.many() => {}
                () = tokio::time::sleep(wait) => {}
                _ = &mut leave, if !leaving => leaving = true,
            }
        }
    }

    /// Until as many wait as one call takes.
    async fn many(&self) {
        poll_fn(|cx| if self.spool.many(cx.waker()) { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    /// The one entry of a batch is lost. What follows waits a while: a ledger that refuses everything does not get it all at once.
    fn give_up(&self, batch: &Batch, why: &anyhow::Error) {
        self.spool.give_up(batch);
        tracing::error!(
            code = "usage_refused",
            sequence = batch.entries.first().map_or(0, |(sequence, _)| *sequence),
            "an entry is given up, and booked nowhere: {why:#}"
        );
    }

    /// One batch, over the connection that there is or a new one.
    async fn send(&self, call: &mut Option<Call>, key: &mut Key, batch: &Batch) -> anyhow::Result<()> {
        if call.as_ref().is_none_or(Call::is_stale) {
            *call = Some(Call::open(&self.way).await?);
        }
        let call = call.as_mut().context("no connection")?;
        let answer = call.append(message::request(batch, &self.reporter, SystemTime::now())).await?;
        let AppendResponse { through, user_key } = answer;
        key.heard(&user_key);
        let word = batch.entries.is_empty() && !batch.last && through >= batch.issued;
        if !self.spool.taken(batch, through) && !word {
            bail!("the ledger took nothing: it has all up to {through}");
        }
        Ok(())
    }
}

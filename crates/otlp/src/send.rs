//! Batch by batch: what waits goes together, has a few tries, and is given up.

use std::time::{Duration, Instant};

use outrigger_proxy::{
    outbox::{Batch, Waiting},
    trace::Beside,
};
use tokio::sync::oneshot;

use crate::{
    call::{Failed, Line},
    message::Resource,
    retry::Retry,
    signal::Signal,
};

/// What comes within it goes together.
const MOMENT: Duration = Duration::from_millis(250);
/// Most of a call, but for what the last request has more; how many bytes, the outbox says.
const MOST: usize = 512;
/// How long a collector may take for a batch, connecting included: the default of `OTEL_EXPORTER_OTLP_TIMEOUT`.
const ANSWER: Duration = Duration::from_secs(10);
/// A log has a line for what goes on as often as this.
const SAID: Duration = Duration::from_secs(60);

/// What each signal is sent by.
#[derive(Debug)]
pub(crate) struct Sender {
    pub(crate) line: Line,
    pub(crate) resource: Resource,
    pub(crate) beside: Beside,
}

/// One signal's: a batch at a time.
struct Turn<'a> {
    sender: &'a Sender,
    retry: Retry,
    /// When the log was told last that it does not work.
    said: Option<Instant>,
}

impl Sender {
    /// Sends for ever; once it is asked to `leave`, until nothing is left.
    pub(crate) async fn follow<S: Signal>(&self, mut waiting: Waiting<S::Item>, mut leave: oneshot::Receiver<()>) {
        let mut turn = Turn { sender: self, retry: Retry::default(), said: None };
        loop {
            let first = tokio::select! {
                first = waiting.first() => first,
                _ = &mut leave => break,
            };
            let Some(mut batch) = first else { return };
            let leaves = tokio::select! {
                () = tokio::time::sleep(MOMENT) => false,
                _ = &mut leave => true,
            };
            waiting.fill(&mut batch, MOST);
            if turn.send::<S>(batch, &mut leave, leaves).await || leaves {
                break;
            }
        }
        while let Some(batch) = waiting.now(MOST) {
            turn.send::<S>(batch, &mut leave, true).await;
        }
    }
}

impl Turn<'_> {
    /// Sends a batch, or gives it up. Answers whether it was asked to leave meanwhile.
    async fn send<S: Signal>(
        &mut self,
        batch: Batch<S::Item>,
        leave: &mut oneshot::Receiver<()>,
        leaves: bool,
    ) -> bool {
        let mut leaves = leaves;
        self.retry.begin();
        let Sender { line, resource, beside } = self.sender;
        let message = S::request(&batch.items, resource, beside.load().as_deref());
        loop {
            let sent = tokio::time::timeout(ANSWER, line.export::<S>(message.clone())).await;
            match sent.unwrap_or_else(|_| Err(Failed::again("the collector did not answer in time"))) {
                Ok(rejected) => {
                    if self.said.take().is_some() {
                        tracing::info!("the collector answers again and takes {}", S::WHAT);
                    }
                    batch.taken(u64::try_from(rejected).unwrap_or_default());
                    return leaves;
                }
                Err(failed) => {
                    line.drop().await;
                    let wait = self.retry.next(&failed, leaves, fastrand::f64());
                    self.say::<S>(&failed, wait);
                    let Some(wait) = wait else {
                        match failed.again {
                            true => batch.unreachable(),
                            false => batch.refused(),
                        }
                        return leaves;
                    };
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        _ = &mut *leave, if !leaves => leaves = true,
                    }
                }
            }
        }
    }

    fn say<S: Signal>(&mut self, failed: &Failed, wait: Option<Duration>) {
        if self.said.is_some_and(|said| said.elapsed() < SAID) {
            return;
        }
        self.said = Some(Instant::now());
        tracing::warn!(
            code = S::LOST,
            wait_ms = wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
            "{}; requests do not wait for it, {} are dropped where they do not fit",
            failed.why,
            S::WHAT,
        );
    }
}

//! Takes spans to a collector, by OTLP over gRPC: batch by batch, for ever. Nothing of a request waits for it, and what a
//! collector does not take in time is dropped and counted (M6).

mod call;
mod message;
mod pairs;
mod retry;

use std::time::{Duration, Instant};

use outrigger_proxy::trace::{Batch, Beside, Spans};
use tokio::sync::oneshot;

use crate::farewell::Asked;
use call::{Call, Failed};
pub(crate) use call::{Headers, Way};
pub(crate) use message::Resource;
pub(crate) use pairs::pairs;
use retry::Retry;

/// What comes within it goes together.
const MOMENT: Duration = Duration::from_millis(250);
/// Most spans of a call, but for what the last request has more: at 4 KiB each, which none reaches, half of what a collector
/// takes at once by default (4 MiB).
const MOST: usize = 512;
/// How long a collector may take for a batch, connecting included: the default of `OTEL_EXPORTER_OTLP_TIMEOUT`.
const ANSWER: Duration = Duration::from_secs(10);
/// A log has a line for what goes on as often as this.
const SAID: Duration = Duration::from_secs(60);

/// Everything the way to the collector needs.
#[derive(Debug)]
pub(crate) struct Traces {
    pub(crate) way: Way,
    pub(crate) resource: Resource,
    pub(crate) spans: Spans,
    pub(crate) beside: Beside,
}

impl Traces {
    /// Sends for ever; once it is asked to leave, until nothing is left.
    pub(crate) async fn run(mut self, asked: Asked) {
        let Asked { mut leave, done } = asked;
        let mut sender = Sender { call: None, retry: Retry::default(), said: None };
        loop {
            let first = tokio::select! {
                first = self.spans.first() => first,
                _ = &mut leave => break,
            };
            let Some(mut batch) = first else { return };
            let leaves = tokio::select! {
                () = tokio::time::sleep(MOMENT) => false,
                _ = &mut leave => true,
            };
            self.spans.fill(&mut batch, MOST);
            let leaves =
                sender.send(&self.way, &self.resource, &self.beside, batch, &mut leave, leaves).await || leaves;
            if leaves {
                break;
            }
        }
        while let Some(batch) = self.spans.now(MOST) {
            sender.send(&self.way, &self.resource, &self.beside, batch, &mut leave, true).await;
        }
        let _ = done.send(());
    }
}

/// One batch at a time.
struct Sender {
    call: Option<Call>,
    retry: Retry,
    /// When the log was told last that it does not work.
    said: Option<Instant>,
}

impl Sender {
    /// Sends a batch, or gives it up. Answers whether it was asked to leave meanwhile.
    async fn send(
        &mut self,
        way: &Way,
        resource: &Resource,
        beside: &Beside,
        batch: Batch,
        leave: &mut oneshot::Receiver<()>,
        leaves: bool,
    ) -> bool {
        let mut leaves = leaves;
        self.retry.begin();
        let about = beside.load();
        let message = message::request(&batch.spans, resource, about.as_deref());
        loop {
            let sent = tokio::time::timeout(ANSWER, self.once(way, message.clone())).await;
            match sent.unwrap_or_else(|_| Err(Failed::again("the collector did not answer in time"))) {
                Ok(rejected) => {
                    if self.said.take().is_some() {
                        tracing::info!("the collector of traces answers again");
                    }
                    batch.taken(rejected);
                    return leaves;
                }
                Err(failed) => {
                    self.call = None;
                    let wait = self.retry.next(&failed, leaves, fastrand::f64());
                    self.say(&failed, wait);
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

    async fn once(&mut self, way: &Way, message: message::Request) -> Result<u64, Failed> {
        let call = match &mut self.call {
            Some(call) => call,
            none => none.insert(Call::open(way).await?),
        };
        call.export(message).await
    }

    fn say(&mut self, failed: &Failed, wait: Option<Duration>) {
        if self.said.is_some_and(|said| said.elapsed() < SAID) {
            return;
        }
        self.said = Some(Instant::now());
        tracing::warn!(
            code = "traces_lost",
            wait_ms = wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
            "{}; requests do not wait for it, spans are dropped where they do not fit",
            failed.why
        );
    }
}

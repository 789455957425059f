//! Takes what is told of requests to a collector, by OTLP over gRPC: spans, and decisions as logs; batch by batch, for ever, over one
//! connection. Nothing of a request waits for it, and what a collector does not take in time is dropped and counted (M6).
//!
//! [`spans`] and [`logs`] alone know OTLP's messages. What programs share that open such connections is here too: [`connect`],
//! [`address`], and how they are told to leave, [`farewell`].

pub mod address;
mod args;
mod call;
pub mod connect;
pub mod farewell;
mod logs;
mod message;
mod pairs;
mod retry;
mod send;
mod signal;
mod spans;

use std::io;

use farewell::{Asked, Leaving};
use outrigger_proxy::{
    decisions::Decision,
    outbox::{Outbox, Waiting, outbox},
    trace::{Beside, Spans, Tracer},
};
use tokio::sync::oneshot;

pub use args::{Named, Speaker, TraceArgs};
use call::Line;
use message::Resource;
use send::Sender;

/// Whoever sends, and all that it needs.
#[derive(Debug)]
pub struct Exporter {
    line: Line,
    resource: Resource,
    beside: Beside,
    spans: Spans,
    decisions: Option<Waiting<Decision>>,
}

/// Who traces, who takes decisions, if that is `decisions`, and who sends what both are told.
pub fn exporter(named: Named, decisions: bool) -> (Tracer, Option<Outbox<Decision>>, Exporter) {
    let Named { sampler, way, resource } = named;
    if way.shows_keys_in_clear() {
        tracing::warn!(
            code = "otlp_headers_in_clear",
            "--otlp-endpoint is named by http://: --otlp-headers cross the network in clear; use https:// if they hold a key"
        );
    }
    let (tracer, spans, beside) = Tracer::new(sampler);
    let (taken, decisions) = decisions.then(outbox).unzip();
    (tracer, taken, Exporter { line: Line::new(way), resource, beside, spans, decisions })
}

impl Exporter {
    /// Sends for ever; once it is asked to leave, until nothing is left.
    pub async fn run(self, asked: Asked) {
        let Self { line, resource, beside, spans, decisions } = self;
        let sender = Sender { line, resource, beside };
        let (leave_spans, asked_spans) = oneshot::channel();
        let (leave_logs, asked_logs) = oneshot::channel();
        let both = async {
            let logs = async {
                if let Some(decisions) = decisions {
                    sender.follow::<logs::Logs>(decisions, asked_logs).await;
                }
            };
            tokio::join!(sender.follow::<spans::Spans>(spans, asked_spans), logs);
        };
        let Asked { leave, done } = asked;
        let told = async {
            if leave.await.is_ok() {
                let _ = (leave_spans.send(()), leave_logs.send(()));
            }
        };
        tokio::join!(both, told);
        let _ = done.send(());
    }

    /// The same, on a thread and a runtime of its own, so that it has nothing to do with those of requests.
    ///
    /// # Errors
    /// No thread, or no runtime, can be had.
    pub fn start(self) -> io::Result<Leaving> {
        let (leaving, asked) = farewell::ends();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("otlp".to_owned()).spawn(move || runtime.block_on(self.run(asked)))?;
        Ok(leaving)
    }
}

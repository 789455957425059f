//! The path of a request without its sockets, for counting instructions (`cargo xtask budget`). Only with the feature
//! `measured`, which no release is built with.

use std::{future::poll_fn, io, pin::Pin, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Body as _;
use http_body_util::Full;
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use outrigger_route::Snapshot;
use outrigger_wire::{Failure, Operation};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use crate::{
    app::App,
    attempt::{self, answered::Committed, context::Context},
    books::Told,
    config::Config,
    error::Error,
    intake::{self, Taken},
    ledger::{Ledger, sheet::Sheet},
    record::{Record, served::Served},
    relay, serve,
    upstream::body,
};

/// A sidecar that does not listen.
#[derive(Debug)]
pub struct Measured {
    app: Arc<App>,
}

/// A caller's request.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is asked for.
    pub operation: Operation,
    /// The caller's headers.
    pub headers: HeaderMap,
    /// The caller's body.
    pub body: Bytes,
}

impl Measured {
    /// Serves `snapshot`. Within a runtime.
    ///
    /// # Errors
    /// As [`crate::Sidecar::start`].
    pub fn new(snapshot: Snapshot) -> io::Result<Self> {
        Ok(Self { app: Arc::new(App::new(Config::default(), Some(snapshot), Told::default())?) })
    }

    /// The same, and each request is told to `ledger`.
    ///
    /// # Errors
    /// As [`crate::Sidecar::start`].
    pub fn booked(snapshot: Snapshot, ledger: Ledger) -> io::Result<Self> {
        let told = Told { ledger: Some(ledger), tracer: None, decisions: None };
        Ok(Self { app: Arc::new(App::new(Config::default(), Some(snapshot), told)?) })
    }

    /// Reads and decides, tells a ledger that a call begins, where there is one, and that the request has ended.
    ///
    /// # Errors
    /// What the caller would be told.
    pub fn tell(&self, call: &Call) -> Result<(), String> {
        self.decided(call, |context, record| {
            let candidate = &context.plan.candidates[0];
            let (target, published) = (candidate.target.clone(), context.published.clone());
            let counters = published.counters(context.plan, candidate, context.metrics);
            let begins = |sheet: &Sheet| sheet.begins(&context.plan.route.name, &target, Some(0), record.started());
            let call = context.sheet.map(begins);
            let served =
                Served { target: target.clone(), published, counters, sent: record.started(), key: Some(0), call };
            record.served(Some(served), outrigger_wire::hub::Losses::default());
            record.succeeded(200);
        })
        .map(drop)
    }

    /// Reads, decides and prepares; returns how many bytes would be sent.
    ///
    /// # Errors
    /// What the caller would be told.
    pub fn prepare(&self, call: &Call) -> Result<u64, String> {
        let first = |context: &Context<'_>, _: &mut Record| prepared(context);
        let (prepared, _record) = self.decided(call, first)?;
        let prepared = prepared.map_err(|failure| failure.message.to_string())?;
        Ok(prepared.request.body().size_hint().exact().unwrap_or_default())
    }

    /// What becomes of `answer`, an upstream's answer as it comes from its socket: judged and relayed to the caller.
    /// Returns how many bytes the caller gets.
    ///
    /// # Errors
    /// What the caller would be told.
    pub async fn relay(&self, call: &Call, answer: Bytes) -> Result<usize, String> {
        let response = answered(answer).await.map_err(|error| error.to_string())?;
        let response = response.map(body::Body::unleased);
        let decided = self.decided(call, |context, record| {
            let candidate = &context.plan.candidates[0];
            let (target, published) = (candidate.target.clone(), context.published.clone());
            let counters = published.counters(context.plan, candidate, context.metrics);
            let served = Served { target, published, counters, sent: record.started(), key: Some(0), call: None };
            let prepared = prepared(context).map(|mut prepared| {
                record.served(Some(served), std::mem::take(&mut prepared.losses));
                prepared
            });
            (prepared, context.plan.clone())
        });
        let ((prepared, plan), record) = decided?;
        let told = |failure: Failure| failure.message.to_string();
        let attempt::Prepared { echo, hide_usage, losses, .. } = prepared.map_err(told)?;
        let asked = echo.as_ref().map_or(call.operation, |echo| echo.upstream);
        let (status, headers, answered) =
            attempt::judged(asked, record.streamed(), response, &self.app.allowance).await.map_err(told)?;
        let committed = Committed { answered, status, headers, hide_usage, echo, losses, in_flight: None };
        read(relay::to_caller(&self.app.allowance, Box::new(committed), &plan, record, false, None).into_body()).await
    }

    /// A request up to the decision, and its record.
    fn decided<T>(
        &self,
        call: &Call,
        then: impl FnOnce(&Context<'_>, &mut Record) -> T,
    ) -> Result<(T, Box<Record>), String> {
        let told = |error: Error| error.message();
        let app = &self.app;
        let mut record = Record::open(&app.books, call.operation, &Arc::default(), false);
        let taken = Taken::of(call.operation, call.headers.clone(), call.body.clone());
        let mut reading = intake::read(taken.operation, &taken.headers, &taken.body).map_err(told)?;
        let published = app.state.load();
        let plan = serve::decide(&app.books, &published, &taken, &mut reading, &mut record).map_err(told)?;
        let deadline = record.started() + plan.route.timeouts.total;
        let sheet = record.sheet().cloned();
        let context = Context {
            clock: app.books.clock,
            metrics: &app.books.metrics,
            allowance: &app.allowance,
            tokens: &app.tokens,
            published: &published,
            taken: &taken,
            reading: &reading,
            plan: &plan,
            id: "",
            sheet: sheet.as_deref(),
            trail: None,
            deadline,
        };
        let done = then(&context, &mut record);
        Ok((done, record))
    }
}

/// What the first candidate would be sent.
fn prepared(context: &Context<'_>) -> Result<attempt::Prepared, Failure> {
    let candidate = &context.plan.candidates[0];
    let operation = context.upstream(&candidate.target).unwrap_or(context.taken.operation);
    attempt::prepared(context, candidate, operation, Some(0))
}

/// An answer as hyper reads it.
async fn answered(answer: Bytes) -> Result<Response<Incoming>, hyper::Error> {
    let (near, far) = tokio::io::duplex(64 << 10);
    let (mut sender, connection) = http1::handshake(TokioIo::new(near)).await?;
    tokio::spawn(connection);
    tokio::spawn(answer_once(far, answer));
    sender.send_request(Request::new(Full::new(Bytes::new()))).await
}

async fn answer_once(mut socket: DuplexStream, answer: Bytes) -> io::Result<()> {
    // A bare GET fits.
    let mut request = [0; 1024];
    let _ = socket.read(&mut request).await?;
    socket.write_all(&answer).await
}

async fn read(mut body: relay::Body) -> Result<usize, String> {
    let mut bytes = 0;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        bytes += frame.map_err(|error| error.to_string())?.data_ref().map_or(0, Bytes::len);
    }
    Ok(bytes)
}

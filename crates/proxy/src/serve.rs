//! The story of one request: taken in, decided, attempted, relayed, recorded.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, HeaderName, Method, Request, Response};
use hyper::body::Incoming;
use outrigger_route::Plan;
use outrigger_wire::{Dialect, Operation, resume::Partial};

use crate::{
    App,
    attempt::{self, Context},
    crossing,
    error::Error,
    intake::{self, Reading, Taken},
    models,
    record::Record,
    relay::{self, Body},
    resume::Resume,
    signals::lock,
    state::Published,
};

/// Answers one request on the callers' listener.
pub(crate) async fn serve(app: Arc<App>, request: Request<Incoming>) -> Response<Body> {
    let path = below_base(request.uri().path());
    match Operation::from_path(path) {
        Some(operation) if request.method() == Method::POST => infer(&app, operation, request).await,
        Some(operation) => {
            let record = Record::open(&app, operation);
            relay::error(&Error::Method("POST"), record, operation.dialect())
        }
        None => models::serve(&app, path, &request),
    }
}

/// One inference request from head to body.
async fn infer(app: &Arc<App>, operation: Operation, request: Request<Incoming>) -> Response<Body> {
    let mut record = Record::open(app, operation);
    let (head, body) = request.into_parts();
    record.numeric_codes = head.uri.path().starts_with("/api/v1/");
    let wants_metadata = asks_for_metadata(&head.headers);
    // Whoever still waits when the drain's time is up gets an error, not a dead connection (R-DRAIN-3).
    let answered = tokio::select! {
        biased;
        answered = answer(app, operation, head.headers, body, &mut record) => answered,
        () = app.cut.cancelled() => Err(Error::ShuttingDown),
    };
    match answered {
        Ok(Answer { committed, plan, resume }) => {
            relay::to_caller(app, committed, &plan, record, wants_metadata, resume)
        }
        Err(error) => relay::error(&error, record, operation.dialect()),
    }
}

/// Takes in, reads, decides, attempts. The request's body is let go with this, unless the route may need it again.
async fn answer(
    app: &Arc<App>,
    operation: Operation,
    headers: HeaderMap,
    body: Incoming,
    record: &mut Record,
) -> Result<Answer, Error> {
    let taken = intake::take(app, operation, headers, body).await?;
    let mut reading = intake::read(taken.operation, &taken.headers, &taken.body)?;
    let published = app.state.load();
    let mut plan = decide(app, &published, &taken, &mut reading, record)?;
    app.tokens.keep_fitting(&mut plan, &taken.body).await.map_err(Error::NoRoute)?;
    let deadline = record.started() + plan.route.timeouts.total;
    let id = record.id;
    let context =
        Context { app, published: &published, taken: &taken, reading: &reading, plan: &plan, id: &id, deadline };
    let started = Some(record.started());
    let (committed, served) = attempt::run(&context, &mut record.attempts, started).await.map_err(Error::Exhausted)?;
    // Whom nothing was sent to has served nothing, and no measure of it is taken.
    record.served = committed.in_flight.is_some().then_some(served);
    // What is continued are the vendor's own events, so an answer in translation is not.
    let continues = plan.route.failover.continue_on_break && committed.echo.is_none();
    let partial = continues.then(|| Partial::begin(taken.operation, &reading.head)).flatten();
    let resume =
        partial.map(|partial| Box::new(Resume::new(app.clone(), published, taken, plan.clone(), partial, deadline)));
    Ok(Answer { committed, plan, resume })
}

/// An answer to relay.
struct Answer {
    committed: attempt::Committed,
    plan: Plan,
    /// What it takes to continue it elsewhere, on a route that opts in.
    resume: Option<Box<Resume>>,
}

/// The plan, and what the record says of it.
pub(crate) fn decide(
    app: &Arc<App>,
    published: &Arc<Published>,
    taken: &Taken,
    reading: &mut Reading<'_>,
    record: &mut Record,
) -> Result<Plan, Error> {
    record.streamed = reading.head.stream;
    record.prompt_bytes = taken.body.len() as u64;
    record.requested = reading.ask.names.first().map(|name| name.as_ref().into()).unwrap_or_default();
    let now = app.now();
    if taken.operation.generates() && reading.ask.preferences.order.is_empty() {
        record.conversation = intake::conversation(&taken.headers, &reading.head);
        reading.ask.sticky = record
            .conversation
            .and_then(|conversation| lock(&app.sticky).target(conversation, now, sticky_ttl(published, reading)));
    }
    let (snapshot, draw) = (&published.snapshot, fastrand::u64(..));
    let plan = crossing::decide(snapshot, taken.operation, reading, &taken.body, &published.health, now, draw)
        .map_err(Error::NoRoute);
    match &plan {
        Ok(plan) => {
            record.route = Some(plan.route.clone());
            record.sticky_on_success = plan.route.stickiness.enabled;
            plan.removed.iter().for_each(|removed| app.metrics.removed(removed.reason.code()));
        }
        Err(Error::NoRoute(outrigger_route::NoRoute::Filtered { removed })) => {
            removed.iter().for_each(|removed| app.metrics.removed(removed.reason.code()));
        }
        Err(_) => {}
    }
    plan
}

/// The tie's time to live under the route that the first name means; zero where that route has stickiness off. A turn
/// that carries signed reasoning goes back to who signed it, however long ago: nobody else can verify it.
fn sticky_ttl(published: &Published, reading: &Reading<'_>) -> Duration {
    if reading.sealed {
        return Duration::MAX;
    }
    let route = reading
        .ask
        .names
        .first()
        .and_then(|name| published.snapshot.routes.get(name.as_ref()))
        .unwrap_or(&published.snapshot.direct);
    if route.stickiness.enabled { route.stickiness.ttl } else { Duration::ZERO }
}

/// The path below the base URL, of which SDKs use three forms: the bare host, `/v1` and `/api/v1`.
fn below_base(path: &str) -> &str {
    ["/api/v1", "/v1"]
        .into_iter()
        .find_map(|base| path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/')))
        .unwrap_or(path)
}

fn asks_for_metadata(headers: &HeaderMap) -> bool {
    [METADATA, EXPERIMENTAL_METADATA]
        .into_iter()
        .any(|name| headers.get(name).is_some_and(|value| value == "enabled" || value == "true"))
}

const METADATA: HeaderName = HeaderName::from_static("x-openrouter-metadata");
const EXPERIMENTAL_METADATA: HeaderName = HeaderName::from_static("x-openrouter-experimental-metadata");
const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");

/// The dialect of an error on a path that is no operation: what the caller's headers suggest.
pub(crate) fn dialect_of(headers: &HeaderMap) -> Dialect {
    if headers.contains_key(ANTHROPIC_VERSION) { Dialect::Anthropic } else { Dialect::OpenAi }
}

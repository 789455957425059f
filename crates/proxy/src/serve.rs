//! The story of one request: taken in, decided, attempted, relayed, recorded.

use std::{
    future::{poll_fn, ready},
    hash::Hasher as _,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};
use hyper::body::Incoming;
use outrigger_probe::browser;
use outrigger_route::{Plan, snapshot::Route};
use outrigger_wire::{Dialect, Operation, request::hasher, resume::Partial};

use crate::{
    App,
    attempt::{self, Context},
    crossing,
    error::Error,
    intake::{self, Reading, Taken},
    listen::Caller,
    models,
    record::Record,
    relay::{self, Body},
    resume::Resume,
    signals::lock,
    state::Published,
};

/// The dialect of a path: where none is served, OpenAI's.
pub(crate) fn dialect_at(path: &str) -> Dialect {
    Operation::from_path(below_base(path)).map_or(Dialect::OpenAi, Operation::dialect)
}

/// A response that is on its way.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// Answers one request on the callers' listener. What is looked at of its head is looked at here: what waits carries no
/// more than it needs.
pub(crate) fn serve(app: &Arc<App>, request: Request<Incoming>, caller: &Caller) -> Answering {
    let path = below_base(request.uri().path());
    if let Some(refusal) = browser::refusal(request.headers(), caller.to, &app.config.hosts) {
        let operation = Operation::from_path(path).unwrap_or(Operation::ChatCompletions);
        let record = Record::open(app, operation);
        return at_once(relay::error(&Error::Browser(refusal), record, dialect_at(request.uri().path())));
    }
    let operation = match Operation::from_path(path) {
        Some(operation) if request.method() == Method::POST => operation,
        Some(operation) => {
            let record = Record::open(app, operation);
            return at_once(relay::error(&Error::Method("POST"), record, operation.dialect()));
        }
        None => return at_once(models::serve(app, path, &request)),
    };
    let mut record = Record::open(app, operation);
    let (head, body) = request.into_parts();
    record.watch = Some(caller.watch.clone());
    record.numeric_codes = head.uri.path().starts_with("/api/v1/");
    Box::pin(infer(app.clone(), operation, head.headers, body, record))
}

fn at_once(response: Response<Body>) -> Answering {
    Box::pin(ready(response))
}

/// One inference request from head to body.
async fn infer(
    app: Arc<App>,
    operation: Operation,
    headers: HeaderMap,
    body: Incoming,
    mut record: Box<Record>,
) -> Response<Body> {
    let wants_metadata = asks_for_metadata(&headers);
    // Whoever still waits when the drain's time is up gets an error, not a dead connection (R-DRAIN-3).
    let answered = until_cut(&app, pin!(answer(&app, operation, headers, body, &mut record))).await;
    match answered {
        Ok(Answer { committed, plan, resume }) => {
            relay::to_caller(&app, committed, &plan, record, wants_metadata, resume)
        }
        Err(error) => relay::error(&error, record, operation.dialect()),
    }
}

/// Waits for an answer for as long as we stay.
async fn until_cut(
    app: &App,
    mut answering: Pin<&mut impl Future<Output = Result<Answer, Error>>>,
) -> Result<Answer, Error> {
    poll_fn(|cx| match answering.as_mut().poll(cx) {
        Poll::Pending if app.departure.is_cut() => Poll::Ready(Err(Error::ShuttingDown)),
        polled => polled,
    })
    .await
}

/// Takes in, reads, decides, attempts. The request's body is let go with this, unless the route may need it again.
async fn answer(
    app: &Arc<App>,
    operation: Operation,
    headers: HeaderMap,
    body: Incoming,
    record: &mut Record,
) -> Result<Answer, Error> {
    let watch = record.watch.clone().unwrap_or_default();
    let taken = intake::take(app, operation, headers, body, record.started(), &watch).await?;
    let published = app.state.load();
    published.ready()?;
    let mut reading = intake::read(taken.operation, &taken.headers, &taken.body)?;
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
    committed: Box<attempt::Committed>,
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
        let route = first_route(published, reading);
        record.conversation = intake::conversation(&taken.headers, &reading.head)
            .map(|conversation| whose(conversation, route, &taken.headers));
        let ttl = tie_ttl(route, reading);
        reading.ask.sticky =
            record.conversation.and_then(|conversation| lock(&app.sticky).tie_of(conversation, now, ttl));
        // Nobody but its issuer can verify sealed reasoning: that is worth as much as a cache.
        if let Some(tie) = reading.ask.sticky.as_mut().filter(|_| reading.sealed) {
            tie.warm = true;
        }
    }
    let (snapshot, draw) = (&published.snapshot, fastrand::u64(..));
    let plan = crossing::decide(snapshot, taken.operation, reading, &taken.body, &published.health, now, draw)
        .map_err(Error::NoRoute);
    match &plan {
        Ok(plan) => {
            record.route = Some(plan.route.clone());
            record.counters = Some(published.routes.of(&plan.route).clone());
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

/// The route that the first name means.
fn first_route<'p>(published: &'p Published, reading: &Reading<'_>) -> &'p Arc<Route> {
    let snapshot = &published.snapshot;
    reading.ask.names.first().and_then(|name| snapshot.routes.get(name.as_ref())).unwrap_or(&snapshot.direct)
}

/// A conversation is that of one route and of one caller, who is known by the key that it brings (H25).
fn whose(conversation: u64, route: &Route, headers: &HeaderMap) -> u64 {
    let mut hash = hasher();
    hash.write_u64(conversation);
    hash.write(route.name.as_bytes());
    let key = headers.get(header::AUTHORIZATION).or_else(|| headers.get(X_API_KEY));
    hash.write(key.map(HeaderValue::as_bytes).unwrap_or_default());
    hash.finish()
}

/// The tie's time to live under `route`; zero where that has stickiness off. A turn that carries signed reasoning goes back
/// to who signed it, however long ago: nobody else can verify it.
fn tie_ttl(route: &Route, reading: &Reading<'_>) -> Duration {
    match (reading.sealed, route.stickiness.enabled) {
        (true, _) => Duration::MAX,
        (false, true) => route.stickiness.ttl,
        (false, false) => Duration::ZERO,
    }
}

/// The path below the base URL, of which SDKs use three forms: the bare host, `/v1` and `/api/v1`.
fn below_base(path: &str) -> &str {
    ["/api/v1", "/v1"]
        .into_iter()
        .find_map(|base| path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/')))
        .unwrap_or(path)
}

fn asks_for_metadata(headers: &HeaderMap) -> bool {
    headers.iter().any(|(name, value)| {
        matches!(name.as_str(), "x-openrouter-metadata" | "x-openrouter-experimental-metadata")
            && (value == "enabled" || value == "true")
    })
}

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");

/// The dialect of an error on a path that is no operation: what the caller's headers suggest.
pub(crate) fn dialect_of(headers: &HeaderMap) -> Dialect {
    if headers.contains_key(ANTHROPIC_VERSION) { Dialect::Anthropic } else { Dialect::OpenAi }
}

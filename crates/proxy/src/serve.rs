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
use outrigger_wire::{Operation, request::hasher, resume::Partial};

use crate::{
    app::App,
    attempt::{self, answered::Committed, context::Context},
    books::Books,
    caller::Caller,
    crossing,
    error::Error,
    intake::{self, Reading, Taken},
    ledger::note::Decision,
    lock::lock,
    models,
    paths::{below_base, dialect_at, has_numeric_codes},
    record::{
        Record,
        asked::{Asked, Routed},
    },
    relay::{self, Body},
    resume::{Means, Resume},
    state::Published,
    trace::trail,
};

/// A response that is on its way.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// Answers one request on the callers' listener. What is looked at of its head is looked at here: what waits carries no
/// more than it needs.
pub(crate) fn serve(app: &Arc<App>, request: Request<Incoming>, caller: &Caller) -> Answering {
    let path = below_base(request.uri().path());
    let open = |operation| Record::open(&app.books, operation, &caller.watch, has_numeric_codes(request.uri().path()));
    if let Some(refusal) = browser::refusal(request.headers(), caller.to, &app.config.hosts) {
        let operation = Operation::from_path(path).unwrap_or(Operation::ChatCompletions);
        let dialect = dialect_at(request.uri().path());
        return at_once(relay::error(&Error::Browser(refusal), open(operation), dialect));
    }
    let operation = match Operation::from_path(path) {
        Some(operation) if request.method() == Method::POST => operation,
        Some(operation) => {
            return at_once(relay::error(&Error::Method("POST"), open(operation), operation.dialect()));
        }
        None => return at_once(models::serve(app, path, &request)),
    };
    let mut record = open(operation);
    record.trace(request.headers());
    let (head, body) = request.into_parts();
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
            relay::to_caller(&app.allowance, committed, &plan, record, wants_metadata, resume)
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
        Poll::Pending if app.books.departure.is_cut() => Poll::Ready(Err(Error::ShuttingDown)),
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
    let began = app.books.clock.instant(record.started());
    let taken = intake::take(&app.allowance, operation, headers, body, began, record.watch()).await?;
    let published = app.state.load();
    published.ready()?;
    let mut reading = intake::read(taken.operation, &taken.headers, &taken.body)?;
    let decided = decide(&app.books, &published, &taken, &mut reading, record);
    let mut plan = decided.inspect_err(|error| record.refused(&taken.headers, &published, error))?;
    let fitting = app.tokens.keep_fitting(&mut plan, &taken.body).await.map_err(Error::NoRoute);
    fitting.inspect_err(|error| record.refused(&taken.headers, &published, error))?;
    record.decided(&taken.headers, &published, &plan);
    let deadline = record.started() + plan.route.timeouts.total;
    let (id, sheet, trail) = (record.id, record.sheet().cloned(), record.trail().cloned());
    let context = Context {
        clock: app.books.clock,
        metrics: &app.books.metrics,
        allowance: &app.allowance,
        tokens: &app.tokens,
        published: &published,
        taken: &taken,
        reading: &reading,
        plan: &plan,
        id: &id,
        sheet: sheet.as_deref(),
        trail: trail.as_deref(),
        deadline,
    };
    let started = Some(record.started());
    let (mut committed, served) =
        attempt::run(&context, &mut record.attempts, started).await.map_err(Error::Exhausted)?;
    // Whom nothing was sent to has served nothing, and no measure of it is taken.
    let served = committed.in_flight.is_some().then_some(served);
    record.served(served, std::mem::take(&mut committed.losses));
    // What is continued are the vendor's own events, so an answer in translation is not.
    let continues = plan.route.failover.continue_on_break && committed.echo.is_none();
    let partial = continues.then(|| Partial::begin(taken.operation, &reading.head)).flatten();
    let resume = partial.map(|partial| {
        let (books, allowance, tokens) = (app.books.clone(), app.allowance.clone(), app.tokens.clone());
        let means = Means { books, allowance, tokens, sheet, trail };
        Box::new(Resume::new(means, published, taken, plan.clone(), partial, deadline))
    });
    Ok(Answer { committed, plan, resume })
}

/// An answer to relay.
struct Answer {
    committed: Box<Committed>,
    plan: Plan,
    /// What it takes to continue it elsewhere, on a route that opts in.
    resume: Option<Box<Resume>>,
}

/// The plan, and what the record says of it.
pub(crate) fn decide(
    books: &Books,
    published: &Arc<Published>,
    taken: &Taken,
    reading: &mut Reading<'_>,
    record: &mut Record,
) -> Result<Plan, Error> {
    let now = books.clock.now();
    let conversation = conversation(published, taken, reading);
    if let Some(Conversation { id, ttl }) = conversation {
        reading.ask.sticky = lock(&books.sticky).tie_of(id, now, ttl);
        // Nobody but its issuer can verify sealed reasoning: that is worth as much as a cache.
        if let Some(tie) = reading.ask.sticky.as_mut().filter(|_| reading.sealed) {
            tie.warm = true;
        }
    }
    record.asked(Asked {
        requested: reading.ask.names.first().map(|name| name.as_ref().into()).unwrap_or_default(),
        streamed: reading.head.stream,
        prompt_bytes: taken.body.len() as u64,
        conversation: conversation.map(|conversation| conversation.id),
    });
    if let Some(sheet) = record.sheet() {
        sheet.read(&taken.headers, &reading.head);
    }
    let (snapshot, draw) = (&published.snapshot, fastrand::u64(..));
    let plan = crossing::decide(snapshot, taken.operation, reading, &taken.body, &published.health, now, draw)
        .map_err(Error::NoRoute);
    let removed = match &plan {
        Ok(plan) => {
            let counters = published.routes.of(&plan.route).clone();
            if let Some(sheet) = record.sheet() {
                sheet.decided(Decision {
                    strategy: plan.ordering.as_str(),
                    candidates: plan.candidates.len() + plan.removed.len(),
                    excluded: plan.removed.len(),
                    revision: snapshot.revision.clone(),
                    sticky: reading.ask.sticky.is_some_and(|tie| plan.candidates[0].target.id == tie.target),
                });
            }
            if let Some(trail) = record.trail() {
                let revision = snapshot.revision.clone();
                trail.decided(trail::Decision { revision, strategy: plan.ordering.as_str() });
            }
            record.routed(Routed { route: plan.route.clone(), counters });
            record.asks(taken.operation, &taken.body);
            &*plan.removed
        }
        Err(Error::NoRoute(outrigger_route::NoRoute::Filtered { removed })) => removed,
        Err(_) => &[],
    };
    removed.iter().for_each(|removed| books.metrics.removed(removed.reason.code()));
    plan
}

/// A conversation, and how long it stays with who had its last turn.
#[derive(Clone, Copy)]
struct Conversation {
    id: u64,
    ttl: Duration,
}

/// The one that a request is a turn of. None where the caller says itself in what order to ask.
fn conversation(published: &Published, taken: &Taken, reading: &Reading<'_>) -> Option<Conversation> {
    if !taken.operation.generates() || !reading.ask.preferences.order.is_empty() {
        return None;
    }
    let route = first_route(published, reading);
    let said = intake::conversation(&taken.headers, &reading.head)?;
    Some(Conversation { id: whose(said, route, &taken.headers), ttl: tie_ttl(route, reading) })
}

/// The route that the first name means.
fn first_route<'p>(published: &'p Published, reading: &Reading<'_>) -> &'p Arc<Route> {
    let snapshot = &published.snapshot;
    reading.ask.names.first().and_then(|name| snapshot.routes.get(name.as_ref())).unwrap_or(&snapshot.direct)
}

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

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

fn asks_for_metadata(headers: &HeaderMap) -> bool {
    headers.iter().any(|(name, value)| {
        matches!(name.as_str(), "x-openrouter-metadata" | "x-openrouter-experimental-metadata")
            && (value == "enabled" || value == "true")
    })
}

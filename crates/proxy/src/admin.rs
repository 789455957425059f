//! Our own pages, on their own port and their own thread: `/metrics`, `/readyz`, `/livez`, `/config`, `/explain`.

use std::{
    convert::Infallible,
    sync::{Arc, Weak},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use outrigger_probe::{Pages, Peer, browser};
use outrigger_route::hash::Hex;
use outrigger_telemetry::memory;
use outrigger_wire::{Dialect, Operation};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{about::About, app::App, explain::explain, intake, lock::lock, watch::Watch};

/// How often samples go into their buckets. A scrape does it too, but nobody has to scrape.
const UPKEEP: Duration = Duration::from_secs(5);

/// Serves the pages until the task is dropped; on `probe`, those that a cluster may see.
pub(crate) async fn accept(app: Arc<App>, listener: TcpListener, probe: Option<TcpListener>) -> Infallible {
    tokio::spawn(upkeep(Arc::downgrade(&app)));
    if let Some(probe) = probe {
        tokio::spawn(outrigger_probe::serve(probe, app.clone()));
    }
    outrigger_probe::accept(listener, move |request, peer| {
        let app = app.clone();
        async move { page(&app, request, peer).await }
    })
    .await
}

impl Pages for App {
    fn metrics(&self) -> String {
        let metrics = &self.books.metrics;
        metrics.buffered.set(self.allowance.held() as f64);
        metrics.stale.set(self.staleness.seconds().unwrap_or_default() as f64);
        metrics.resident.set(memory::resident().unwrap_or_default() as f64);
        metrics.in_flight.set(self.books.requests.open() as f64);
        if let Some(decisions) = &self.books.decisions {
            metrics.decisions_dropped.absolute(decisions.dropped());
        }
        self.books.ledger.iter().for_each(|ledger| ledger.measure(&metrics.registry));
        self.books.tracer.iter().for_each(|tracer| tracer.measure(&metrics.registry));
        metrics.registry.upkeep();
        metrics.registry.render()
    }

    /// Readiness: a policy was applied, whatever it holds, and we are not leaving. Never the health of providers (R-LIFE-2).
    fn pending(&self) -> Option<String> {
        if self.is_draining() {
            return Some("draining".to_owned());
        }
        if self.state.load().policy().is_some() {
            return None;
        }
        let waiting = lock(&self.waiting);
        Some(waiting.as_ref().map_or_else(|| "no policy yet".to_owned(), |why| format!("no policy yet: {why}")))
    }
}

/// Ends with the sidecar.
async fn upkeep(app: Weak<App>) {
    while let Some(app) = app.upgrade() {
        app.books.metrics.registry.upkeep();
        drop(app);
        tokio::time::sleep(UPKEEP).await;
    }
}

async fn page(app: &Arc<App>, request: Request<Incoming>, peer: Peer) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    // What says what is served, and what would become of a request, is for people and programs of this machine: never for a
    // web page that a browser on it has open (H7).
    if !matches!(path, "/metrics" | "/livez" | "/readyz")
        && let Some(why) = browser::refusal(request.headers(), peer.to.ip(), &app.config.hosts)
    {
        return text(StatusCode::FORBIDDEN, "text/plain", format!("{why}\n"));
    }
    match (request.method(), path) {
        (&Method::GET, "/metrics") => text(StatusCode::OK, "text/plain; version=0.0.4", Pages::metrics(&**app)),
        // Liveness depends on nothing but this process (K4), also while draining (R-LIFE-3).
        (&Method::GET, "/livez") => text(StatusCode::OK, "text/plain", "ok\n".to_owned()),
        (&Method::GET, "/readyz") => match app.pending() {
            None => text(StatusCode::OK, "text/plain", "ok\n".to_owned()),
            Some(why) => text(StatusCode::SERVICE_UNAVAILABLE, "text/plain", format!("{why}\n")),
        },
        (&Method::GET, "/config") => json_page(&config(app)),
        (&Method::POST, "/explain") => explain_page(app, request).await,
        (&Method::GET, "/") => text(
            StatusCode::OK,
            "text/plain",
            "/metrics  /readyz  /livez  /config  POST /explain (a request body; ?path=/chat/completions)\n".to_owned(),
        ),
        _ => text(StatusCode::NOT_FOUND, "text/plain", "no such page\n".to_owned()),
    }
}

/// What is being served. Keys are named, never shown (Z6).
fn config(app: &App) -> Value {
    let published = app.state.load();
    let snapshot = &published.snapshot;
    let mut providers: Vec<_> = snapshot.targets.iter().map(|target| &target.provider).collect();
    providers.sort_by(|a, b| a.name.cmp(&b.name));
    providers.dedup_by(|a, b| a.name == b.name);
    let mut routes: Vec<_> = snapshot.routes.values().collect();
    routes.sort_by(|a, b| a.name.cmp(&b.name));
    routes.dedup_by(|a, b| a.name == b.name);
    json!({
        "version": outrigger_telemetry::build::VERSION,
        "revision": published.policy().map(|policy| &policy.revision),
        "stale_s": app.staleness.seconds(),
        "workload": workload(app),
        "since_unix": published.since.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs(),
        "settings": {
            "listen": app.config.listen.to_string(),
            "max_body": app.config.max_body,
            "buffer_budget": app.config.buffer_budget,
            "answer_budget": app.config.answer_budget,
            "drain_timeout_s": app.config.drain_timeout.as_secs_f64(),
            "upstream_ca": app.config.upstream_ca,
            "upstream_ca_only": app.config.upstream_ca_only,
            "proxies": app.config.proxies.told(),
        },
        "providers": providers.iter().map(|provider| json!({
            "name": provider.name,
            "slug": provider.slug,
            "dialects": provider.dialects.iter().map(Dialect::as_str).collect::<Vec<_>>(),
            "base_url": provider.base_url,
            // By whom alone it is known; null: by whom the settings say.
            "authorities": provider.authorities.as_ref().map(|it| json!({
                "certificates": it.certificates().len(),
                "hash": Hex(&it.id()[..16]).to_string(),
            })),
            "region": provider.region,
            "credentials": provider.credentials.iter().map(|c| &*c.name).collect::<Vec<_>>(),
            "models": snapshot.targets.iter().filter(|t| t.provider.name == provider.name).count(),
        })).collect::<Vec<_>>(),
        "routes": routes.iter().map(|route| json!({
            "name": route.name,
            "strategy": route.strategy.as_str(),
            "attempts": route.failover.attempts,
            "targets": route.targets.iter().filter_map(|line| snapshot.targets.get(line.slot as usize).map(|target| json!({
                "provider": target.provider.name,
                "model": target.model,
                "priority": line.priority,
                "weight": line.weight,
            }))).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "problems": *lock(&app.problems),
    })
}

/// Whom it runs beside, or `null`.
fn workload(app: &App) -> Value {
    app.books.about.load().as_deref().map_or(Value::Null, About::to_json)
}

async fn explain_page(app: &Arc<App>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let path = request.uri().query().and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("path=")));
    let operation = path.and_then(Operation::from_path).unwrap_or(Operation::ChatCompletions);
    let (head, body) = request.into_parts();
    // Held against the same budget as a request that is to be answered (H16).
    let taken = match intake::take(
        &app.allowance,
        operation,
        head.headers,
        body,
        tokio::time::Instant::now(),
        &Watch::default(),
    )
    .await
    {
        Ok(taken) => taken,
        Err(error) => return text(error.status(), "text/plain", format!("{}: {}\n", error.code(), error.message())),
    };
    let published = app.state.load();
    if let Err(pending) = published.ready() {
        return json_page(&json!({"error": {"code": pending.code(), "message": pending.message()}}));
    }
    let mut explained = explain(
        &published.snapshot,
        &published.health,
        operation,
        &taken.headers,
        &taken.body,
        app.books.clock.now(),
        fastrand::u64(..),
        app.tokens.counter(),
    );
    explained["workload"] = workload(app);
    json_page(&explained)
}

fn json_page(value: &Value) -> Response<Full<Bytes>> {
    text(StatusCode::OK, "application/json", format!("{value:#}\n"))
}

fn text(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

//! Our own pages, on their own port and their own thread: `/metrics`, `/readyz`, `/livez`, `/config`, `/explain`.

use std::{
    convert::Infallible,
    sync::{Arc, Weak},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use outrigger_wire::Operation;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{About, App, explain};

/// How often samples go into their buckets. A scrape does it too, but nobody has to scrape.
const UPKEEP: Duration = Duration::from_secs(5);

/// Serves the pages until the task is dropped.
pub(crate) async fn accept(app: Arc<App>, listener: TcpListener) {
    tokio::spawn(upkeep(Arc::downgrade(&app)));
    while let Ok((socket, _)) = listener.accept().await {
        let app = app.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let app = app.clone();
                async move { Ok::<_, Infallible>(page(&app, request).await) }
            });
            // A scraper that breaks off is no news.
            let _ =
                http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

/// Ends with the sidecar.
async fn upkeep(app: Weak<App>) {
    while let Some(app) = app.upgrade() {
        app.metrics.registry.upkeep();
        drop(app);
        tokio::time::sleep(UPKEEP).await;
    }
}

async fn page(app: &Arc<App>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/metrics") => {
            app.metrics.buffered.set(app.budget.in_use() as f64);
            app.metrics.stale.set(app.staleness.seconds().unwrap_or_default() as f64);
            app.metrics.in_flight.set(app.requests.open() as f64);
            app.metrics.registry.upkeep();
            text(StatusCode::OK, "text/plain; version=0.0.4", app.metrics.registry.render())
        }
        // Liveness depends on nothing but this process (K4), also while draining (R-LIFE-3).
        (&Method::GET, "/livez") => text(StatusCode::OK, "text/plain", "ok\n".to_owned()),
        // Readiness: a policy was applied, whatever it holds, and we are not leaving. Never the health of providers (R-LIFE-2).
        (&Method::GET, "/readyz") if app.is_draining() => {
            text(StatusCode::SERVICE_UNAVAILABLE, "text/plain", "draining\n".to_owned())
        }
        (&Method::GET, "/readyz") if app.state.load().policy().is_none() => {
            text(StatusCode::SERVICE_UNAVAILABLE, "text/plain", "no policy yet\n".to_owned())
        }
        (&Method::GET, "/readyz") => text(StatusCode::OK, "text/plain", "ok\n".to_owned()),
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
            "drain_timeout_s": app.config.drain_timeout.as_secs_f64(),
        },
        "providers": providers.iter().map(|provider| json!({
            "name": provider.name,
            "slug": provider.slug,
            "dialect": provider.dialect.as_str(),
            "base_url": provider.base_url,
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
        "problems": *crate::signals::lock(&app.problems),
    })
}

/// Whom it runs beside, or `null`.
fn workload(app: &App) -> Value {
    app.about.load().as_deref().map_or(Value::Null, About::to_json)
}

async fn explain_page(app: &Arc<App>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let path = request.uri().query().and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("path=")));
    let operation = path.and_then(Operation::from_path).unwrap_or(Operation::ChatCompletions);
    let headers = request.headers().clone();
    let Ok(body) = Limited::new(request.into_body(), app.config.max_body).collect().await else {
        return text(StatusCode::PAYLOAD_TOO_LARGE, "text/plain", "the body is too large\n".to_owned());
    };
    let published = app.state.load();
    if let Err(pending) = published.ready() {
        return json_page(&json!({"error": {"code": pending.code(), "message": pending.message()}}));
    }
    let mut explained = explain::explain(
        &published.snapshot,
        &published.health,
        operation,
        &headers,
        &body.to_bytes(),
        app.now(),
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

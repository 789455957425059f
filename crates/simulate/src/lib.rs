//! Simulated providers: what a vendor's API looks like from outside, without a vendor behind it.
//!
//! They let a newcomer try the router with no account, no key and no network, and break one provider with one
//! command to watch the next one answer:
//!
//! ```text
//! curl -d '{"status":503,"times":3}' http://127.0.0.1:PORT/_sim/fail
//! curl -d '{"first_token_ms":2000}'  http://127.0.0.1:PORT/_sim/slow
//! curl -d '{"key":"sk-new"}'         http://127.0.0.1:PORT/_sim/key
//! curl -X POST                       http://127.0.0.1:PORT/_sim/ok
//! ```
//!
//! Every answer says that it is simulated, by whom and for which model; the same request is always answered with the
//! same words. One module per API family: [`chat`], [`responses`], [`messages`], [`media`], [`vectors`].

mod chat;
mod fault;
mod media;
mod messages;
mod reply;
mod responses;
mod text;
mod vectors;

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::{HeaderMap, Method, Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use outrigger_probe::browser;
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::{
    fault::{Faults, Verdict},
    reply::{Dialect, Paced, Reply},
};

/// Larger requests are refused with 413, as a vendor would.
const BODY_LIMIT: usize = 64 << 20;

/// A running simulated provider. Dropping it stops accepting and lets the answers under way finish.
#[derive(Debug)]
pub struct Simulated {
    /// Where it listens.
    pub addr: SocketAddr,
    _running: watch::Sender<()>,
}

/// Starts a simulated provider called `name` on a free loopback port, inside the current Tokio runtime.
///
/// # Errors
///
/// When the loopback interface has no free port.
pub async fn start(name: &str) -> io::Result<Simulated> {
    start_on(name, SocketAddr::from(([127, 0, 0, 1], 0))).await
}

/// Starts a simulated provider called `name` on `addr`, inside the current Tokio runtime.
///
/// # Errors
///
/// When nothing can listen there.
pub async fn start_on(name: &str, addr: SocketAddr) -> io::Result<Simulated> {
    let listener = TcpListener::bind(addr).await?;
    let addr = listener.local_addr()?;
    let (running, stopped) = watch::channel(());
    let sim = Arc::new(Sim { name: name.to_owned(), faults: Faults::default() });
    tokio::spawn(accept(listener, sim, stopped));
    Ok(Simulated { addr, _running: running })
}

struct Sim {
    name: String,
    faults: Faults,
}

async fn accept(listener: TcpListener, sim: Arc<Sim>, mut stopped: watch::Receiver<()>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => return,
        };
        match accepted {
            Ok((socket, _)) => {
                // Deltas are small writes; Nagle would glue them together and spoil the pace.
                let _ = socket.set_nodelay(true);
                tokio::spawn(connection(socket, Arc::clone(&sim), stopped.clone()));
            }
            // Out of file descriptors, most likely: wait for some to be returned.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn connection(socket: TcpStream, sim: Arc<Sim>, mut stopped: watch::Receiver<()>) {
    let to = socket.local_addr().map_or(Ipv6Addr::UNSPECIFIED.into(), |to| to.ip());
    let service = service_fn(move |request| {
        let sim = Arc::clone(&sim);
        async move { Ok::<_, Infallible>(sim.answer(request, to).await) }
    });
    let mut connection = std::pin::pin!(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
    // A caller that hangs up is not our error: nothing to report either way.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

impl Sim {
    async fn answer(&self, request: Request<Incoming>, to: IpAddr) -> Response<Paced> {
        let (head, body) = request.into_parts();
        let path = head.uri.path();
        let dialect = Dialect::of(path);
        if let Some(refusal) = refusal(&head.headers, to) {
            return Reply::error(dialect, 403, &format!("simulated: {refusal}")).into();
        }
        let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
            return Reply::error(dialect, 413, "simulated: the request body is too large or was cut short").into();
        };
        let body = body.to_bytes();
        if let Some(knob) = path.strip_prefix("/_sim/") {
            return fault::turn(&self.faults, &head.method, knob, &body).into();
        }
        let content_type = head.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or("");
        match self.faults.verdict(key(&head.headers)) {
            Verdict::Fail { status, retry_after } => {
                let message = format!("simulated failure of {}", self.name);
                let reply = Reply::error(dialect, status, &message);
                match retry_after {
                    Some(secs) => reply.header("retry-after", secs.to_string()),
                    None => reply,
                }
            }
            Verdict::Slow(wait) => {
                tokio::time::sleep(wait).await;
                self.route(&head.method, path, content_type, &body)
            }
            Verdict::Answer => self.route(&head.method, path, content_type, &body),
        }
        .into()
    }

    fn route(&self, method: &Method, path: &str, content_type: &str, body: &Bytes) -> Reply {
        let sim = self.name.as_str();
        let dialect = Dialect::of(path);
        let handler: fn(&str, &Value) -> Reply = match path {
            "/v1/models" if method == Method::GET => return models(sim),
            "/v1/audio/transcriptions" if method == Method::POST => {
                return media::transcription(sim, content_type, body);
            }
            "/v1/chat/completions" => chat::chat,
            "/v1/completions" => chat::completion,
            "/v1/embeddings" => vectors::embeddings,
            "/v1/rerank" => vectors::rerank,
            "/v1/moderations" => vectors::moderations,
            "/v1/responses" => responses::responses,
            "/v1/images/generations" => media::image,
            "/v1/audio/speech" => media::speech,
            "/v1/messages" => messages::messages,
            "/v1/messages/count_tokens" => messages::count_tokens,
            _ => return Reply::error(dialect, 404, &format!("simulated: unknown path {method} {path}")),
        };
        if method != Method::POST {
            return Reply::error(dialect, 405, &format!("simulated: {path} is not for {method}"));
        }
        match serde_json::from_slice::<Value>(body) {
            Ok(request) if request.is_object() => handler(sim, &request),
            Ok(_) => Reply::error(dialect, 400, "simulated: the body is not a JSON object"),
            Err(error) => Reply::error(dialect, 400, &format!("simulated: the body is not JSON: {error}")),
        }
    }
}

/// A web page is no caller (H7). Beyond loopback it is a Service that leads here, under a name that nobody here knows.
fn refusal(headers: &HeaderMap, to: IpAddr) -> Option<browser::Refusal> {
    let refusal = browser::refusal(headers, to, &[])?;
    (refusal != browser::Refusal::Host || to.to_canonical().is_loopback()).then_some(refusal)
}

/// The key that a request comes with, in either way that vendors take one.
fn key(headers: &HeaderMap) -> Option<&str> {
    let bearer = || headers.get("authorization")?.to_str().ok()?.strip_prefix("Bearer ");
    bearer().or_else(|| headers.get("x-api-key")?.to_str().ok())
}

/// Any model name is answered; these are listed so that clients which look have something to find.
fn models(sim: &str) -> Reply {
    let data: Vec<Value> = ["sim-small", "sim-large", "sim-embed"]
        .iter()
        .map(|id| json!({"id": id, "object": "model", "created": reply::CREATED, "owned_by": sim}))
        .collect();
    Reply::json(&json!({"object": "list", "data": data}))
}

#[cfg(test)]
mod tests;

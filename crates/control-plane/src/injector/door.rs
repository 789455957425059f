//! Who asks: API servers, over TLS. They prove nothing of themselves, and nothing is told here that is not in the question.

use std::{convert::Infallible, panic, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore, time::Instant, time::timeout};
use tokio_rustls::TlsAcceptor;

use super::{
    Injector,
    review::{self, NoReview, Reviewed},
};
use crate::lock::lock;

/// Where pods are asked about whose namespace's label says yes.
const BY_NAMESPACE: &str = "/mutate/namespace";
/// Where those are that have a word of their own.
const BY_POD: &str = "/mutate";
/// Connections at one time: API servers keep theirs open.
const CONNECTIONS: usize = 128;
/// Longest body: an API server holds no object as large as that.
const BODY: usize = 3 << 20;
/// How long a peer may be there without a word, take to shake hands, and to send a question.
const WORD: Duration = Duration::from_secs(5);
/// How long a connection may wait for its next question.
const IDLE: Duration = Duration::from_secs(90);
/// How long a listener rests after an `accept` that failed.
const REST: Duration = Duration::from_millis(50);

/// Serves reviews until it is dropped.
pub(super) async fn accept(listener: TcpListener, tls: TlsAcceptor, injector: Arc<Injector>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        // Beyond the bound they wait in the kernel's queue.
        let Ok(place) = room.clone().acquire_owned().await else { return };
        let socket = match listener.accept().await {
            Ok((socket, _)) => socket,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(REST).await;
                continue;
            }
        };
        let _ = socket.set_nodelay(true);
        let (tls, injector) = (tls.clone(), injector.clone());
        tokio::spawn(async move {
            let _place = place;
            let Ok(Ok(socket)) = timeout(WORD, tls.accept(socket)).await else { return };
            let service = service_fn(move |request: Request<Incoming>| {
                let injector = injector.clone();
                async move { Ok::<_, Infallible>(injector.answer(request).await) }
            });
            let mut serving = http1::Builder::new();
            let serving = serving.timer(TokioTimer::new()).header_read_timeout(IDLE);
            let _ = serving.serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

impl Injector {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let by_namespace = match (request.method(), request.uri().path()) {
            (&Method::POST, BY_NAMESPACE) => true,
            (&Method::POST, BY_POD) => false,
            _ => return page(StatusCode::NOT_FOUND, "text/plain", "reviews are answered at /mutate, by POST\n".into()),
        };
        let body = match timeout(WORD, Limited::new(request.into_body(), BODY).collect()).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => return closing(StatusCode::PAYLOAD_TOO_LARGE, "it is longer than 3 MiB, or broke off\n"),
            Err(_) => return closing(StatusCode::REQUEST_TIMEOUT, "it did not come in time\n"),
        };
        let began = Instant::now();
        let profiles = |namespace: &str, name: &str| self.profiles.get(namespace, name);
        let reviewed = panic::catch_unwind(panic::AssertUnwindSafe(|| {
            review::review(&body, by_namespace, &self.settings, &profiles)
        }));
        match reviewed {
            Ok(Ok(Reviewed { answer, code, said })) => {
                self.metrics.reviewed(code, began.elapsed());
                if !said.is_empty() {
                    let mut recorder = lock(&self.recorder);
                    said.into_iter().for_each(|said| recorder.say(said, self.began.elapsed()));
                }
                page(StatusCode::OK, "application/json", serde_json::to_vec(&answer).unwrap_or_default().into())
            }
            Ok(Err(NoReview)) => {
                self.metrics.reviewed("no_review", began.elapsed());
                page(StatusCode::BAD_REQUEST, "text/plain", "this is no AdmissionReview of a pod\n".into())
            }
            Err(_) => {
                tracing::error!(code = "review_failed", "a pod could not be reviewed: this is a bug");
                self.metrics.reviewed("no_review", began.elapsed());
                page(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", "the injector failed: this is a bug\n".into())
            }
        }
    }
}

fn page(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}

/// What is left of the question is not read.
fn closing(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = page(status, "text/plain", text.into());
    response.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    response
}

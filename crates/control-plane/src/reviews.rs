//! How API servers ask webhooks: over TLS and HTTP/1.1, on connections that they keep. They prove nothing of themselves.

use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};

use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore, time::timeout};
use tokio_rustls::TlsAcceptor;

use crate::roster::Page;

/// Connections at one time: API servers keep theirs open.
const CONNECTIONS: usize = 128;
/// Longest body: an API server holds no object as large as that, and a review has two of them.
pub(crate) const BODY: usize = 3 << 20;
/// How long a peer may be there without a word, and take to shake hands.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long a connection may wait for its next review.
const IDLE: Duration = Duration::from_secs(90);
/// How long a listener rests after an `accept` that failed.
const REST: Duration = Duration::from_millis(50);

/// Who answers.
pub(crate) trait Answers: Send + Sync + 'static {
    /// The answer to this. One that says that the request was too long, or too slow, ends the connection: what is left of it
    /// is not read.
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Response<Page>> + Send;
}

/// Serves reviews until it is dropped.
pub(crate) async fn accept(listener: TcpListener, tls: TlsAcceptor, answers: Arc<impl Answers>) {
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
        let (tls, answers) = (tls.clone(), answers.clone());
        tokio::spawn(async move {
            let _place = place;
            let Ok(Ok(socket)) = timeout(HANDSHAKE, tls.accept(socket)).await else { return };
            let service = service_fn(move |request: Request<Incoming>| {
                let answers = answers.clone();
                async move {
                    let mut answer = Box::pin(answers.answer(request)).await;
                    if [StatusCode::PAYLOAD_TOO_LARGE, StatusCode::REQUEST_TIMEOUT].contains(&answer.status()) {
                        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                    }
                    Ok::<_, Infallible>(answer)
                }
            });
            let mut serving = http1::Builder::new();
            let serving = serving.timer(TokioTimer::new()).header_read_timeout(IDLE);
            let _ = serving.serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

//! How API servers ask webhooks: over TLS and HTTP/1.1, on connections that they keep. They prove nothing of themselves.

use std::{convert::Infallible, future::Future, pin::pin, sync::Arc, time::Duration};

use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::{Semaphore, watch},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use crate::roster::Page;

/// Connections at one time: API servers keep theirs open.
const CONNECTIONS: u32 = 128;
/// Longest body: an API server holds no object as large as that, and a review has two of them.
pub(crate) const BODY: usize = 3 << 20;
/// How long a peer may be there without a word, and take to shake hands.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long a connection may wait for its next review.
const IDLE: Duration = Duration::from_secs(90);
/// How long a listener rests after an `accept` that failed.
const REST: Duration = Duration::from_millis(50);

/// How long reviews that are under way may take when we end: with what an injector waits before, less than the ten seconds
/// that its chart lets it leave in.
const LAST: Duration = Duration::from_secs(4);

/// How far whoever answers has come with leaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// Not at all.
    Staying,
    /// Everybody is answered, and told to ask elsewhere next time: API servers go on asking for some seconds, on connections
    /// that they keep and on new ones.
    Leaving,
    /// What is under way is answered, and nothing else.
    Ending,
}

/// Who answers.
pub(crate) trait Answers: Send + Sync + 'static {
    /// The answer to this. One that says that the request was too long, or too slow, ends the connection: what is left of it
    /// is not read.
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Response<Page>> + Send;
}

/// Serves reviews until it is dropped, or until the last that was under way when `stage` came to its end.
pub(crate) async fn accept(
    listener: TcpListener,
    tls: TlsAcceptor,
    answers: Arc<impl Answers>,
    stage: watch::Receiver<Stage>,
) {
    let room = Arc::new(Semaphore::new(CONNECTIONS as usize));
    let mut end = stage.clone();
    loop {
        let next = async {
            // Beyond the bound they wait in the kernel's queue.
            let place = room.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            () = ends(&mut end) => break,
        };
        let Ok(place) = place else { return };
        let socket = match accepted {
            Ok((socket, _)) => socket,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(REST).await;
                continue;
            }
        };
        let _ = socket.set_nodelay(true);
        let (tls, answers, stage) = (tls.clone(), answers.clone(), stage.clone());
        tokio::spawn(async move {
            let _place = place;
            let Ok(Ok(socket)) = timeout(HANDSHAKE, tls.accept(socket)).await else { return };
            serve(socket, answers, stage).await;
        });
    }
    let _ = timeout(LAST, room.acquire_many(CONNECTIONS)).await;
}

/// Serves one connection, until its peer has had enough or we end.
async fn serve<T>(socket: T, answers: Arc<impl Answers>, mut stage: watch::Receiver<Stage>)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let now = stage.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let (answers, now) = (answers.clone(), now.clone());
        async move {
            let mut answer = Box::pin(answers.answer(request)).await;
            let cut = [StatusCode::PAYLOAD_TOO_LARGE, StatusCode::REQUEST_TIMEOUT].contains(&answer.status());
            if cut || *now.borrow() > Stage::Staying {
                answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let mut serving = http1::Builder::new();
    let serving = serving.timer(TokioTimer::new()).header_read_timeout(IDLE);
    let mut serving = pin!(serving.serve_connection(TokioIo::new(socket), service));
    tokio::select! {
        _ = serving.as_mut() => return,
        () = ends(&mut stage) => serving.as_mut().graceful_shutdown(),
    }
    let _ = serving.await;
}

/// Ready at the end; never for one that nobody can end.
async fn ends(stage: &mut watch::Receiver<Stage>) {
    if stage.wait_for(|stage| *stage == Stage::Ending).await.is_err() {
        std::future::pending().await
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream},
        sync::Notify,
        task::JoinHandle,
    };

    use super::*;
    use crate::roster::text;

    /// Answers when it is told to.
    #[derive(Default)]
    struct Slow {
        asked: Notify,
        go: Notify,
    }

    impl Answers for Slow {
        async fn answer(&self, _: Request<Incoming>) -> Response<Page> {
            self.asked.notify_one();
            self.go.notified().await;
            text(StatusCode::OK, "text/plain", "answered".to_owned())
        }
    }

    fn connected(answers: &Arc<Slow>, stage: &watch::Sender<Stage>) -> (DuplexStream, JoinHandle<()>) {
        let (ours, theirs) = tokio::io::duplex(4096);
        (ours, tokio::spawn(serve(theirs, answers.clone(), stage.subscribe())))
    }

    async fn ask(peer: &mut DuplexStream) {
        peer.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    }

    async fn answer(peer: &mut DuplexStream) -> String {
        let mut bytes = vec![0; 4096];
        let mut said = String::new();
        while !said.ends_with("answered") {
            let count = peer.read(&mut bytes).await.unwrap();
            assert!(count > 0, "{said}");
            said += std::str::from_utf8(&bytes[..count]).unwrap();
        }
        said
    }

    /// R-INJ-6: whoever leaves answers everybody, on a kept connection too, and says that the next is for somebody else.
    #[tokio::test]
    async fn one_that_leaves_answers_and_keeps_no_connection() {
        let (answers, (stage, _)) = (Arc::new(Slow::default()), watch::channel(Stage::Staying));
        let (mut peer, served) = connected(&answers, &stage);
        answers.go.notify_one();
        ask(&mut peer).await;
        assert!(!answer(&mut peer).await.contains("connection: close"));
        stage.send_replace(Stage::Leaving);
        answers.go.notify_one();
        ask(&mut peer).await;
        assert!(answer(&mut peer).await.contains("connection: close"));
        served.await.unwrap();
    }

    /// What is under way at the end is answered; what waits for a question is closed.
    #[tokio::test]
    async fn one_that_ends_answers_what_is_under_way() {
        let (answers, (stage, _)) = (Arc::new(Slow::default()), watch::channel(Stage::Staying));
        let (mut idle, closed) = connected(&answers, &stage);
        let (mut busy, served) = connected(&answers, &stage);
        ask(&mut busy).await;
        answers.asked.notified().await;
        stage.send_replace(Stage::Ending);
        closed.await.unwrap();
        assert_eq!(idle.read(&mut [0; 8]).await.unwrap(), 0);
        answers.go.notify_one();
        answer(&mut busy).await;
        served.await.unwrap();
    }
}

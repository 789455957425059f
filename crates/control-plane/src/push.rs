//! Policy to sidecars, over gRPC.
//!
//! The one streaming method is served by hand on hyper: what a view's sidecars are sent is encoded and compressed once and
//! shared by all of them, and a stream that waits is one small state machine instead of a task, a channel and two buffers.
//! With 10,000 idle streams that is the most of what the process holds.

mod bearer;
mod body;
pub(crate) mod frame;
pub(crate) mod people;
mod service;
pub(crate) mod status;

use std::{
    convert::Infallible,
    error::Error,
    future::Future,
    io,
    net::IpAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

pub(crate) use bearer::bearer;
use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
pub(crate) use people::People;
pub(crate) use service::{Service, grpc};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::Semaphore,
};
use tokio_rustls::TlsAcceptor;

/// Handshakes under way at one time: after a restart everybody comes at once, and each costs half a millisecond.
const HANDSHAKES: usize = 64;
/// How long a peer may be there without a word.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long it waits for its turn: as long as somebody waits for an answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a turn is.
const TURN: Duration = Duration::from_secs(10);
/// Longer than any stream lives: a connection that is older has none.
const OLDEST: Duration = Duration::from_secs(65 * 60);
/// How long a connection may be there without a call whose token is good.
const STRANGER: Duration = Duration::from_secs(30);
/// How often a quiet peer is asked whether it is still there, and how long it may take to answer: one that is gone without
/// a word is found within half a minute.
const PING: Duration = Duration::from_secs(20);
const PONG: Duration = Duration::from_secs(8);
/// Room for a token and little else.
const HEADERS: u32 = 16 << 10;
/// How long a listener rests after an `accept` that failed for want of something that comes back.
const REST: Duration = Duration::from_millis(50);

/// Where a call comes from: an extension of its request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Who answers what comes on a connection.
pub(crate) trait Calls: Send + Sync + 'static {
    /// What an answer holds.
    type Body: http_body::Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static;

    /// The answer, and whether it is to a call whose token is good.
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = (Response<Self::Body>, bool)> + Send;
}

/// Accepts sidecars until it is dropped. `tls`: `None` for plain HTTP. `most`: connections at one time.
pub(crate) async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, service: Arc<impl Calls>, most: usize) {
    let (room, handshakes) = (Arc::new(Semaphore::new(most)), Arc::new(Semaphore::new(HANDSHAKES)));
    loop {
        // Beyond the bound they wait in the kernel's queue, and then elsewhere.
        let Ok(place) = room.clone().acquire_owned().await else { return };
        let (socket, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(REST).await;
                continue;
            }
        };
        let _ = socket.set_nodelay(true);
        let peer = Peer(peer.ip().to_canonical());
        let (tls, service, handshakes) = (tls.clone(), service.clone(), handshakes.clone());
        tokio::spawn(async move {
            // Who says nothing takes nobody's turn.
            let Ok(Ok(())) = tokio::time::timeout(HANDSHAKE, socket.readable()).await else { return };
            let Ok(Ok(turn)) = tokio::time::timeout(PATIENCE, handshakes.acquire()).await else { return };
            let shaken = async {
                Ok::<_, io::Error>(match tls {
                    Some(tls) => Socket::Tls(Box::new(tls.accept(socket).await?)),
                    None => Socket::Plain(socket),
                })
            };
            // From here on: who waited for a turn would be cut off in the middle of it, and have to wait again.
            let shaken = tokio::time::timeout(TURN, shaken).await;
            drop(turn);
            match shaken {
                // In a task of its own: this one is as large as a handshake, and would be for as long as the connection.
                Ok(Ok(Socket::Tls(socket))) => drop(tokio::spawn(serve(socket, peer, service, place))),
                Ok(Ok(Socket::Plain(socket))) => drop(tokio::spawn(serve(socket, peer, service, place))),
                Ok(Err(error)) => tracing::debug!(%error, "a handshake failed"),
                Err(_) => tracing::debug!("a handshake took too long"),
            }
        });
    }
}

enum Socket {
    Tls(Box<tokio_rustls::server::TlsStream<tokio::net::TcpStream>>),
    Plain(tokio::net::TcpStream),
}

async fn serve(
    socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    service: Arc<impl Calls>,
    _place: tokio::sync::OwnedSemaphorePermit,
) {
    let known = Arc::new(AtomicBool::new(false));
    let is_known = known.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let (service, known) = (service.clone(), known.clone());
        // Apart, and given back with the answer: the task of a stream is as large as the largest it ever holds.
        Box::pin(async move {
            let (answer, good) = service.answer(request).await;
            known.fetch_or(good, Relaxed);
            Ok::<_, Infallible>(answer)
        })
    });
    // In its place at once: what is moved into an `await` has its room twice.
    let mut connection = pin!(
        http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING)
            .keep_alive_timeout(PONG)
            .initial_connection_window_size(65_535)
            .initial_stream_window_size(65_535)
            .max_concurrent_streams(4)
            .max_header_list_size(HEADERS)
            .serve_connection(TokioIo::new(socket), service)
    );
    let done = match tokio::time::timeout(STRANGER, connection.as_mut()).await {
        Ok(done) => done,
        // Somebody who holds a place and no token.
        Err(_) if !is_known.load(Relaxed) => return,
        Err(_) => match tokio::time::timeout(OLDEST, connection).await {
            Ok(done) => done,
            Err(_) => return,
        },
    };
    if let Err(error) = done {
        tracing::debug!(%error, "a sidecar's connection broke");
    }
}

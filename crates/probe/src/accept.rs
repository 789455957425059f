//! Connections of few at a time: accepted for ever, bounded in number, in their head and in their life.

use std::{
    collections::VecDeque, convert::Infallible, error::Error, future::Future, io, net::SocketAddr, time::Duration,
};

use http::{Request, Response};
use http_body::Body;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
    time::Instant,
};

/// Connections at one time. Probes and scrapers are few, and each is there for a moment: with one more the oldest is closed,
/// so that whoever holds connections open keeps nobody else from the pages.
pub(crate) const MOST: usize = 64;
/// How long the head of a request may take to come.
pub(crate) const HEAD_WITHIN: Duration = Duration::from_secs(5);
/// Most bytes of a head. A longer one is answered 431.
pub(crate) const HEAD_BYTES: usize = 16 << 10;
/// How long a connection may live. It carries one request: a slow reader of its answer is cut off then.
pub(crate) const LIFE: Duration = Duration::from_secs(60);
/// How long the listener rests after an `accept` that failed: some descriptors may be closed by then.
const REST: Duration = Duration::from_millis(50);
/// How often it is said that it fails.
const COMPLAINT: Duration = Duration::from_secs(10);

/// Both ends of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Who has come.
    pub from: SocketAddr,
    /// Where it has come to: of a listener on every address, the one that was dialled.
    pub to: SocketAddr,
}

/// Where connections come from: a listener, or something that fails as one does.
pub trait Accept {
    /// A connection.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next one.
    fn next(&self) -> impl Future<Output = io::Result<(Self::Io, Peer)>> + Send;
}

impl Accept for TcpListener {
    type Io = TcpStream;

    async fn next(&self) -> io::Result<(TcpStream, Peer)> {
        let (socket, from) = self.accept().await?;
        let to = socket.local_addr()?;
        Ok((socket, Peer { from, to }))
    }
}

/// Has `page` answer whoever comes, until it is dropped; then open connections end too. No `accept` that fails ends it: out
/// of file descriptors, it waits for some to be closed. A connection carries one request.
pub async fn accept<L, F, B>(
    listener: L,
    page: impl Fn(Request<Incoming>, Peer) -> F + Clone + Send + Sync + 'static,
) -> Infallible
where
    L: Accept,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut open = Open::default();
    let mut complained: Option<Instant> = None;
    loop {
        let (io, peer) = match listener.next().await {
            Ok(one) => one,
            Err(error) => {
                if complained.is_none_or(|at| at.elapsed() >= COMPLAINT) {
                    complained = Some(Instant::now());
                    tracing::warn!(code = "accept_failed", %error, "the pages wait for a connection that can be accepted");
                }
                tokio::time::sleep(REST).await;
                continue;
            }
        };
        let page = page.clone();
        let service = service_fn(move |request| {
            let page = page(request, peer);
            async move { Ok::<_, Infallible>(page.await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_WITHIN)
            .max_buf_size(HEAD_BYTES)
            .keep_alive(false)
            .serve_connection(TokioIo::new(io), service);
        // Whoever breaks off is no news.
        let serving = tokio::spawn(async move { drop(tokio::time::timeout(LIFE, connection).await) });
        open.add(serving.abort_handle());
    }
}

/// The connections, the oldest first.
#[derive(Debug, Default)]
struct Open(VecDeque<AbortHandle>);

impl Open {
    fn add(&mut self, one: AbortHandle) {
        self.0.retain(|it| !it.is_finished());
        if self.0.len() >= MOST
            && let Some(oldest) = self.0.pop_front()
        {
            oldest.abort();
        }
        self.0.push_back(one);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

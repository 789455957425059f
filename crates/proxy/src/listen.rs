//! Sockets: bind, accept, serve connections, catch what should never happen.

use std::{
    convert::Infallible,
    future::poll_fn,
    io,
    net::{Ipv6Addr, SocketAddr},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::Arc,
    task::{Poll, ready},
};

use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use outrigger_wire::Dialect;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    time::Sleep,
};

use halves::Halves;

mod halves;
mod peer;

use crate::{
    app::App,
    caller::Caller,
    drain::Stage,
    error::Error,
    paths::dialect_at,
    relay::{Body, refusal},
    serve,
};

/// Binds, and says what to do when the port is taken.
pub(crate) async fn bind(addr: SocketAddr, setting: &str) -> io::Result<TcpListener> {
    listener(addr).map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("; another process has the port: stop it or choose another with {setting}")
            }
            io::ErrorKind::PermissionDenied => format!("; choose a port above 1023 with {setting}"),
            _ => String::new(),
        };
        io::Error::new(error.kind(), format!("cannot listen on {addr}: {error}{hint}"))
    })
}

/// Connections that may wait to be accepted: a burst of a pod's own requests must not be refused by the kernel.
const BACKLOG: u32 = 4096;

fn listener(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// The next caller's connection.
async fn next(listener: &TcpListener) -> io::Result<TcpStream> {
    let (socket, _) = listener.accept().await?;
    // Small events must not wait for an acknowledgement.
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// Accepts callers until the task is dropped.
pub(crate) async fn accept(app: Arc<App>, listener: TcpListener) {
    loop {
        let socket = match next(&listener).await {
            Ok(socket) => socket,
            Err(error) => {
                // Out of file descriptors, most likely: waiting lets some close.
                tracing::warn!(%error, "accept failed");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                continue;
            }
        };
        let app = app.clone();
        tokio::spawn(async move {
            app.connections.begin();
            if let Err(error) = connection(&app, socket).await {
                tracing::debug!(%error, "connection ended");
            }
            app.connections.end();
        });
    }
}

/// Serves a caller until it leaves, or we do.
async fn connection(app: &Arc<App>, socket: TcpStream) -> hyper::Result<()> {
    // An address that the system does not tell is nobody's name.
    let to = socket.local_addr().map_or(Ipv6Addr::UNSPECIFIED.into(), |to| to.ip());
    let caller = Caller { to, watch: Arc::default() };
    let service = service_fn(|request| guarded(app, request, &caller));
    let (socket, half_closed) = Halves::new(socket, caller.watch.clone());
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(app.config.keep_alive)
        .max_buf_size(16 << 10)
        .serve_connection(TokioIo::new(socket), service);
    let mut connection = pin!(connection);
    let mut changed = pin!(app.books.departure.changed());
    let (mut seen, mut late) = (None, None::<Pin<Box<Sleep>>>);
    poll_fn(|cx| {
        // Whoever waits is told of the next change: so first a place in the list, then the news. The requests on this
        // connection are polled by it, so its place is theirs.
        while seen != Some(app.books.departure.stage()) {
            changed.set(app.books.departure.changed());
            let stage = app.books.departure.stage();
            if changed.as_mut().poll(cx).is_pending() {
                seen = Some(stage);
                if stage == Stage::Leaving {
                    // An idle connection ends now, a busy one when its last byte is written.
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
        let mut polled = connection.as_mut().poll(cx);
        if polled.is_pending() && half_closed.take() {
            // No further request comes: what is asked is answered, and then it ends; where nothing is, now.
            connection.as_mut().graceful_shutdown();
            polled = connection.as_mut().poll(cx);
        }
        if polled.is_pending()
            && let Some(due) = caller.watch.due()
        {
            let due = app.books.clock.instant(due);
            let late = late.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
            if late.deadline() != due {
                late.as_mut().reset(due);
            }
            // Whoever does not read is told nothing: the connection is cut, and the upstream's with it.
            ready!(late.as_mut().poll(cx));
            return Poll::Ready(Ok(()));
        }
        polled
    })
    .await
}

/// A panic becomes an error answer, not a dropped connection (S13).
fn guarded(
    app: &Arc<App>,
    request: Request<Incoming>,
    caller: &Caller,
) -> impl Future<Output = Result<Response<Body>, Infallible>> + use<> {
    let dialect = dialect_at(request.uri().path());
    let mut begun = caught(|| serve::serve(app, request, caller));
    let app = app.clone();
    poll_fn(move |cx| {
        let polled = match &mut begun {
            Some(answering) => caught(|| answering.as_mut().poll(cx)),
            None => None,
        };
        polled.unwrap_or_else(|| Poll::Ready(panicked(&app, dialect))).map(|mut answer| {
            app.staleness.tell(answer.headers_mut());
            Ok(answer)
        })
    })
}

/// `None` where it panicked.
fn caught<T>(what: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(what)).ok()
}

/// What is answered where a request ended in a bug.
pub(crate) fn panicked(app: &App, dialect: Dialect) -> Response<Body> {
    app.books.metrics.panics.increment(1);
    tracing::error!(code = Error::Internal.code(), "a request panicked");
    refusal(&Error::Internal, dialect, "", false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_callers_connection_delays_small_writes() {
        let listener = bind(([127, 0, 0, 1], 0).into(), "--listen").await.unwrap();
        let caller = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        assert!(next(&listener).await.unwrap().nodelay().unwrap());
        drop(caller);
    }
}

//! Sockets: bind, accept, serve connections, catch what should never happen.

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc};

use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::{App, error::Error, relay::Body, serve};

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
            let (keep_alive, leaving, counted) = (app.config.keep_alive, app.leaving.clone(), app.clone());
            counted.connections.begin();
            let service = service_fn(move |request| guarded(app.clone(), request));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(keep_alive)
                .max_buf_size(16 << 10)
                .serve_connection(TokioIo::new(socket), service);
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                biased;
                ended = connection.as_mut() => ended,
                () = leaving.cancelled() => {
                    // Idle connections end now, busy ones when their last byte is written.
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "connection ended");
            }
            counted.connections.end();
        });
    }
}

/// A panic becomes an error answer, not a dropped connection (S13).
async fn guarded(app: Arc<App>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let dialect = serve::dialect_of(request.headers());
    let task = CatchPanic(Box::pin(serve::serve(app.clone(), request)));
    Ok(task.await.unwrap_or_else(|()| {
        app.metrics.panics.increment(1);
        tracing::error!(code = Error::Internal.code(), "a request panicked");
        let mut response = Response::new(Body::of(Error::Internal.body(dialect, "", false)));
        *response.status_mut() = Error::Internal.status();
        response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
        response
    }))
}

struct CatchPanic<F>(std::pin::Pin<Box<F>>);

impl<F: Future> Future for CatchPanic<F> {
    type Output = Result<F::Output, ()>;

    fn poll(mut self: std::pin::Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<Self::Output> {
        let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.0.as_mut().poll(cx)));
        match polled {
            Ok(std::task::Poll::Ready(output)) => std::task::Poll::Ready(Ok(output)),
            Ok(std::task::Poll::Pending) => std::task::Poll::Pending,
            Err(_) => std::task::Poll::Ready(Err(())),
        }
    }
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

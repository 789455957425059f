//! A caller's connection of which one half may be closed (H23).

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Sleep,
};

use super::peer;
use crate::watch::Watch;

/// How often a caller that has closed its sending half is looked for: one that leaves then sends nothing more, and its
/// upstream call is to end with it within a second (X1).
const LOOK: Duration = Duration::from_millis(500);
/// The first time: the end of a closing socket is sent a moment before it is nobody's.
const FIRST_LOOK: Duration = Duration::from_millis(20);

/// The socket. A caller that has only closed its sending half is not heard to have left.
#[derive(Debug)]
pub(super) struct Halves {
    socket: TcpStream,
    /// It has, and when it is looked for next.
    half: Option<Pin<Box<Sleep>>>,
    closed: HalfClosed,
    watch: Arc<Watch>,
}

/// Whether a caller has closed its sending half: no further request comes.
#[derive(Clone, Debug, Default)]
pub(super) struct HalfClosed(Arc<AtomicBool>);

impl HalfClosed {
    /// Once `true`, when it has.
    pub(super) fn take(&self) -> bool {
        self.0.load(Relaxed) && self.0.swap(false, Relaxed)
    }
}

impl Halves {
    pub(super) fn new(socket: TcpStream, watch: Arc<Watch>) -> (Self, HalfClosed) {
        let closed = HalfClosed::default();
        (Self { socket, half: None, closed: closed.clone(), watch }, closed)
    }

    fn is_open(&self) -> bool {
        match (self.socket.local_addr(), self.socket.peer_addr()) {
            (Ok(own), Ok(peer)) => peer::is_open(own, peer),
            _ => false,
        }
    }

    /// Ready when the caller has left, or had not said all: nobody knows before the first look whether that is so.
    fn poll_left(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let wait = match &mut self.half {
                Some(look) => {
                    ready!(look.as_mut().poll(cx));
                    LOOK
                }
                None => FIRST_LOOK,
            };
            if !self.is_open() || (self.half.is_some() && self.watch.listens()) {
                return Poll::Ready(());
            }
            if wait == FIRST_LOOK {
                self.closed.0.store(true, Relaxed);
            }
            self.half = Some(Box::pin(tokio::time::sleep(wait)));
        }
    }
}

impl AsyncRead for Halves {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.half.is_none() {
            let (before, room) = (buf.filled().len(), buf.remaining());
            ready!(Pin::new(&mut self.socket).poll_read(cx, buf))?;
            if buf.filled().len() > before || room == 0 {
                return Poll::Ready(Ok(()));
            }
        }
        self.poll_left(cx).map(Ok)
    }
}

impl AsyncWrite for Halves {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

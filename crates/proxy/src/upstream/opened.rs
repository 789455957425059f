//! A connection that is open, whichever way it was opened, and why one is not.

use std::{sync::Arc, time::Duration};

use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use outrigger_wire::{Failure, Kind};
use tokio::io::{AsyncRead, AsyncWrite};

use super::watched::{News, Watched};

/// An open connection.
pub(super) struct Opened {
    /// Either of the two kinds by itself: one value for both would have the room of TLS, two kilobytes, in every connection.
    pub(super) io: Box<dyn Io>,
    /// What is heard on it.
    pub(super) news: Arc<News>,
    /// HTTP/2 was agreed on.
    pub(super) http2: bool,
}

impl Opened {
    pub(super) fn new(io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, http2: bool) -> Self {
        let (watched, news) = Watched::new(io, http2);
        Self { io: Box::new(TokioIo::new(watched)), news, http2 }
    }
}

/// Bytes in and out.
pub(super) trait Io: Read + Write + Send + Unpin {}

impl<T: Read + Write + Send + Unpin> Io for T {}

/// Nobody there, or nobody who may be trusted.
pub(super) fn refused(cause: &str) -> Failure {
    Failure::local(Kind::Connect, format!("could not connect: {cause}"))
}

pub(super) fn too_slow(limit: Duration) -> Failure {
    Failure::local(Kind::ConnectTimeout, format!("could not connect: no connection within {limit:?}"))
}

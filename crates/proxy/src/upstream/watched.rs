//! What a connection to a provider tells by the bytes that it brings, before anybody understands them: whether the peer
//! has said anything since it was last asked, and how many streams of HTTP/2 it allows.

use std::{
    io::{self, IoSlice},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::Notify,
};

use super::settings::Reader;

/// What is known of a connection.
#[derive(Debug, Default)]
pub(super) struct News {
    heard: AtomicBool,
    /// Zero: not told yet.
    streams: AtomicU32,
    told: Notify,
    ended: AtomicBool,
    end: Notify,
}

impl News {
    /// Something is asked: what was heard before is no answer to it.
    pub(super) fn ask(&self) {
        self.heard.store(false, Relaxed);
    }

    /// Whether a byte came since.
    pub(super) fn heard(&self) -> bool {
        self.heard.load(Relaxed)
    }

    /// How many streams the peer allows at one time, once it has said so.
    pub(super) fn streams(&self) -> Option<u32> {
        Some(self.streams.load(Relaxed)).filter(|streams| *streams > 0)
    }

    /// The connection is no more.
    pub(super) fn end(&self) {
        self.ended.store(true, Relaxed);
        self.end.notify_waiters();
    }

    /// Waits until it is no more.
    pub(super) async fn ended(&self) {
        let mut end = pin!(self.end.notified());
        // First a place among those who are told, then the look whether that has been.
        end.as_mut().enable();
        if !self.ended.load(Relaxed) {
            end.await;
        }
    }

    /// Waits until it has said so. One at a time may wait.
    pub(super) async fn told(&self) {
        while self.streams().is_none() {
            self.told.notified().await;
        }
    }
}

/// A connection whose bytes are looked at as they come.
#[derive(Debug)]
pub(super) struct Watched<I> {
    io: I,
    news: Arc<News>,
    /// The first frame of HTTP/2, until it is read.
    settings: Option<Reader>,
}

impl<I> Watched<I> {
    pub(super) fn new(io: I, http2: bool) -> (Self, Arc<News>) {
        let news = Arc::<News>::default();
        (Self { io, news: news.clone(), settings: http2.then(Reader::default) }, news)
    }

    /// Bytes came.
    fn read(&mut self, bytes: &[u8]) {
        self.news.heard.store(true, Relaxed);
        if let Some(settings) = &mut self.settings
            && let Some(streams) = settings.read(bytes)
        {
            self.news.streams.store(streams.max(1), Relaxed);
            self.news.told.notify_one();
            self.settings = None;
        }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Watched<I> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        if let Some(bytes) = buf.filled().get(before..).filter(|bytes| !bytes.is_empty()) {
            self.read(bytes);
        }
        polled
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Watched<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

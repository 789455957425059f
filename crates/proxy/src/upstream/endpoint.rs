//! The connections to one scheme and authority under one trust, and a request on one of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::Relaxed},
    },
    time::Duration,
};

use http::{Request, Response, Uri, header, header::HeaderValue};
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use outrigger_wire::Failure;

use super::{
    body::{Body, Lease},
    broken::{Broken, How},
    connect::Connector,
    idle::{Idle, Single, Sweep},
    opened::{Opened, refused, too_slow},
    sent::Unsent,
    shared::{Shared, Slot},
    transport::innermost,
    watched::News,
};

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// The connection had served before, and broke without a byte of an answer: most likely it had been closed while the
    /// request was on its way. That says nothing of the peer, so the request may be sent once more, by
    /// [`Endpoint::send_afresh`] (H3). So may one on a connection
    /// that was new, if the peer said in its GOAWAY that it had not begun with it, or others have been answered there.
    Stale,
    Failed(Failure),
}

impl From<Failure> for Unanswered {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// What the first TLS connection found out.
const UNKNOWN: u8 = 0;
const HTTP1: u8 = 1;
const HTTP2: u8 = 2;

/// How long a server of HTTP/2 may take for its settings before requests are sent without them.
const FIRST_WORD: Duration = Duration::from_secs(1);

/// How often a request goes on from a connection that was opened for it, and on which it was never sent.
const MOVES: u32 = 3;

/// How long a request on a connection that has ended may take to be told so. Some never are, since a request that is handed
/// over in the moment in which the connection ends lies in a channel that nobody reads: about one in a hundred thousand where
/// a peer of HTTP/2 keeps saying GOAWAY, and far fewer of HTTP/1.1.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// The connections to one scheme and authority, made under one trust.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// Scheme and authority alone.
    to: Uri,
    host: HeaderValue,
    connector: Arc<Connector>,
    idle: Arc<Idle>,
    shared: Shared,
    /// Whether the peer speaks HTTP/2, once that is known.
    protocol: AtomicU8,
    /// Held while a connection of HTTP/2, or of what is not known yet, is being opened, so that a burst opens no more than
    /// it needs.
    opening: tokio::sync::Mutex<()>,
}

/// A connection to send on.
enum Open {
    /// Since when it had waited; `None`: opened for this request.
    Single(Single, Option<Sweep>),
    Shared(Slot),
}

impl Open {
    /// It has served before.
    fn is_reused(&self) -> bool {
        match self {
            Self::Single(_, since) => since.is_some(),
            Self::Shared(slot) => slot.reused,
        }
    }
}

impl Endpoint {
    pub(super) fn new(base: &Uri, connector: impl Into<Arc<Connector>>) -> Self {
        let mut parts = http::uri::Parts::default();
        parts.scheme = base.scheme().cloned();
        parts.authority = base.authority().cloned();
        parts.path_and_query = Some(http::uri::PathAndQuery::from_static("/"));
        let to = Uri::from_parts(parts).unwrap_or_default();
        let protocol = if base.scheme_str() == Some("https") { UNKNOWN } else { HTTP1 };
        Self {
            host: HeaderValue::try_from(host(&to)).unwrap_or_else(|_| HeaderValue::from_static("")),
            to,
            connector: connector.into(),
            idle: Arc::default(),
            shared: Shared::default(),
            protocol: AtomicU8::new(protocol),
            opening: tokio::sync::Mutex::default(),
        }
    }

    /// Whom requests are for, as they say it.
    pub(super) fn host(&self) -> &HeaderValue {
        &self.host
    }

    #[cfg(test)]
    pub(super) fn connector(&self) -> &Arc<Connector> {
        &self.connector
    }

    /// Sends `request`, whose URI is the path alone, and waits for the head of the answer. A connection that its peer had
    /// closed meanwhile never saw the request: it is sent on another, for free (F9).
    pub(crate) async fn send(
        self: &Arc<Self>,
        mut request: Unsent,
        connect: Duration,
    ) -> Result<Response<Body>, Unanswered> {
        let mut moves = 0;
        loop {
            let open = match self.at_hand() {
                Some(open) => open,
                // Connecting takes a future of many kilobytes, which those who do not connect must not carry.
                None => Box::pin(self.connect(connect, Self::at_hand)).await?,
            };
            let reused = open.is_reused();
            match self.send_on(open, request).await {
                Ok(response) => return Ok(response),
                // Old connections run out by themselves; a peer may go away on new ones for ever.
                Err(Broken { how: How::Unsent(unsent), excused, .. }) if reused || (excused && moves < MOVES) => {
                    moves += u32::from(!reused);
                    request = path_alone(unsent);
                }
                Err(Broken { how: How::Unheard, excused, .. }) if reused || excused => return Err(Unanswered::Stale),
                Err(broken) => return Err(broken.failure().into()),
            }
        }
    }

    /// The same on a connection that was not there when `request` was [`Unanswered::Stale`].
    pub(crate) async fn send_afresh(
        self: &Arc<Self>,
        request: Unsent,
        connect: Duration,
    ) -> Result<Response<Body>, Failure> {
        let open = self.connect(connect, |endpoint| endpoint.shared.take_fresh().map(Open::Shared)).await?;
        self.send_on(open, request).await.map_err(Broken::failure)
    }

    async fn send_on(self: &Arc<Self>, open: Open, request: Unsent) -> Result<Response<Body>, Broken> {
        match open {
            Open::Single(single, since) => {
                let sent = self.send_alone(single, request).await;
                if let (Err(Broken { how: How::Unheard, .. }), Some(since)) = (&sent, since) {
                    self.idle.doubt(since);
                }
                sent
            }
            Open::Shared(slot) => self.send_among(slot, request).await,
        }
    }

    async fn send_alone(self: &Arc<Self>, mut single: Single, mut request: Unsent) -> Result<Response<Body>, Broken> {
        request.headers_mut().insert(header::HOST, self.host.clone());
        single.news.ask();
        let sending = single.sender.try_send_request(*request);
        let sent = tokio::select! {
            biased;
            sent = sending => sent,
            () = lost(&single.news) => return Err(Broken::lost(single.news.heard(), false)),
        };
        match sent {
            Ok(response) => Ok(response.map(|body| Body::new(body, Lease::Alone(self.idle.clone(), single)))),
            Err(error) => Err(Broken::alone(error, single.news.heard())),
        }
    }

    async fn send_among(&self, slot: Slot, request: Unsent) -> Result<Response<Body>, Broken> {
        let Slot { mut sender, stream, .. } = slot;
        let (mut head, body) = request.into_parts();
        head.headers.remove(header::HOST);
        head.uri = self.absolute(head.uri);
        head.version = http::Version::HTTP_2;
        let sent = tokio::select! {
            biased;
            sent = sender.try_send_request(Request::from_parts(head, body)) => sent,
            () = lost(stream.news()) => return Err(Broken::lost(false, stream.has_answered())),
        };
        match sent {
            Ok(response) => {
                stream.answered();
                Ok(response.map(|body: Incoming| Body::new(body, Lease::Among(stream))))
            }
            Err(error) => {
                let mut broken = Broken::among(error);
                broken.excused |= stream.has_answered();
                match broken.refused {
                    true => stream.refused(),
                    false if !matches!(broken.how, How::Answered) => self.shared.forget(&stream),
                    false => {}
                }
                Err(broken)
            }
        }
    }

    /// `path` at this authority.
    fn absolute(&self, path: Uri) -> Uri {
        let mut parts = self.to.clone().into_parts();
        parts.path_and_query = path.into_parts().path_and_query;
        Uri::from_parts(parts).unwrap_or_default()
    }

    /// A connection that is open and free.
    fn at_hand(&self) -> Option<Open> {
        match self.protocol.load(Relaxed) {
            HTTP2 => self.shared.take().map(Open::Shared),
            _ => self.idle.take().map(|(single, since)| Open::Single(single, Some(since))),
        }
    }

    /// Opens a connection, unless `find` finds one when it is our turn.
    async fn connect(
        self: &Arc<Self>,
        limit: Duration,
        find: impl FnOnce(&Self) -> Option<Open>,
    ) -> Result<Open, Failure> {
        if self.protocol.load(Relaxed) == HTTP1 {
            return self.open(limit).await;
        }
        // The first one finds out; those who waited share what it opened, or open their own now that it is known.
        let opened = tokio::time::timeout(limit, async {
            let _turn = self.opening.lock().await;
            match find(self) {
                Some(open) => Some(Ok(open)),
                None if self.protocol.load(Relaxed) == HTTP1 => None,
                None => Some(self.open(limit).await),
            }
        });
        match opened.await {
            Ok(Some(open)) => open,
            Ok(None) => self.open(limit).await,
            Err(_) => Err(too_slow(limit)),
        }
    }

    async fn open(&self, limit: Duration) -> Result<Open, Failure> {
        let stream = self.connector.connect(&self.to, limit).await?;
        self.protocol.store(if stream.http2 { HTTP2 } else { HTTP1 }, Relaxed);
        let opened = if stream.http2 { self.open_shared(stream).await } else { open_single(stream).await };
        opened.map_err(|error| refused(&innermost(&error)))
    }

    async fn open_shared(&self, stream: Opened) -> Result<Open, hyper::Error> {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        // A shared connection that a load balancer dropped without a word must not swallow requests.
        builder
            .timer(TokioTimer::new())
            .keep_alive_interval(Duration::from_secs(15))
            .keep_alive_timeout(Duration::from_secs(10));
        let (sender, connection) = builder.handshake(stream.io).await?;
        let news = stream.news.clone();
        tokio::spawn(async move {
            run(connection).await;
            news.end();
        });
        // The first thing that a server says. Before it is heard nobody knows how many streams there may be, and what is
        // one too many is refused.
        tokio::select! {
            () = stream.news.told() => {}
            () = stream.news.ended() => {}
            () = tokio::time::sleep(FIRST_WORD) => {}
        }
        Ok(Open::Shared(self.shared.add(sender, stream.news)))
    }

    /// Takes back a connection whose answer has been read.
    /// Closes what has been idle for `longest` sweeps, or was closed by its peer.
    pub(super) fn sweep(&self, longest: u32) {
        self.idle.sweep(longest);
        self.shared.sweep(longest);
    }
}

async fn open_single(stream: Opened) -> Result<Open, hyper::Error> {
    let (sender, connection) = http1::Builder::new().handshake(stream.io).await?;
    let news = stream.news.clone();
    tokio::spawn(async move {
        run(connection).await;
        news.end();
    });
    Ok(Open::Single(Single { sender, news: stream.news }, None))
}

/// The request as it came: the next connection may be of another protocol, where the URI has another form.
fn path_alone(mut request: Unsent) -> Unsent {
    if request.uri().authority().is_some()
        && let Some(path) = request.uri().path_and_query().cloned()
    {
        *request.uri_mut() = Uri::from(path);
    }
    request
}

/// Waits until a request on this connection is told nothing any more.
async fn lost(news: &News) {
    news.ended().await;
    tokio::time::sleep(LAST_WORDS).await;
}

/// A connection's own task. Whoever waits for an answer on it is told how it ended.
async fn run(connection: impl Future<Output = hyper::Result<()>>) {
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection to a provider ended");
    }
}

/// The `Host` header: the port only where it is not the scheme's own.
fn host(to: &Uri) -> String {
    let name = to.host().unwrap_or_default();
    match (to.port_u16(), to.scheme_str()) {
        (None, _) | (Some(443), Some("https")) | (Some(80), Some("http")) => name.to_owned(),
        (Some(port), _) => format!("{name}:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_names_the_port_where_it_is_not_the_schemes_own() {
        for (to, expected) in [
            ("https://api.openai.com/", "api.openai.com"),
            ("https://api.openai.com:443/", "api.openai.com"),
            ("http://10.0.0.1:8000/", "10.0.0.1:8000"),
            ("http://[::1]:80/", "[::1]"),
            ("https://h:80/", "h:80"),
        ] {
            assert_eq!(host(&to.parse().unwrap()), expected);
        }
    }

    #[tokio::test]
    async fn a_path_goes_to_the_authority_and_comes_back_from_it() {
        let endpoint = Endpoint::new(&"https://h:1/base/v1".parse().unwrap(), Connector::plain());
        let uri = endpoint.absolute("/base/v1/messages?beta=true".parse().unwrap());
        assert_eq!(uri, "https://h:1/base/v1/messages?beta=true");
        let request = Request::builder().uri(uri).body(super::super::Sent::default()).unwrap();
        assert_eq!(path_alone(Box::new(request)).uri(), "/base/v1/messages?beta=true");
    }
}

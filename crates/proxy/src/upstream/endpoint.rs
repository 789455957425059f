//! The connections to one scheme and authority: idle ones of HTTP/1.1, the last used first, and the shared one of HTTP/2.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, Uri, header, header::HeaderValue};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use outrigger_wire::{Failure, Kind};

use super::{
    body::{Body, Lease},
    connect::{Connector, Stream, refused, too_slow},
};
use crate::{attempt::innermost, signals::lock};

/// A request that is ready but for the URI's form, which hangs on the protocol of the connection. Boxed, since it goes
/// through many hands that wait.
pub(crate) type Unsent = Box<Request<Full<Bytes>>>;

/// A sender of HTTP/1.1: one request at a time.
pub(super) type Single = http1::SendRequest<Full<Bytes>>;
/// A sender of HTTP/2: cloned for each request.
type Shared = http2::SendRequest<Full<Bytes>>;

/// What the first TLS connection found out.
const UNKNOWN: u8 = 0;
const HTTP1: u8 = 1;
const HTTP2: u8 = 2;

/// The connections to one scheme and authority.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// Scheme and authority alone.
    to: Uri,
    host: HeaderValue,
    connector: Connector,
    idle: Mutex<Vec<Idle>>,
    /// How often the idle ones were swept: a clock that is good enough for them and costs nothing.
    sweeps: AtomicU32,
    shared: Mutex<Option<Shared>>,
    /// Whether the peer speaks HTTP/2, once that is known.
    protocol: AtomicU8,
    /// Held while the protocol is being found out, so that a burst to a peer of HTTP/2 opens one connection.
    finding_out: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Idle {
    sender: Single,
    /// The sweep before it.
    since: u32,
}

/// A connection to send on.
enum Open {
    Single(Single),
    Shared(Shared),
}

impl Endpoint {
    pub(super) fn new(base: &Uri, connector: Connector) -> Self {
        let mut parts = http::uri::Parts::default();
        parts.scheme = base.scheme().cloned();
        parts.authority = base.authority().cloned();
        parts.path_and_query = Some(http::uri::PathAndQuery::from_static("/"));
        let to = Uri::from_parts(parts).unwrap_or_default();
        let protocol = if base.scheme_str() == Some("https") { UNKNOWN } else { HTTP1 };
        Self {
            host: HeaderValue::try_from(host(&to)).unwrap_or_else(|_| HeaderValue::from_static("")),
            to,
            connector,
            idle: Mutex::default(),
            sweeps: AtomicU32::new(0),
            shared: Mutex::default(),
            protocol: AtomicU8::new(protocol),
            finding_out: tokio::sync::Mutex::default(),
        }
    }

    /// Sends `request`, whose URI is the path alone, and waits for the head of the answer. A connection that its peer had
    /// closed meanwhile never saw the request: it is sent again on another, for free (F9).
    pub(crate) async fn send(
        self: &Arc<Self>,
        mut request: Unsent,
        connect: Duration,
    ) -> Result<Response<Body>, Failure> {
        loop {
            let (open, fresh) = match self.at_hand() {
                Some(open) => (open, false),
                // Connecting takes a future of many kilobytes, which those who do not connect must not carry.
                None => (Box::pin(self.connect(connect)).await?, true),
            };
            let sent = match open {
                Open::Single(sender) => self.send_alone(sender, request).await,
                Open::Shared(sender) => self.send_among(sender, request).await,
            };
            match sent {
                Ok(response) => return Ok(response),
                Err((_, Some(unsent))) if !fresh => request = path_alone(unsent),
                Err((error, _)) => {
                    let cause = innermost(&error);
                    let text = format!("the connection broke before an answer came: {cause}");
                    return Err(Failure::local(Kind::Reset, text));
                }
            }
        }
    }

    async fn send_alone(
        self: &Arc<Self>,
        mut sender: Single,
        mut request: Unsent,
    ) -> Result<Response<Body>, (hyper::Error, Option<Unsent>)> {
        request.headers_mut().insert(header::HOST, self.host.clone());
        match sender.try_send_request(*request).await {
            Ok(response) => Ok(response.map(|body| Body::new(body, Some(Lease::new(self.clone(), sender))))),
            Err(mut error) => {
                let unsent = error.take_message().map(Box::new);
                Err((error.into_error(), unsent))
            }
        }
    }

    async fn send_among(
        &self,
        mut sender: Shared,
        request: Unsent,
    ) -> Result<Response<Body>, (hyper::Error, Option<Unsent>)> {
        let (mut head, body) = request.into_parts();
        head.headers.remove(header::HOST);
        head.uri = self.absolute(head.uri);
        head.version = http::Version::HTTP_2;
        match sender.try_send_request(Request::from_parts(head, body)).await {
            Ok(response) => Ok(response.map(|body: Incoming| Body::new(body, None))),
            Err(mut error) => {
                let unsent = error.take_message().map(Box::new);
                Err((error.into_error(), unsent))
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
        if self.protocol.load(Relaxed) == HTTP2 {
            let mut shared = lock(&self.shared);
            return match shared.as_ref().filter(|sender| !sender.is_closed()) {
                Some(sender) => Some(Open::Shared(sender.clone())),
                None => {
                    *shared = None;
                    None
                }
            };
        }
        let mut idle = lock(&self.idle);
        while let Some(Idle { sender, .. }) = idle.pop() {
            if sender.is_ready() {
                return Some(Open::Single(sender));
            }
        }
        None
    }

    async fn connect(self: &Arc<Self>, limit: Duration) -> Result<Open, Failure> {
        if self.protocol.load(Relaxed) == HTTP1 {
            return self.open(limit).await;
        }
        // The first one finds out; those who waited share what it opened, or open their own now that it is known.
        let found_out = tokio::time::timeout(limit, async {
            let _turn = self.finding_out.lock().await;
            match self.at_hand() {
                Some(open) => Some(Ok(open)),
                None if self.protocol.load(Relaxed) == HTTP1 => None,
                None => Some(self.open(limit).await),
            }
        });
        match found_out.await {
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

    async fn open_shared(&self, stream: Stream) -> Result<Open, hyper::Error> {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        // A shared connection that a load balancer dropped without a word must not swallow requests.
        builder
            .timer(TokioTimer::new())
            .keep_alive_interval(Duration::from_secs(15))
            .keep_alive_timeout(Duration::from_secs(10));
        let (sender, connection) = builder.handshake(stream.io).await?;
        tokio::spawn(run(connection));
        *lock(&self.shared) = Some(sender.clone());
        Ok(Open::Shared(sender))
    }

    /// Takes back a connection whose answer has been read.
    pub(super) fn take_back(self: &Arc<Self>, mut sender: Single) {
        if sender.is_ready() {
            return self.keep(sender);
        }
        if !sender.is_closed() {
            // Its task has not got round to saying that it is ready.
            let endpoint = self.clone();
            tokio::spawn(async move {
                if sender.ready().await.is_ok() {
                    endpoint.keep(sender);
                }
            });
        }
    }

    fn keep(&self, sender: Single) {
        lock(&self.idle).push(Idle { sender, since: self.sweeps.load(Relaxed) });
    }

    /// Closes what has been idle for `longest` sweeps, or was closed by its peer.
    pub(super) fn sweep(&self, longest: u32) {
        let now = self.sweeps.fetch_add(1, Relaxed).wrapping_add(1);
        let mut idle = lock(&self.idle);
        idle.retain(|idle| !idle.sender.is_closed() && now.wrapping_sub(idle.since) <= longest);
        if idle.len() * 4 < idle.capacity() {
            idle.shrink_to_fit();
        }
    }
}

async fn open_single(stream: Stream) -> Result<Open, hyper::Error> {
    let (sender, connection) = http1::Builder::new().handshake(stream.io).await?;
    tokio::spawn(run(connection));
    Ok(Open::Single(sender))
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
        let endpoint = Endpoint::new(&"https://h:1/base/v1".parse().unwrap(), Connector::new().unwrap());
        let uri = endpoint.absolute("/base/v1/messages?beta=true".parse().unwrap());
        assert_eq!(uri, "https://h:1/base/v1/messages?beta=true");
        let request = Request::builder().uri(uri).body(Full::default()).unwrap();
        assert_eq!(path_alone(Box::new(request)).uri(), "/base/v1/messages?beta=true");
    }
}

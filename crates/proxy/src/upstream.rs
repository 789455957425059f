//! Connections to providers: one client, and so one pool, per connect timeout in use.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use tower::{BoxError, Service};

use crate::signals::lock;

/// A pooled client. TCP and TLS together are bounded by the timeout it was made with.
pub(crate) type Pool = Client<Bounded, Full<Bytes>>;

/// Idle connections are kept for less than the 60 s after which common load balancers drop them silently.
const IDLE: Duration = Duration::from_secs(50);

/// The pools.
#[derive(Debug)]
pub(crate) struct Upstreams {
    tls: Arc<rustls::ClientConfig>,
    pools: Mutex<HashMap<Duration, Pool>>,
}

impl Upstreams {
    /// Trusts Mozilla's roots as compiled in: a sidecar has no certificate store to rely on.
    pub(crate) fn new() -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: Arc::new(tls), pools: Mutex::default() })
    }

    /// The pool for this connect timeout.
    pub(crate) fn pool(&self, connect: Duration) -> Pool {
        lock(&self.pools).entry(connect).or_insert_with(|| self.build(connect)).clone()
    }

    fn connector(&self, connect: Duration) -> Bounded {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(Duration::from_secs(30)));
        let https = HttpsConnectorBuilder::new()
            .with_tls_config((*self.tls).clone())
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .wrap_connector(tcp);
        Bounded { inner: https, limit: connect }
    }

    fn build(&self, connect: Duration) -> Pool {
        Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            // A shared connection that a load balancer dropped without a word must not swallow requests.
            .http2_keep_alive_interval(Duration::from_secs(15))
            .http2_keep_alive_timeout(Duration::from_secs(10))
            // A request that met a connection which the peer had already closed was never read: sent again for free.
            .retry_canceled_requests(true)
            .build(self.connector(connect))
    }
}

/// A connector that gives up after `limit`: TCP and TLS together.
#[derive(Clone, Debug)]
pub(crate) struct Bounded {
    inner: HttpsConnector<HttpConnector>,
    limit: Duration,
}

/// No connection within this time.
#[derive(Debug, thiserror::Error)]
#[error("no connection within {0:?}")]
pub(crate) struct ConnectTimeout(Duration);

impl Service<Uri> for Bounded {
    type Response = <HttpsConnector<HttpConnector> as Service<Uri>>::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connecting, limit) = (self.inner.call(uri), self.limit);
        Box::pin(async move {
            tokio::time::timeout(limit, connecting).await.unwrap_or_else(|_| Err(ConnectTimeout(limit).into()))
        })
    }
}

#[cfg(test)]
mod tests {
    use hyper_rustls::MaybeHttpsStream;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn no_connection_to_a_provider_delays_small_writes() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let mut connector = Upstreams::new().unwrap().connector(Duration::from_secs(5));
        let MaybeHttpsStream::Http(stream) = connector.call(uri).await.unwrap() else { panic!("plain HTTP") };
        assert!(stream.inner().nodelay().unwrap());
    }
}

//! TCP and TLS to a provider, within a time.

use std::{sync::Arc, time::Duration};

use http::Uri;
use hyper::rt::{Read, Write};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::{
    client::legacy::connect::{Connection as _, HttpConnector},
    rt::TokioIo,
};
use outrigger_wire::{Failure, Kind};
use rustls::RootCertStore;
use tokio::io::{AsyncRead, AsyncWrite};
use tower::Service;

use super::{
    proxied::Proxied,
    trust::{self, Whose},
    watched::{News, Watched},
};
use crate::config::Proxies;

/// An open connection.
pub(super) struct Stream {
    /// Either of the two kinds by itself: one value for both would have the room of TLS, two kilobytes, in every connection.
    pub(super) io: Box<dyn Io>,
    /// What is heard on it.
    pub(super) news: Arc<News>,
    /// HTTP/2 was agreed on.
    pub(super) http2: bool,
}

impl Stream {
    pub(super) fn new(io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, http2: bool) -> Self {
        let (watched, news) = Watched::new(io, http2);
        Self { io: Box::new(TokioIo::new(watched)), news, http2 }
    }
}

/// Bytes in and out.
pub(super) trait Io: Read + Write + Send + Unpin {}

impl<T: Read + Write + Send + Unpin> Io for T {}

/// Opens connections.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    direct: HttpsConnector<HttpConnector>,
    /// `None`: there are no proxies.
    proxied: Option<Proxied>,
    whose: Whose,
}

impl Connector {
    /// Trusts `roots`, and goes by `proxies`.
    pub(super) fn new(roots: RootCertStore, proxies: &Proxies) -> Result<Self, rustls::Error> {
        let tls = tls(roots)?;
        let proxied = (!proxies.is_empty()).then(|| Proxied::new(proxies, tcp(), tls.clone()));
        let direct = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .wrap_connector(tcp());
        Ok(Self { direct, proxied, whose: Whose::Sidecar })
    }

    /// The same for a provider that is known by `roots` alone, and never without TLS. Proxies on the way are known as ever.
    pub(super) fn of_provider(&self, roots: RootCertStore) -> Result<Self, rustls::Error> {
        let tls = tls(roots)?;
        let proxied = self.proxied.as_ref().map(|proxied| proxied.known_by(tls.clone()));
        let direct = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_only()
            .enable_http1()
            .enable_http2()
            .wrap_connector(tcp());
        Ok(Self { direct, proxied, whose: Whose::Provider })
    }

    /// Connects: resolving, TCP and TLS together take `limit` at the most.
    pub(super) async fn connect(&self, to: &Uri, limit: Duration) -> Result<Stream, Failure> {
        if let Some(proxied) = &self.proxied
            && let Some(hop) = proxied.towards(to)
        {
            // Those who go straight must not carry the room of a longer way.
            return Box::pin(proxied.connect(hop, to, self.whose, limit)).await;
        }
        let connecting = self.direct.clone().call(to.clone());
        match tokio::time::timeout(limit, connecting).await {
            Ok(Ok(stream)) => {
                let http2 = stream.connected().is_negotiated_h2();
                Ok(match stream {
                    MaybeHttpsStream::Http(tcp) => Stream::new(tcp.into_inner(), http2),
                    MaybeHttpsStream::Https(tls) => Stream::new(tls.into_inner(), http2),
                })
            }
            Ok(Err(error)) => Err(refused(&trust::cause(&*error, self.whose))),
            Err(_) => Err(too_slow(limit)),
        }
    }
}

/// Sessions are resumed within one of these and never across: what was known under one trust is not under another.
fn tls(roots: RootCertStore) -> Result<rustls::ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    // Small requests must not wait for an acknowledgement.
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(Duration::from_secs(30)));
    tcp
}

/// Nobody there, or nobody who may be trusted.
pub(super) fn refused(cause: &str) -> Failure {
    Failure::local(Kind::Connect, format!("could not connect: {cause}"))
}

pub(super) fn too_slow(limit: Duration) -> Failure {
    Failure::local(Kind::ConnectTimeout, format!("could not connect: no connection within {limit:?}"))
}

#[cfg(test)]
impl Connector {
    /// Trusts `roots` alone, and knows no proxies.
    pub(super) fn trusting(roots: RootCertStore) -> Self {
        Self::new(roots, &Proxies::default()).unwrap()
    }

    /// Trusts nobody.
    pub(super) fn plain() -> Self {
        Self::trusting(RootCertStore::empty())
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn no_connection_to_a_provider_delays_small_writes() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri: Uri = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let stream = Connector::plain().direct.call(uri).await.unwrap();
        let MaybeHttpsStream::Http(stream) = stream else { panic!("plain HTTP") };
        assert!(stream.inner().nodelay().unwrap());
    }
}

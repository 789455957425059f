//! TCP and TLS to a provider, within a time.

use std::{sync::Arc, time::Duration};

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{Connection as _, HttpConnector};
use outrigger_wire::Failure;
use rustls::RootCertStore;
use tower::Service;

use super::{
    opened::{Opened, refused, too_slow},
    proxied::Proxied,
    trust::{self, Whose},
};
use crate::config::Proxies;

/// Opens connections.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    direct: HttpsConnector<HttpConnector>,
    /// `None`: there are no proxies.
    proxied: Option<Proxied>,
    whose: Whose,
    /// In place of sockets.
    #[cfg(test)]
    scripted: Option<Arc<super::scripted::Script>>,
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
        Ok(Self {
            direct,
            proxied,
            whose: Whose::Sidecar,
            #[cfg(test)]
            scripted: None,
        })
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
        Ok(Self {
            direct,
            proxied,
            whose: Whose::Provider,
            #[cfg(test)]
            scripted: self.scripted.clone(),
        })
    }

    /// Connects: resolving, TCP and TLS together take `limit` at the most.
    pub(super) async fn connect(&self, to: &Uri, limit: Duration) -> Result<Opened, Failure> {
        #[cfg(test)]
        if let Some(script) = &self.scripted {
            return script.connect(to, limit).await;
        }
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
                    MaybeHttpsStream::Http(tcp) => Opened::new(tcp.into_inner(), http2),
                    MaybeHttpsStream::Https(tls) => Opened::new(tls.into_inner(), http2),
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

#[cfg(test)]
impl Connector {
    /// Trusts `roots` alone, and knows no proxies.
    pub(super) fn trusting(roots: RootCertStore) -> Self {
        Self::new(roots, &Proxies::default()).unwrap()
    }

    /// Knows nobody but those that follow `script`.
    pub(super) fn scripted(script: Arc<super::scripted::Script>) -> Self {
        Self { scripted: Some(script), ..Self::plain() }
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

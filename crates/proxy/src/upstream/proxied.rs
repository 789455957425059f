//! A connection to a provider by way of a proxy: TCP to the proxy (and TLS, if it is asked in `https`), a tunnel, TLS inside.

use std::{sync::Arc, time::Duration};

use http::{StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use outrigger_wire::{Failure, Kind};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tower::Service as _;

use super::{
    opened::{Opened, refused, too_slow},
    trust::{self, Whose},
    tunnel::{self, Closed},
};
use crate::config::proxies::{Hop, Proxies};

/// Opens connections by the proxies that there are.
#[derive(Clone, Debug)]
pub(super) struct Proxied {
    proxies: Proxies,
    /// To a proxy itself, which is asked in HTTP/1.1.
    hop: HttpsConnector<HttpConnector>,
    /// To the provider behind it.
    tls: Arc<ClientConfig>,
}

impl Proxied {
    /// `tls` says whom to trust, and no protocols yet.
    pub(super) fn new(proxies: &Proxies, tcp: HttpConnector, tls: ClientConfig) -> Self {
        let builder = HttpsConnectorBuilder::new().with_tls_config(tls.clone()).https_or_http();
        Self { proxies: proxies.clone(), hop: builder.enable_http1().wrap_connector(tcp), tls: inside(tls) }
    }

    /// By the same proxies to a provider that `tls` says how to know.
    pub(super) fn known_by(&self, tls: ClientConfig) -> Self {
        Self { proxies: self.proxies.clone(), hop: self.hop.clone(), tls: inside(tls) }
    }

    /// The proxy on the way to `to`, if there is one.
    pub(super) fn towards(&self, to: &Uri) -> Option<&Hop> {
        self.proxies.towards(to)
    }

    /// Connects by `hop`: all of it together takes `limit` at the most. `whose`: the authorities by which `to` is known.
    pub(super) async fn connect(&self, hop: &Hop, to: &Uri, whose: Whose, limit: Duration) -> Result<Opened, Failure> {
        let mut reached = false;
        match tokio::time::timeout(limit, self.open(hop, to, whose, &mut reached)).await {
            Ok(opened) => opened,
            // A proxy that is there waits for the provider as we do.
            Err(_) if reached => Err(too_slow(limit)),
            Err(_) => Err(unreachable(hop, &format!("no connection within {limit:?}"))),
        }
    }

    async fn open(&self, hop: &Hop, to: &Uri, whose: Whose, reached: &mut bool) -> Result<Opened, Failure> {
        let stream = self.hop.clone().call(hop.uri().clone()).await;
        let stream = stream.map_err(|error| unreachable(hop, &trust::cause(&*error, Whose::Sidecar)))?;
        *reached = true;
        match stream {
            MaybeHttpsStream::Http(tcp) => self.through(tcp.into_inner(), hop, to, whose).await,
            MaybeHttpsStream::Https(tls) => self.through(tls.into_inner(), hop, to, whose).await,
        }
    }

    async fn through<T>(&self, mut proxy: T, hop: &Hop, to: &Uri, whose: Whose) -> Result<Opened, Failure>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (secure, host) = (to.scheme_str() == Some("https"), to.host().unwrap_or_default());
        let target = format!("{host}:{}", to.port_u16().unwrap_or(if secure { 443 } else { 80 }));
        let opened = tunnel::open(&mut proxy, &target, hop.authorization()).await;
        opened.map_err(|closed| shut(hop, &target, &closed))?;
        if !secure {
            return Ok(Opened::new(proxy, false));
        }
        let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(name).map_err(|error| refused(&error.to_string()))?;
        let tls = TlsConnector::from(self.tls.clone()).connect(name, proxy).await;
        let tls = tls.map_err(|error| refused(&trust::cause(&error, whose)))?;
        let http2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(Opened::new(tls, http2))
    }
}

fn inside(mut tls: ClientConfig) -> Arc<ClientConfig> {
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(tls)
}

/// The proxy is not there.
fn unreachable(hop: &Hop, cause: &str) -> Failure {
    let text = format!("could not connect: the proxy {} is not reached: {cause}", hop.name());
    Failure::local(Kind::ProxyUnreachable, text)
}

/// The proxy opens no tunnel.
fn shut(hop: &Hop, target: &str, closed: &Closed) -> Failure {
    let name = hop.name();
    let text = match closed {
        // By RFC 9110 these speak of the server behind: as much as a connection of ours that is refused.
        Closed::Status(status @ (StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT)) => {
            return refused(&format!("the proxy {name} does not reach {target} either ({status})"));
        }
        Closed::Status(status @ StatusCode::PROXY_AUTHENTICATION_REQUIRED) => {
            let wants = if hop.authorization().is_some() { "other credentials" } else { "credentials" };
            format!("wants {wants} ({status}): put them into its URL, http://USER:PASSWORD@{name}")
        }
        Closed::Status(status) => {
            format!("does not let us through to {target} ({status}): have it allowed there, or name it in NO_PROXY")
        }
        Closed::Broken(error) => format!("broke off: {error}"),
        Closed::Nonsense(what) => format!("is none: {what}"),
    };
    Failure::local(Kind::ProxyUnreachable, format!("could not connect: the proxy {name} {text}"))
}

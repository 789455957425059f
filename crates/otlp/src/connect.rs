//! A connection to a control plane, a ledger or a collector: TLS 1.3, by an authority of its own and by nobody else's, or by the public
//! ones.

use std::{
    fs::File,
    future::Future,
    io::{self, Read as _},
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use anyhow::{Context as _, bail};
use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    version::TLS13,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// How long TCP and TLS may take.
const LIMIT: Duration = Duration::from_secs(10);
/// A bundle of some hundred certificates.
const BUNDLE: u64 = 1 << 20;

/// Connects to one server.
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "what TLS is set up with has none")]
pub struct Connector {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Connector {
    /// To `to`, known by the certificates in `ca_file`; without TLS for `http`.
    ///
    /// # Errors
    ///
    /// No file says by which certificates, or it cannot be used.
    pub fn new(to: &Uri, ca_file: Option<&Path>) -> anyhow::Result<Self> {
        let host = to.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let secure = to.scheme_str() == Some("https");
        let port = to.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let tls = match (secure, ca_file) {
            (false, _) => None,
            (true, None) => bail!("no --ca-file says by which certificates the control plane is known"),
            (true, Some(file)) => {
                let name = ServerName::try_from(host.clone())
                    .context("the control plane's name cannot be in a certificate")?;
                Some((TlsConnector::from(Arc::new(config(file)?)), name))
            }
        };
        Ok(Self { host, port, tls })
    }

    /// To `to`, which may be anybody's, known by the public authorities; without TLS for `http`.
    ///
    /// # Errors
    ///
    /// Its name cannot be in a certificate.
    pub fn public(to: &Uri) -> anyhow::Result<Self> {
        if to.scheme_str() != Some("https") {
            return Self::new(to, None);
        }
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let host = to.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host.clone()).context("its name cannot be in a certificate")?;
        let connector = TlsConnector::from(Arc::new(trusting(roots)?));
        Ok(Self { host, port: to.port_u16().unwrap_or(443), tls: Some((connector, name)) })
    }
}

fn config(ca_file: &Path) -> anyhow::Result<ClientConfig> {
    let pem = small_file(ca_file, BUNDLE).with_context(|| format!("cannot read {}", ca_file.display()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.with_context(|| format!("{} is no PEM of certificates", ca_file.display()))?;
        roots.add(certificate).with_context(|| format!("a certificate in {} cannot be used", ca_file.display()))?;
    }
    if roots.is_empty() {
        bail!("{} holds no certificate", ca_file.display());
    }
    trusting(roots)
}

fn trusting(roots: RootCertStore) -> anyhow::Result<ClientConfig> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .context("TLS 1.3 is not built in")?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// What lies at the bottom of an error.
pub fn innermost(error: &dyn std::error::Error) -> String {
    let mut at = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}

/// The content of a file that is at most `most` bytes long.
///
/// # Errors
///
/// It cannot be read, or is longer.
pub fn small_file(path: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        bail!("{} is longer than {most} bytes", path.display());
    }
    Ok(bytes)
}

/// A stream, encrypted or not.
#[derive(Debug)]
pub enum Stream {
    /// Encrypted.
    Tls(Box<TlsStream<TcpStream>>),
    /// In clear.
    Plain(TcpStream),
}

impl tower::Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<Stream>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let Self { host, port, tls } = self.clone();
        Box::pin(async move {
            let connecting = async {
                let socket = TcpStream::connect((host.as_str(), port)).await?;
                socket.set_nodelay(true)?;
                Ok(match tls {
                    Some((tls, name)) => Stream::Tls(Box::new(tls.connect(name, socket).await?)),
                    None => Stream::Plain(socket),
                })
            };
            let late = || io::Error::new(io::ErrorKind::TimedOut, "connecting took too long");
            tokio::time::timeout(LIMIT, connecting).await.map_err(|_| late())?.map(TokioIo::new)
        })
    }
}

macro_rules! either {
    ($stream:expr, $io:ident => $call:expr) => {
        match $stream.get_mut() {
            Self::Tls($io) => {
                let $io = Pin::new(&mut **$io);
                $call
            }
            Self::Plain($io) => {
                let $io = Pin::new($io);
                $call
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        either!(self, io => io.poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        either!(self, io => io.poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, io => io.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, io => io.poll_shutdown(cx))
    }
}

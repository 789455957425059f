//! One replica, asked by the one that writes status.

use std::{
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use outrigger_api::fleet::{CountsRequest, CountsResponse};
use prost::Message as _;
use rustls::{
    ClientConfig, RootCertStore,
    client::Resumption,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    version::TLS13,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::mpsc,
};
use tokio_rustls::TlsConnector;

use super::{auth::PeerAuth, feed::COUNTS, message::decode};
use crate::{
    push::frame::{self, Messages},
    tally::counting::Report,
};

/// How long a replica may take to be reached and to say something.
const LIMIT: Duration = Duration::from_secs(5);
/// How often one that says nothing is asked whether it is still there, and how long it may take.
const PING: Duration = Duration::from_secs(5);
/// Pauses between two attempts, with as much again at random.
const PAUSE: Duration = Duration::from_millis(500);
const PAUSE_MOST: Duration = Duration::from_secs(4);
/// Longest report: 16,384 objects with the longest names, in what is kept of reasons.
const LONGEST: usize = 32 << 20;

/// How replicas are reached.
pub(crate) struct Dial {
    /// `None`: in clear, for measurements on one machine.
    pub(crate) trust: Option<Trust>,
    pub(crate) auth: Arc<dyn PeerAuth>,
}

/// By what a replica is known.
pub(crate) struct Trust {
    /// The certificates of the authorities, as PEM, as they are now.
    pub(crate) bundle: Arc<dyn Fn() -> String + Send + Sync>,
    /// A name that every replica's certificate carries: none carries its address.
    pub(crate) name: ServerName<'static>,
}

/// What is heard of a replica.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    /// Its instance, and what it says.
    Said(Box<str>, Arc<Report>),
    /// It does not answer.
    Lost,
}

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Asks the replica at `address` for ever, and tells what is heard.
pub(super) async fn ask(dial: Arc<Dial>, address: SocketAddr, news: mpsc::Sender<(SocketAddr, News)>) {
    let mut pause = PAUSE;
    loop {
        let mut heard = false;
        let error = dial.stream(address, &news, &mut heard).await.err();
        if let Some(error) = error {
            // Once, and not with every attempt.
            if heard || pause == PAUSE {
                tracing::warn!(code = "peer_lost", %address, "a replica does not answer: {error:#}");
            }
        }
        if news.send((address, News::Lost)).await.is_err() {
            return;
        }
        pause = if heard { PAUSE } else { (pause * 2).min(PAUSE_MOST) };
        tokio::time::sleep(pause.mul_f64(1.0 + fastrand::f64())).await;
    }
}

impl Dial {
    /// One stream, from connecting to its end.
    async fn stream(
        &self,
        address: SocketAddr,
        news: &mpsc::Sender<(SocketAddr, News)>,
        heard: &mut bool,
    ) -> anyhow::Result<()> {
        let opening = async {
            let socket = self.connect(address).await?;
            let (mut send, connection) = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .keep_alive_interval(PING)
                .keep_alive_timeout(PING)
                .handshake::<_, Full<Bytes>>(TokioIo::new(socket))
                .await?;
            let connection = tokio::spawn(connection);
            let request = self.request()?;
            send.ready().await?;
            anyhow::Ok((send.send_request(request).await?, send, Ended(connection)))
        };
        let late = || "it takes too long";
        let (response, _send, _connection) = tokio::time::timeout(LIMIT, opening).await.with_context(late)??;
        if response.status() != StatusCode::OK {
            bail!("it answers {}", response.status());
        }
        if let Some(message) = response.headers().get("grpc-message") {
            bail!("it refuses: {}", String::from_utf8_lossy(message.as_bytes()));
        }
        let mut body = pin!(response.into_body());
        let mut messages = Messages::up_to(LONGEST);
        loop {
            // A first word is due at once; after that it may have nothing to say, and pings tell whether it is there.
            let frame = match *heard {
                true => body.frame().await,
                false => tokio::time::timeout(LIMIT, body.frame()).await.with_context(late)?,
            };
            let Some(frame) = frame else { return Ok(()) };
            let Ok(data) = frame?.into_data() else { continue };
            messages.push(&data);
            while let Some(message) = messages.next().map_err(|status| anyhow::anyhow!("{}", status.message))? {
                let (instance, report) =
                    decode(CountsResponse::decode(message).context("it says what cannot be read")?);
                *heard = true;
                news.send((address, News::Said(instance, Arc::new(report)))).await?;
            }
        }
    }

    async fn connect(&self, address: SocketAddr) -> anyhow::Result<Box<dyn Io>> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        Ok(match &self.trust {
            Some(Trust { bundle, name }) => {
                let connector = TlsConnector::from(Arc::new(config(&bundle())?));
                Box::new(connector.connect(name.clone(), socket).await?)
            }
            None => Box::new(socket),
        })
    }

    fn request(&self) -> anyhow::Result<Request<Full<Bytes>>> {
        let token = self.auth.token(SystemTime::now()).context("there is no authority to prove anything with yet")?;
        let mut bearer = HeaderValue::try_from(format!("Bearer {token}"))?;
        bearer.set_sensitive(true);
        let (scheme, host) = match &self.trust {
            Some(trust) => ("https", trust.name.to_str()),
            None => ("http", "replica".into()),
        };
        Ok(Request::post(format!("{scheme}://{host}{COUNTS}"))
            .header(header::CONTENT_TYPE, "application/grpc")
            .header(header::TE, "trailers")
            .header(header::AUTHORIZATION, bearer)
            .body(Full::new(frame::plain(&CountsRequest {}.encode_to_vec())))?)
    }
}

/// Ends the connection with the stream.
struct Ended(tokio::task::JoinHandle<hyper::Result<()>>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn config(bundle: &str) -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(bundle.as_bytes()) {
        roots.add(certificate.context("the authority's certificates cannot be read")?)?;
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .context("TLS 1.3 is not built in")?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

impl std::fmt::Debug for Dial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dial").field("tls", &self.trust.is_some()).finish_non_exhaustive()
    }
}

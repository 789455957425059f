//! One unary call of gRPC to a ledger, by hand on HTTP/2: a frame there, a frame back, and a status behind it.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, bail, ensure};
use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Request, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use outrigger_api::ledger::{AppendRequest, AppendResponse};
use prost::Message as _;
use rustls::pki_types::ServerName;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

use crate::plane::trust;

/// How long TCP and TLS may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(30);
/// An answer is one number.
const LONGEST: usize = 64 << 10;
const APPEND: &str = "/outrigger.ledger.v1.LedgerService/Append";

/// A ledger, connected to.
pub(super) struct Ledger {
    send: SendRequest<Full<Bytes>>,
    base: String,
    bearer: HeaderValue,
}

impl Ledger {
    /// Connects to the one at `to`, as whoever the token in `token_file` belongs to.
    ///
    /// # Errors
    ///
    /// Why it cannot be. The token is in none of them.
    pub(super) async fn connect(to: &Uri, token_file: &Path, ca_file: Option<&Path>) -> anyhow::Result<Self> {
        let bearer = trust::bearer(&trust::token(token_file)?)?;
        let (secure, host, port) = address(to)?;
        let connecting = async {
            let socket = TcpStream::connect((host.as_str(), port)).await?;
            socket.set_nodelay(true)?;
            Ok::<_, std::io::Error>(socket)
        };
        let socket = timeout(CONNECT, connecting).await.map_err(anyhow::Error::from).and_then(|it| Ok(it?));
        let socket = socket.with_context(|| format!("cannot connect to the ledger at {to}"))?;
        let send = if secure {
            let file = ca_file.context("--ca-file is missing: by which certificates is the ledger known?")?;
            let config = trust::config(&trust::bundle(file)?)?;
            let name =
                ServerName::try_from(host.clone()).with_context(|| format!("{host:?} cannot be in a certificate"))?;
            let socket = timeout(CONNECT, TlsConnector::from(Arc::new(config)).connect(name, socket)).await?;
            let socket =
                socket.with_context(|| format!("{to} is not the ledger that --ca-file knows, or it speaks no TLS"))?;
            let (send, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await?;
            tokio::spawn(connection);
            send
        } else {
            let (send, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await?;
            tokio::spawn(connection);
            send
        };
        let authority = to.authority().map_or("", http::uri::Authority::as_str);
        Ok(Self { send, base: format!("{}://{authority}", if secure { "https" } else { "http" }), bearer })
    }

    /// Has `batch` booked; answers up to which number of its epoch the ledger has all.
    ///
    /// # Errors
    ///
    /// What it says instead.
    pub(super) async fn append(&mut self, batch: &AppendRequest) -> anyhow::Result<u64> {
        let request = Request::post(format!("{}{APPEND}", self.base))
            .header(header::AUTHORIZATION, &self.bearer)
            .header(header::CONTENT_TYPE, "application/grpc")
            .header(header::TE, "trailers")
            .body(Full::new(framed(batch)))?;
        let exchange = async {
            let (head, body) = self.send.send_request(request).await?.into_parts();
            let body = Limited::new(body, LONGEST).collect().await;
            let body = body.map_err(|error| anyhow::anyhow!("the answer broke off: {error}"))?;
            let trailers = body.trailers().cloned().unwrap_or_default();
            ensure!(head.status == 200, "it answers {}: is it a ledger?", head.status);
            said(&head.headers)?;
            said(&trailers)?;
            let body = body.to_bytes();
            let answer = body.get(5..).context("it answers nothing")?;
            Ok(AppendResponse::decode(answer).context("its answer cannot be read")?.through)
        };
        timeout(ANSWER, exchange).await.context("the ledger does not answer in time")?
    }
}

/// Whether by TLS, and where.
fn address(to: &Uri) -> anyhow::Result<(bool, String, u16)> {
    let host = to.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let loopback = host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    ensure!(matches!(to.path(), "" | "/") && to.query().is_none(), "--ledger {to} has more than an address");
    match to.scheme_str() {
        Some("https") => Ok((true, host, to.port_u16().unwrap_or(443))),
        Some("http") if loopback => Ok((false, host, to.port_u16().unwrap_or(80))),
        Some("http") => bail!("--ledger {to}: the token would cross the network in clear; use https://"),
        _ => bail!("--ledger {to} is no address: write https://HOST:PORT"),
    }
}

/// As gRPC frames it: not compressed, so long.
fn framed(batch: &AppendRequest) -> Bytes {
    let length = batch.encoded_len();
    let mut bytes = BytesMut::with_capacity(5 + length);
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    bytes.put_slice(&batch.encode_to_vec());
    bytes.freeze()
}

/// The status, where there is one, which may stand before an answer or behind it.
fn said(headers: &HeaderMap) -> anyhow::Result<()> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match text("grpc-status") {
        None | Some("0") => Ok(()),
        Some(code) => bail!("the ledger refuses (gRPC status {code}): {}", text("grpc-message").unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_crosses_no_network_in_clear() {
        let of = |text: &str| address(&text.parse().unwrap()).map_err(|error| error.to_string());
        assert_eq!(of("https://ledger:4125"), Ok((true, "ledger".to_owned(), 4125)));
        assert_eq!(of("http://[::1]:4125"), Ok((false, "::1".to_owned(), 4125)));
        assert!(of("http://ledger:4125").unwrap_err().contains("in clear"));
        assert!(of("https://ledger/usage").unwrap_err().contains("more than an address"));
        assert!(of("ledger:4125").unwrap_err().contains("https://HOST:PORT"));
    }

    #[test]
    fn a_status_is_an_error_wherever_it_stands() {
        let of = |pairs: &[(&'static str, &'static str)]| {
            let headers: HeaderMap =
                pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect();
            said(&headers).map_err(|error| error.to_string())
        };
        assert_eq!((of(&[]), of(&[("grpc-status", "0")])), (Ok(()), Ok(())));
        assert!(of(&[("grpc-status", "16"), ("grpc-message", "no such token")]).unwrap_err().contains("no such token"));
    }
}

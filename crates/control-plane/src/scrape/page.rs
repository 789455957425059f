//! One page of one sidecar: a connection, a request, an answer of bounded length; nobody is followed elsewhere.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::Semaphore};

use super::Outcome;

/// How long a sidecar may take, from connecting to the end of its page.
pub(super) const LIMIT: Duration = Duration::from_secs(2);
/// Longest page: some thirty times that of a busy sidecar.
const MOST: usize = 2 << 20;
/// What is longer than this waits for its turn, so that pages under way at one time hold 24 MiB and not 128.
const LARGE: usize = 256 << 10;
/// Turns for those.
pub(super) const LARGE_AT_ONCE: usize = 4;

/// The page at this address. Within [`LIMIT`], which the caller holds.
pub(super) async fn get(address: SocketAddr, large: &Semaphore) -> Result<String, Outcome> {
    let socket = TcpStream::connect(address).await.map_err(|_| Outcome::Unreachable)?;
    let (mut send, connection) =
        http1::handshake::<_, Empty<Bytes>>(TokioIo::new(socket)).await.map_err(|_| Outcome::Unreachable)?;
    // Both end together, here, when whoever waits has had enough.
    let mut connection = std::pin::pin!(connection);
    let mut asked = std::pin::pin!(read(&mut send, address, large));
    tokio::select! {
        read = &mut asked => read,
        // An answer that ends with its connection is read from what has come.
        _ = &mut connection => asked.await,
    }
}

async fn read(
    send: &mut http1::SendRequest<Empty<Bytes>>,
    address: SocketAddr,
    large: &Semaphore,
) -> Result<String, Outcome> {
    let mut request = Request::new(Empty::new());
    *request.uri_mut() = http::Uri::from_static("/metrics");
    let host = HeaderValue::from_str(&address.to_string()).map_err(|_| Outcome::Nowhere)?;
    request.headers_mut().insert(header::HOST, host);
    let answer = send.send_request(request).await.map_err(|_| Outcome::Unreachable)?;
    if answer.status() != StatusCode::OK {
        return Err(Outcome::Refused);
    }
    let (mut body, mut page, mut turn) = (answer.into_body(), Vec::new(), None);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Outcome::Unreachable)?.into_data() else { continue };
        let length = page.len() + data.len();
        if length > MOST {
            return Err(Outcome::Large);
        }
        if length > LARGE && turn.is_none() {
            turn = Some(large.acquire().await.map_err(|_| Outcome::Late)?);
        }
        page.extend_from_slice(&data);
    }
    String::from_utf8(page).map_err(|_| Outcome::Unreadable)
}

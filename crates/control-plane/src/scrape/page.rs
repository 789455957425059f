//! One page of one sidecar: a connection, a request, an answer of bounded length; nobody is followed elsewhere.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::Semaphore};

use super::outcome::Outcome;

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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    /// What becomes of one who answers so: these bytes, so many times over, and then closes or says nothing more.
    async fn answered(head: &'static str, piece: &'static str, times: usize, closes: bool) -> Result<String, Outcome> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut asked = [0; 512];
            let length = socket.read(&mut asked).await.unwrap();
            let asked = String::from_utf8_lossy(&asked[..length]).into_owned();
            assert!(asked.starts_with("GET /metrics HTTP/1.1\r\nhost: 127.0.0.1:"), "{asked}");
            let _ = socket.write_all(head.as_bytes()).await;
            for _ in 0..times {
                if socket.write_all(piece.as_bytes()).await.is_err() {
                    return;
                }
            }
            if !closes {
                std::future::pending::<()>().await;
            }
        });
        let large = Semaphore::new(LARGE_AT_ONCE);
        let got = tokio::time::timeout(LIMIT, get(address, &large)).await.unwrap_or(Err(Outcome::Late));
        assert_eq!(large.available_permits(), LARGE_AT_ONCE);
        serving.abort();
        got
    }

    const OK: &str = "HTTP/1.1 200 OK\r\n\r\n";
    const KIB: &str = "# 23456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\
                       01234567890123456789012345678\n";

    #[tokio::test]
    async fn a_page_is_read_to_its_end_whatever_says_where_that_is() {
        assert_eq!(answered(OK, "a 1\n", 2, true).await.unwrap(), "a 1\na 1\n");
        let known = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n";
        assert_eq!(answered(known, "a 1\n", 1, false).await.unwrap(), "a 1\n");
        let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\na 1\n\r\n0\r\n\r\n";
        assert_eq!(answered(chunked, "", 0, false).await.unwrap(), "a 1\n");
    }

    #[tokio::test]
    async fn three_mebibytes_are_not_read() {
        let times = (3 << 20) / KIB.len();
        assert_eq!(answered(OK, KIB, times, true).await.unwrap_err(), Outcome::Large);
        // Two are, but for a few bytes: one of the turns for large pages is given back with it.
        let times = MOST / KIB.len();
        assert_eq!(answered(OK, KIB, times, true).await.unwrap().len(), times * KIB.len());
    }

    #[tokio::test]
    async fn one_that_hangs_costs_two_seconds_and_one_that_sends_elsewhere_is_not_followed() {
        let begun = std::time::Instant::now();
        for head in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"] {
            assert_eq!(answered(head, "", 0, false).await.unwrap_err(), Outcome::Late);
        }
        assert!(begun.elapsed() < LIMIT * 3);
        let elsewhere = "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(answered(elsewhere, "", 0, false).await.unwrap_err(), Outcome::Refused);
        assert_eq!(answered("HTTP/1.1 503 No\r\n\r\n", "", 0, true).await.unwrap_err(), Outcome::Refused);
        assert_eq!(answered("", "", 0, true).await.unwrap_err(), Outcome::Unreachable);
    }

    #[tokio::test]
    async fn nobody_there_is_told_apart() {
        let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        assert_eq!(get(nobody, &Semaphore::new(1)).await.unwrap_err(), Outcome::Unreachable);
    }
}

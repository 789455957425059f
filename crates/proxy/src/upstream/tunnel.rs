//! A tunnel by a proxy: CONNECT (RFC 9110, 9.3.6), for plain targets as for TLS. So the proxy never sees a key, and what is
//! behind a tunnel is a connection to the target like any other: pooled by its authority, in the forms of its protocol.

use std::io;

use http::{HeaderValue, StatusCode};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// The longest head of a proxy's answer that is read, in bytes. hyper-util allows as many.
const LONGEST: usize = 8 << 10;

/// Why there is no tunnel.
#[derive(Debug)]
pub(super) enum Closed {
    /// The proxy said so.
    Status(StatusCode),
    /// It broke off.
    Broken(io::Error),
    /// It said what cannot be understood.
    Nonsense(&'static str),
}

/// Asks for a tunnel to `target`, a host and a port.
pub(super) async fn open(
    proxy: &mut (impl AsyncRead + AsyncWrite + Unpin),
    target: &str,
    authorization: Option<&HeaderValue>,
) -> Result<(), Closed> {
    let mut ask = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").into_bytes();
    if let Some(authorization) = authorization {
        ask.extend([b"Proxy-Authorization: ", authorization.as_bytes(), b"\r\n"].concat());
    }
    ask.extend(b"\r\n");
    proxy.write_all(&ask).await.map_err(Closed::Broken)?;
    let mut said = Vec::with_capacity(512);
    let end = loop {
        let seen = said.len();
        let room = u64::try_from(LONGEST - seen).unwrap_or_default();
        if room == 0 {
            return Err(Closed::Nonsense("its answer has no end"));
        }
        if (&mut *proxy).take(room).read_buf(&mut said).await.map_err(Closed::Broken)? == 0 {
            return Err(Closed::Broken(io::Error::new(io::ErrorKind::UnexpectedEof, "it closed without an answer")));
        }
        // The end may lie across two reads.
        let from = seen.saturating_sub(3);
        if let Some(at) = memchr::memmem::find(&said[from..], b"\r\n\r\n") {
            break from + at + 4;
        }
    };
    let status = status(&said).ok_or(Closed::Nonsense("its answer is not HTTP"))?;
    match (status.is_success(), said.len() == end) {
        (false, _) => Err(Closed::Status(status)),
        // Neither TLS nor HTTP lets a server speak first: these are no words of the target.
        (true, false) => Err(Closed::Nonsense("it went on talking behind its answer")),
        (true, true) => Ok(()),
    }
}

/// Of `HTTP/1.1 200 Connection established`.
fn status(head: &[u8]) -> Option<StatusCode> {
    let rest = head.strip_prefix(b"HTTP/1.1 ").or_else(|| head.strip_prefix(b"HTTP/1.0 "))?;
    let (code, behind) = rest.split_at_checked(3)?;
    matches!(behind.first(), Some(b' ' | b'\r')).then(|| StatusCode::from_bytes(code).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    /// What was asked, and what came of these answers.
    async fn asked(answer: &[u8], authorization: Option<&str>) -> (String, Result<(), Closed>) {
        let (mut near, mut far) = duplex(64 << 10);
        let authorization = authorization.map(|text| HeaderValue::from_str(text).unwrap());
        far.write_all(answer).await.unwrap();
        far.shutdown().await.unwrap();
        let opened = open(&mut near, "api.x.com:443", authorization.as_ref()).await;
        drop(near);
        let mut asked = String::new();
        far.read_to_string(&mut asked).await.unwrap();
        (asked, opened)
    }

    #[tokio::test]
    async fn a_tunnel_is_asked_for_by_name_with_what_the_proxy_wants_to_hear() {
        let (asked_for, opened) = asked(b"HTTP/1.1 200 Connection established\r\nVia: p\r\n\r\n", None).await;
        assert_eq!(asked_for, "CONNECT api.x.com:443 HTTP/1.1\r\nHost: api.x.com:443\r\n\r\n");
        assert!(opened.is_ok());
        let (asked_for, opened) = asked(b"HTTP/1.0 299\r\n\r\n", Some("Basic abc=")).await;
        assert!(asked_for.ends_with("Host: api.x.com:443\r\nProxy-Authorization: Basic abc=\r\n\r\n"), "{asked_for}");
        assert!(opened.is_ok());
    }

    #[tokio::test]
    async fn what_is_no_tunnel_is_told_apart() {
        for status in [407_u16, 403, 502, 100, 302] {
            let answer = format!("HTTP/1.1 {status} Any reason\r\ncontent-length: 2\r\n\r\nno");
            let (_, opened) = asked(answer.as_bytes(), None).await;
            assert!(matches!(opened, Err(Closed::Status(code)) if code == status), "{status}: {opened:?}");
        }
        for nonsense in
            [&b"SSH-2.0-OpenSSH\r\n\r\n"[..], b"HTTP/1.1 2000 OK\r\n\r\n", b"HTTP/2 200\r\n\r\n", b"\r\n\r\n"]
        {
            assert!(matches!(asked(nonsense, None).await.1, Err(Closed::Nonsense(_))));
        }
        assert!(matches!(asked(b"HTTP/1.1 200 OK\r\n\r\nhello", None).await.1, Err(Closed::Nonsense(_))));
        for cut in [&b""[..], b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r"] {
            assert!(matches!(asked(cut, None).await.1, Err(Closed::Broken(_))));
        }
    }

    /// What is read of an answer has a bound.
    #[tokio::test]
    async fn a_head_of_the_longest_length_is_read_and_a_longer_one_is_not() {
        for (length, fits) in [(LONGEST, true), (LONGEST + 1, false)] {
            let mut head = b"HTTP/1.1 200 OK\r\nfill: ".to_vec();
            head.resize(length - 4, b'x');
            head.extend(b"\r\n\r\n");
            assert_eq!(asked(&head, None).await.1.is_ok(), fits, "{length}");
        }
    }
}

//! Asking a control plane: its pages by HTTP/1.1, or the port that sidecars use by TLS 1.3 and HTTP/2.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

use super::{
    program::Program,
    trust::{bearer, config},
};

/// How long TCP and TLS may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer may take, to its last byte.
const ANSWER: Duration = Duration::from_secs(30);
/// Longest answer that is read.
const LONGEST: usize = 256 << 20;

/// Asks one control plane.
pub(crate) struct Asker {
    program: &'static Program,
    authority: String,
    host: String,
    port: u16,
    /// With the token, for a port that wants one.
    tls: Option<(TlsConnector, ServerName<'static>, HeaderValue)>,
}

impl Asker {
    /// The one at `from`, known by these certificates (PEM), for whoever has this token.
    ///
    /// # Errors
    ///
    /// What is missing to ask it, and where to get it. The token is in none of them.
    pub(super) fn new(
        program: &'static Program,
        from: &Uri,
        ca: Option<&[u8]>,
        token: Option<&str>,
    ) -> anyhow::Result<Self> {
        let (Some(scheme), Some(authority)) = (from.scheme_str(), from.authority()) else {
            bail!("--from {from} is no address: write http://HOST:PORT or https://HOST:PORT");
        };
        ensure!(
            matches!(from.path(), "" | "/" | "/fleet") && from.query().is_none(),
            "--from {from} has more than an address: leave out what stands behind the port"
        );
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let (port, tls) = match scheme {
            "http" => {
                ensure!(
                    token.is_none(),
                    "--token-file is for https://, and nobody on the way should read the token: leave it out, or ask by https://"
                );
                (80, None)
            }
            "https" => {
                let ca = ca.with_context(|| {
                    format!(
                        "--ca-file is missing: by which certificates is the {} known? In a cluster: kubectl get configmap \
                         outrigger-ca -o jsonpath='{{.data.ca\\.crt}}' > ca.crt",
                        program.name
                    )
                })?;
                let token = token.with_context(|| {
                    format!(
                        "--token-file is missing: who asks? In a cluster: kubectl create token NAME > token, for a service \
                         account that {}",
                        program.right
                    )
                })?;
                let name = ServerName::try_from(host.clone())
                    .with_context(|| format!("{host:?} cannot be in a certificate"))?;
                (443, Some((TlsConnector::from(Arc::new(config(ca)?)), name, bearer(token)?)))
            }
            other => bail!("--from {from}: {other} is not known; write http:// or https://"),
        };
        let port = authority.port_u16().unwrap_or(port);
        Ok(Self { program, authority: authority.to_string(), host, port, tls })
    }

    /// What `GET` of this path answers to this query.
    ///
    /// # Errors
    ///
    /// Why it cannot be asked, or what it says instead.
    pub(crate) async fn get(&self, path: &str, query: &[(&str, String)]) -> anyhow::Result<Bytes> {
        self.ask(Method::GET, &address(path, query), Bytes::new()).await
    }

    /// What `POST` of this to the path answers.
    ///
    /// # Errors
    ///
    /// Why it cannot be asked, or what it says instead.
    pub(crate) async fn post(&self, path: &str, body: Vec<u8>) -> anyhow::Result<Bytes> {
        self.ask(Method::POST, path, body.into()).await
    }

    /// The same, with this query.
    ///
    /// # Errors
    ///
    /// Why it cannot be asked, or what it says instead.
    pub(crate) async fn post_to(&self, path: &str, query: &[(&str, String)], body: Vec<u8>) -> anyhow::Result<Bytes> {
        self.ask(Method::POST, &address(path, query), body.into()).await
    }

    async fn ask(&self, method: Method, path: &str, body: Bytes) -> anyhow::Result<Bytes> {
        let response = timeout(ANSWER, self.exchange(method, path, body)).await;
        let (status, body) = response.with_context(|| format!("{} does not answer in time", self.authority))??;
        if status == StatusCode::OK {
            return Ok(body);
        }
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        match said["error"]["message"].as_str() {
            Some(message) => bail!("{} refuses ({}): {message}", self.authority, status.as_u16()),
            None => bail!("{} answers {status}: does --from name a {}?", self.authority, self.program.name),
        }
    }

    async fn exchange(&self, method: Method, path: &str, body: Bytes) -> anyhow::Result<(StatusCode, Bytes)> {
        let connecting = async {
            let socket = TcpStream::connect((self.host.as_str(), self.port)).await?;
            socket.set_nodelay(true)?;
            Ok::<_, std::io::Error>(socket)
        };
        let socket = timeout(CONNECT, connecting).await.map_err(anyhow::Error::from).and_then(|it| Ok(it?));
        let socket = socket.with_context(|| {
            let Program { forward, pages, .. } = self.program;
            format!(
                "cannot connect to {}: in a cluster, {forward} brings it to {pages}; else say with --from where it is",
                self.authority
            )
        })?;
        let Some((tls, name, bearer)) = &self.tls else {
            let (mut send, connection) = http1::handshake(TokioIo::new(socket)).await?;
            tokio::spawn(connection);
            let request = Request::builder().method(method).uri(path).header(header::HOST, &self.authority);
            let request = request.body(Full::new(body))?;
            return whole(send.send_request(request).await?).await;
        };
        let socket = timeout(CONNECT, tls.connect(name.clone(), socket)).await?;
        let socket = socket.with_context(|| {
            let Program { name, .. } = self.program;
            format!("{} is not the {name} that --ca-file knows, or it speaks no TLS", self.authority)
        })?;
        let (mut send, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await?;
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(format!("https://{}{path}", self.authority))
            .header(header::AUTHORIZATION, bearer)
            .body(Full::new(body))?;
        whole(send.send_request(request).await?).await
    }
}

fn address(path: &str, query: &[(&str, String)]) -> String {
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    format!("{}{query}", encoded(path))
}

async fn whole(response: Response<Incoming>) -> anyhow::Result<(StatusCode, Bytes)> {
    let (head, body) = response.into_parts();
    let body = Limited::new(body, LONGEST).collect().await;
    let body = body.map_err(|error| anyhow::anyhow!("the answer broke off: {error}"))?;
    Ok((head.status, body.to_bytes()))
}

/// As a query has it.
fn encoded(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/');
    let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    value.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::program::CONTROL_PLANE;

    fn refusal(from: &str, ca: Option<&str>, token: Option<&str>) -> String {
        let asker = Asker::new(&CONTROL_PLANE, &from.parse().unwrap(), ca.map(str::as_bytes), token);
        format!("{:#}", asker.err().unwrap())
    }

    #[test]
    fn what_is_missing_is_told_with_where_to_get_it() {
        for (from, ca, token, why) in [
            ("https://a:1", None, None, "kubectl get configmap outrigger-ca"),
            ("https://a:1", Some("/f"), None, "kubectl create token"),
            ("https://a:1", Some("nothing"), Some("t"), "holds no certificate"),
            ("http://a:1", None, Some("/f"), "--token-file is for https"),
            ("ftp://a:1", None, None, "write http:// or https://"),
            ("a:1", None, None, "write http://HOST:PORT"),
            ("http://a:1/metrics", None, None, "leave out"),
        ] {
            let told = refusal(from, ca, token);
            assert!(told.contains(why), "{from}: {told}");
        }
        let asker = Asker::new(&CONTROL_PLANE, &"http://[::1]:4120/".parse().unwrap(), None, None).unwrap();
        assert_eq!((asker.host.as_str(), asker.port, asker.authority.as_str()), ("::1", 4120, "[::1]:4120"));
    }

    #[test]
    fn a_query_is_encoded() {
        assert_eq!(encoded("a/p/main"), "a/p/main");
        assert_eq!(encoded("a b&c=ä"), "a%20b%26c%3D%C3%A4");
    }
}

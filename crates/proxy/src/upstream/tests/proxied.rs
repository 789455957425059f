//! The way by a proxy, where a story has no words for it: protocols inside the tunnel, a proxy asked by TLS, and time.

use outrigger_wire::{Failure, Kind};
use rustls::{RootCertStore, ServerConfig, pki_types::PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::config::Proxies;

const LIMIT: Duration = Duration::from_millis(300);

/// Speaks TLS under the names of two hosts, and these protocols inside.
fn tls(protocols: &[&str]) -> (TlsAcceptor, RootCertStore) {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned(), "api.test".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(signed.signing_key.serialize_der().into());
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let mut roots = RootCertStore::empty();
    roots.add(signed.cert.der().clone()).unwrap();
    (TlsAcceptor::from(Arc::new(config)), roots)
}

/// A listener, and where it is.
async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, format!("localhost:{port}"))
}

/// A provider that ends TLS and says nothing more.
async fn provider(acceptor: TlsAcceptor) -> String {
    let (listener, addr) = listen().await;
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut socket) = acceptor.accept(socket).await else { return };
                drop(socket.read_to_end(&mut Vec::new()).await);
            });
        }
    });
    addr
}

async fn pass(mut near: impl AsyncRead + AsyncWrite + Unpin, to: &str) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        near.read_buf(&mut head).await.unwrap();
    }
    near.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    drop(copy_bidirectional(&mut near, &mut TcpStream::connect(to).await.unwrap()).await);
}

/// A connector that goes by this proxy, and how it fares on the way to `to`.
async fn by(proxy: String, roots: RootCertStore, to: &str) -> Result<opened::Opened, Failure> {
    let proxies = Proxies::read(|name| (name == "ALL_PROXY").then(|| proxy.clone())).unwrap();
    Connector::new(roots, &proxies).unwrap().connect(&to.parse().unwrap(), LIMIT * 10).await
}

#[tokio::test]
async fn what_is_spoken_is_agreed_on_inside_the_tunnel() {
    for (protocols, http2) in [(&["h2", "http/1.1"][..], true), (&["http/1.1"], false), (&[], false)] {
        let (acceptor, roots) = tls(protocols);
        let to = provider(acceptor).await;
        let (listener, addr) = listen().await;
        tokio::spawn(async move { pass(listener.accept().await.unwrap().0, &to).await });
        let stream = by(addr, roots, "https://api.test/").await.unwrap();
        assert_eq!(stream.http2, http2, "{protocols:?}");
    }
}

/// The proxy's certificate is looked at as a provider's is.
#[tokio::test]
async fn a_proxy_may_be_asked_by_tls() {
    for known in [true, false] {
        let (acceptor, mut roots) = tls(&["h2", "http/1.1"]);
        let to = provider(acceptor.clone()).await;
        let (listener, addr) = listen().await;
        tokio::spawn(async move {
            let Ok(near) = acceptor.accept(listener.accept().await.unwrap().0).await else { return };
            // CONNECT is said in HTTP/1.1, whatever the proxy speaks besides.
            assert_ne!(near.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
            pass(near, &to).await;
        });
        if !known {
            roots = RootCertStore::empty();
        }
        match by(format!("https://{addr}"), roots, "https://api.test/").await {
            Ok(stream) => assert!(known && stream.http2),
            Err(failure) => {
                assert!(!known && failure.kind == Kind::ProxyUnreachable, "{failure:?}");
                assert!(failure.message.contains("UnknownIssuer"), "{failure:?}");
            }
        }
    }
}

/// T1: all of it has one limit. Who is too slow is the proxy until it is there, and the provider behind it from then on.
#[tokio::test]
async fn a_way_that_takes_too_long_is_given_up() {
    let (_, roots) = tls(&[]);
    let (mute, addr) = listen().await;
    for (proxy, kind) in [(addr.clone(), Kind::ConnectTimeout), (format!("https://{addr}"), Kind::ProxyUnreachable)] {
        let proxies = Proxies::read(|name| (name == "HTTPS_PROXY").then(|| proxy.clone())).unwrap();
        let connector = Connector::new(roots.clone(), &proxies).unwrap();
        let begun = std::time::Instant::now();
        let failure = connector.connect(&"https://api.test/".parse().unwrap(), LIMIT).await.err().unwrap();
        assert_eq!(failure.kind, kind, "{failure:?}");
        assert!(failure.message.contains("300ms") && begun.elapsed() >= LIMIT, "{failure:?}");
    }
    drop(mute);
}

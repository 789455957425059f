//! TLS before an upstream, an authority of our own that signs for it, and a proxy on the way there.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// An authority that nobody knows.
pub struct Authority {
    params: CertificateParams,
    key: KeyPair,
    /// Its own certificate.
    pub pem: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { params, key, pem }
    }

    /// TLS before `to`, by a certificate for `name`.
    pub async fn before(&self, to: SocketAddr, name: &str) -> Secure {
        self.start(to, name, 2100).await
    }

    /// The same, by a certificate that is not good any more.
    pub async fn expired_before(&self, to: SocketAddr, name: &str) -> Secure {
        self.start(to, name, 2020).await
    }

    /// A certificate for `name`, good from 1 January of one year to that of another, and its key.
    pub fn certificate(
        &self,
        name: &str,
        years: std::ops::Range<i32>,
    ) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        (params.not_before, params.not_after) = (date_time_ymd(years.start, 1, 1), date_time_ymd(years.end, 1, 1));
        let key = KeyPair::generate().expect("a key");
        let issuer = Issuer::from_params(&self.params, &self.key);
        let certificate = params.signed_by(&key, &issuer).expect("a certificate");
        (certificate.der().clone(), PrivateKeyDer::Pkcs8(key.serialize_der().into()))
    }

    async fn start(&self, to: SocketAddr, name: &str, until: i32) -> Secure {
        let (certificate, key) = self.certificate(name, 2019..until);
        let tls = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("a chain");
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let (listener, addr) = listen().await;
        let accepting = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut near) = acceptor.accept(near).await else { return };
                    let Ok(mut far) = TcpStream::connect(to).await else { return };
                    let _ = copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        Secure { addr, accepting }
    }
}

/// A listener that speaks TLS.
pub struct Secure {
    pub addr: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Drop for Secure {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A proxy that knows CONNECT alone.
pub struct ConnectProxy {
    pub addr: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    accepting: JoinHandle<()>,
}

impl ConnectProxy {
    /// Connects everybody to `to`, whatever was asked for: names that do not exist are good enough for a story.
    pub async fn to(to: SocketAddr) -> Self {
        Self::start(Some(to), "HTTP/1.1 200 Connection established\r\n\r\n".to_owned()).await
    }

    /// Lets nobody through.
    pub async fn saying(answer: &str) -> Self {
        Self::start(None, format!("HTTP/1.1 {answer}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")).await
    }

    async fn start(to: Option<SocketAddr>, answer: String) -> Self {
        let (listener, addr) = listen().await;
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let into = Arc::clone(&asked);
        let accepting = tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (into, answer) = (Arc::clone(&into), answer.clone());
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") && near.read_buf(&mut head).await.is_ok_and(|read| read > 0) {}
                    let head = String::from_utf8_lossy(&head).into_owned();
                    into.lock().unwrap_or_else(PoisonError::into_inner).push(head);
                    let _ = near.write_all(answer.as_bytes()).await;
                    let Some(to) = to else { return };
                    let Ok(mut far) = TcpStream::connect(to).await else { return };
                    let _ = copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        Self { addr, asked, accepting }
    }

    /// The heads of all that it was asked.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for ConnectProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free loopback port");
    let addr = listener.local_addr().expect("a bound address");
    (listener, addr)
}

//! TLS before a provider, good and bad.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use tokio::{io::AsyncReadExt as _, net::TcpStream};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::harness::Authority;

/// What is said in the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tls {
    /// Nothing is wrong, and no protocol is agreed on: HTTP/1.1.
    Good,
    Expired,
    NotYetValid,
    WrongName,
    /// Signed by nobody whom the sidecar knows.
    Unknown,
    AsksForCertificate,
    /// The handshake is never answered.
    Stalls,
    /// It is closed in the middle.
    Closes,
    /// Another protocol is insisted on than any that is offered.
    OtherProtocol,
    /// Nothing newer than TLS 1.2.
    Old,
    /// All is well, and HTTP/2 is agreed on.
    Http2,
}

/// The authority that sidecars of this suite trust: one for all, since making keys takes time.
pub fn authority() -> &'static Authority {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    AUTHORITY.get_or_init(Authority::new)
}

/// The handshake; `None`: it failed, or there was none.
pub(super) async fn accept(mut socket: TcpStream, how: Tls) -> Option<TlsStream<TcpStream>> {
    if let Tls::Stalls | Tls::Closes = how {
        let mut unread = [0; 4096];
        while socket.read(&mut unread).await.is_ok_and(|read| read > 0) && how == Tls::Stalls {}
        return None;
    }
    TlsAcceptor::from(kept(how)).accept(socket).await.ok()
}

/// One of each kind for all connections.
fn kept(how: Tls) -> Arc<ServerConfig> {
    static KEPT: Mutex<BTreeMap<Tls, Arc<ServerConfig>>> = Mutex::new(BTreeMap::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    kept.entry(how).or_insert_with(|| Arc::new(config(how))).clone()
}

fn config(how: Tls) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let (name, years) = match how {
        Tls::Expired => ("localhost", 2019..2020),
        Tls::NotYetValid => ("localhost", 2090..2100),
        Tls::WrongName => ("other.test", 2019..2100),
        _ => ("localhost", 2019..2100),
    };
    let (certificate, key) = match how {
        Tls::Unknown => Authority::new().certificate(name, years),
        _ => authority().certificate(name, years),
    };
    let versions: &[_] = if how == Tls::Old { &[&rustls::version::TLS12] } else { rustls::ALL_VERSIONS };
    let builder =
        ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(versions).expect("versions");
    let builder = match how {
        Tls::AsksForCertificate => {
            let mut roots = RootCertStore::empty();
            roots
                .add(CertificateDer::from_pem_slice(authority().pem.as_bytes()).expect("a certificate"))
                .expect("a root");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.expect("a verifier"))
        }
        _ => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(vec![certificate], key).expect("a chain");
    config.alpn_protocols = match how {
        Tls::Http2 => vec![b"h2".to_vec()],
        Tls::OtherProtocol => vec![b"h3".to_vec()],
        _ => Vec::new(),
    };
    config
}

//! By which certificates and with which token a control plane or a ledger is asked, from files.

use std::{
    fs::File,
    io::{Read as _, stdin},
    path::Path,
    sync::Arc,
};

use anyhow::{Context as _, ensure};
use http::HeaderValue;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
    version::TLS13,
};

/// A bundle of some hundred certificates.
const BUNDLE: u64 = 1 << 20;
/// Longer than any token.
const TOKEN: u64 = 16 << 10;

/// TLS 1.3 by these certificates and nobody else's.
pub(crate) fn config(pem: &[u8]) -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.context("what --ca-file says is no PEM of certificates")?;
        roots.add(certificate).context("a certificate of --ca-file cannot be used")?;
    }
    ensure!(!roots.is_empty(), "--ca-file holds no certificate");
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .context("TLS 1.3 is not built in")?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

/// A token as a header has it, which shows it to nobody.
pub(crate) fn bearer(token: &str) -> anyhow::Result<HeaderValue> {
    let token = token.trim();
    ensure!(!token.is_empty(), "--token-file holds no token");
    let value = HeaderValue::try_from(format!("Bearer {token}"));
    let mut value = value.ok().context("what is in --token-file is no token")?;
    value.set_sensitive(true);
    Ok(value)
}

/// The certificates in a file.
pub(crate) fn bundle(path: &Path) -> anyhow::Result<Vec<u8>> {
    small_file(path, BUNDLE)
}

/// The token in a file, or in standard input.
pub(crate) fn token(path: &Path) -> anyhow::Result<String> {
    let token = small_file(path, TOKEN)?;
    String::from_utf8(token).ok().with_context(|| format!("what is in {} is no token", path.display()))
}

/// The content of a file, or of standard input, that is at most `most` bytes long.
fn small_file(path: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = match path.to_str() {
        Some("-") => stdin().take(most + 1).read_to_end(&mut bytes),
        _ => File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes)),
    };
    read.with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(bytes.len() as u64 <= most, "{} is longer than {most} bytes", path.display());
    Ok(bytes)
}

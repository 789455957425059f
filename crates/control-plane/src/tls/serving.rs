//! The certificate that sidecars are shown. It is never written down: a start makes a new one, and so does its age.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result};
use arc_swap::ArcSwap;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SanType,
};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName},
    server::{ClientHello, NoServerSessionStorage, ResolvesServerCert},
    sign::CertifiedKey,
    version::TLS13,
};

use super::{Authority, authority::SKEW};

/// From `not_before` to `not_after`.
const LIFE: Duration = Duration::from_secs(365 * 24 * 3600);

/// The control plane as a TLS server.
pub(crate) struct Serving {
    authority: Authority,
    names: Vec<SanType>,
    current: ArcSwap<Current>,
}

struct Current {
    key: Arc<CertifiedKey>,
    renew_at: SystemTime,
}

impl Serving {
    /// A server that sidecars reach under `names`, and under every name of this machine for itself.
    pub(crate) fn new(authority: Authority, names: &[ServerName<'_>], now: SystemTime) -> Result<Arc<Self>> {
        let names = subject_names(names)?;
        let current = ArcSwap::from_pointee(make(&authority, &names, now)?);
        Ok(Arc::new(Self { authority, names, current }))
    }

    /// The authority that signs for it.
    #[cfg(test)]
    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// When two thirds of the certificate's life are over. Whoever waits for it should look at the clock again now and
    /// then: it may be set.
    pub(crate) fn renew_at(&self) -> SystemTime {
        self.current.load().renew_at
    }

    /// Shows a new certificate from now on; connections that are open keep theirs. If it fails the old one stays.
    pub(crate) fn renew(&self, now: SystemTime) -> Result<()> {
        self.current.store(Arc::new(make(&self.authority, &self.names, now)?));
        Ok(())
    }

    /// TLS 1.3 and HTTP/2, nothing else. Sessions are not resumed: sidecars connect once and stay, and what resumption
    /// keeps would be held for every idle connection.
    pub(crate) fn config(self: &Arc<Self>) -> Result<Arc<ServerConfig>> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13])
            .context("TLS 1.3 is not built in")?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec()];
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Arc::new(config))
    }
}

impl ResolvesServerCert for Serving {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.load().key))
    }
}

impl fmt::Debug for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serving")
            .field("names", &self.names)
            .field("renew_at", &self.renew_at())
            .finish_non_exhaustive()
    }
}

/// A DNS name or IP address, as the command line has it.
pub(crate) fn name(text: &str) -> Result<ServerName<'static>, String> {
    ServerName::try_from(text.to_owned())
        .map_err(|_| format!("{text:?} is neither a DNS name nor an IP address: write it without port and wildcard"))
}

fn subject_names(names: &[ServerName<'_>]) -> Result<Vec<SanType>> {
    let own = [
        SanType::DnsName("localhost".try_into()?),
        SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ];
    let mut all = Vec::from(own);
    for name in names {
        let name = match name {
            ServerName::DnsName(name) => SanType::DnsName(name.as_ref().try_into()?),
            ServerName::IpAddress(address) => SanType::IpAddress((*address).into()),
            other => anyhow::bail!("{other:?} cannot stand in a certificate"),
        };
        if !all.contains(&name) {
            all.push(name);
        }
    }
    Ok(all)
}

fn make(authority: &Authority, names: &[SanType], now: SystemTime) -> Result<Current> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).context("cannot make a key")?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "outrigger-control-plane");
    params.subject_alt_names = names.to_vec();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let begin = now - SKEW;
    params.not_before = begin.into();
    params.not_after = (begin + LIFE).into();
    let certificate = authority.sign(&params, &key)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key));
    let key = ring::sign::any_ecdsa_type(&key).context("the new key cannot be used")?;
    let key = Arc::new(CertifiedKey::new(vec![certificate.into()], key));
    Ok(Current { key, renew_at: begin + LIFE * 2 / 3 })
}

//! The certificate that sidecars are shown. One that we sign is never written down: a start makes a new one, and so does its
//! age.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result, anyhow};
use arc_swap::ArcSwapOption;
use outrigger_cluster::authority::Material;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SanType,
};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, pem::PemObject as _},
    server::{ClientHello, NoServerSessionStorage, ResolvesServerCert},
    sign::CertifiedKey,
    version::TLS13,
};

use super::{Authority, authority::SKEW};
use crate::lock::lock;

/// From `not_before` to `not_after`.
const LIFE: Duration = Duration::from_secs(365 * 24 * 3600);

/// Why there is nothing to show, until somebody knows better.
const FIRST: &str = "authority_pending: there is no certificate to show yet";

/// When a certificate is renewed that is not ours to renew.
const NEVER: Duration = Duration::from_secs(1 << 40);

/// The control plane as a TLS server.
pub(crate) struct Serving {
    names: Vec<SanType>,
    life: Duration,
    /// What signs; `None` while nothing does, and where somebody else issues.
    authority: ArcSwapOption<Authority>,
    /// What is shown; `None` while there is nothing, and then nobody gets in.
    current: ArcSwapOption<Current>,
    /// Why there is nothing.
    pending: Mutex<String>,
}

struct Current {
    key: Arc<CertifiedKey>,
    renew_at: SystemTime,
    /// When it ends; `None` where somebody else has signed it, who tells of that.
    ends: Option<SystemTime>,
}

impl Serving {
    /// A server that sidecars reach under `names`, and under every name of this machine for itself.
    pub(crate) fn new(authority: Authority, names: &[ServerName<'_>], now: SystemTime) -> Result<Arc<Self>> {
        let serving = Self::pending_for(names, LIFE)?;
        serving.sign_with(authority, now)?;
        Ok(serving)
    }

    /// A server that has nothing to show yet, and is not ready until it has. `life`: of the certificates that are to be
    /// signed for it.
    pub(crate) fn pending_for(names: &[ServerName<'_>], life: Duration) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            names: subject_names(names)?,
            life,
            authority: ArcSwapOption::empty(),
            current: ArcSwapOption::empty(),
            pending: Mutex::new(FIRST.to_owned()),
        }))
    }

    /// The authority that signs for it.
    #[cfg(test)]
    pub(crate) fn authority(&self) -> Arc<Authority> {
        self.authority.load_full().unwrap()
    }

    /// Why nobody gets in yet.
    pub(crate) fn pending(&self) -> Option<String> {
        if self.current.load().is_some() {
            return None;
        }
        Some(lock(&self.pending).clone())
    }

    /// Shows what `material` gives from now on. If it fails nothing changes.
    pub(crate) fn adopt(&self, material: &Material, now: SystemTime) -> Result<()> {
        match material {
            Material::Authorities(document) => self.sign_with(Authority::of(document.signing(), now)?, now),
            Material::Served(served) => self.show(&served.chain, &served.key),
        }
    }

    /// There is nothing to show, for this reason. What was shown goes on.
    pub(crate) fn wait(&self, why: &str) {
        why.clone_into(&mut lock(&self.pending));
    }

    /// `authority` signs for it from now on, beginning with what is shown from now on. If it fails nothing changes.
    pub(super) fn sign_with(&self, authority: Authority, now: SystemTime) -> Result<()> {
        let current = make(&authority, &self.names, self.life, now)?;
        self.authority.store(Some(Arc::new(authority)));
        self.current.store(Some(Arc::new(current)));
        Ok(())
    }

    /// Shows what somebody else has signed: the certificate and what stands between it and its authority, and its key,
    /// as PEM. If it fails nothing changes.
    pub(super) fn show(&self, chain: &str, key: &str) -> Result<()> {
        let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<Vec<_>, _>>();
        // What the parser says is left out: it speaks about the content.
        let chain = chain.map_err(|_| anyhow!("`tls.crt` is no PEM of certificates"))?;
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| anyhow!("`tls.key` is no PEM of a key"))?;
        let key = CertifiedKey::from_der(chain, key, &ring::default_provider())
            .map_err(|_| anyhow!("`tls.key` is not the key of `tls.crt`, or of a kind that is not known"))?;
        self.authority.store(None);
        let renew_at = SystemTime::UNIX_EPOCH + NEVER;
        self.current.store(Some(Arc::new(Current { key: Arc::new(key), renew_at, ends: None })));
        Ok(())
    }

    /// When two thirds of the certificate's life are over. Whoever waits for it should look at the clock again now and
    /// then: it may be set.
    pub(crate) fn renew_at(&self) -> SystemTime {
        self.current.load().as_ref().map_or(SystemTime::UNIX_EPOCH + NEVER, |current| current.renew_at)
    }

    /// When the certificate ends that is shown, where we signed it.
    pub(crate) fn ends(&self) -> Option<SystemTime> {
        self.current.load().as_ref()?.ends
    }

    /// Shows a new certificate from now on; connections that are open keep theirs. If it fails the old one stays.
    pub(crate) fn renew(&self, now: SystemTime) -> Result<()> {
        if let Some(authority) = &*self.authority.load() {
            self.current.store(Some(Arc::new(make(authority, &self.names, self.life, now)?)));
        }
        Ok(())
    }

    /// TLS 1.3 and HTTP/2, nothing else. Sessions are not resumed: sidecars connect once and stay, and what resumption
    /// keeps would be held for every idle connection.
    pub(crate) fn config(self: &Arc<Self>) -> Result<Arc<ServerConfig>> {
        self.config_for(b"h2")
    }

    /// The same for API servers, which speak HTTP/1.1 to webhooks.
    pub(crate) fn webhook_config(self: &Arc<Self>) -> Result<Arc<ServerConfig>> {
        self.config_for(b"http/1.1")
    }

    fn config_for(self: &Arc<Self>, protocol: &[u8]) -> Result<Arc<ServerConfig>> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13])
            .context("TLS 1.3 is not built in")?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![protocol.to_vec()];
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Arc::new(config))
    }
}

impl ResolvesServerCert for Serving {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.current.load().as_ref().map(|current| Arc::clone(&current.key))
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

fn make(authority: &Authority, names: &[SanType], life: Duration, now: SystemTime) -> Result<Current> {
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
    // Beyond its authority nothing counts.
    let end = authority.ends().map_or(now + life, |ends| ends.min(now + life));
    params.not_after = end.into();
    let certificate = authority.sign(&params, &key)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key));
    let key = ring::sign::any_ecdsa_type(&key).context("the new key cannot be used")?;
    let key = Arc::new(CertifiedKey::new(vec![certificate.into()], key));
    Ok(Current { key, renew_at: now + end.duration_since(now).unwrap_or_default() * 2 / 3, ends: Some(end) })
}

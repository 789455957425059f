//! An authority: one key, and one certificate that names it. In a state folder there is one for ten years; in a cluster they
//! are kept in a Secret and follow each other ([`outrigger_cluster::authority`]).
//!
//! `ca.key` is the authority; `ca.pem` follows from it. The subject is derived from the key, so that the certificate does
//! not have to be taken apart to sign with it, and two authorities never share a name.

use std::{
    fmt, str,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result, anyhow, bail};
use outrigger_cluster::authority::{Issuer as Kept, Made};
use outrigger_route::hash::Hash;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData,
};
use rustls::{
    CertificateError, Error as TlsError, RootCertStore,
    client::verify_server_cert_signed_by_trust_anchor,
    crypto::ring,
    pki_types::{CertificateDer, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};

use crate::state::{
    State,
    file::{self, Readers},
};

/// The certificate that every sidecar is given.
const CERTIFICATE: &str = "ca.pem";
/// Its key, which never leaves the folder.
const KEY: &str = "ca.key";
/// Larger than either file ever is.
const LIMIT: u64 = 64 << 10;
/// To replace it, every sidecar has to be given the new one first: it is not meant to happen often.
const LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
/// How far behind ours a sidecar's clock may be when it sees a new certificate.
pub(super) const SKEW: Duration = Duration::from_secs(5 * 60);

/// Signs the control plane's certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    seed: [u8; 32],
    ends: Option<SystemTime>,
    #[cfg(test)]
    roots: std::sync::Arc<RootCertStore>,
    pem: String,
}

impl Authority {
    /// The authority of the folder; the first to ask makes it. What is there is never replaced: sidecars trust it.
    pub(crate) fn open(state: &State, now: SystemTime) -> Result<Self> {
        if let (Some(key), Some(pem)) = (read_key(state)?, read_certificate(state)?) {
            return Self::load(state, key, pem, now);
        }
        let _lock = state.lock()?;
        let key = match (read_key(state)?, read_certificate(state)?) {
            // Somebody else was first.
            (Some(key), Some(pem)) => return Self::load(state, key, pem, now),
            (None, Some(_)) => bail!(
                "{} is there without {}: put the key back; or delete the certificate too, and every sidecar needs the new one",
                state.path(CERTIFICATE).display(),
                state.path(KEY).display()
            ),
            // It was cut short. The certificate follows from the key, so nobody's trust changes.
            (Some(key), None) => key,
            (None, None) => {
                let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).context("cannot make a key")?;
                file::write(&state.path(KEY), Readers::Owner, key.serialize_pem().as_bytes())?;
                key
            }
        };
        let pem = certificate(&key, now, LIFE)?.pem();
        file::write(&state.path(CERTIFICATE), Readers::Anybody, pem.as_bytes())?;
        Self::load(state, key, pem, now)
    }

    /// What sidecars need to know this control plane: certificates as PEM.
    pub(crate) fn bundle(&self) -> &str {
        &self.pem
    }

    #[cfg(test)]
    /// The same, as rustls has it.
    pub(crate) fn roots(&self) -> std::sync::Arc<RootCertStore> {
        self.roots.clone()
    }

    pub(super) fn sign(&self, params: &CertificateParams, key: &impl PublicKeyData) -> Result<Certificate> {
        params.signed_by(key, &self.issuer).context("cannot sign the serving certificate")
    }

    /// When it ends, where that is written down: nothing that it signs lasts longer.
    pub(super) fn ends(&self) -> Option<SystemTime> {
        self.ends
    }

    /// A secret that follows from its key: from it, keys for other purposes are derived. Never to be shown.
    pub(crate) fn seed(&self) -> &[u8] {
        &self.seed
    }

    /// Another one, which begins now and lasts so long.
    pub(crate) fn make(now: SystemTime, life: Duration) -> Result<Made> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).context("cannot make a key")?;
        Ok(Made { certificate: certificate(&key, now, life)?.pem(), key: key.serialize_pem() })
    }

    /// One that a Secret holds.
    pub(super) fn of(kept: &Kept, now: SystemTime) -> Result<Self> {
        // What the parser says is left out: it speaks about the content.
        let key = KeyPair::from_pkcs8_pem_and_sign_algo(kept.key(), &PKCS_ECDSA_P256_SHA256)
            .map_err(|_| anyhow!("its key is no ECDSA P-256 key"))?;
        let authority = Self::check(key, kept.certificate().to_owned(), now)?.map_err(|wrong| {
            anyhow!(match wrong {
                Wrong::NoCertificate => "its certificate is none",
                Wrong::Broken => "its certificate is broken",
                Wrong::OtherKey => "its certificate is not that of its key",
                Wrong::OtherMaker => "its certificate was not made by this program",
                Wrong::OutOfDate => "its certificate is not valid now: set the clock right",
            })
        })?;
        Ok(Self { ends: Some(kept.ends()), ..authority })
    }

    fn load(state: &State, key: KeyPair, pem: String, now: SystemTime) -> Result<Self> {
        let shown = state.path(CERTIFICATE);
        Self::check(key, pem, now)?.map_err(|wrong| match wrong {
            Wrong::NoCertificate => corrupt(state, CERTIFICATE, "does not hold a certificate"),
            Wrong::Broken => corrupt(state, CERTIFICATE, "holds a broken certificate"),
            Wrong::OtherKey => anyhow!(
                "{} is not the certificate of {}: put the two back that belong together",
                shown.display(),
                state.path(KEY).display()
            ),
            Wrong::OtherMaker => anyhow!(
                "{} was not made by this program, and no other authority can be used: move it and its key away",
                shown.display()
            ),
            Wrong::OutOfDate => anyhow!(
                "{} is not valid now: set the clock right; or move it and its key away, and every sidecar needs the new one",
                shown.display()
            ),
        })
    }

    /// The authority of a key and a certificate, if they are one that was made here.
    fn check(key: KeyPair, pem: String, now: SystemTime) -> Result<Result<Self, Wrong>> {
        let Ok(der) = CertificateDer::from_pem_slice(pem.as_bytes()) else { return Ok(Err(Wrong::NoCertificate)) };
        let Ok(roots) = roots(&der) else { return Ok(Err(Wrong::Broken)) };
        let ours = roots_of(certificate(&key, now, LIFE)?.der())?;
        let (found, expected) = (&roots.roots[0], &ours.roots[0]);
        if found.subject_public_key_info != expected.subject_public_key_info {
            return Ok(Err(Wrong::OtherKey));
        }
        if found.subject != expected.subject {
            return Ok(Err(Wrong::OtherMaker));
        }
        if !in_date(&der, &roots, now)? {
            return Ok(Err(Wrong::OutOfDate));
        }
        let seed = Hash::new().part("outrigger.dev/seed").part(key.serialize_der()).whole();
        let issuer = Issuer::new(params(&key, now, LIFE), key);
        Ok(Ok(Self {
            issuer,
            seed,
            ends: None,
            #[cfg(test)]
            roots: roots.into(),
            pem,
        }))
    }
}

/// Why a key and a certificate are no authority.
enum Wrong {
    NoCertificate,
    Broken,
    OtherKey,
    OtherMaker,
    OutOfDate,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

fn read_certificate(state: &State) -> Result<Option<String>> {
    let Some(pem) = file::read(&state.path(CERTIFICATE), Readers::Anybody, LIMIT)? else { return Ok(None) };
    Ok(Some(String::from_utf8(pem).map_err(|_| corrupt(state, CERTIFICATE, "is not text"))?))
}

fn read_key(state: &State) -> Result<Option<KeyPair>> {
    let Some(pem) = file::read(&state.path(KEY), Readers::Owner, LIMIT)? else { return Ok(None) };
    // What the parser says is left out: it speaks about the content.
    let key = str::from_utf8(&pem)
        .ok()
        .and_then(|pem| KeyPair::from_pkcs8_pem_and_sign_algo(pem, &PKCS_ECDSA_P256_SHA256).ok())
        .ok_or_else(|| corrupt(state, KEY, "does not hold an ECDSA P-256 key"))?;
    Ok(Some(key))
}

fn corrupt(state: &State, name: &str, what: &str) -> anyhow::Error {
    anyhow!(
        "{} {what}: put it back from a backup; or move {KEY} and {CERTIFICATE} away, and every sidecar needs the new one",
        state.path(name).display()
    )
}

fn params(key: &KeyPair, now: SystemTime, life: Duration) -> CertificateParams {
    let mut params = CertificateParams::default();
    let id: String = params.key_identifier(key).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("outrigger-control-plane {id}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = (now - SKEW).into();
    params.not_after = (now + life).into();
    params
}

fn certificate(key: &KeyPair, now: SystemTime, life: Duration) -> Result<Certificate> {
    params(key, now, life).self_signed(key).context("cannot sign the authority's certificate")
}

fn roots(der: &CertificateDer<'static>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add(der.clone())?;
    Ok(roots)
}

fn roots_of(der: &CertificateDer<'static>) -> Result<RootCertStore> {
    roots(der).context("the authority's certificate cannot be read back")
}

/// Whether the authority's own certificate is valid at `now`. As a trust anchor nobody asks, but clients other than ours
/// do. The verifier looks at the dates first and refuses an authority as a server after that.
fn in_date(der: &CertificateDer<'static>, roots: &RootCertStore, now: SystemTime) -> Result<bool> {
    let parsed = ParsedCertificate::try_from(der).context("the authority's certificate cannot be read")?;
    let now =
        UnixTime::since_unix_epoch(now.duration_since(SystemTime::UNIX_EPOCH).context("the clock is before 1970")?);
    let algorithms = ring::default_provider().signature_verification_algorithms.all;
    let verified = verify_server_cert_signed_by_trust_anchor(&parsed, roots, &[], now, algorithms);
    Ok(!matches!(
        verified,
        Err(TlsError::InvalidCertificate(
            CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. }
        ))
    ))
}

//! Certificates as they are judged here: when they count, and whether one is believed by others. Pure.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
};

/// Certificates by which somebody is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bundle {
    certificates: BTreeSet<Vec<u8>>,
}

/// From when to when a certificate counts, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) from: u64,
    pub(super) until: u64,
}

impl Bundle {
    /// The certificates of a PEM text; `None`: it holds none, or something that is none.
    pub(super) fn read(pem: &str) -> Option<Self> {
        let read: Result<BTreeSet<Vec<u8>>, _> =
            CertificateDer::pem_slice_iter(pem.as_bytes()).map(|it| it.map(|it| it.to_vec())).collect();
        let certificates = read.ok().filter(|it| !it.is_empty() && it.iter().all(|der| validity(der).is_some()))?;
        Some(Self { certificates })
    }

    /// Whether all of `other` are among these.
    pub(super) fn holds(&self, other: &Self) -> bool {
        other.certificates.is_subset(&self.certificates)
    }

    /// When the newest of them counts.
    pub(super) fn newest(&self) -> Option<Validity> {
        self.certificates.iter().filter_map(|der| validity(der)).max_by_key(|it| it.until)
    }

    /// Why nobody who knows these would believe `chain` to be `name` at `now`.
    pub(super) fn refuses(&self, chain: &str, name: &str, now: u64) -> Option<String> {
        let read: Result<Vec<CertificateDer<'static>>, _> = CertificateDer::pem_slice_iter(chain.as_bytes()).collect();
        let chain = read.unwrap_or_default();
        let Some((own, between)) = chain.split_first() else { return Some("it is no certificate".to_owned()) };
        let mut roots = RootCertStore::empty();
        for der in &self.certificates {
            // What cannot be an authority believes nobody.
            let _ = roots.add(CertificateDer::from(der.clone()));
        }
        let Ok(name) = ServerName::try_from(name.to_owned()) else { return Some(format!("{name} is no name")) };
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(ring::default_provider())).build();
        let verifier = match verifier {
            Ok(verifier) => verifier,
            Err(error) => return Some(error.to_string()),
        };
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
        verifier.verify_server_cert(own, between, &name, &[], now).err().map(|error| error.to_string())
    }
}

/// Of a certificate (DER, RFC 5280): `SEQUENCE { SEQUENCE { [0] version, serial, algorithm, issuer, validity, ...`
fn validity(der: &[u8]) -> Option<Validity> {
    const SEQUENCE: u8 = 0x30;
    const VERSION: u8 = 0xa0;
    let (_, whole, _) = element(der).filter(|(tag, ..)| *tag == SEQUENCE)?;
    let (_, mut rest, _) = element(whole).filter(|(tag, ..)| *tag == SEQUENCE)?;
    let (tag, _, after) = element(rest)?;
    if tag == VERSION {
        rest = after;
    }
    for _ in ["serial", "algorithm", "issuer"] {
        rest = element(rest)?.2;
    }
    let (_, both, _) = element(rest).filter(|(tag, ..)| *tag == SEQUENCE)?;
    let (tag, from, rest) = element(both)?;
    let from = time(tag, from)?;
    let (tag, until, _) = element(rest)?;
    Some(Validity { from, until: time(tag, until)? })
}

/// The first element: its tag, its content, and what comes after it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `YYMMDDHHMMSSZ` (UTCTime, of 1950 to 2049) or `YYYYMMDDHHMMSSZ` (GeneralizedTime), in seconds since 1970.
fn time(tag: u8, text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let whole = match (tag, text.len()) {
        (0x17, 12) if text < "5" => format!("20{text}"),
        (0x17, 12) => format!("19{text}"),
        (0x18, 14) => text.to_owned(),
        _ => return None,
    };
    let part = |from: usize, to: usize| whole.get(from..to);
    let text = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    );
    super::clock::seconds(&text)
}

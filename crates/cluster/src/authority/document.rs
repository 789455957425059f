//! What the Secret says: the authority that signs, the one that will, and those that still count.

use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, SystemTime},
};

use k8s_openapi::ByteString;
use outrigger_route::hash::{Hash, Hex};
use serde::{Deserialize, Serialize};

/// Key of the Secret under which all of it stands, as JSON.
const ALL: &str = "authorities.json";
/// Key of the Secret, and of each bundle, under which the certificates stand, as PEM: for people, and for sidecars.
pub(super) const BUNDLE: &str = "ca.crt";
/// Longest JSON that is read: some authorities of one kilobyte each.
const LONGEST: usize = 256 << 10;
/// Most authorities that count beside those that sign or will: each is a rotation that is not over.
pub(super) const MOST_OLD: usize = 8;

/// An authority, as whoever makes it hands it over: certificate and key, as PEM.
pub struct Made {
    /// Safe to show.
    pub certificate: String,
    /// Whoever has it can be any control plane.
    pub key: String,
}

/// An authority with its key. Has no `Debug` that shows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issuer {
    certificate: String,
    key: String,
    /// Seconds since 1970.
    made: u64,
    ends: u64,
}

/// An authority that will sign.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Next {
    #[serde(flatten)]
    pub(super) issuer: Issuer,
    /// Since when every bundle has held it, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) distributed: Option<u64>,
}

/// An authority that signs no more and still counts. Its key is gone: what is not there cannot be stolen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Old {
    pub(super) certificate: String,
    /// When nothing is left that it has signed, in seconds since 1970.
    pub(super) until: u64,
}

/// All authorities of a control plane.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    pub(super) seed: String,
    pub(super) signing: Issuer,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<Next>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) old: Vec<Old>,
}

impl Issuer {
    pub(super) fn new(made: Made, now: SystemTime, life: Duration) -> Self {
        let Made { certificate, key } = made;
        Self { certificate, key, made: seconds(now), ends: seconds(now + life) }
    }

    /// Its certificate, as PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Its key, as PEM. Never to be shown.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// When it was made.
    pub fn made(&self) -> SystemTime {
        time(self.made)
    }

    /// When nothing that it has signed counts any more.
    pub fn ends(&self) -> SystemTime {
        time(self.ends)
    }
}

impl Document {
    /// The first authority, which signs at once: nobody knows another.
    pub fn first(made: Made, now: SystemTime, life: Duration) -> Self {
        let seed = Hash::new().part("outrigger.dev/seed").part(&made.key).whole();
        Self { seed: Hex(&seed).to_string(), signing: Issuer::new(made, now, life), next: None, old: Vec::new() }
    }

    /// What the Secret holds.
    ///
    /// # Errors
    ///
    /// Why it cannot be used, without anything of what it holds.
    pub(super) fn read(data: Option<&BTreeMap<String, ByteString>>) -> Result<Self, &'static str> {
        let all = data.and_then(|data| data.get(ALL)).ok_or("it holds no `authorities.json`")?;
        if all.0.len() > LONGEST {
            return Err("its `authorities.json` is longer than 256 KiB");
        }
        // What the reader says is left out: it speaks about the content.
        let document: Self = serde_json::from_slice(&all.0).map_err(|_| "its `authorities.json` cannot be read")?;
        let Self { seed, signing, next, old } = &document;
        if seed.len() != 64 {
            return Err("its `seed` is not 64 characters long");
        }
        let plausible = |issuer: &Issuer| is_pem(&issuer.certificate) && issuer.made < issuer.ends;
        if !plausible(signing) || !next.iter().all(|next| plausible(&next.issuer)) {
            return Err("one of its authorities is no certificate with a beginning and an end");
        }
        if old.len() > MOST_OLD || !old.iter().all(|old| is_pem(&old.certificate)) {
            return Err("its old authorities are too many, or no certificates");
        }
        Ok(document)
    }

    /// As the Secret holds it.
    pub(super) fn data(&self) -> BTreeMap<String, ByteString> {
        // Strings and numbers can always be written.
        let all = serde_json::to_vec(self).unwrap_or_default();
        let bundle = self.bundle().into_bytes();
        [(ALL.to_owned(), ByteString(all)), (BUNDLE.to_owned(), ByteString(bundle))].into()
    }

    /// The authority that signs.
    pub fn signing(&self) -> &Issuer {
        &self.signing
    }

    /// The certificates by which the control plane is known: of all that count, in an order that does not depend on which
    /// of them signs, so that a change of that changes no bundle.
    pub fn bundle(&self) -> String {
        let Self { seed: _, signing, next, old } = self;
        let next = next.iter().map(|next| &next.issuer.certificate);
        let mut all: Vec<&str> = next.chain([&signing.certificate]).map(|pem| pem.trim()).collect();
        all.extend(old.iter().map(|old| old.certificate.trim()));
        all.sort_unstable();
        all.dedup();
        all.into_iter().flat_map(|pem| [pem, "\n"]).collect()
    }

    /// A secret of this control plane's that outlives its authorities: from it, keys for other purposes are derived.
    pub fn seed(&self) -> &str {
        &self.seed
    }
}

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Made").finish_non_exhaustive()
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("made", &self.made).field("ends", &self.ends).finish_non_exhaustive()
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").field("issuer", &self.issuer).field("distributed", &self.distributed).finish()
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed: _, signing, next, old } = self;
        let old: Vec<u64> = old.iter().map(|old| old.until).collect();
        f.debug_struct("Document")
            .field("signing", signing)
            .field("next", next)
            .field("old", &old)
            .finish_non_exhaustive()
    }
}

/// Whether it looks like certificates.
pub(super) fn is_pem(text: &str) -> bool {
    text.contains("-----BEGIN CERTIFICATE-----") && text.contains("-----END CERTIFICATE-----")
}

/// Seconds since 1970.
pub(super) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The time of `seconds`, or what lies beyond every clock.
pub(super) fn time(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(1 << 40))
}

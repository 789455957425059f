//! What is known of authorities: what to serve with, whoever issues it.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::document::{Document, Made};

/// The control plane's Secret, and the ConfigMap of each namespace.
pub const NAME: &str = "outrigger-ca";
/// The injector's Secret: whoever holds it can change pods, and nothing else.
pub const INJECTOR: &str = "outrigger-injector-ca";

/// Makes an authority that begins now and lasts so long.
pub type Make = Arc<dyn Fn(SystemTime, Duration) -> anyhow::Result<Made> + Send + Sync>;

/// What to serve with, and by what it is known.
#[derive(Clone, Debug)]
pub enum Material {
    /// A certificate is to be signed by the one that signs.
    Authorities(Arc<Document>),
    /// A certificate that is there already.
    Served(Arc<Served>),
}

/// What is known so far.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// `None` until something could be read or made.
    pub material: Option<Material>,
    /// What is wrong: without `material`, why there is none.
    pub why: Option<String>,
}

impl Known {
    /// The certificates by which the control plane is known, as PEM.
    pub fn bundle(&self) -> Option<Arc<str>> {
        Some(match self.material.as_ref()? {
            Material::Authorities(document) => document.bundle().into(),
            Material::Served(served) => served.bundle.clone(),
        })
    }
}

/// A certificate with its key, and by what it is known. Has no `Debug` that shows the key.
#[derive(Clone, PartialEq, Eq)]
pub struct Served {
    /// `tls.crt`: the certificate and what stands between it and its authority, as PEM.
    pub chain: String,
    /// `tls.key`, as PEM. Never to be shown.
    pub key: String,
    /// `ca.crt`: what sidecars know it by, as PEM.
    pub bundle: Arc<str>,
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served").finish_non_exhaustive()
    }
}

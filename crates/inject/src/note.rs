//! What people should know of a pod that was changed.

/// Something to be said of a pod, as an Event and as a warning to whoever creates it. One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// In one word, for programs: `VariableKept`.
    pub reason: &'static str,
    /// For people.
    pub text: String,
}

impl Note {
    pub(crate) fn new(reason: &'static str, text: String) -> Self {
        Self { reason, text }
    }
}

/// An annotation of ours that nobody knows.
pub(crate) const ANNOTATION_UNKNOWN: &str = "AnnotationUnknown";
/// An annotation that a pod may not have.
pub(crate) const ANNOTATION_DENIED: &str = "AnnotationDenied";
/// An annotation whose value means nothing.
pub(crate) const ANNOTATION_INVALID: &str = "AnnotationInvalid";
/// The profile that a pod names is not there.
pub(crate) const PROFILE_MISSING: &str = "ProfileMissing";
/// A profile asks for what a container cannot have.
pub(crate) const PROFILE_INVALID: &str = "ProfileInvalid";
/// The profile's drain is longer than the pod's grace period.
pub(crate) const DRAIN_SHORTENED: &str = "DrainShortened";
/// The pod sets a variable itself.
pub(crate) const VARIABLE_KEPT: &str = "VariableKept";
/// Calls to localhost go through a proxy.
pub(crate) const PROXY_IN_THE_WAY: &str = "ProxyInTheWay";
/// More keys than may be mounted.
pub(crate) const SECRETS_LEFT_OUT: &str = "BootstrapSecretsLeftOut";
/// Nobody knows which keys to mount.
pub(crate) const SECRETS_UNKNOWN: &str = "BootstrapSecretsUnknown";

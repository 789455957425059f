//! Names by which the parts of an installation know each other.

/// Beginning of every label and annotation of ours.
pub const PREFIX: &str = "outrigger.dev/";
/// Whether there is to be a sidecar: a label of a namespace, a label or an annotation of a pod.
pub const INJECT: &str = "outrigger.dev/inject";
/// The profile that a pod names.
pub const PROFILE: &str = "outrigger.dev/profile";
/// What we did to a pod: an annotation that we set.
pub const STATUS: &str = "outrigger.dev/status";
/// The value of [`STATUS`].
pub(crate) const INJECTED: &str = "injected";

/// The sidecar's container, and the volume of what it is given.
pub const CONTAINER: &str = "outrigger";
/// The volume of what it remembers.
pub(crate) const STATE: &str = "outrigger-state";
/// The volume of what the ledger has not got yet.
pub(crate) const SPOOL: &str = "outrigger-spool";
/// The empty volume that stands where the pod's own token would be.
pub(crate) const NO_TOKEN: &str = "outrigger-no-token";

/// The audience of its token.
pub const AUDIENCE: &str = "outrigger-control-plane";
/// ConfigMap of the certificates by which it knows the control plane.
pub(crate) const CA: &str = "outrigger-ca";
/// ConfigMaps of what a pod starts with while the control plane is away, where there are any, and their volumes.
pub const BOOTSTRAPS: [&str; 4] =
    ["outrigger-bootstrap", "outrigger-bootstrap-1", "outrigger-bootstrap-2", "outrigger-bootstrap-3"];
/// The volume of keys that it finds when it starts without a control plane.
pub(crate) const KEYS: &str = "outrigger-keys";

/// Namespaces that are the cluster's own.
pub(crate) const LEFT_ALONE: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

//! Which Kubernetes.

/// What is built; `tests/cluster/kubernetes/go.mod` names the same.
pub(crate) const VERSION: &str = "v1.36.4";
/// Where the modules and their checksums are listed, below the root of the repository.
pub(super) const MODULES: &str = "tests/cluster/kubernetes";

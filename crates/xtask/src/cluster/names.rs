//! What things of a cluster are called.

/// Of the folder of one that runs.
pub(super) const NAME: &str = "cluster";

/// What keeps a pod's namespaces.
pub(super) const PAUSE: &str = "localhost/pause:1";
pub(super) const COREDNS: &str = "localhost/coredns:1";
pub(super) const BUSYBOX: &str = "localhost/busybox:1";
pub(super) const PYTHON: &str = "localhost/python:1";
/// Python again, with the SDKs of vendors whose calls a sidecar leaves alone.
pub(super) const UNTOUCHED: &str = "localhost/python-untouched:1";
pub(super) const NODE: &str = "localhost/node:1";

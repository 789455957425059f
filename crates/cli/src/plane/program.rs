//! Which of our programs is asked, and where it is if nobody says so.

/// One of them.
#[derive(Debug)]
pub(crate) struct Program {
    /// What people call it.
    pub(super) name: &'static str,
    /// Its pages on this machine.
    pub(super) pages: &'static str,
    /// How `kubectl port-forward` brings them here.
    pub(super) forward: &'static str,
    /// Its port for sidecars, as kubectl wants to have it.
    pub(super) port: &'static str,
    /// By which its pods are known; `None`: any of them knows all that the others know.
    pub(super) replicas: Option<&'static str>,
    /// Where nobody may list them: kubectl takes one.
    pub(super) any: &'static str,
    /// What whoever asks needs to be allowed.
    pub(super) right: &'static str,
}

/// Each replica knows its own sidecars.
pub(crate) const CONTROL_PLANE: Program = Program {
    name: "control plane",
    pages: "http://127.0.0.1:4120",
    forward: "kubectl -n outrigger-system port-forward deploy/outrigger-control-plane 4120",
    port: ":4119",
    replicas: Some("--selector=app.kubernetes.io/name=outrigger,app.kubernetes.io/component=control-plane"),
    any: "deployment/outrigger-control-plane",
    right: "may get the non-resource URLs /fleet, /views/* or /policy/changes",
};

/// All replicas have the same books.
pub(crate) const LEDGER: Program = Program {
    name: "ledger",
    pages: "http://127.0.0.1:4124",
    forward: "kubectl -n outrigger-system port-forward statefulset/outrigger-ledger 4124",
    port: ":4122",
    replicas: None,
    any: "service/outrigger-ledger",
    right: "may get the resource usage of the API group outrigger.dev",
};

//! Where a sidecar listens.

/// Its ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ports {
    pub(crate) listen: u16,
    pub(crate) admin: u16,
    pub(crate) probe: u16,
}

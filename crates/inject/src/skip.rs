//! Why a pod gets no sidecar.

use std::fmt;

/// Why a pod is left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Skip {
    /// Nobody asks for one.
    NotAsked,
    /// Somebody asks for none.
    Disabled,
    /// It has one.
    AlreadyInjected,
    /// Its namespace is the cluster's or the control plane's own.
    SystemNamespace,
    /// What it says is neither yes nor no.
    InvalidValue {
        /// Who says it: `the pod's label`.
        whose: &'static str,
        /// What.
        value: String,
    },
    /// It has the node's network.
    HostNetwork,
    /// The kubelet made it of a file; whatever is changed of it is changed in its mirror alone.
    MirrorPod,
    /// It runs Windows.
    Windows,
    /// Its processes see each other.
    SharedProcesses,
    /// A container has one of the ports.
    PortTaken {
        /// Which.
        port: i32,
        /// Whose it is.
        container: String,
    },
    /// Two of the sidecar's own ports are one.
    PortsCollide,
    /// A container or volume is called as one of ours is.
    NameTaken {
        /// `container outrigger`.
        what: String,
    },
}

impl Skip {
    /// Every [`Skip::code`].
    pub const CODES: [&str; 12] = [
        "not_asked",
        "disabled",
        "already_injected",
        "system_namespace",
        "invalid_value",
        "host_network",
        "mirror_pod",
        "windows",
        "shared_processes",
        "port_taken",
        "ports_collide",
        "name_taken",
    ];

    /// In one word, for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAsked => "not_asked",
            Self::Disabled => "disabled",
            Self::AlreadyInjected => "already_injected",
            Self::SystemNamespace => "system_namespace",
            Self::InvalidValue { .. } => "invalid_value",
            Self::HostNetwork => "host_network",
            Self::MirrorPod => "mirror_pod",
            Self::Windows => "windows",
            Self::SharedProcesses => "shared_processes",
            Self::PortTaken { .. } => "port_taken",
            Self::PortsCollide => "ports_collide",
            Self::NameTaken { .. } => "name_taken",
        }
    }

    /// Whether somebody asked for a sidecar, and has to be told why there is none.
    pub fn is_said(&self) -> bool {
        !matches!(self, Self::NotAsked | Self::Disabled | Self::AlreadyInjected | Self::SystemNamespace)
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAsked => f.write_str("nobody asks for a sidecar"),
            Self::Disabled => f.write_str("a sidecar is refused by label or annotation"),
            Self::AlreadyInjected => f.write_str("it has a sidecar"),
            Self::SystemNamespace => f.write_str("this namespace has no sidecars"),
            Self::InvalidValue { whose, value } => write!(
                f,
                "{whose} outrigger.dev/inject says {:?}, which is neither enabled nor disabled: write one of the two",
                shortened(value)
            ),
            Self::HostNetwork => f.write_str(
                "it uses the node's network (hostNetwork), where every pod's localhost is the same: take that away, or run \
                 the service without a sidecar",
            ),
            Self::MirrorPod => f.write_str("it is a static pod of a node's kubelet, which nobody else can change"),
            Self::Windows => f.write_str("it runs Windows, for which there is no sidecar"),
            Self::SharedProcesses => f.write_str(
                "its containers see each other's processes (shareProcessNamespace or hostPID), and with them the memory that \
                 holds provider keys: take that away, or accept it with the annotation \
                 outrigger.dev/allow-shared-processes: \"true\"",
            ),
            Self::PortTaken { port, container } => write!(
                f,
                "its container {container:?} has port {port}, which the sidecar needs: choose another by a SidecarProfile \
                 (spec.ports) or the annotations outrigger.dev/port, outrigger.dev/admin-port and outrigger.dev/probe-port"
            ),
            Self::PortsCollide => f.write_str(
                "profiles and annotations together give two of the sidecar's three ports (listen, admin, probe) the same \
                 number: make them differ",
            ),
            Self::NameTaken { what } => write!(f, "its {what} is called as the sidecar's: give it another name"),
        }
    }
}

/// What people write may be long; an Event's text may not.
pub(crate) fn shortened(value: &str) -> &str {
    value.get(..value.floor_char_boundary(64)).unwrap_or_default()
}

//! Names that are known and lead nowhere, and why. A name that policy speaks of never falls through to something that
//! lacks the limits it was written with.

use std::{fmt, sync::Arc};

/// Why a known name cannot be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The catalogue knows the model, but no configured provider serves it.
    Unserved {
        /// Who would serve it.
        by: Box<str>,
    },
    /// The object of this name is broken, and there is no earlier value of it to go on with.
    Broken {
        /// `ModelRoute team/triage`.
        object: Box<str>,
        /// What is wrong with it.
        reason: Box<str>,
    },
    /// The object of this name is whole, but nothing that it names can be used.
    NoTargets {
        /// `ModelRoute team/triage`.
        object: Box<str>,
        /// Why.
        reason: Box<str>,
    },
    /// A `ModelRoute` of this name is there, for other workloads.
    NotForWorkload {
        /// `namespace/name` of the route.
        route: Box<str>,
    },
    /// The object has a limit that this build does not know, so nothing may be served under it.
    Unsupported {
        /// `ModelRoute team/triage`, or the policy above it.
        object: Box<str>,
    },
    /// The keys of everything that would serve it have not come yet: they are kept on no disk.
    CredentialsPending,
    /// The policy has not come yet.
    Pending,
    /// The policy was not confirmed for longer than it may go without.
    Stale,
    /// A `ModelPolicy` allows routes alone.
    BareModel {
        /// `namespace/name` of the policy.
        policy: Box<str>,
    },
    /// Everything that would serve it is forbidden by policy.
    Forbidden(Arc<[Forbidden]>),
}

/// A target that a `ModelPolicy` took away: known by name alone, since neither address nor key of it is here.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Forbidden {
    /// `namespace/name` of its provider.
    pub provider: Box<str>,
    /// Catalogue id of its model.
    pub model: Box<str>,
    /// The vendor's own id of it.
    pub upstream_name: Box<str>,
    /// `namespace/name` of the policy.
    pub policy: Box<str>,
    /// The stable word for what it violates: `data_region`, `models.deny` ...
    pub rule: Box<str>,
}

impl Closed {
    /// The stable code of the error that a caller gets.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unserved { .. } => "no_provider",
            Self::Broken { .. } => "policy_broken",
            Self::NoTargets { .. } => "route_without_targets",
            Self::NotForWorkload { .. } => "route_not_for_workload",
            Self::Unsupported { .. } => "policy_unsupported",
            Self::CredentialsPending => "credentials_pending",
            Self::Pending => "policy_pending",
            Self::Stale => "policy_stale",
            Self::BareModel { .. } => "bare_model_denied",
            Self::Forbidden(_) => "policy_forbidden",
        }
    }

    /// What happened to a request for `name`, whose fault it is, what to do.
    pub(crate) fn tell(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unserved { by } => write!(f, "no configured provider serves `{name}`; it is offered by {by}"),
            Self::Broken { object, reason } => {
                write!(f, "`{name}` means {object}, which is broken: {reason}; whoever wrote it has to mend it")
            }
            Self::NoTargets { object, reason } => {
                write!(f, "`{name}` means {object}, and nothing that it names can be used: {reason}")
            }
            Self::NotForWorkload { route } => write!(
                f,
                "`{name}` means ModelRoute {route}, which is not for this workload: its spec.workloads selects others"
            ),
            Self::Unsupported { object } => write!(
                f,
                "`{name}` is under {object}, which has a limit that this version of the sidecar does not know; update \
                 the sidecar"
            ),
            Self::CredentialsPending => write!(
                f,
                "the provider keys for `{name}` have not come from the control plane yet; they are kept on no disk, and a pod can \
                 mount only those of its own namespace (bootstrapSecrets: Mount)"
            ),
            Self::Pending => f.write_str("the policy of this workload has not come from the control plane yet"),
            Self::Stale => f.write_str(
                "the control plane has not confirmed the policy for longer than --max-staleness allows; see why the \
                 sidecar cannot reach it",
            ),
            Self::BareModel { policy } => write!(
                f,
                "`{name}` is no ModelRoute, and ModelPolicy {policy} allows nothing else (bareModels: Deny); ask for a \
                 route by its name"
            ),
            Self::Forbidden(all) => {
                write!(f, "policy forbids everything that would serve `{name}`:")?;
                for (at, forbidden) in all.iter().take(12).enumerate() {
                    write!(f, "{} {forbidden}", if at == 0 { "" } else { ";" })?;
                }
                if all.len() > 12 {
                    write!(f, "; and {} more", all.len() - 12)?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { provider, model, upstream_name: _, policy, rule } = self;
        write!(f, "{model} at {provider} by ModelPolicy {policy} ({rule})")
    }
}

//! Why a token is refused.

use std::{fmt, time::Duration};

/// Closed, and each with a word that dashboards and callers may rely on. None says anything of what the token holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Refused {
    Missing,
    Malformed,
    WrongKey,
    WrongAudience,
    Expired,
    NotYetValid,
    Revoked,
    TooLongLived,
    /// The API server does not vouch for it.
    NotAuthenticated,
    /// It is no pod's.
    NotBound,
    /// Nobody says whether there is such a pod.
    PodUnknown,
    PodGone,
    /// The API server does not say whose it is.
    ReviewUnavailable,
    /// Too many are being reviewed.
    Busy {
        retry_after: Duration,
    },
}

impl Refused {
    /// The word for logs, metrics and answers.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Missing => "token_missing",
            Self::Malformed => "token_malformed",
            Self::WrongKey => "token_wrong_key",
            Self::WrongAudience => "token_wrong_audience",
            Self::Expired => "token_expired",
            Self::NotYetValid => "token_not_yet_valid",
            Self::Revoked => "token_revoked",
            Self::TooLongLived => "token_too_long_lived",
            Self::NotAuthenticated => "token_not_authenticated",
            Self::NotBound => "token_not_bound",
            Self::PodUnknown => "pod_unknown",
            Self::PodGone => "pod_gone",
            Self::ReviewUnavailable => "review_unavailable",
            Self::Busy { .. } => "review_busy",
        }
    }
}

impl std::error::Error for Refused {}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => {
                "there is no token: give the sidecar one that `outrigger-control-plane token` made, or in a cluster \
                 its pod's, projected for the audience outrigger-control-plane"
            }
            Self::Malformed => "the token is not one of ours, or was cut or changed on its way: copy it again, whole",
            Self::WrongKey => "the token was signed by a key that does not count here (any more): issue a new one",
            Self::WrongAudience => {
                "the token is for another service: issue one with `outrigger-control-plane token`, or in a cluster \
                 project one for the audience outrigger-control-plane"
            }
            Self::Expired => "the token has expired: issue a new one",
            Self::NotYetValid => "the token is from the future: set the clocks right",
            Self::Revoked => "the token was revoked: issue a new one if the workload is to go on",
            Self::TooLongLived => "the token is meant to live for more than 90 days: issue a shorter one",
            Self::NotAuthenticated => "the API server does not vouch for the token (any more)",
            Self::NotBound => {
                "the token is no pod's: the sidecar needs one that is projected into its pod, not one of a Secret or of \
                 `kubectl create token`"
            }
            Self::PodUnknown => "the API server does not say whose the pod is; try again",
            Self::PodGone => "the pod of the token is no more",
            Self::ReviewUnavailable => "the API server does not say whose the token is; try again",
            Self::Busy { .. } => "too many tokens are being reviewed; try again when told",
        })
    }
}

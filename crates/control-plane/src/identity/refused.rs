//! Why a token is refused.

use std::fmt;

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
        }
    }
}

impl std::error::Error for Refused {}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "there is no token: give the sidecar one that `outrigger-control-plane token` made",
            Self::Malformed => "the token is not one of ours, or was cut or changed on its way: copy it again, whole",
            Self::WrongKey => "the token was signed by a key that does not count here (any more): issue a new one",
            Self::WrongAudience => "the token is for another service: issue one with `outrigger-control-plane token`",
            Self::Expired => "the token has expired: issue a new one",
            Self::NotYetValid => "the token is from the future: set the clocks right",
            Self::Revoked => "the token was revoked: issue a new one if the workload is to go on",
            Self::TooLongLived => "the token is meant to live for more than 90 days: issue a shorter one",
        })
    }
}

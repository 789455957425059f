//! What there is to say of a token.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

/// Whom a sidecar's token is for: a token for anybody else is none for us.
pub const AUDIENCE: &str = "outrigger-control-plane";

/// SHA-256 of a whole token: its name for us. Nobody can make the token of it.
pub type Key = [u8; 32];

/// What a good token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewed {
    /// Namespace of the service account, and so of the pod.
    pub namespace: Arc<str>,
    /// Name of the service account.
    pub service_account: Arc<str>,
    /// Name of the pod that the token was made for.
    pub pod: Arc<str>,
    /// Its uid.
    pub uid: Arc<str>,
    /// When the token ends.
    pub expires: SystemTime,
    /// Which token it was.
    pub key: Key,
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is no token of a service account: too long, or in no form that one has.
    Malformed,
    /// The API server does not know it (any more).
    NotAuthenticated,
    /// It is for somebody else.
    WrongAudience,
    /// It is no pod's: of a user, or of a service account alone.
    NotBound,
    /// It has ended.
    Expired,
    /// The API server does not say, and nothing is known of this token.
    Unavailable,
    /// Too many are being reviewed: come again after this.
    Busy {
        /// How long to wait at least.
        retry_after: Duration,
    },
}

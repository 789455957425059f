//! Who a sidecar is: what its token says, and in a cluster what the API server says of the token and of its pod.
//!
//! [`Authority`] is who decides. Outside Kubernetes that is a token that names its workload, signed by a key of the state
//! folder: what is read from disk is pure data ([`stored::Stored`]); [`Tokens`] holds the last good copy of it, which is all
//! that checking a token needs; [`change`] is the other side: it issues, revokes and rotates, under the folder's lock. In a
//! cluster it is [`cluster`]: the token of a pod, reviewed by the API server, and what is known of that pod.

mod authority;
mod change;
mod claims;
mod cluster;
mod jwt;
mod key;
mod keys;
mod refused;
mod revoked;
mod stored;
mod tokens;
mod workload;

#[cfg(test)]
mod tests;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

pub(crate) use authority::Authority;
pub(crate) use change::Which;
pub(crate) use cluster::InCluster;
pub(crate) use keys::Standing;
pub(crate) use refused::Refused;
pub(crate) use tokens::Tokens;
pub(crate) use workload::Workload;

/// Whom tokens are for: a token for anything else is none for us, and ours are none for anything else.
pub(crate) const AUDIENCE: &str = "outrigger-control-plane";
/// Who says so.
pub(crate) const ISSUER: &str = "outrigger-control-plane";
/// No token lives longer, whoever asks: what was revoked, and the keys that have retired, are kept as long.
pub(crate) const LONGEST: Duration = Duration::from_secs(90 * 24 * 3600);
/// How far the clock of another machine with this folder may be ahead. Forgiven for a token's beginning, not for its end.
pub(crate) const LEEWAY: Duration = Duration::from_secs(60);

/// Who holds a good token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Whom its policy is for.
    pub(crate) workload: outrigger_compile::Workload,
    pub(crate) account: Account,
    pub(crate) token: Token,
}

/// To whom a sidecar is counted. With the labels of its workload it is what may change while its stream is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    /// What its pod belongs to: `Deployment/web`. A token of the folder names none.
    pub(crate) owner: Option<Arc<str>>,
    /// Who is charged.
    pub(crate) team: Option<Box<str>>,
}

/// A good token, without the workload, which is many tokens' own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) expires: SystemTime,
    /// What people call it. Of a token of the folder its own name (`jti`), under which it is revoked; of a pod's the pod,
    /// `namespace/name`. Not secret.
    pub(crate) id: Box<str>,
    pub(crate) stands: Stands,
}

/// What a token stands and falls with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stands {
    /// The key of the folder that signed it, by its name.
    Key(Box<str>),
    /// The pod that it was made for, by its uid.
    Pod(outrigger_cluster::pods::Uid),
}

/// Bytes as names have them: never with a `-` at the start, which a command line would take for an option.
fn hex(bytes: &[u8]) -> String {
    outrigger_route::hash::Hex(bytes).to_string()
}

/// Seconds since 1970, as tokens and files have it.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The time of `seconds`; `None` beyond what a clock can show.
fn time(seconds: u64) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

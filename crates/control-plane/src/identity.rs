//! Who a sidecar is: a token that names its workload, signed by a key of the state folder.
//!
//! What is read from disk is pure data ([`stored::Stored`]); [`Tokens`] holds the last good copy of it, which is all that
//! checking a token needs. [`change`] is the other side: it issues, revokes and rotates, under the folder's lock.

mod change;
mod claims;
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

use std::time::{Duration, SystemTime};

pub(crate) use change::Which;
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

/// What a good token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Whom its policy is for.
    pub(crate) workload: outrigger_compile::Workload,
    pub(crate) token: Token,
}

/// A good token, without the workload, which is many tokens' own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) team: Option<Box<str>>,
    pub(crate) expires: SystemTime,
    /// Its own name (`jti`), under which it is revoked. Not secret.
    pub(crate) id: Box<str>,
    /// The key that signed it: when that goes, so does the token.
    pub(crate) kid: Box<str>,
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

//! What a sidecar is told of the ledger.

use std::{fs::File, io::Read as _, path::PathBuf, time::Duration};

use clap::Args;
use http::Uri;
use outrigger_otlp::address::address;
use outrigger_proxy::config::{bytes, duration};

/// A key is 32 random bytes, or what somebody made of them.
const KEY: u64 = 4 << 10;
/// Less is no key.
const SHORTEST: usize = 16;

/// Where requests are booked, and what lies here until they are.
#[derive(Args, Debug)]
pub(crate) struct LedgerArgs {
    /// Where the ledger is: https://HOST:PORT, known by --ca-file and asked with --token-file; without it, nothing is booked
    #[arg(long, env = "OUTRIGGER_LEDGER", value_parser = address, value_name = "URL")]
    pub(crate) ledger: Option<Uri>,
    /// Folder for what the ledger has not got yet; one for each sidecar, and one that outlives its restarts. Without it, that is
    /// in memory
    #[arg(long, env = "OUTRIGGER_SPOOL", value_name = "DIR")]
    pub(crate) spool: Option<PathBuf>,
    /// Most that lies in that folder; then the oldest goes, and is counted
    #[arg(long, env = "OUTRIGGER_SPOOL_LIMIT", default_value = "64MiB", value_parser = bytes, value_name = "SIZE")]
    pub(crate) spool_limit: usize,
    /// How long it lies there at most
    #[arg(long, env = "OUTRIGGER_SPOOL_AGE", default_value = "24h", value_parser = duration, value_name = "TIME")]
    pub(crate) spool_age: Duration,
    /// File with a key of your own by which callers' `user` and `session_id` are hashed before they are booked, at least 16 bytes;
    /// without it, the key that the ledger has for the namespace
    #[arg(long, env = "OUTRIGGER_USER_HASH_KEY_FILE", value_name = "FILE", conflicts_with = "clear_users")]
    pub(crate) user_hash_key_file: Option<PathBuf>,
    /// Book callers' `user` and `session_id` as they are
    #[arg(long, env = "OUTRIGGER_CLEAR_USERS")]
    pub(crate) clear_users: bool,
    /// Team that is charged where neither the pod nor its namespace names one
    #[arg(long, env = "OUTRIGGER_TEAM", default_value = "unassigned", value_name = "NAME")]
    pub(crate) team: Box<str>,
    /// Name of the pod, as the ledger lists it
    #[arg(long, env = "OUTRIGGER_POD", default_value = "", value_name = "NAME")]
    pub(crate) pod: String,
    /// Name of its node, likewise
    #[arg(long, env = "OUTRIGGER_NODE", default_value = "", value_name = "NAME")]
    pub(crate) node: String,
}

impl LedgerArgs {
    /// The key for users and sessions; `None`: it is the ledger's, or none is wanted.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or that holds too little. No word of the key.
    pub(crate) fn hash_key(&self) -> Result<Option<Vec<u8>>, String> {
        let Some(path) = &self.user_hash_key_file else { return Ok(None) };
        let mut key = Vec::new();
        let read = File::open(path).and_then(|file| file.take(KEY + 1).read_to_end(&mut key));
        read.map_err(|error| format!("--user-hash-key-file {} cannot be read: {error}", path.display()))?;
        match key.len() {
            length if length < SHORTEST => {
                Err(format!("--user-hash-key-file {} holds fewer than {SHORTEST} bytes: it is no key", path.display()))
            }
            length if length as u64 > KEY => {
                Err(format!("--user-hash-key-file {} holds more than {KEY} bytes: it is no key", path.display()))
            }
            _ => Ok(Some(key)),
        }
    }
}

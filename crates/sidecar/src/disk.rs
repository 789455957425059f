//! The last good policy on disk: written whole or not at all, read before anybody is asked (R-CFG-7).
//!
//! A file is a line that names the format, the SHA-256 of the rest, and the rest. Whatever is wrong with it (cut, changed, of
//! a newer version, not readable) is a miss: said once, never a reason not to start.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use outrigger_api::{hash, key, v1};
use prost::Message;

use crate::holdings::{BYTES, Found, Holdings, Kept, apply_said};

/// The first line. Another number is another format.
const MAGIC: &[u8] = b"outrigger-policy/1\n";
const NAME: &str = "policy";
/// Of the file systems that live in memory: `TMPFS_MAGIC` and `RAMFS_MAGIC` of Linux's `magic.h`.
const IN_MEMORY: [i64; 2] = [0x0102_1994, 0x8584_58f6];

/// A folder for it.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: PathBuf,
    /// Whether provider keys may be written there.
    in_memory: bool,
    /// Two processes would take each other's policy for their own.
    _lock: File,
}

/// What is on disk.
#[derive(Clone, PartialEq, Message)]
struct Stored {
    #[prost(string, tag = "1")]
    revision: String,
    #[prost(uint64, tag = "2")]
    received_ms: u64,
    #[prost(message, optional, tag = "3")]
    workload: Option<v1::Workload>,
    #[prost(message, repeated, tag = "4")]
    said: Vec<StoredPart>,
    #[prost(message, repeated, tag = "5")]
    kept: Vec<StoredPart>,
}

/// One resource.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
struct StoredPart {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(bytes = "bytes", tag = "2")]
    body: bytes::Bytes,
    #[prost(uint64, tag = "3")]
    since_ms: u64,
    #[prost(string, tag = "4")]
    limits: String,
}

impl std::fmt::Debug for StoredPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredPart").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Disk {
    /// Uses `folder`, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// If it is no folder and cannot be made one.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let about = fs::metadata(folder)?;
        let why = match about.permissions().mode() & 0o022 {
            0 if [0, rustix::process::geteuid().as_raw()].contains(&about.uid()) => None,
            0 => Some("it is another user's, who may give this sidecar a policy: chown"),
            _ => Some("others may write in it, and so give this sidecar a policy: chmod 700"),
        };
        if let Some(why) = why {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
        }
        let kind = rustix::fs::statfs(folder)?.f_type;
        #[allow(clippy::unnecessary_cast, reason = "its type differs between platforms")]
        let in_memory = IN_MEMORY.contains(&(kind as i64));
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(folder.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::new(io::ErrorKind::ResourceBusy, "another sidecar uses it"),
            TryLockError::Error(error) => error,
        })?;
        Ok(Self { folder: folder.to_owned(), in_memory, _lock: lock })
    }

    /// Whether provider keys are kept.
    pub(crate) fn keeps_keys(&self) -> bool {
        self.in_memory
    }

    /// The last good policy; `None` if there is none.
    ///
    /// # Errors
    ///
    /// If there is a file and it cannot be used; the text says why.
    pub(crate) fn load(&self) -> Result<Option<Holdings>, String> {
        let file = match File::open(self.path()) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("it cannot be opened: {error}")),
        };
        let mut bytes = Vec::new();
        // What was ever written is smaller: both maps within their bound, and some room for keys.
        let most = 3 * BYTES as u64;
        file.take(most).read_to_end(&mut bytes).map_err(|error| format!("it cannot be read: {error}"))?;
        let rest = bytes.strip_prefix(MAGIC).ok_or("it is of another format, or not whole")?;
        let (sum, body) = rest.split_at_checked(32).ok_or("it is not whole")?;
        if sum != hash(body) {
            return Err("it is not what was written".to_owned());
        }
        Stored::decode(body).map(|stored| Some(stored.into())).map_err(|error| format!("it cannot be read: {error}"))
    }

    /// Writes `holdings` in place of what is there. Keys only into memory: anywhere else they are left out, and the control
    /// plane sends them again, but for those of an object that is broken by then: they come when it is mended.
    pub(crate) fn save(&self, holdings: &Holdings) -> io::Result<()> {
        let body = Stored::of(holdings, self.in_memory).encode_to_vec();
        let partial = self.folder.join("policy.partial");
        // A new file of our own, whatever a write that was cut off, or somebody else, has left there.
        match fs::remove_file(&partial) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
        file.write_all(MAGIC)?;
        file.write_all(&hash(&body))?;
        file.write_all(&body)?;
        file.sync_all()?;
        fs::rename(&partial, self.path())?;
        File::open(&self.folder)?.sync_all()
    }

    fn path(&self) -> PathBuf {
        self.folder.join(NAME)
    }
}

impl Stored {
    fn of(holdings: &Holdings, keys: bool) -> Self {
        // What is mounted is read where it is.
        let Holdings { revision, received, workload, said, kept, mounted: _ } = holdings;
        let may = |key: &str| keys || !matches!(key::parse(key), Some((key::Kind::Credentials, _)));
        let said = said.iter().filter(|(key, _)| may(key)).map(|(key, said)| StoredPart {
            key: key.to_string(),
            body: said.body.clone(),
            ..StoredPart::default()
        });
        let kept = kept.iter().filter(|(key, _)| may(key)).map(|(key, kept)| StoredPart {
            key: key.to_string(),
            body: kept.body.clone(),
            since_ms: kept.since.map_or(0, millis),
            limits: kept.limits.to_string(),
        });
        Self {
            revision: revision.to_string(),
            received_ms: received.map_or(0, millis),
            workload: workload.clone(),
            said: said.collect(),
            kept: kept.collect(),
        }
    }
}

impl From<Stored> for Holdings {
    fn from(stored: Stored) -> Self {
        let Stored { revision, received_ms, workload, said, kept } = stored;
        Self {
            revision: revision.into(),
            received: Some(time(received_ms)),
            workload,
            mounted: Found::default(),
            said: said.into_iter().map(|part| (part.key.into(), apply_said(part.body))).collect(),
            kept: kept
                .into_iter()
                .map(|part| {
                    let kept = Kept { body: part.body, since: Some(time(part.since_ms)), limits: part.limits.into() };
                    (part.key.into(), kept)
                })
                .collect(),
        }
    }
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A time beyond what the clock can show, as a broken clock may have written it, is none at all.
fn time(millis: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis)).unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

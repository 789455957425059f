//! What a pod starts with while no control plane can be asked: files of its namespace, as `bootstrap.proto` describes them.
//! Reading finds the view that is this pod's own, or says why there is none: nothing of it is a reason not to start.

mod labels;

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use outrigger_api::{
    bootstrap::{self as files, FILE, INDEX, MAPS, NoView, WRITTEN},
    v1,
};
use prost::Message as _;

/// Longest file with the pod's labels: an object of Kubernetes has fewer.
const LABELS: u64 = 256 << 10;
/// Longest file with a time.
const TIME: u64 = 64;

/// Who this sidecar's pod is, as its own spec says. What it is allowed is for the control plane to say: this only finds what
/// was left for such a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pod {
    pub(crate) namespace: String,
    pub(crate) service_account: String,
    pub(crate) labels: BTreeMap<String, String>,
}

/// A policy without keys, and where those of the pod's own namespace may be mounted.
#[derive(Clone, Debug)]
pub(crate) struct Bootstrap {
    pub(crate) resources: Vec<v1::Resource>,
    /// Since when it is the policy: it may have changed since.
    pub(crate) written: SystemTime,
    pub(crate) keys: Vec<v1::BootstrapKey>,
}

/// Why there is none to start with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// Nobody has left anything.
    Nothing,
    /// There is none for this pod.
    None(NoView),
    /// What is there cannot be used, for this reason.
    Bad(String),
}

impl Unusable {
    /// The stable code of its log line.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Nothing => "bootstrap_missing",
            Self::None(_) => "bootstrap_not_for_pod",
            Self::Bad(_) => "bootstrap_broken",
        }
    }

    /// What `/readyz` says, which anybody may read.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Bad(_) => format!("{}: the bootstrap cannot be used; see the log", self.code()),
            _ => format!("{}: {self}", self.code()),
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("no bootstrap was left for this namespace"),
            Self::None(why) => write!(f, "the bootstrap has nothing for this pod: {why}"),
            Self::Bad(why) => write!(f, "the bootstrap cannot be used: {why}; it is the control plane's to write"),
        }
    }
}

impl Pod {
    /// With the labels in a file of the downward API.
    ///
    /// # Errors
    ///
    /// If it cannot be read: a label that is not known may be what a limit selects by.
    pub(crate) fn read(namespace: &str, service_account: &str, labels: &Path) -> Result<Self, Unusable> {
        let bad = |why: String| Unusable::Bad(format!("the pod's labels in {}: {why}", labels.display()));
        let text = small(labels, LABELS).map_err(|error| bad(error.to_string()))?;
        let text = String::from_utf8(text).map_err(|_| bad("they are not text".to_owned()))?;
        let labels = labels::parse(&text).map_err(|line| bad(format!("line {line} is no key=\"value\"")))?;
        Ok(Self { namespace: namespace.to_owned(), service_account: service_account.to_owned(), labels })
    }
}

impl Bootstrap {
    /// What is left in `folder` for `pod`. Each ConfigMap is a folder of its own below it, or all are in it.
    pub(crate) fn read(folder: &Path, pod: &Pod) -> Result<Self, Unusable> {
        let bad = |name: &str, why: &dyn fmt::Display| Unusable::Bad(format!("{name}: {why}"));
        let Some((packed, place)) = find(folder, INDEX).map_err(|error| bad(INDEX, &error))? else {
            return Err(Unusable::Nothing);
        };
        let index = files::unpack(&packed).map_err(|error| bad(INDEX, &error))?;
        let index = v1::BootstrapIndex::decode(&*index).map_err(|error| bad(INDEX, &error))?;
        let written = small(&place.join(WRITTEN), TIME).map_err(|error| bad(WRITTEN, &error))?;
        let written = time(&written).ok_or_else(|| bad(WRITTEN, &"it is no time"))?;
        let label = |key: &str| pod.labels.get(key).map(String::as_str);
        let found = files::find(&index, &pod.namespace, &pod.service_account, label).map_err(Unusable::None)?;
        let keys = files::keys(&index, found).0.into_iter().cloned().collect();
        let stored = found.file.as_str();
        // A name that is no view's may be a path.
        if !stored.starts_with("view-") || stored.contains('/') {
            return Err(bad(INDEX, &"it names a file that is none of a view"));
        }
        let packed = find(folder, stored).map_err(|error| bad(stored, &error))?;
        let (packed, _) = packed.ok_or_else(|| bad(stored, &"it is not there; the index names it"))?;
        let view = files::unpack(&packed).map_err(|error| bad(stored, &error))?;
        if !files::is_of_its_name(stored, &view) {
            return Err(bad(stored, &"it is not what it was named for"));
        }
        let view = v1::BootstrapView::decode(&*view).map_err(|error| bad(stored, &error))?;
        Ok(Self { resources: view.resources, written, keys })
    }
}

/// The content of the file of this name, and the folder that it is in.
fn find(folder: &Path, name: &str) -> io::Result<Option<(Vec<u8>, PathBuf)>> {
    let below = (0..MAPS.len()).map(|at| folder.join(at.to_string()));
    for place in below.chain([folder.to_owned()]) {
        match small(&place.join(name), FILE as u64) {
            Ok(bytes) => return Ok(Some((bytes, place))),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// The content of a file that is at most `most` bytes long.
pub(crate) fn small(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 <= most {
        true => Ok(bytes),
        false => Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is longer than {most} bytes"))),
    }
}

fn time(text: &[u8]) -> Option<SystemTime> {
    let millis = std::str::from_utf8(text).ok()?.trim().parse().ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests;

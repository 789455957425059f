//! What a sidecar starts with while no control plane can be asked: `bootstrap.proto` has the manual. Pure: what goes into the
//! files, which of them is whose, and their bounds.

mod keys;

use std::io::{self, Read as _, Write as _};

use bytes::Bytes;
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use outrigger_route::{
    hash::Hex,
    selector::{Requires, lists, matches},
};
use prost::Message;

pub use keys::{KEYS, keys};

use crate::{
    encode::Resources,
    hash,
    key::{self, Kind},
    v1::{
        self, BootstrapIndex, BootstrapRequirement, BootstrapSelecting, BootstrapStored, BootstrapView,
        bootstrap_requirement::Requires as Asked,
    },
};

/// The ConfigMaps, in the order in which they are filled.
pub const MAPS: [&str; 4] =
    ["outrigger-bootstrap", "outrigger-bootstrap-1", "outrigger-bootstrap-2", "outrigger-bootstrap-3"];
/// The file of the index, in the first of them.
pub const INDEX: &str = "index.gz";
/// The entry of `data` that says when that was the policy first, in milliseconds since 1970.
pub const WRITTEN: &str = "written";
/// Most bytes of a file.
pub const FILE: usize = 256 << 10;
/// Most bytes of a file when it is unpacked.
pub const UNPACKED: usize = 8 << 20;
/// Most bytes of all files of a ConfigMap. One may be 1 MiB, on its way as base64 among others.
pub const MAP: usize = 768 << 10;

/// A file: small enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: Box<str>,
    /// Its content, compressed.
    pub bytes: Bytes,
}

/// A file would be larger than one may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// Its bytes.
    pub packed: usize,
    /// And unpacked.
    pub unpacked: usize,
}

/// Why an index has no view for a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoView {
    /// It is of this other namespace.
    Elsewhere(String),
    /// It asks something of labels that this build does not know.
    Unknown,
    /// No view was stored for exactly those objects that select the workload: so many.
    NotStored(usize),
}

impl std::fmt::Display for NoView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Elsewhere(namespace) => write!(f, "it is of the namespace {namespace:?}, and not of this pod's"),
            Self::Unknown => f.write_str("it selects by something that this version of the sidecar does not know"),
            Self::NotStored(objects) => write!(
                f,
                "it has no view for the {objects} objects that select this pod by its labels and service account"
            ),
        }
    }
}

/// The file of the view that is sent as `resources`: without keys, and without hashes of keys.
///
/// # Errors
///
/// If it is larger than a file may be.
pub fn view(resources: &Resources) -> Result<File, TooLarge> {
    let kept = resources.iter().filter_map(|(key, resource)| {
        let body = match key::parse(key)?.0 {
            Kind::Credentials => return None,
            Kind::Header => without_hashes_of_keys(&resource.body)?,
            Kind::Provider | Kind::Route | Kind::Policy => resource.body.clone(),
        };
        let hash = Bytes::copy_from_slice(&hash(&body));
        Some(v1::Resource { key: key.to_string(), hash, body })
    });
    let body = BootstrapView { resources: kept.collect() }.encode_to_vec();
    let name = format!("view-{}.gz", Hex(&hash(&body)[..16]));
    Ok(File { name: name.into(), bytes: pack(&body)? })
}

/// Of a header under a policy that is broken: which providers are there, and not by which keys. Whoever has some goes on with
/// these.
fn without_hashes_of_keys(body: &[u8]) -> Option<Bytes> {
    let mut body = v1::Body::decode(body).ok()?;
    if let Some(v1::body::Body::Header(header)) = &mut body.body {
        header.alive.iter_mut().for_each(|alive| alive.credentials.clear());
    }
    Some(body.encode_to_vec().into())
}

/// The file of an index.
///
/// # Errors
///
/// If it is larger than a file may be.
pub fn index(index: &BootstrapIndex) -> Result<File, TooLarge> {
    Ok(File { name: INDEX.into(), bytes: pack(&index.encode_to_vec())? })
}

/// Whether the file of this name is what it should be: a view is named by its content.
pub fn is_of_its_name(name: &str, unpacked: &[u8]) -> bool {
    *name == *format!("view-{}.gz", Hex(&hash(unpacked)[..16]))
}

fn pack(body: &[u8]) -> Result<Bytes, TooLarge> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    // Into memory: it does not fail.
    let packed = gzip.write_all(body).and_then(|()| gzip.finish()).unwrap_or_default();
    match packed.len() <= FILE && body.len() <= UNPACKED && !packed.is_empty() {
        true => Ok(packed.into()),
        false => Err(TooLarge { packed: packed.len(), unpacked: body.len() }),
    }
}

/// What a file holds.
///
/// # Errors
///
/// If it is not what [`view`] or [`index`] makes, or is larger than a file may be, packed or not.
pub fn unpack(packed: &[u8]) -> io::Result<Vec<u8>> {
    let large = |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("it is larger than a file {what}"));
    if packed.len() > FILE {
        return Err(large("may be"));
    }
    let mut body = Vec::new();
    GzDecoder::new(packed).take(UNPACKED as u64 + 1).read_to_end(&mut body)?;
    if body.len() > UNPACKED { Err(large("may be when it is unpacked")) } else { Ok(body) }
}

/// An object that selects, as an index has it. `accounts`: those that it selects; `None`: all.
pub fn selecting<'a>(
    key: String,
    accounts: Option<&[String]>,
    labels: impl IntoIterator<Item = (&'a str, Requires<'a>)>,
) -> BootstrapSelecting {
    let words = |words: &[String]| v1::Words { words: words.to_vec() };
    let labels = labels.into_iter().map(|(label, requires)| {
        let asked = match requires {
            Requires::Is(value) => Asked::Is(value.to_owned()),
            Requires::In(values) => Asked::In(words(values)),
            Requires::NotIn(values) => Asked::NotIn(words(values)),
            Requires::Exists => Asked::Exists(v1::Flag {}),
            Requires::DoesNotExist => Asked::DoesNotExist(v1::Flag {}),
        };
        BootstrapRequirement { label: label.to_owned(), requires: Some(asked) }
    });
    BootstrapSelecting { key, service_accounts: accounts.map(words), labels: labels.collect() }
}

/// The view of a workload of `namespace` with this service account and these labels.
///
/// # Errors
///
/// If there is none for exactly those objects that select it.
pub fn find<'i, 'l>(
    index: &'i BootstrapIndex,
    namespace: &str,
    account: &str,
    label: impl Fn(&str) -> Option<&'l str>,
) -> Result<&'i BootstrapStored, NoView> {
    if index.namespace != namespace {
        return Err(NoView::Elsewhere(index.namespace.clone()));
    }
    let mut selected = Vec::new();
    for (at, object) in (0..).zip(&index.objects) {
        if selects(object, account, &label).ok_or(NoView::Unknown)? {
            selected.push(at);
        }
    }
    index.views.iter().find(|view| view.objects == selected).ok_or(NoView::NotStored(selected.len()))
}

/// `None`: nobody knows.
fn selects<'l>(object: &BootstrapSelecting, account: &str, label: impl Fn(&str) -> Option<&'l str>) -> Option<bool> {
    let BootstrapSelecting { key: _, service_accounts, labels } = object;
    let requirements: Option<Vec<_>> = labels.iter().map(|it| Some((it.label.as_str(), requires(it)?))).collect();
    let listed = lists(service_accounts.as_ref().map(|list| list.words.as_slice()), account);
    Some(matches(requirements?, label) && listed)
}

fn requires(asked: &BootstrapRequirement) -> Option<Requires<'_>> {
    Some(match asked.requires.as_ref()? {
        Asked::Is(value) => Requires::Is(value),
        Asked::In(values) => Requires::In(&values.words),
        Asked::NotIn(values) => Requires::NotIn(&values.words),
        Asked::Exists(_) => Requires::Exists,
        Asked::DoesNotExist(_) => Requires::DoesNotExist,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

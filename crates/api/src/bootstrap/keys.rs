//! Where the keys lie that a pod may mount for its start: names out of an index, which are made into a pod's volume and into
//! paths, so that none is taken that is not surely a name.

use crate::v1::{BootstrapIndex, BootstrapKey, BootstrapStored};

/// Most keys that a pod mounts and reads: each is a file.
pub const KEYS: usize = 32;
/// Longest name of a Secret, and of an entry of its data: as Kubernetes has it.
const NAME: usize = 253;

/// The keys of `stored` that a pod mounts and reads, the first [`KEYS`] of them; and how many there are beyond. Whatever an index
/// says, they are of providers of its own namespace.
pub fn keys<'i>(index: &'i BootstrapIndex, stored: &BootstrapStored) -> (Vec<&'i BootstrapKey>, usize) {
    let named = stored.keys.iter().filter_map(|at| index.keys.get(usize::try_from(*at).ok()?));
    let own = |key: &&BootstrapKey| {
        let home = key.provider.split_once('/').map(|(home, _)| home);
        home == Some(index.namespace.as_str()) && is_secret(&key.secret) && is_entry(&key.key)
    };
    let mut all: Vec<&BootstrapKey> = named.filter(own).collect();
    let beyond = all.len().saturating_sub(KEYS);
    all.truncate(KEYS);
    (all, beyond)
}

/// Whether it is the name of a Secret: a DNS subdomain.
fn is_secret(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let label =
        |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.bytes().all(inner);
    name.len() <= NAME && name.split('.').all(label)
}

/// Whether it is the name of an entry of a Secret's data.
fn is_entry(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    !name.is_empty() && name.len() <= NAME && name != "." && !name.starts_with("..") && name.bytes().all(plain)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn key(provider: &str, secret: &str, key: &str) -> BootstrapKey {
        let (provider, secret, key) = (provider.to_owned(), secret.to_owned(), key.to_owned());
        BootstrapKey { provider, name: "main".to_owned(), weight: 1, secret, key }
    }

    fn told(keys: Vec<BootstrapKey>, places: Vec<u32>) -> (Vec<String>, usize) {
        let stored = BootstrapStored { file: "f".to_owned(), objects: Vec::new(), keys: places };
        let index = BootstrapIndex { namespace: "demo".to_owned(), keys, ..BootstrapIndex::default() };
        let (keys, beyond) = super::keys(&index, &stored);
        (keys.into_iter().map(|it| format!("{} {}", it.secret, it.key)).collect(), beyond)
    }

    /// A view's own keys and no other's, whatever else lies in the namespace.
    #[test]
    fn a_view_has_the_keys_that_it_names() {
        let all = || vec![key("demo/a", "a", "key"), key("demo/b", "b", "key"), key("demo/b", "b", "other")];
        assert_eq!(told(all(), vec![1, 2]).0, ["b key", "b other"]);
        assert_eq!(told(all(), Vec::new()).0, [""; 0]);
        // A place where there is none.
        assert_eq!(told(all(), vec![0, 3, u32::MAX]).0, ["a key"]);
    }

    /// What is of another namespace lies in another, and what is no name may be a path, or makes a pod that no API server takes.
    #[test]
    fn only_names_of_the_own_namespace_are_taken() {
        for (provider, secret, entry) in [
            ("other/a", "a", "key"),
            ("demo", "a", "key"),
            ("demo/a", "..", "key"),
            ("demo/a", "a/b", "key"),
            ("demo/a", "A", "key"),
            ("demo/a", "-a", "key"),
            ("demo/a", "", "key"),
            ("demo/a", "a", ""),
            ("demo/a", "a", "."),
            ("demo/a", "a", "..key"),
            ("demo/a", "a", "../key"),
            ("demo/a", "a", "k\n"),
        ] {
            assert_eq!(told(vec![key(provider, secret, entry)], vec![0]).0, [""; 0], "{provider} {secret} {entry:?}");
        }
        let long = "a".repeat(NAME);
        for (secret, entry) in [("a.b-c.9", ".k_E-y.txt"), (long.as_str(), long.as_str())] {
            assert_eq!(told(vec![key("demo/a", secret, entry)], vec![0]).0.len(), 1, "{secret} {entry}");
        }
        assert_eq!(told(vec![key("demo/a", &format!("{long}a"), "k")], vec![0]).0.len(), 0);
        assert_eq!(told(vec![key("demo/a", "a", &format!("{long}a"))], vec![0]).0.len(), 0);
    }

    /// R-INJ-9: as many as there may be, and not one more.
    #[test]
    fn keys_are_bounded() {
        let all = |count: usize| {
            let keys = (0..count).map(|at| key("demo/a", &format!("s{at}"), "key")).collect();
            told(keys, (0..u32::try_from(count).unwrap()).collect())
        };
        let (keys, beyond) = all(KEYS);
        assert_eq!((keys.len(), beyond), (KEYS, 0));
        let (keys, beyond) = all(KEYS + 2);
        assert_eq!((keys.len(), beyond, keys.last().unwrap().as_str()), (KEYS, 2, "s31 key"));
    }
}

//! Watching a policy folder by looking at it: works on ConfigMap mounts, network file systems and editors that rename,
//! where change notifications differ.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
    time::Duration,
};

use crate::folder;

/// Four looks a second: an edit applies within one (the folder is small).
pub(crate) const INTERVAL: Duration = Duration::from_millis(250);

/// A fingerprint of the folder: names and contents of its files.
pub(crate) fn fingerprint(folder: &Path) -> u64 {
    let mut hash = DefaultHasher::new();
    for path in folder::files(folder).unwrap_or_default() {
        path.hash(&mut hash);
        std::fs::read(&path).ok().hash(&mut hash);
    }
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_a_new_file_and_a_removal_are_seen() {
        let dir = tempfile::tempdir().unwrap();
        let seen = |dir: &tempfile::TempDir| fingerprint(dir.path());
        let empty = seen(&dir);
        std::fs::write(dir.path().join("a.yaml"), "a").unwrap();
        let one = seen(&dir);
        std::fs::write(dir.path().join("a.yaml"), "b").unwrap();
        let edited = seen(&dir);
        std::fs::write(dir.path().join("notes.txt"), "x").unwrap();
        assert_eq!(edited, seen(&dir));
        std::fs::remove_file(dir.path().join("a.yaml")).unwrap();
        assert!(empty != one && one != edited && seen(&dir) == empty);
    }
}

//! Watching a policy folder by looking at it: works on ConfigMap mounts, network file systems and editors that rename,
//! where change notifications differ.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::ErrorKind,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::{
    file,
    listing::{self, Listing},
};

/// A file that changed so lately may change again and look the same: file systems count time in steps, some in whole
/// seconds. Until it is older it is read at every look.
const FRESH: Duration = Duration::from_secs(3);

/// What a folder looked like.
#[derive(Debug)]
pub(crate) struct Seen {
    folder: PathBuf,
    /// Names, sizes and times of its files: what a look costs nearly nothing to see.
    outside: u64,
    /// Names and contents.
    inside: u64,
}

impl Seen {
    /// As it looks now.
    pub(crate) fn now(folder: PathBuf) -> Self {
        let looked = look(&folder);
        let (outside, inside) = (outside(&looked), inside(&looked));
        Self { folder, outside, inside }
    }

    /// Looks again. Whether what is in the files has changed since the last look.
    pub(crate) fn changed(&mut self, now: SystemTime) -> bool {
        let looked = look(&self.folder);
        let outside = outside(&looked);
        if outside == self.outside && !files(&looked).iter().any(|file| is_fresh(file, now)) {
            return false;
        }
        self.outside = outside;
        let inside = inside(&looked);
        std::mem::replace(&mut self.inside, inside) != inside
    }
}

/// What was listed, or why nothing was.
type Looked = Result<Listing, ErrorKind>;

fn look(folder: &Path) -> Looked {
    listing::list(folder).map_err(|error| error.kind())
}

fn files(looked: &Looked) -> &[PathBuf] {
    looked.as_ref().map_or(&[], |listing| &listing.files)
}

fn outside(looked: &Looked) -> u64 {
    let mut hash = DefaultHasher::new();
    looked.hash(&mut hash);
    for file in files(looked) {
        let about = fs::metadata(file).map(|about| {
            (
                about.dev(),
                about.ino(),
                about.size(),
                about.mtime(),
                about.mtime_nsec(),
                about.ctime(),
                about.ctime_nsec(),
            )
        });
        about.ok().hash(&mut hash);
    }
    hash.finish()
}

fn inside(looked: &Looked) -> u64 {
    let mut hash = DefaultHasher::new();
    looked.hash(&mut hash);
    for file in files(looked) {
        file::read(file).hash(&mut hash);
    }
    hash.finish()
}

/// It has changed lately, or claims to do so in the future, or does not say.
fn is_fresh(file: &PathBuf, now: SystemTime) -> bool {
    let changed = fs::metadata(file).and_then(|about| about.modified()).ok();
    let age = changed.and_then(|changed| now.duration_since(changed).ok());
    age.is_none_or(|age| age < FRESH)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder, looked at as if its files were `age` old.
    struct Looking {
        dir: tempfile::TempDir,
        seen: Seen,
        age: Duration,
    }

    impl Looking {
        fn at_files_of_age(age: Duration) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let seen = Seen::now(dir.path().to_owned());
            Self { dir, seen, age }
        }

        fn write(&self, name: &str, text: &str) {
            fs::write(self.dir.path().join(name), text).unwrap();
        }

        fn sees_a_change(&mut self) -> bool {
            self.seen.changed(SystemTime::now() + self.age)
        }
    }

    #[test]
    fn an_edit_a_new_file_and_a_removal_are_seen_once() {
        for age in [Duration::ZERO, Duration::from_secs(60)] {
            let mut looking = Looking::at_files_of_age(age);
            assert!(!looking.sees_a_change());
            looking.write("a.yaml", "a");
            assert!(looking.sees_a_change() && !looking.sees_a_change());
            looking.write("a.yaml", "longer");
            assert!(looking.sees_a_change() && !looking.sees_a_change());
            looking.write("notes.txt", "x");
            assert!(!looking.sees_a_change());
            fs::remove_file(looking.dir.path().join("a.yaml")).unwrap();
            assert!(looking.sees_a_change() && !looking.sees_a_change());
        }
    }

    #[test]
    fn an_edit_that_looks_the_same_from_outside_is_seen_while_the_file_is_fresh() {
        let mut looking = Looking::at_files_of_age(Duration::ZERO);
        looking.write("a.yaml", "a");
        assert!(looking.sees_a_change());
        looking.write("a.yaml", "b");
        // As if the file system's clock had not moved.
        looking.seen.outside = outside(&look(looking.dir.path()));
        assert!(looking.sees_a_change());
    }

    #[test]
    fn a_touch_is_no_edit() {
        let mut looking = Looking::at_files_of_age(Duration::from_secs(60));
        looking.write("a.yaml", "a");
        assert!(looking.sees_a_change());
        looking.write("a.yaml", "a");
        assert!(!looking.sees_a_change());
    }
}

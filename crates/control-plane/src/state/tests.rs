use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use super::{
    State,
    file::{Readers, read, stamp, write},
};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_new_folder_is_private() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("a/state");
    State::open(&folder).unwrap();
    assert_eq!(mode(&folder), 0o700);
}

#[test]
fn a_folder_that_others_can_change_is_refused_and_one_they_can_read_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let with = |mode| {
        fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
        State::open(folder.path())
    };
    assert!(with(0o755).is_ok());
    for bad in [0o770, 0o702, 0o777] {
        let error = with(bad).unwrap_err().to_string();
        assert!(error.contains("chmod 700"), "{error}");
    }
}

#[test]
fn a_folder_that_is_a_file_is_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(State::open(file.path()).is_err());
}

#[test]
fn what_is_written_is_read_and_private_unless_meant_for_all() {
    let folder = tempfile::tempdir().unwrap();
    let (key, public) = (folder.path().join("key"), folder.path().join("public"));
    write(&key, Readers::Owner, b"old").unwrap();
    write(&key, Readers::Owner, b"new").unwrap();
    write(&public, Readers::Anybody, b"all").unwrap();
    assert_eq!(read(&key, Readers::Owner, 3).unwrap().as_deref(), Some(&b"new"[..]));
    assert_eq!(mode(&key), 0o600);
    assert_eq!(read(&public, Readers::Anybody, 3).unwrap().as_deref(), Some(&b"all"[..]));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left over");
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    write(&key, Readers::Owner, b"k").unwrap();
    for bad in [0o640, 0o604, 0o660] {
        fs::set_permissions(&key, Permissions::from_mode(bad)).unwrap();
        let error = read(&key, Readers::Owner, 9).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }
}

#[test]
fn a_public_file_that_others_can_change_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list");
    write(&path, Readers::Anybody, b"l").unwrap();
    for bad in [0o664, 0o646] {
        fs::set_permissions(&path, Permissions::from_mode(bad)).unwrap();
        let error = read(&path, Readers::Anybody, 9).unwrap_err().to_string();
        assert!(error.contains("can be changed by other users"), "{error}");
    }
}

#[test]
fn no_file_too_large_a_file_and_no_regular_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    assert!(read(&path, Readers::Owner, 9).unwrap().is_none());
    assert!(stamp(&path).unwrap().is_none());
    write(&path, Readers::Owner, &[0; 10]).unwrap();
    assert!(read(&path, Readers::Owner, 9).unwrap_err().to_string().contains("larger than 9 bytes"));
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    for other in [folder.path(), &link] {
        assert!(write(other, Readers::Owner, b"").unwrap_err().to_string().contains("not a regular file"));
    }
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn a_stamp_changes_with_the_file_even_if_its_size_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    write(&path, Readers::Owner, b"1").unwrap();
    let first = stamp(&path).unwrap();
    assert_eq!(stamp(&path).unwrap(), first);
    write(&path, Readers::Owner, b"2").unwrap();
    assert_ne!(stamp(&path).unwrap(), first);
}

#[test]
fn the_lock_is_held_by_one_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).unwrap();
    let counter = folder.path().join("counter");
    fs::write(&counter, "0").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let _lock = state.lock().unwrap();
                    let count: u32 = fs::read_to_string(&counter).unwrap().parse().unwrap();
                    fs::write(&counter, (count + 1).to_string()).unwrap();
                }
            });
        }
    });
    assert_eq!(fs::read_to_string(&counter).unwrap(), "160");
}

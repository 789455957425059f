//! What comes back from disk, and what does not.

use std::fs;

use super::*;
use crate::holdings::tests::{Pair, keyed_policy};

fn holdings() -> Holdings {
    let mut pair = Pair::default();
    pair.push(&keyed_policy());
    pair.push(&(keyed_policy().replace("provider: a}]", "provider: a}], timeouts: {idle: soon}")));
    pair.sidecar
}

fn disk(in_memory: bool) -> (tempfile::TempDir, Disk) {
    let folder = tempfile::tempdir().unwrap();
    let mut disk = Disk::open(folder.path()).unwrap();
    disk.in_memory = in_memory;
    (folder, disk)
}

/// R-CFG-7: what was applied last comes back as it was: with hashes, earlier values and since when they are all there is.
#[test]
fn a_policy_comes_back_as_it_was() {
    let (_folder, disk) = disk(true);
    assert!(disk.load().unwrap().is_none());
    let mut holdings = holdings();
    holdings.workload = Some(v1::Workload { namespace: "demo".to_owned(), ..v1::Workload::default() });
    assert_eq!(holdings.kept.len(), 1);
    disk.save(&holdings).unwrap();
    let back = disk.load().unwrap().unwrap();
    assert_eq!(
        (back.revision.clone(), back.received, back.workload.clone()),
        (holdings.revision.clone(), holdings.received, holdings.workload.clone())
    );
    assert_eq!(back.holdings(), holdings.holdings());
    assert_eq!(back.problems(), holdings.problems());
    let assembled = |it: &Holdings| format!("{:?}", it.view().assemble().targets);
    assert_eq!(assembled(&back), assembled(&holdings));
}

/// Z6: keys are written into memory alone; elsewhere they are left out, and so asked for again.
#[test]
fn keys_are_written_into_memory_alone() {
    for (in_memory, there) in [(true, true), (false, false)] {
        let (folder, disk) = disk(in_memory);
        disk.save(&holdings()).unwrap();
        let bytes = fs::read(folder.path().join("policy")).unwrap();
        assert_eq!(String::from_utf8_lossy(&bytes).contains("sk-canary"), there);
        let back = disk.load().unwrap().unwrap();
        assert_eq!(back.said.contains_key("credentials/demo/a"), there);
        assert!(back.said.contains_key("provider/demo/a"));
    }
}

/// Keys that are on no disk are on their way: until they come, who needs one is told to wait, and who needs none is served.
#[test]
fn without_its_keys_a_policy_says_that_they_are_pending() {
    let (_folder, disk) = disk(false);
    disk.save(&holdings()).unwrap();
    let snapshot = disk.load().unwrap().unwrap().view().assemble();
    for name in ["r", "m"] {
        assert_eq!(snapshot.closed[name].code(), "credentials_pending", "{name}");
    }
}

/// Somebody who may write there could give this sidecar a policy.
#[test]
fn a_folder_that_others_may_write_in_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(Disk::open(folder.path()).unwrap_err().to_string().contains("chmod 700"));
}

/// A volume of a pod is everybody's to write in: a folder that is made below it is ours, and kept from then on.
#[test]
fn a_folder_below_one_that_others_may_write_in_is_our_own() {
    let volume = tempfile::tempdir().unwrap();
    fs::set_permissions(volume.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let folder = volume.path().join("state");
    Disk::open(&folder).unwrap().save(&holdings()).unwrap();
    assert!(Disk::open(&folder).unwrap().load().unwrap().is_some());
    // One that somebody else has made there is not: whoever owns it may write in it.
    if rustix::process::geteuid().is_root() {
        let theirs = volume.path().join("theirs");
        fs::create_dir(&theirs).unwrap();
        std::os::unix::fs::chown(&theirs, Some(4117), None).unwrap();
        assert!(Disk::open(&theirs).unwrap_err().to_string().contains("another user's"));
    }
}

/// R-CFG-7: whatever is wrong with the file is a miss, at every byte.
#[test]
fn a_file_that_is_not_whole_is_a_miss() {
    let (folder, disk) = disk(true);
    disk.save(&holdings()).unwrap();
    let path = folder.path().join("policy");
    let whole = fs::read(&path).unwrap();
    for cut in 0..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        assert!(disk.load().is_err(), "cut at {cut}");
        let mut changed = whole.clone();
        changed[cut] ^= 0x20;
        fs::write(&path, &changed).unwrap();
        assert!(disk.load().is_err(), "changed at {cut}");
    }
    let newer = [b"outrigger-policy/2\n", &whole[MAGIC.len()..]].concat();
    fs::write(&path, newer).unwrap();
    assert!(disk.load().unwrap_err().contains("another format"));
}

/// A write that was cut off leaves what was there.
#[test]
fn a_half_written_file_is_not_the_policy() {
    let (folder, disk) = disk(true);
    disk.save(&holdings()).unwrap();
    fs::write(folder.path().join("policy.partial"), b"outrigger-po").unwrap();
    assert!(disk.load().unwrap().is_some());
    disk.save(&holdings()).unwrap();
    assert!(!folder.path().join("policy.partial").exists());
}

#[test]
fn only_its_owner_reads_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, disk) = disk(true);
    disk.save(&holdings()).unwrap();
    let mode = fs::metadata(folder.path().join("policy")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// Clocks that were wrong when it was written do not matter when it is read.
#[test]
fn a_time_that_no_clock_shows_is_none() {
    let stored = Stored { received_ms: u64::MAX, ..Stored::default() };
    assert!(Holdings::from(stored).received.is_some());
}

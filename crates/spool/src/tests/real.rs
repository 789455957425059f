//! A real folder.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::{LEAST, MEMORY, Settings, Spool};

fn settings(folder: &std::path::Path) -> Settings {
    Settings { folder: Some(folder.to_owned()), limit: LEAST, memory: MEMORY, age: Duration::from_secs(3_600) }
}

#[test]
fn two_processes_never_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = Spool::open(&settings(folder.path()));
    let second = Spool::open(&settings(folder.path()));
    assert!(first.standing().on_disk && !second.standing().on_disk);
    // It goes on all the same.
    assert_eq!((second.append(b"one"), second.standing().waiting), (Some(1), 1));
}

#[test]
fn a_folder_that_cannot_be_made_is_no_reason_not_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let spool = Spool::open(&settings(&file));
    assert_eq!((spool.append(b"one"), spool.standing().on_disk), (Some(1), false));
    assert_eq!(spool.batch(1, 1).unwrap().entries, [(1, b"one".to_vec())]);
}

#[test]
fn entries_outlive_the_spool_and_go_when_they_were_taken() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(&settings(folder.path()));
    (0..10).for_each(|of| _ = spool.append(&[of; 100]));
    spool.close();
    drop(spool);
    // The thread has the last handle, until it looks.
    let begun = Instant::now();
    let spool = loop {
        let spool = Spool::open(&settings(folder.path()));
        if spool.standing().on_disk {
            break spool;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "the folder stays locked");
        std::thread::sleep(Duration::from_millis(20));
    };
    let batch = spool.batch(512, 1 << 20).unwrap();
    assert_eq!((batch.entries.len(), batch.closed, batch.last), (10, true, true));
    let of_it = || fs::read_dir(folder.path()).unwrap().filter(|it| named(it, &batch.epoch)).count();
    assert!(of_it() > 0 && spool.taken(&batch, 10));
    assert_eq!((of_it(), spool.batch(1, 1)), (0, None));
}

fn named(entry: &std::io::Result<fs::DirEntry>, epoch: &crate::Epoch) -> bool {
    let digits: String = epoch.iter().map(|byte| format!("{byte:02x}")).collect();
    entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(&digits)
}

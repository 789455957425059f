//! What a spool promises, on a disk that does as it is told and on a real one.

mod bounds;
mod crashes;
mod faulty;
mod given_up;
mod real;

use std::sync::Arc;

use crate::{MEMORY, Settings, core::Core};
use faulty::Faulty;

/// Settings with so much room on disk.
fn settings(limit: u64) -> Settings {
    Settings { folder: None, limit, memory: MEMORY, age: std::time::Duration::from_secs(86_400) }
}

/// A process that starts on `disk`.
fn start(disk: &Faulty, epoch: u8, settings: &Settings) -> Core<Faulty> {
    let core = Core::new(settings, Some(disk.clone()), [epoch; 16], u64::from(epoch), faulty::now);
    core.begin();
    core
}

fn entry(of: u64) -> Vec<u8> {
    let length = 1 + usize::try_from(of * 37 % 300).unwrap();
    of.to_le_bytes().into_iter().cycle().take(length).collect()
}

/// Numbers and bytes of an epoch, and whether it was closed.
type Came = ([u8; 16], Vec<(u64, Vec<u8>)>, bool);

/// Takes everything that there is, a few at a time.
fn drain(core: &Core<Faulty>) -> Vec<Came> {
    let mut all: Vec<Came> = Vec::new();
    while let Some(batch) = core.batch(7, 2_000) {
        let through = batch.entries.last().map_or(batch.issued, |(sequence, _)| *sequence);
        if all.last().is_none_or(|(epoch, ..)| *epoch != batch.epoch) {
            all.push((batch.epoch, Vec::new(), false));
        }
        let last = all.last_mut().unwrap();
        last.1.extend(batch.entries.clone());
        last.2 = batch.closed && batch.last;
        assert!(core.taken(&batch, through), "it goes on");
    }
    all
}

fn numbers(entries: &[(u64, Vec<u8>)]) -> Vec<u64> {
    entries.iter().map(|(sequence, _)| *sequence).collect()
}

#[test]
fn what_is_added_comes_out_once_and_in_order() {
    let disk = Faulty::default();
    let core = start(&disk, 1, &settings(1 << 20));
    for of in 1..=500 {
        assert_eq!(core.append(&entry(of)), Some(of));
        if of % 40 == 0 {
            core.work();
        }
    }
    let first = core.batch(512, 1 << 20).unwrap();
    assert_eq!(core.batch(512, 1 << 20).unwrap(), first, "what was not taken comes again");
    let all = drain(&core);
    assert_eq!((all.len(), numbers(&all[0].1)), (1, (1..=500).collect()));
    assert!(all[0].1.iter().all(|(sequence, bytes)| *bytes == entry(*sequence)));
    assert_eq!((core.batch(512, 1 << 20), core.lock().standing().waiting), (None, 0));
    // It ends, and nothing of it stays.
    core.close();
    assert!(drain(&core)[0].2);
    core.work();
    assert_eq!(disk.names(), Vec::<String>::new());
}

#[test]
fn an_entry_that_is_none_or_too_long_gets_no_number() {
    let core = start(&Faulty::default(), 1, &settings(1 << 20));
    assert_eq!((core.append(b""), core.append(&[1; crate::LONGEST + 1])), (None, None));
    assert_eq!(core.append(&[1; crate::LONGEST]), Some(1));
    core.close();
    assert_eq!(core.append(b"late"), None);
}

#[test]
fn adding_is_one_write_and_nothing_else() {
    let disk = Faulty::default();
    let core = start(&disk, 1, &settings(1 << 20));
    let before = disk.calls();
    let mut rolls = 0;
    for of in 1..=2_000 {
        let segments = core.lock().own.segments.len();
        core.append(&entry(of));
        rolls += core.lock().own.segments.len() - segments;
        assert_eq!(disk.calls() - before, of, "of entry {of}");
        if core.lock().spare.is_none() {
            let calls = disk.calls();
            core.work();
            disk.forget(disk.calls() - calls);
        }
    }
    assert!(rolls > 5, "{rolls}");
}

#[test]
fn what_the_ledger_took_in_part_goes_on_from_there() {
    let core = start(&Faulty::default(), 1, &settings(1 << 20));
    (1..=10).for_each(|of| _ = core.append(&entry(of)));
    let batch = core.batch(8, 1 << 20).unwrap();
    assert!(core.taken(&batch, 3));
    assert_eq!(numbers(&core.batch(3, 1 << 20).unwrap().entries), [4, 5, 6]);
    // It takes nothing, and so nothing goes on.
    assert!(!core.taken(&batch, 3));
    // It lost what it had: that is not to be had here any more, and is said to be.
    assert!(!core.taken(&batch, 1));
    assert_eq!(core.batch(1, 1).unwrap().dropped_below, 4);
}

#[test]
fn whoever_sends_is_woken_once_many_wait() {
    struct Woken(std::sync::atomic::AtomicBool);
    impl std::task::Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    }
    let core = start(&Faulty::default(), 1, &settings(1 << 20));
    let woken = Arc::new(Woken(false.into()));
    core.many.register(&woken.clone().into());
    let told = || woken.0.load(std::sync::atomic::Ordering::Relaxed);
    (1..crate::MANY).for_each(|of| _ = core.append(&entry(of)));
    assert!(!told());
    core.append(b"one more");
    assert!(told());
}

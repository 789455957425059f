//! Processes that are killed, machines that go down, files that are damaged.

use proptest::prelude::*;

use super::{drain, entry, faulty::Faulty, numbers, settings, start};

/// R-DRAIN-4: a process that is killed loses nothing; the next one sends it first, and closes it.
#[test]
fn what_a_killed_process_left_goes_first_and_is_closed() {
    let disk = Faulty::default();
    let killed = start(&disk, 1, &settings(1 << 20));
    (1..=300).for_each(|of| _ = killed.append(&entry(of)));
    let batch = killed.batch(100, 1 << 20).unwrap();
    killed.taken(&batch, 100);
    drop(killed);
    let next = start(&disk, 2, &settings(1 << 20));
    next.append(b"new");
    let all = drain(&next);
    let [(old, entries, closed), (new, ours, open)] = &all[..] else { panic!("{all:?}") };
    assert_eq!((old, closed, new, open), (&[1; 16], &true, &[2; 16], &false));
    // What was taken over may come again; nothing is missing.
    assert_eq!(numbers(entries).last(), Some(&300));
    assert!(numbers(entries).windows(2).all(|pair| pair[1] == pair[0] + 1) && entries[0].0 <= 101);
    assert_eq!(numbers(ours), [1]);
    next.work();
    assert!(disk.names().iter().all(|name| name.starts_with("0202")), "{:?}", disk.names());
}

#[test]
fn a_process_that_added_nothing_is_closed_too() {
    let disk = Faulty::default();
    drop(start(&disk, 1, &settings(1 << 20)));
    assert_eq!(drain(&start(&disk, 2, &settings(1 << 20))), [([1; 16], Vec::new(), true)]);
}

/// Whatever is left of the last segment, what is whole in it is taken, and there is never an error.
#[test]
fn a_tail_that_is_torn_at_any_byte_is_cut() {
    let disk = Faulty::default();
    let killed = start(&disk, 1, &settings(1 << 20));
    (1..=6).for_each(|of| _ = killed.append(&entry(of)));
    drop(killed);
    let length = disk.last().lock().unwrap().bytes().len();
    let mut seen = 0;
    for cut in 0..=length {
        let torn = disk.copy();
        torn.last().lock().unwrap().bytes().truncate(cut);
        let next = start(&torn, 2, &settings(1 << 20));
        let all = drain(&next);
        let whole = all.first().filter(|(epoch, ..)| *epoch == [1; 16]).map_or(0, |(_, entries, _)| entries.len());
        assert!(whole >= seen && whole <= seen + 1, "{cut}: {whole} behind {seen}");
        seen = whole;
        // Zeros, as some file systems leave them, are no entries.
        torn.copy().last().lock().unwrap().bytes().resize(length + 100, 0);
    }
    assert_eq!(seen, 6);
}

/// What was not synced may be gone with the machine: then nobody says that there was no more.
#[test]
fn an_epoch_of_a_machine_that_went_down_is_not_said_to_be_whole() {
    for kept in [0, 1, 100, 300] {
        let disk = Faulty::default();
        let gone = start(&disk, 1, &settings(1 << 20));
        (1..=20).for_each(|of| _ = gone.append(&entry(of)));
        gone.work();
        (21..=40).for_each(|of| _ = gone.append(&entry(of)));
        disk.crash(kept);
        drop(gone);
        let all = drain(&start(&disk, 2, &settings(1 << 20)));
        assert!(all[0].1.len() >= 20 && all[0].1.len() < 40 && !all[0].2, "{all:?}");
    }
    // One that ended in order is.
    let disk = Faulty::default();
    let ended = start(&disk, 1, &settings(1 << 20));
    ended.append(b"last");
    ended.close();
    disk.crash(0);
    drop(ended);
    let all = drain(&start(&disk, 2, &settings(1 << 20)));
    assert_eq!((numbers(&all[0].1), all[0].2), (vec![1], true));
}

/// Entries that were in memory alone are known to have been.
#[test]
fn an_epoch_that_went_on_in_memory_is_not_said_to_be_whole() {
    let disk = Faulty::default();
    let killed = start(&disk, 1, &settings(1 << 20));
    killed.append(b"on disk");
    disk.room(disk.bytes());
    killed.append(b"in memory");
    drop(killed);
    disk.room(0);
    let all = drain(&start(&disk, 2, &settings(1 << 20)));
    assert_eq!((numbers(&all[0].1), all[0].2), (vec![1], false));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A bit that turned makes entries missing, never others: what is missing is said to be.
    #[test]
    fn damage_is_never_taken_for_an_entry(at in 0.0..1.0_f64, bit in 0..8_u32, restarts in any::<bool>()) {
        let disk = Faulty::default();
        let mut core = start(&disk, 1, &settings(256 << 10));
        for of in 1..=400 {
            core.append(&entry(of));
            if of % 50 == 0 {
                core.work();
            }
        }
        let files = disk.names();
        let name = &files[(files.len() as f64 * at) as usize];
        let (file, length) = crate::disk::Disk::open(&disk, name).unwrap();
        prop_assume!(length > 0);
        file.lock().unwrap().bytes()[(length as f64 * at) as usize] ^= 1 << bit;
        if restarts {
            core = start(&disk, 2, &settings(256 << 10));
        }
        let mut missing = 0;
        for (epoch, entries, _) in drain(&core) {
            if epoch == [1; 16] {
                prop_assert!(entries.windows(2).all(|pair| pair[0].0 < pair[1].0));
                prop_assert!(entries.iter().all(|(sequence, bytes)| *bytes == entry(*sequence)));
                missing = 400 - entries.len() as u64;
            }
        }
        if !restarts {
            prop_assert_eq!(core.lock().standing().lost, missing);
        }
    }
}

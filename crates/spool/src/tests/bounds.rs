//! Bounds, at the bound: disks that are full or broken, memory, time.

use std::io::ErrorKind;

use proptest::prelude::*;

use super::{drain, entry, faulty, faulty::Faulty, numbers, settings, start};
use crate::LEAST;

/// Adds so many, with the thread's turns between them.
fn fill(core: &crate::core::Core<Faulty>, numbers: std::ops::RangeInclusive<u64>) {
    for of in numbers {
        assert_eq!(core.append(&entry(of)), Some(of));
        if of % 20 == 0 {
            core.work();
        }
    }
}

#[test]
fn a_full_spool_drops_the_oldest_and_says_below_which_number() {
    let disk = Faulty::default();
    let core = start(&disk, 1, &settings(LEAST));
    fill(&core, 1..=5_000);
    assert!(disk.most() <= LEAST && disk.bytes() > LEAST * 3 / 4, "{} {}", disk.most(), disk.bytes());
    let standing = core.lock().standing();
    assert!(standing.lost > 1_000 && standing.lost + standing.waiting == 5_000, "{standing:?}");
    let batch = core.batch(512, 1 << 20).unwrap();
    assert_eq!((batch.dropped_below, batch.entries[0].0), (standing.lost + 1, standing.lost + 1));
    let all = drain(&core);
    assert_eq!(numbers(&all[0].1), (standing.lost + 1..=5_000).collect::<Vec<u64>>());
    assert_eq!(core.lock().standing().lost, standing.lost);
}

#[test]
fn what_was_left_by_others_counts_and_goes_first() {
    let disk = Faulty::default();
    let old = start(&disk, 1, &settings(LEAST));
    fill(&old, 1..=1_200);
    drop(old);
    let core = start(&disk, 2, &settings(LEAST));
    fill(&core, 1..=5_000);
    assert!(disk.most() <= LEAST, "{}", disk.most());
    let all = drain(&core);
    // Nothing is left of the old one but that it was, and that it lost them.
    assert_eq!((all[0].0, all[0].1.len(), all[0].2), ([1; 16], 0, true));
    assert_eq!(numbers(&all[1].1).last(), Some(&5_000));
}

#[test]
fn what_is_too_old_is_dropped_however_the_clock_of_the_wall_is_set() {
    let disk = Faulty::default();
    let core = start(&disk, 1, &settings(1 << 20));
    fill(&core, 1..=10);
    faulty::pass(12 * 3_600_000);
    core.work();
    fill(&core, 11..=20);
    faulty::pass(13 * 3_600_000);
    core.work();
    assert_eq!(core.lock().standing().lost, 10);
    assert_eq!(numbers(&drain(&core)[0].1), (11..=20).collect::<Vec<u64>>());
}

/// M6: a disk that takes nothing more costs no entry, as long as memory has room.
#[test]
fn a_disk_that_fails_is_replaced_by_memory_until_it_is_well() {
    for how in [ErrorKind::StorageFull, ErrorKind::ReadOnlyFilesystem, ErrorKind::Other] {
        let disk = Faulty::default();
        let core = start(&disk, 1, &settings(1 << 20));
        fill(&core, 1..=100);
        disk.breaks(Some(how));
        fill(&core, 101..=300);
        let standing = core.lock().standing();
        assert!(!standing.on_disk && standing.memory_bytes > 0 && standing.lost == 0, "{standing:?}");
        disk.breaks(None);
        core.work();
        fill(&core, 301..=400);
        let standing = core.lock().standing();
        assert!(standing.on_disk && standing.waiting == 400, "{standing:?}");
        assert_eq!(numbers(&drain(&core)[0].1), (1..=400).collect::<Vec<u64>>());
        assert_eq!(core.lock().standing().memory_bytes, 0);
    }
}

/// An entry that is written in part is none: it goes to memory, and nothing stands behind its half.
#[test]
fn a_disk_that_is_full_in_the_middle_of_an_entry_loses_none() {
    for room in 0..400 {
        let disk = Faulty::default();
        let core = start(&disk, 1, &settings(1 << 20));
        disk.room(disk.bytes() + room + 1);
        fill(&core, 1..=19);
        disk.room(0);
        core.work();
        fill(&core, 20..=30);
        assert_eq!(numbers(&drain(&core)[0].1), (1..=30).collect::<Vec<u64>>(), "{room}");
    }
}

#[test]
fn memory_has_a_bound_and_drops_the_oldest_of_it() {
    let mut settings = settings(LEAST);
    settings.memory = 256 << 10;
    let core = crate::core::Core::<Faulty>::new(&settings, None, [1; 16], 1, faulty::now);
    for of in 1..=10_000 {
        assert_eq!(core.append(&entry(of)), Some(of));
        assert!(core.lock().standing().memory_bytes <= 256 << 10);
    }
    let standing = core.lock().standing();
    assert!(standing.lost > 0 && standing.lost + standing.waiting == 10_000);
    let batch = core.batch(512, 1 << 20).unwrap();
    assert_eq!(batch.dropped_below, standing.lost + 1);
    assert_eq!(numbers(&drain(&core)[0].1), (standing.lost + 1..=10_000).collect::<Vec<u64>>());
}

/// What happens to a spool.
#[derive(Clone, Copy, Debug)]
enum Step {
    Add(u8),
    Work,
    Take,
    Full(bool),
    Broken(bool),
    Kill,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => any::<u8>().prop_map(Step::Add),
        4 => Just(Step::Work),
        3 => Just(Step::Take),
        1 => any::<bool>().prop_map(Step::Full),
        1 => any::<bool>().prop_map(Step::Broken),
        1 => Just(Step::Kill),
    ];
    proptest::collection::vec(step, 1..120)
}

/// Numbers behind the last that was taken over that are not here, and of which nobody has been told yet.
fn unsaid<P>(shelf: &crate::shelf::Shelf<P>) -> u64 {
    let behind = shelf
        .segments
        .iter()
        .fold((0, shelf.through + 1), |(gap, next), it| (gap + it.first.max(next) - next, it.next.max(next)));
    behind.0 + shelf.issued + 1 - behind.1
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Whatever happens, in whatever order: bounds hold, numbers have no gap that is not said, nothing comes that was not
    /// added, and what is neither taken, nor waiting, nor lost with a killed process's memory, is counted as lost.
    #[test]
    fn nothing_is_lost_in_silence(steps in steps()) {
        let disk = Faulty::default();
        let settings = settings(LEAST);
        let mut epoch = 1;
        let mut core = start(&disk, epoch, &settings);
        let mut added = 0;
        let mut taken = 0;
        for step in steps {
            match step {
                Step::Add(many) => for _ in 0..many {
                    added += 1;
                    prop_assert_eq!(core.append(&entry(added)), Some(added));
                },
                Step::Work => core.work(),
                Step::Take => if let Some(batch) = core.batch(100, 20_000) {
                    prop_assert!(batch.entries.iter().all(|(sequence, bytes)| *bytes == entry(*sequence)));
                    let through = batch.entries.last().map_or(batch.issued, |(sequence, _)| *sequence);
                    if batch.epoch == [epoch; 16] {
                        prop_assert!(batch.entries[0].0 > taken);
                        taken = through;
                    }
                    core.taken(&batch, through);
                },
                Step::Full(full) => disk.room(if full { disk.bytes().max(1) } else { 0 }),
                Step::Broken(broken) => disk.breaks(broken.then_some(ErrorKind::Other)),
                Step::Kill => {
                    epoch += 1;
                    core = start(&disk, epoch, &settings);
                    (added, taken) = (0, 0);
                }
            }
            let standing = core.lock().standing();
            prop_assert!(standing.disk_bytes <= LEAST, "{:?}", standing);
            let state = core.lock();
            prop_assert_eq!(state.own.issued, added);
            prop_assert_eq!(state.own.through + state.own.waiting() + unsaid(&state.own), added);
        }
        disk.breaks(None);
        disk.room(0);
        core.work();
        core.close();
        let (before, waiting) = {
            let state = core.lock();
            (state.own.lost(), state.own.waiting())
        };
        let all = drain(&core);
        let own = &all.last().unwrap().1;
        prop_assert_eq!(own.len() as u64, waiting);
        prop_assert_eq!(core.lock().own.lost(), before);
        prop_assert_eq!(core.lock().own.through, added);
        core.work();
        prop_assert_eq!(disk.names(), Vec::<String>::new());
    }
}

//! What nobody takes, and what is said while there is nothing to tell.

use super::{drain, entry, faulty::Faulty, numbers, settings, start};

/// It is told that it will not come, so that nothing behind it is held up; the rest comes, and the epoch is closed.
#[test]
fn an_entry_that_is_given_up_holds_nothing_up() {
    let disk = Faulty::default();
    let core = start(&disk, 1, &settings(1 << 20));
    (1..=5).for_each(|of| assert_eq!(core.append(&entry(of)), Some(of)));
    let first = core.batch(2, 1 << 20).unwrap();
    assert!(core.taken(&first, 2));
    assert!(!core.give_up(&first), "it is not the next one any more");
    let bad = core.batch(1, 1 << 20).unwrap();
    assert_eq!(numbers(&bad.entries), [3]);
    assert!(core.give_up(&bad));
    let behind = core.batch(7, 1 << 20).unwrap();
    assert_eq!((behind.dropped_below, numbers(&behind.entries)), (4, vec![4, 5]));
    let standing = core.lock().standing();
    assert_eq!((standing.refused, standing.lost, standing.waiting), (1, 0, 2));
    drop(core);
    // The last one of a process that is gone: its end is told all the same.
    let next = start(&disk, 2, &settings(1 << 20));
    while next.batch(1, 1 << 20).is_some_and(|batch| !batch.entries.is_empty() && next.give_up(&batch)) {}
    let end = next.batch(1, 1 << 20).unwrap();
    assert_eq!((end.epoch, end.closed, end.last, end.issued, end.dropped_below), ([1; 16], true, true, 5, 6));
    assert!(next.taken(&end, 5));
    assert_eq!(drain(&next), []);
}

/// Who has nothing to tell is there all the same; who has told nothing yet, or has ended, says nothing.
#[test]
fn a_word_is_the_batch_of_one_who_has_nothing_to_tell() {
    let core = start(&Faulty::default(), 1, &settings(1 << 20));
    assert_eq!(core.lock().word(), None);
    core.append(&entry(1));
    drain(&core);
    assert_eq!(core.batch(1, 1 << 20), None);
    let word = core.lock().word().unwrap();
    assert_eq!((word.epoch, word.issued, word.closed, word.last, word.entries.len()), ([1; 16], 1, false, false, 0));
    // A ledger that has lost its books is told that they are not here either.
    assert!(!core.taken(&word, 0));
    assert_eq!(core.lock().word().unwrap().dropped_below, 2);
    core.lock().end();
    assert_eq!(core.lock().word(), None);
}

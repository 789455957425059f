//! Any body becomes an answer that can be read in the other dialect, or a failure.

#![no_main]

use libfuzzer_sys::fuzz_target;
use outrigger_wire::{Operation, peek, translate};
use outrigger_wire_fuzz::{STAMP, echo};

fuzz_target!(|body: &[u8]| {
    for operation in [Operation::ChatCompletions, Operation::Messages] {
        match translate::whole(body, &echo(operation), &STAMP) {
            Ok((answer, _)) => {
                spoken::answer(operation, &answer).expect("what we write is an answer");
            }
            Err(failure) => assert!(!failure.message.is_empty()),
        }
    }
});

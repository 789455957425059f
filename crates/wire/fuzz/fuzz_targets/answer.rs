//! Any body can be read as an answer of any operation.

#![no_main]

use libfuzzer_sys::fuzz_target;
use outrigger_wire::{Operation, spoken};
use outrigger_wire_fuzz::assert_value_at;

fuzz_target!(|body: &[u8]| {
    for operation in Operation::ALL {
        match spoken::answer(operation, body) {
            Ok(answer) => {
                assert!(answer.usage.is_none() || answer.usage_at.is_some());
                if let Some(place) = answer.usage_at {
                    assert_value_at(body, place);
                }
            }
            Err(failure) => assert!(!failure.message.is_empty()),
        }
        let _ = spoken::billed(operation, body);
    }
});

//! Any event can be read as an event of any operation.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use outrigger_wire::{Meaning, Operation, Peek, Usage, sse::Frame};
use outrigger_wire_fuzz::assert_value_at;

fuzz_target!(|input: &[u8]| {
    let frame = Frame { raw: Bytes::copy_from_slice(input) };
    let Some(data) = frame.data() else { return };
    let mut usage = Usage::default();
    for operation in Operation::ALL {
        let peek = Peek::event(operation, frame.event(), &data);
        assert!(peek.text <= data.len());
        if let Some(place) = peek.usage_at {
            assert_value_at(&data, place);
        }
        if let Meaning::Error(failure) = peek.meaning {
            assert!(!failure.message.is_empty());
        }
        usage.merge(peek.usage.unwrap_or_default());
    }
});

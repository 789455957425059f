//! Any bytes can be a page of a sidecar's metrics: a first one adds nothing, and nothing ever falls.

#![no_main]

use libfuzzer_sys::fuzz_target;
use outrigger_wire_fuzz::promises;

fuzz_target!(|input: &[u8]| promises::metrics(input));

//! However a stream is cut, the same usage is heard in it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use outrigger_wire_fuzz::promises;

fuzz_target!(|input: &[u8]| promises::heard(input));

//! Any bytes can be read as a resource of any kind. The first line of the input is its key.

#![no_main]

use libfuzzer_sys::fuzz_target;
use outrigger_wire_fuzz::promises;

fuzz_target!(|input: &[u8]| promises::part(input));

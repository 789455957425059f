//! A body that is sent in pieces is the one that is sent whole.

#![no_main]

use libfuzzer_sys::fuzz_target;
use outrigger_wire_fuzz::promises;

fuzz_target!(|input: &[u8]| promises::pieces(input));

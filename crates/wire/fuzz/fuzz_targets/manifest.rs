//! Any text can be read as policy, every problem lies in it, and none quotes a secret.

#![no_main]

use libfuzzer_sys::fuzz_target;
use outrigger_wire_fuzz::promises;

fuzz_target!(|input: &[u8]| promises::manifest(input));

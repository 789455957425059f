//! What the machine says of itself: which run of it this is, and how long that has lasted.

use std::fs;

use rustix::time::{ClockId, clock_gettime};

/// Where Linux says which run of the machine this is.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// All 0 where nobody says.
pub(crate) fn boot() -> [u8; 16] {
    let told = fs::read_to_string(BOOT).unwrap_or_default();
    let digits: String = told.chars().filter(char::is_ascii_hexdigit).take(32).collect();
    let byte = |at: usize| digits.get(2 * at..2 * at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    std::array::from_fn(|at| byte(at).unwrap_or_default())
}

/// Milliseconds since the start of the machine.
pub(crate) fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let (seconds, nanos) = (u64::try_from(now.tv_sec).unwrap_or(0), u64::try_from(now.tv_nsec).unwrap_or(0));
    seconds * 1_000 + nanos / 1_000_000
}

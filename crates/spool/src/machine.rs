//! What the machine says of itself: which run of it this is, and how long that has lasted.

use std::{fs, sync::LazyLock, time::Instant};

/// Where Linux says which run of the machine this is.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// All 0 where nobody says.
pub(crate) fn boot() -> [u8; 16] {
    let told = fs::read_to_string(BOOT).unwrap_or_default();
    let digits: String = told.chars().filter(char::is_ascii_hexdigit).take(32).collect();
    let byte = |at: usize| digits.get(2 * at..2 * at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    std::array::from_fn(|at| byte(at).unwrap_or_default())
}

/// Where Linux says for how long it has run: seconds, with two decimals.
const UPTIME: &str = "/proc/uptime";

/// A moment, and how long the machine had run then.
static THEN: LazyLock<(Instant, u64)> = LazyLock::new(|| (Instant::now(), uptime()));

/// Milliseconds since the start of the machine; since the start of the process where nobody says.
pub(crate) fn now() -> u64 {
    let (then, uptime) = *THEN;
    uptime.saturating_add(u64::try_from(then.elapsed().as_millis()).unwrap_or(u64::MAX))
}

fn uptime() -> u64 {
    let told = fs::read_to_string(UPTIME).unwrap_or_default();
    let digits = told.split_whitespace().next().unwrap_or_default().replace('.', "");
    digits.parse::<u64>().map_or(0, |hundredths| hundredths.saturating_mul(10))
}

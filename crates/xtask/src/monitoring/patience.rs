//! Waiting until something is so.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;

/// From one try to the next.
const PAUSE: Duration = Duration::from_millis(500);

/// Tries until it is so, and not for ever.
///
/// # Errors
///
/// That of the last try.
pub(super) fn until<T>(within: Duration, mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    let began = Instant::now();
    loop {
        match attempt() {
            Err(_) if began.elapsed() < within => thread::sleep(PAUSE),
            done => return done,
        }
    }
}

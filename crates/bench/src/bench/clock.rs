//! One clock for all processes of a run, so that an event can say when it was sent.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Time since the machine's start, the same in every process.
pub(super) fn now() -> Duration {
    let time = clock_gettime(ClockId::Monotonic);
    Duration::new(time.tv_sec.try_into().unwrap_or_default(), time.tv_nsec.try_into().unwrap_or_default())
}

//! When an entry is booked: pure.

/// A clock that is further off than this is not believed, in milliseconds.
pub(crate) const OFF_MS: i64 = 5 * 60 * 1_000;

/// What the times of a batch say about its sender's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    pub(crate) started_ms: i64,
    pub(crate) sent_ms: i64,
    pub(crate) received_ms: i64,
}

impl Clock {
    /// When something is booked that happened at `at_ms` by the sender's clock, and whether that was not believed: the clock is
    /// off as the batch was sent, or it jumped since, so that this happened before the process started or after the batch was
    /// sent.
    pub(crate) fn booked(self, at_ms: i64) -> (i64, bool) {
        let off = (self.sent_ms - self.received_ms).abs() > OFF_MS
            || at_ms > self.sent_ms + OFF_MS
            || at_ms < self.started_ms - OFF_MS;
        if off { (self.received_ms, true) } else { (at_ms, false) }
    }
}

/// A time on the wire. What is beyond any date is far from every clock, and so not believed.
pub(crate) fn of_wire(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX).min(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_more_than_five_minutes_off_is_booked_at_receipt_and_marked() {
        let hour = 3_600_000;
        let clock = |sent_ms| Clock { started_ms: 10 * hour, sent_ms, received_ms: 100 * hour };
        // Late by a day, but the clock is right.
        assert_eq!(clock(100 * hour).booked(76 * hour), (76 * hour, false));
        assert_eq!(clock(100 * hour + OFF_MS).booked(76 * hour), (76 * hour, false));
        assert_eq!(clock(100 * hour + OFF_MS + 1).booked(76 * hour), (100 * hour, true));
        assert_eq!(clock(100 * hour - OFF_MS - 1).booked(76 * hour), (100 * hour, true));
        // It jumped since.
        assert_eq!(clock(100 * hour).booked(101 * hour), (100 * hour, true));
        assert_eq!(clock(100 * hour).booked(9 * hour), (100 * hour, true));
        assert_eq!(clock(of_wire(u64::MAX)).booked(76 * hour), (100 * hour, true));
    }
}

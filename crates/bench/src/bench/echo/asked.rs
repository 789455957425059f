//! What a request asks an upstream for, by its headers.

use std::{net::SocketAddr, time::Duration};

use super::fault::{self, Fault};

/// What a request asks for.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Asked {
    pub(super) length: usize,
    pub(super) size: usize,
    pub(super) events: usize,
    pub(super) pace: Duration,
    pub(super) delay: Duration,
    pub(super) fault: Option<Fault>,
    /// Who is told when a request has come that hangs: a connection is opened there.
    pub(super) knock: Option<SocketAddr>,
}

/// `None` where the length of the body is not said.
pub(super) fn asked(head: &str) -> Option<Asked> {
    let mut asked = Asked::default();
    let mut length = None;
    for line in head.lines().skip(1) {
        let Some((name, value)) = line.split_once(':') else { continue };
        let number = || value.trim().parse::<usize>().ok();
        let millis = || Duration::from_millis(number().unwrap_or_default() as u64);
        if name.eq_ignore_ascii_case("content-length") {
            length = number();
        } else if name.eq_ignore_ascii_case("x-bench-size") {
            asked.size = number().unwrap_or_default();
        } else if name.eq_ignore_ascii_case("x-bench-events") {
            asked.events = number().unwrap_or_default();
        } else if name.eq_ignore_ascii_case("x-bench-pace-ms") {
            asked.pace = millis();
        } else if name.eq_ignore_ascii_case("x-bench-delay-ms") {
            asked.delay = millis();
        } else if name.eq_ignore_ascii_case("x-bench-fault") {
            asked.fault = value.parse().ok();
        } else if name.eq_ignore_ascii_case(fault::KNOCK) {
            asked.knock = value.trim().parse().ok();
        }
    }
    asked.length = length?;
    Some(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_say_what_is_asked_for() {
        let head =
            "POST /v1/messages HTTP/1.1\r\nContent-Length: 12\r\nX-Bench-Events: 64\r\nx-bench-pace-ms: 20\r\n\r\n";
        let wanted = Asked { length: 12, events: 64, pace: Duration::from_millis(20), ..Asked::default() };
        assert_eq!(asked(head), Some(wanted));
        assert_eq!(asked("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"), None);
    }
}

use std::time::SystemTime;

use super::*;

const NOW: u64 = 784_111_777;

fn asked(headers: &[(&'static str, &'static str)]) -> Option<Duration> {
    let headers = headers
        .iter()
        .map(|(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value)))
        .collect();
    retry_after(&headers, SystemTime::UNIX_EPOCH + Duration::from_secs(NOW))
}

/// F4: seconds, fractions, dates and milliseconds.
#[test]
fn a_wait_is_read_in_every_form() {
    let s = Duration::from_secs;
    for (header, want) in [
        (("retry-after", "3"), s(3)),
        (("retry-after", " 3 "), s(3)),
        (("retry-after", "0"), s(0)),
        (("retry-after", "1.5"), Duration::from_millis(1500)),
        (("retry-after-ms", "250"), Duration::from_millis(250)),
        (("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT"), s(10)),
        (("retry-after", "Sunday, 06-Nov-94 08:49:47 GMT"), s(10)),
        (("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT"), s(0)),
    ] {
        assert_eq!(asked(&[header]), Some(want), "{header:?}");
    }
    assert_eq!(asked(&[("retry-after", "9"), ("retry-after-ms", "1500")]), Some(Duration::from_millis(1500)));
    assert_eq!(asked(&[("retry-after", "9"), ("retry-after-ms", "soon")]), Some(s(9)));
}

/// H18: nobody means to be waited for longer than an hour.
#[test]
fn no_wait_is_longer_than_an_hour() {
    let far = "Thu, 31 Dec 2099 23:59:59 GMT";
    for header in [("retry-after", "99999999999999999999999"), ("retry-after-ms", "1e20"), ("retry-after", far)] {
        assert_eq!(asked(&[header]), Some(LONGEST_WAIT), "{header:?}");
    }
}

/// F4: nonsense is no wait, never a crash.
#[test]
fn nonsense_is_no_wait() {
    for value in ["", "soon", "-1", "NaN", "inf", "1e400", "Sun, 99 Nov 1994"] {
        assert_eq!(asked(&[("retry-after", value)]), None, "{value}");
    }
    assert_eq!(asked(&[("retry-after-ms", "-5")]), None);
    assert_eq!(asked(&[]), None);
}

/// F3: every status has a kind, and those that move on are told from those that stop.
#[test]
fn every_status_has_its_kind() {
    for (status, kind) in [
        (400, Kind::InvalidRequest),
        (401, Kind::Unauthorized),
        (402, Kind::QuotaExhausted),
        (403, Kind::Forbidden),
        (404, Kind::NotFound),
        (408, Kind::TryAgain),
        (413, Kind::TooLarge),
        (422, Kind::InvalidRequest),
        (429, Kind::RateLimited),
        (451, Kind::InvalidRequest),
        (498, Kind::RateLimited),
        (500, Kind::ServerError),
        (502, Kind::ServerError),
        (503, Kind::Overloaded),
        (504, Kind::ServerError),
        (529, Kind::Overloaded),
        (302, Kind::ServerError),
    ] {
        assert_eq!(Kind::from_status(status), kind, "{status}");
    }
}

/// F5: a code names one kind.
#[test]
fn every_kind_has_a_code_of_its_own() {
    let codes: std::collections::HashSet<_> = Kind::ALL.iter().map(|kind| kind.code()).collect();
    assert_eq!(codes.len(), Kind::ALL.len());
}

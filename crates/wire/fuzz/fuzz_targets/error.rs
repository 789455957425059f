//! Any body of an error says something, and any wait that an upstream asks for is a wait or none.

#![no_main]

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use outrigger_wire::{
    Kind,
    failure::{retry_after, said},
};
use outrigger_wire_fuzz::first_line;

fuzz_target!(|input: &[u8]| {
    let body = Bytes::copy_from_slice(input);
    for status in [400, 401, 403, 404, 413, 429, 500, 503] {
        let failure = said::decode(status, &body);
        assert_eq!((failure.status, failure.body.as_ref()), (Some(status), Some(&body)));
        assert!((1..=1024).contains(&failure.message.chars().count()));
    }
    if let Ok(json) = std::str::from_utf8(input) {
        let failure = said::in_band(json);
        assert!((1..=1024).contains(&failure.message.chars().count()));
        assert!(failure.status.is_none_or(|status| (400..600).contains(&status)));
        assert!(Kind::ALL.contains(&failure.kind));
    }
    if let Ok(value) = HeaderValue::from_bytes(first_line(input).0) {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        for name in ["retry-after", "retry-after-ms"] {
            let headers = HeaderMap::from_iter([(HeaderName::from_static(name), value.clone())]);
            let _ = retry_after(&headers, now);
        }
    }
});

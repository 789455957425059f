//! A field of a form lies in the form, and can be replaced. The first line of the input is the content type.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use outrigger_wire::{edit::Pieces, multipart::field};
use outrigger_wire_fuzz::first_line;

fuzz_target!(|input: &[u8]| {
    let (content_type, body) = first_line(input);
    let Ok(content_type) = std::str::from_utf8(content_type) else { return };
    let body = Bytes::copy_from_slice(body);
    let Some(place) = field(content_type, &body, "model") else { return };
    let out = Bytes::from(Pieces::replace(&body, place.clone(), "m").pieces.concat());
    assert_eq!(out, [&body[..place.start], b"m", &body[place.end..]].concat());
    let again = field(content_type, &out, "model").expect("the field is still there");
    assert_eq!(&out[again], b"m");
});

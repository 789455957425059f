//! However a stream is cut, its events are the same and no byte is lost.

#![no_main]

use libfuzzer_sys::fuzz_target;
use outrigger_wire::sse::Frame;
use outrigger_wire_fuzz::{frames, pieces};

fuzz_target!(|stream: &[u8]| {
    let whole = frames(&[stream]);
    let cut = frames(&pieces(stream));
    for frames in [&whole, &cut] {
        let joined: Vec<u8> = frames.iter().flat_map(|frame| frame.raw.iter().copied()).collect();
        assert_eq!(joined, stream);
    }
    assert_eq!(told(&whole), told(&cut));
});

/// What the events say. Between CR and LF a cut moves the LF to the next event, so line breaks around events, and
/// events of nothing else, do not count.
fn told(frames: &[Frame]) -> Vec<(&[u8], Option<&str>, Option<std::borrow::Cow<'_, [u8]>>)> {
    let told = frames.iter().map(|frame| (strip(&frame.raw), frame.event(), frame.data()));
    told.filter(|(raw, ..)| !raw.is_empty()).collect()
}

fn strip(mut raw: &[u8]) -> &[u8] {
    while let [b'\n' | b'\r', rest @ ..] | [rest @ .., b'\n' | b'\r'] = raw {
        raw = rest;
    }
    raw
}

//! What several targets share.

pub mod promises;

use std::ops::Range;

use bytes::Bytes;
use outrigger_wire::{
    Dialect, Head, Operation,
    hub::Stamp,
    profile::Profile,
    sse::{Frame, Framer},
    translate::{self, Echo},
};
use serde_json::value::RawValue;

/// Cuts `bytes` into pieces of 0 to 15 bytes, by a sequence that follows from the last byte. The input stays plain text,
/// so that seeds and dictionary are what vendors send.
pub fn pieces(bytes: &[u8]) -> Vec<&[u8]> {
    let mut state = u32::from(bytes.last().copied().unwrap_or_default()) | 1;
    let mut rest = bytes;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        // Numerical Recipes' generator: its high bits are good enough for lengths.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (piece, left) = rest.split_at(rest.len().min((state >> 28) as usize));
        pieces.push(piece);
        rest = left;
    }
    pieces
}

/// The events of a stream that arrives in these pieces, the unfinished last one included.
pub fn frames(pieces: &[&[u8]]) -> Vec<Frame> {
    let mut framer = Framer::default();
    let mut frames = Vec::new();
    for piece in pieces {
        framer.feed(Bytes::copy_from_slice(piece)).expect("no input is as long as the longest event");
        frames.extend(std::iter::from_fn(|| framer.next_frame()));
    }
    frames.extend(framer.finish());
    frames
}

/// Asserts that one whole JSON value lies at `place`.
pub fn assert_value_at(bytes: &[u8], place: Range<usize>) {
    let value = bytes.get(place).expect("the place is in the bytes");
    serde_json::from_slice::<&RawValue>(value).expect("a whole value lies there");
}

/// The input before and after its first line break.
pub fn first_line(input: &[u8]) -> (&[u8], &[u8]) {
    match input.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (input, &[]),
    }
}

/// What an answer of ours says of itself.
pub const STAMP: Stamp<'static> = Stamp { created: 1, request_id: "gen-1-fuzz" };

/// Targets of the other dialect than `operation`'s: one that can do everything, one that can do little, one of a vendor
/// with manners of its own.
pub fn targets(operation: Operation) -> [Profile<'static>; 3] {
    let (dialect, vendor, model) = match operation.dialect() {
        Dialect::ChatCompletions => (Dialect::Messages, "anthropic", "anthropic/claude-opus-4.8"),
        Dialect::Messages | Dialect::Responses => (Dialect::ChatCompletions, "openrouter", "openai/gpt-5.1"),
    };
    let able = Profile {
        dialect,
        vendor,
        upstream_name: "up",
        model,
        max_output: Some(4096),
        room: None,
        sampling: true,
        reasoning: true,
        structured_outputs: true,
    };
    let dull = Profile {
        vendor: "openai",
        model: "some/model",
        max_output: None,
        sampling: false,
        reasoning: false,
        structured_outputs: false,
        ..able.clone()
    };
    let odd = Profile { vendor: "mistral", model: "anthropic/claude-sonnet-4", ..able.clone() };
    [able, dull, odd]
}

/// The echo of a plain request of a caller of `operation`.
pub fn echo(operation: Operation) -> Echo {
    let body = br#"{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[]}"#;
    let [target, ..] = targets(operation);
    translate::request(operation, &Head::read(body).expect("a request"), &target).expect("it can be translated").echo
}

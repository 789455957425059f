//! A broken answer is continued with a request that is the caller's and one message more. The first line of the input
//! is the request, the rest is the stream.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use outrigger_wire::{
    Head, Operation, Peek,
    resume::{Partial, Style},
};
use outrigger_wire_fuzz::{first_line, frames};
use serde_json::Value;

fuzz_target!(|input: &[u8]| {
    let (request, stream) = first_line(input);
    let body = Bytes::copy_from_slice(request);
    let Ok(head) = Head::read(&body) else { return };
    for operation in Operation::ALL {
        let Some(mut partial) = Partial::begin(operation, &head) else { continue };
        for frame in frames(&[stream]) {
            let Some(data) = frame.data() else { continue };
            let peek = Peek::event(operation, frame.event(), &data);
            let _ = partial.splice(&peek, &data);
            partial.observe(&peek, &data);
        }
        for style in [Style::Plain, Style::Prefix, Style::ContinueFinal] {
            if let Some(request) = partial.request(style, &body, &head) {
                check(&body, &request);
            }
        }
    }
});

fn check(before: &[u8], after: &[u8]) {
    // Numbers out of range, lone surrogates and deep nesting are passed on, though no tree can hold them.
    let Ok(mut before) = serde_json::from_slice::<Value>(before) else { return };
    let mut after: Value = serde_json::from_slice(after).expect("a request is JSON");
    let added = after["messages"].as_array_mut().and_then(Vec::pop).expect("one message more");
    let text = added["content"].as_str().expect("a text");
    assert_eq!(added["role"], "assistant");
    assert!(!text.is_empty() && !text.ends_with(char::is_whitespace));
    for ours in ["continue_final_message", "add_generation_prompt"] {
        for tree in [&mut before, &mut after] {
            tree.as_object_mut().expect("an object").remove(ours);
        }
    }
    assert_eq!(before, after);
}

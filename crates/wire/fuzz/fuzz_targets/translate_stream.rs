//! Any events, one a line, become a well-formed stream of the other dialect: JSON in every event, one start, one end,
//! blocks one after the other.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use outrigger_wire::{Operation, hub::Closing, sse::Framer, translate::Stream};
use outrigger_wire_fuzz::{STAMP, echo};
use serde_json::Value;

fuzz_target!(|lines: &[u8]| {
    for operation in [Operation::ChatCompletions, Operation::Messages] {
        let mut stream = Stream::new(&echo(operation), &STAMP);
        let mut out = Vec::new();
        for line in lines.split(|byte| *byte == b'\n') {
            let _ = stream.feed(None, line, &mut out);
        }
        stream.finish(&Closing { cost: Some("1".to_owned()), metadata: Some("{}".to_owned()) }, &mut out);
        let mut framer = Framer::default();
        if framer.feed(Bytes::from(out)).is_err() {
            return;
        }
        let frames: Vec<_> = std::iter::from_fn(|| framer.next_frame()).collect();
        assert!(framer.finish().is_none(), "every event ends");
        let data: Vec<_> = frames.iter().map(|frame| frame.data().expect("data").into_owned()).collect();
        let mut events: Vec<Value> = Vec::new();
        for data in &data {
            match serde_json::from_slice(data) {
                Ok(event) => events.push(event),
                Err(_) => assert_eq!(data, b"[DONE]"),
            }
        }
        match operation {
            Operation::Messages => blocks(&events),
            _ => assert_eq!(data.last().map(Vec::as_slice), Some(&b"[DONE]"[..])),
        }
    }
});

fn blocks(events: &[Value]) {
    let kind = |event: &Value| event["type"].as_str().expect("a type").to_owned();
    assert_eq!(events.first().map(kind).as_deref(), Some("message_start"));
    assert_eq!(events.last().map(kind).as_deref(), Some("message_stop"));
    let (mut open, mut next) = (None, 0);
    for event in events {
        match kind(event).as_str() {
            "content_block_start" => {
                assert_eq!((open, event["index"].as_u64()), (None, Some(next)));
                open = Some(next);
            }
            "content_block_delta" => assert_eq!(open, event["index"].as_u64()),
            "content_block_stop" => {
                assert_eq!(open.take(), event["index"].as_u64());
                next += 1;
            }
            "message_start" => assert_eq!(next, 0),
            _ => assert_eq!(open, None),
        }
    }
}

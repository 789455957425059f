//! Helpers of unit tests: whole streams as vendors send them, and every way a network can cut them.

use bytes::Bytes;

use crate::{
    Operation, Peek,
    sse::{Frame, Framer},
};

/// One short stream per shape that the dialects have: prelude, content, tool call, usage, error, end.
pub(crate) const STREAMS: &[(Operation, &str)] = &[
    (
        Operation::ChatCompletions,
        ": OPENROUTER PROCESSING\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"é\u{1F600}\"}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
    ),
    (
        Operation::ChatCompletions,
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\"}}]}}]}\r\n\r\ndata: {\"error\":{\"message\":\"slow down\",\"code\":429}}\r\n\r\n",
    ),
    (
        Operation::Completions,
        "data:{\"choices\":[{\"text\":\"a\",\"index\":0}]}\r\rdata:{\"choices\":[{\"text\":\"\",\"finish_reason\":\"length\"}]}\r\rdata:[DONE]\r\r",
    ),
    (
        Operation::Messages,
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\nevent: ping\ndata: {\"type\": \"ping\"}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}      }\n\nevent: message_delta\ndata: {\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":9}}\n\nevent: message_stop\ndata: {}\n\n",
    ),
    (
        Operation::Messages,
        "event: error\r\ndata: {\"error\":\r\ndata: {\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\r\n\r\n",
    ),
    (
        Operation::Responses,
        "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"usage\":null}}\n\nevent: response.output_text.delta\ndata: {\"delta\":\"ab\"}\n\nevent: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":7,\"output_tokens\":2}}}\n\n",
    ),
    (Operation::Responses, "event: error\ndata: {\"code\":\"rate_limit_exceeded\",\"message\":\"x\"}\n\ndata: {\n"),
];

/// Calls `check` with `bytes` cut into two at every place, then into pieces of one, two and three bytes, then with an
/// empty piece between any two. Bytes of no more than 100 are cut into three at every pair of places too.
pub(crate) fn cuts(bytes: &[u8], mut check: impl FnMut(&[&[u8]])) {
    for at in 0..=bytes.len() {
        let (left, right) = bytes.split_at(at);
        check(&[left, right]);
        for second in 0..=(if bytes.len() <= 100 { right.len() } else { 0 }) {
            let (middle, right) = right.split_at(second);
            check(&[left, middle, right]);
        }
    }
    for size in 1..=3 {
        check(&bytes.chunks(size).collect::<Vec<_>>());
    }
    check(&bytes.chunks(1).flat_map(|piece| [piece, &[]]).collect::<Vec<_>>());
}

/// The events that a framer makes of `pieces`, the unfinished last one included.
pub(crate) fn frames(pieces: &[&[u8]]) -> Vec<Frame> {
    let mut framer = Framer::default();
    let mut frames = Vec::new();
    for piece in pieces {
        framer.feed(Bytes::copy_from_slice(piece)).unwrap();
        frames.extend(std::iter::from_fn(|| framer.next_frame()));
    }
    frames.extend(framer.finish());
    frames
}

/// What the events of `pieces` that have data mean, with their `event:` fields and their data.
pub(crate) fn peeks(operation: Operation, pieces: &[&[u8]]) -> Vec<(Option<String>, Vec<u8>, Peek)> {
    let read = |frame: Frame| {
        let data = frame.data()?.into_owned();
        let peek = Peek::event(operation, frame.event(), &data);
        Some((frame.event().map(str::to_owned), data, peek))
    };
    frames(pieces).into_iter().filter_map(read).collect()
}

//! What the echo upstream says: made once per kind and size, never from what a request says.

use std::{fmt::Write as _, time::Duration};

/// The last words of every whole answer: who reads them has read it all.
pub(crate) const LAST_WORDS: &str = "and that was all";
/// Begins the time in an event's text; appears nowhere else in a stream.
pub(super) const STAMP: u8 = b'@';
/// Digits of the time after it: nanoseconds of the machine's monotonic clock.
pub(super) const STAMP_DIGITS: usize = 17;

/// Whose shapes an answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Shape {
    /// `/chat/completions`.
    Chat,
    /// `/messages`.
    Messages,
}

impl Shape {
    /// By the path of the request.
    pub(super) fn of(path: &str) -> Self {
        if path.ends_with("/messages") { Self::Messages } else { Self::Chat }
    }

    /// What the last event of a stream of this shape says.
    pub(crate) fn end_of_stream(self) -> &'static str {
        match self {
            Self::Chat => "data: [DONE]\n\n",
            Self::Messages => "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        }
    }

    /// A whole answer of about `size` bytes, head included.
    pub(super) fn whole(self, size: usize) -> Vec<u8> {
        let empty = self.json("").len();
        let words = words(size.saturating_sub(empty));
        reply(200, &self.json(&words))
    }

    fn json(self, text: &str) -> String {
        match self {
            Self::Chat => format!(
                r#"{{"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"bench-upstream","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text} {LAST_WORDS}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":200,"completion_tokens":100,"total_tokens":300}}}}"#
            ),
            Self::Messages => format!(
                r#"{{"id":"msg_bench","type":"message","role":"assistant","model":"bench-upstream","content":[{{"type":"text","text":"{text} {LAST_WORDS}"}}],"stop_reason":"end_turn","stop_sequence":null,"usage":{{"input_tokens":200,"output_tokens":100}}}}"#
            ),
        }
    }

    /// What comes before the first event with content.
    pub(super) fn opening(self) -> &'static str {
        match self {
            Self::Chat => concat!(
                r#"data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench-upstream","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
                "\n\n"
            ),
            Self::Messages => concat!(
                "event: message_start\n",
                r#"data: {"type":"message_start","message":{"id":"msg_bench","type":"message","role":"assistant","model":"bench-upstream","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":200,"output_tokens":1}}}"#,
                "\n\nevent: content_block_start\n",
                r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
                "\n\n"
            ),
        }
    }

    /// Appends one event with content, sent at `now`.
    pub(super) fn event(self, out: &mut String, now: Duration) {
        let (before, after) = match self {
            Self::Chat => (
                r#"data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench-upstream","choices":[{"index":0,"delta":{"content":"word "#,
                "\"},\"finish_reason\":null}]}\n\n",
            ),
            Self::Messages => (
                "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"word ",
                "\"}}\n\n",
            ),
        };
        out.push_str(before);
        let _ = write!(out, "{}{:0width$}", char::from(STAMP), now.as_nanos(), width = STAMP_DIGITS);
        out.push_str(after);
    }

    /// What comes after the last event with content.
    pub(super) fn closing(self) -> String {
        let before = match self {
            Self::Chat => concat!(
                r#"data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench-upstream","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
                "\n\n",
                r#"data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench-upstream","choices":[],"usage":{"prompt_tokens":200,"completion_tokens":64,"total_tokens":264}}"#,
                "\n\n"
            ),
            Self::Messages => concat!(
                "event: content_block_stop\n",
                r#"data: {"type":"content_block_stop","index":0}"#,
                "\n\nevent: message_delta\n",
                r#"data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":64}}"#,
                "\n\n"
            ),
        };
        format!("{before}{}", self.end_of_stream())
    }
}

/// An answer with a body of known length.
pub(super) fn reply(status: u16, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Bench\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

/// So many bytes of plain words.
pub(super) fn words(bytes: usize) -> String {
    let mut text = "the quick brown fox jumps over the lazy dog and runs ".repeat(bytes / 53 + 1);
    text.truncate(bytes);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_json_of_about_the_size_that_was_asked_for() {
        for shape in [Shape::Chat, Shape::Messages] {
            let answer = String::from_utf8(shape.whole(10_000)).unwrap();
            let (_, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(serde_json::from_str::<serde_json::Value>(body).is_ok(), "{body}");
            assert!((9_900..10_100).contains(&body.len()) && body.contains(LAST_WORDS), "{}", body.len());
        }
    }

    #[test]
    fn every_event_of_a_stream_is_json_and_one_stamp_is_in_each_with_content() {
        for shape in [Shape::Chat, Shape::Messages] {
            let mut stream = shape.opening().to_owned();
            shape.event(&mut stream, Duration::from_nanos(12));
            stream.push_str(&shape.closing());
            let data = stream.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
            let read: Vec<_> = data.map(serde_json::from_str::<serde_json::Value>).collect();
            assert!(read.len() >= 4 && read.iter().all(Result::is_ok), "{stream}");
            assert_eq!(stream.matches('@').count(), 1);
            assert!(stream.contains("@00000000000000012\"") && stream.ends_with(shape.end_of_stream()), "{stream}");
        }
    }
}

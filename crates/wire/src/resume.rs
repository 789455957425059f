//! Going on from a partial answer on another target, without repeating text or a tool call.
//!
//! That is possible only where an API continues the last assistant message instead of answering it: Anthropic's
//! Messages (prefill), and the compatible vendors listed in [`Prefill::of`]. It is declined whenever the partial answer
//! is anything but one run of plain text, so that nothing can come twice.

use bytes::Bytes;

use crate::{
    Head, Meaning, Operation, Peek,
    edit::{Edits, quote},
    profile::Prefill,
    splice::Splice,
    spoken::spoken,
};

/// Most text that is kept to be continued, in bytes. The largest answers that models are sold with are some 128k tokens,
/// about half of this; it bounds memory per stream.
pub const MAX_TEXT: usize = 1 << 20;

/// The plain text of a streamed answer so far, as long as it is nothing else.
#[derive(Debug)]
pub struct Partial {
    operation: Operation,
    text: String,
    /// Something came that cannot be continued: a tool call, reasoning, a second choice or block, or more text than
    /// [`MAX_TEXT`].
    spoilt: bool,
}

impl Partial {
    /// The start of an answer to the request `head`, or `None` if such an answer can never be continued.
    pub fn begin(operation: Operation, head: &Head<'_>) -> Option<Self> {
        let dialect = operation.dialect();
        let continues = spoken!(dialect, D => D::CONTINUES) && operation == dialect.operation();
        let choices = head.present("n").is_none_or(|n| n == "1");
        let thinks = head.present("thinking").is_some_and(|raw| !raw.contains("disabled"));
        (continues && choices && !thinks && head.stream).then(|| Self { operation, text: String::new(), spoilt: false })
    }

    /// Notes one event of the answer.
    pub fn observe(&mut self, peek: &Peek, data: &[u8]) {
        if self.spoilt {
            return;
        }
        match &peek.meaning {
            Meaning::Content => match spoken!(self.operation.dialect(), D => D::plain_text(data)) {
                Some(text) if self.text.len() + text.len() <= MAX_TEXT => self.text.push_str(&text),
                _ => self.spoilt = true,
            },
            // A reason to stop, or a closed block, came through: what is missing is not text.
            Meaning::Finish | Meaning::End => self.spoilt = true,
            _ => self.spoilt |= spoken!(self.operation.dialect(), D => D::closes(data)),
        }
        if self.spoilt {
            self.text = String::new();
        }
    }

    /// The request that continues, from the caller's original one; `None` if this answer cannot be continued.
    pub fn request(&self, style: Prefill, body: &Bytes, head: &Head<'_>) -> Option<Bytes> {
        let messages = head.present("messages")?.trim_end();
        // Anthropic refuses a prefill that ends in white space, and without it the white space would come twice.
        if self.spoilt || self.text.is_empty() || self.text.ends_with(char::is_whitespace) {
            return None;
        }
        let open = messages.strip_suffix(']')?.trim_end();
        let comma = if open.ends_with('[') { "" } else { "," };
        let prefix = if style == Prefill::Prefix { ",\"prefix\":true" } else { "" };
        let mut edits = Edits::default();
        edits.set(
            "messages",
            format!("{open}{comma}{{\"role\":\"assistant\",\"content\":{}{prefix}}}]", quote(&self.text)),
        );
        if style == Prefill::ContinueFinal {
            edits.set("continue_final_message", "true").set("add_generation_prompt", "false");
        }
        Some(edits.apply(body, head))
    }

    /// Whether an event of the continuing stream fits behind what the caller has.
    pub fn splice(&self, peek: &Peek, data: &[u8]) -> Splice {
        spoken!(self.operation.dialect(), D => D::splice(peek, data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partial(operation: Operation, request: &str, events: &[&str]) -> Option<String> {
        let body = Bytes::copy_from_slice(request.as_bytes());
        let head = Head::read(&body).unwrap();
        let mut partial = Partial::begin(operation, &head)?;
        for event in events {
            partial.observe(&Peek::event(operation, None, event.as_bytes()), event.as_bytes());
        }
        partial.request(Prefill::Plain, &body, &head).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    }

    const CHAT: &str = r#"{"stream":true,"messages":[{"role":"user","content":"q"}]}"#;
    const TEXT: &str = r#"{"choices":[{"index":0,"delta":{"content":"par"}}]}"#;

    /// S4
    #[test]
    fn the_partial_text_becomes_the_last_assistant_message() {
        assert_eq!(
            partial(Operation::ChatCompletions, CHAT, &[TEXT, TEXT]).unwrap(),
            r#"{"stream":true,"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"parpar"}]}"#
        );
        let block = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"par"}}"#;
        assert!(partial(Operation::Messages, CHAT, &[block]).unwrap().contains(r#""content":"par"}]"#));
    }

    /// S4: nothing that could come twice is continued.
    #[test]
    fn tool_calls_reasoning_finished_text_and_several_choices_are_not_continued() {
        let tool = r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0}]}}]}"#;
        let thought = r#"{"choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]}"#;
        let finish = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
        let second = r#"{"choices":[{"index":1,"delta":{"content":"x"}}]}"#;
        let space = r#"{"choices":[{"index":0,"delta":{"content":"a "}}]}"#;
        for event in [tool, thought, finish, second, space] {
            assert_eq!(partial(Operation::ChatCompletions, CHAT, &[TEXT, event]), None, "{event}");
        }
        assert_eq!(partial(Operation::ChatCompletions, r#"{"stream":true,"n":2,"messages":[]}"#, &[TEXT]), None);
        assert_eq!(partial(Operation::ChatCompletions, CHAT, &[]), None);
        let stop = r#"{"type":"content_block_stop","index":0}"#;
        let block = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"par"}}"#;
        assert_eq!(partial(Operation::Messages, CHAT, &[block, stop]), None);
    }

    /// S4: a text of any length is not kept.
    #[test]
    fn a_text_that_is_too_long_is_not_continued() {
        let event = |text: usize| format!(r#"{{"choices":[{{"delta":{{"content":"{}"}}}}]}}"#, "x".repeat(text));
        let half = event(MAX_TEXT / 2);
        assert!(partial(Operation::ChatCompletions, CHAT, &[&half, &half]).is_some());
        assert_eq!(partial(Operation::ChatCompletions, CHAT, &[&half, &half, TEXT]), None);
    }

    /// S4: what stands beside the text decides, whatever it is and however it is written.
    #[test]
    fn empty_members_beside_the_text_are_no_hindrance() {
        let continued = |delta: &str| {
            let event = format!(r#"{{"choices":[{{"index":0,"delta":{delta}}}]}}"#);
            partial(Operation::ChatCompletions, CHAT, &[&event]).is_some()
        };
        for plain in [
            r#"{"role":"assistant","name":"n","content":"a","refusal":null,"reasoning":"","tool_calls":[ ]}"#,
            r#"{"content":"a\n\u00e9"}"#,
            r#"{"content":"a","content":"b"}"#,
        ] {
            assert!(continued(plain), "{plain}");
        }
        for other in [
            r#"{"content":"a","x":{}}"#,
            r#"{"content":"a","x":0}"#,
            r#"{"content":["a"]}"#,
            r#"{"content":"a","content":null}"#,
            r#"{"content":"\ud800"}"#,
            r#"["content"]"#,
            "null",
        ] {
            assert!(!continued(other), "{other}");
        }
    }

    /// R13: what is open already is not opened again.
    #[test]
    fn openings_of_the_second_stream_are_dropped() {
        let head = Head::read(CHAT.as_bytes()).unwrap();
        let splice = |operation, data: &str| {
            Partial::begin(operation, &head)
                .unwrap()
                .splice(&Peek::event(operation, None, data.as_bytes()), data.as_bytes())
        };
        let messages = |data| splice(Operation::Messages, data);
        assert_eq!(messages(r#"{"type":"message_start","message":{}}"#), Splice::Drop);
        assert_eq!(
            messages(r#"{"type":"content_block_start","index":0,"content_block":{"type":"text"}}"#),
            Splice::Drop
        );
        assert_eq!(
            messages(r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use"}}"#),
            Splice::Unfit
        );
        assert_eq!(
            messages(r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use"}}"#),
            Splice::Pass
        );
        assert_eq!(splice(Operation::ChatCompletions, r#"{"choices":[{"delta":{"role":"assistant"}}]}"#), Splice::Drop);
        assert_eq!(splice(Operation::ChatCompletions, TEXT), Splice::Pass);
    }
}

//! Going on from a partial answer on another target, without repeating text or a tool call.
//!
//! That is possible only where an API continues the last assistant message instead of answering it: Anthropic's
//! Messages (prefill), and the compatible vendors listed in [`Style::of`]. It is declined whenever the partial answer
//! is anything but one run of plain text, so that nothing can come twice.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use serde::{
    Deserialize,
    de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{
    Dialect, Head, Meaning, Operation, Peek,
    edit::{Edits, quote},
    request::{elements, string},
};

/// Most text that is kept to be continued, in bytes. The largest answers that models are sold with are some 128k tokens,
/// about half of this; it bounds memory per stream.
pub const MAX_TEXT: usize = 1 << 20;

/// How a vendor is asked to continue the last assistant message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A final assistant message is continued as it is: Anthropic, OpenRouter.
    Plain,
    /// The message says `prefix: true`: Mistral, DeepSeek.
    Prefix,
    /// The request says `continue_final_message: true, add_generation_prompt: false`: vLLM, SGLang.
    ContinueFinal,
}

impl Style {
    /// The style of a provider, or `None` if it would start a new answer.
    pub fn of(dialect: Dialect, slug: &str) -> Option<Self> {
        match (dialect, slug) {
            (Dialect::Anthropic, _) | (Dialect::OpenAi, "openrouter") => Some(Self::Plain),
            (Dialect::OpenAi, "mistral" | "deepseek") => Some(Self::Prefix),
            (Dialect::OpenAi, "vllm" | "sglang") => Some(Self::ContinueFinal),
            (Dialect::OpenAi, _) => None,
        }
    }
}

/// The plain text of a streamed answer so far, as long as it is nothing else.
#[derive(Debug)]
pub struct Partial {
    operation: Operation,
    text: String,
    /// Something came that cannot be continued: a tool call, reasoning, a second choice or block, or more text than
    /// [`MAX_TEXT`].
    spoilt: bool,
}

/// What to do with an event of the target that continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Splice {
    /// It goes on where the broken answer stopped.
    Pass,
    /// It opens what is open already.
    Drop,
    /// It does not fit behind the partial answer.
    Unfit,
}

impl Partial {
    /// The start of an answer to the request `head`, or `None` if such an answer can never be continued.
    pub fn begin(operation: Operation, head: &Head<'_>) -> Option<Self> {
        let continues = matches!(operation, Operation::ChatCompletions | Operation::Messages);
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
            Meaning::Content => match plain_text(self.operation, data) {
                Some(text) if self.text.len() + text.len() <= MAX_TEXT => self.text.push_str(&text),
                _ => self.spoilt = true,
            },
            // A reason to stop, or a closed block, came through: what is missing is not text.
            Meaning::Finish | Meaning::End => self.spoilt = true,
            _ => self.spoilt |= matches!(Event::read(data).kind.as_deref(), Some("content_block_stop")),
        }
        if self.spoilt {
            self.text = String::new();
        }
    }

    /// The request that continues, from the caller's original one; `None` if this answer cannot be continued.
    pub fn request(&self, style: Style, body: &Bytes, head: &Head<'_>) -> Option<Bytes> {
        let messages = head.present("messages")?.trim_end();
        // Anthropic refuses a prefill that ends in white space, and without it the white space would come twice.
        if self.spoilt || self.text.is_empty() || self.text.ends_with(char::is_whitespace) {
            return None;
        }
        let open = messages.strip_suffix(']')?.trim_end();
        let comma = if open.ends_with('[') { "" } else { "," };
        let prefix = if style == Style::Prefix { ",\"prefix\":true" } else { "" };
        let mut edits = Edits::default();
        edits.set(
            "messages",
            format!("{open}{comma}{{\"role\":\"assistant\",\"content\":{}{prefix}}}]", quote(&self.text)),
        );
        if style == Style::ContinueFinal {
            edits.set("continue_final_message", "true").set("add_generation_prompt", "false");
        }
        Some(edits.apply(body, head))
    }

    /// Whether an event of the continuing stream fits behind what the caller has.
    pub fn splice(&self, peek: &Peek, data: &[u8]) -> Splice {
        let event = Event::read(data);
        match (self.operation, &peek.meaning, event.kind.as_deref()) {
            (Operation::Messages, _, Some("message_start")) => Splice::Drop,
            (Operation::Messages, meaning, Some("content_block_start")) if event.index == Some(0) => {
                if *meaning == Meaning::Content { Splice::Unfit } else { Splice::Drop }
            }
            (Operation::ChatCompletions, Meaning::Prelude, _) => Splice::Drop,
            _ => Splice::Pass,
        }
    }
}

/// What says where an event belongs.
#[derive(Deserialize, Default)]
struct Event<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(default)]
    index: Option<u64>,
}

impl<'a> Event<'a> {
    /// An event that cannot be read says nothing.
    fn read(data: &'a [u8]) -> Self {
        serde_json::from_slice(data).unwrap_or_default()
    }
}

/// A delta of Messages.
#[derive(Deserialize)]
struct Block {
    #[serde(default)]
    index: Option<u64>,
    delta: TextDelta,
}

#[derive(Deserialize)]
struct TextDelta {
    #[serde(default)]
    text: Option<String>,
}

/// A chunk of a chat.
#[derive(Deserialize)]
struct Chunk {
    choices: Only,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u64,
    delta: PlainDelta,
}

/// The text of a content event that holds nothing but text of the first choice or block.
fn plain_text(operation: Operation, data: &[u8]) -> Option<String> {
    if operation == Operation::Messages {
        let block: Block = serde_json::from_slice(data).ok()?;
        return block.delta.text.filter(|_| block.index == Some(0));
    }
    let Chunk { choices: Only(choice) } = serde_json::from_slice(data).ok()?;
    choice.delta.0.filter(|_| choice.index == 0)
}

/// The one entry of a list: of a longer list no more is read.
struct Only(Choice);

impl<'de> Deserialize<'de> for Only {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One;
        impl<'de> Visitor<'de> for One {
            type Value = Only;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one choice")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Only, A::Error> {
                match (list.next_element()?, list.next_element::<IgnoredAny>()?) {
                    (Some(choice), None) => Ok(Only(choice)),
                    _ => Err(A::Error::custom("not one choice")),
                }
            }
        }
        deserializer.deserialize_seq(One)
    }
}

/// The `content` of a delta with nothing else in it. What else there is stays JSON text, however much it is.
struct PlainDelta(Option<String>);

impl<'de> Deserialize<'de> for PlainDelta {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = PlainDelta;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a delta of text alone")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PlainDelta, A::Error> {
                let mut content = None;
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    let raw = map.next_value::<&'de RawValue>()?.get();
                    match &*key {
                        "content" => content = string(raw).map(Cow::into_owned),
                        "role" | "name" => {}
                        _ if is_empty(raw) => {}
                        _ => return Err(A::Error::custom("more than text")),
                    }
                }
                Ok(PlainDelta(content))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Whether the JSON value `raw` is null, an empty text or an empty list.
fn is_empty(raw: &str) -> bool {
    matches!(raw, "null" | "\"\"") || (raw.starts_with('[') && elements(raw).next().is_none())
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
        partial.request(Style::Plain, &body, &head).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
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

//! Events of a Messages stream to the hub's.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    anthropic::{stop, usage},
    hub::{Event, Text},
};

/// Reads one stream.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Calls so far.
    calls: u32,
    /// The open tool block: its index, its number, whether any input has come.
    open: Option<(u64, u32, bool)>,
}

impl Decoder {
    /// Reads the data of one event. The payload's own `type` is believed over the `event:` field, which some vendors
    /// leave out.
    pub fn feed<'d>(&mut self, event: Option<&str>, data: &'d [u8], sink: &mut impl FnMut(Event<'d>)) {
        let Ok(read) = serde_json::from_slice::<EventIn<'d>>(data) else { return };
        match read.kind.as_deref().or(event).unwrap_or_default() {
            "message_start" => {
                let message = read.message.unwrap_or_default();
                sink(Event::Start { id: message.id.unwrap_or_default(), model: message.model.unwrap_or_default() });
                usage_of(message.usage, sink);
            }
            "content_block_start" => {
                if let Some(block) = read.content_block {
                    self.begin(read.index, block, sink);
                }
            }
            "content_block_delta" => {
                if let Some(delta) = read.delta {
                    self.delta(delta, sink);
                }
            }
            "content_block_stop" => self.end(sink),
            "message_delta" => {
                if let Some(delta) = read.delta
                    && let Some(native) = delta.stop_reason
                {
                    self.end(sink);
                    if let Some(said) = delta.stop_details.and_then(|details| details.explanation) {
                        sink(Event::Refusal(said));
                    }
                    sink(Event::Stop { stop: stop::read(&native), native, sequence: delta.stop_sequence });
                }
                usage_of(read.usage, sink);
            }
            _ => {}
        }
    }

    fn begin<'d>(&mut self, index: u64, block: BlockIn<'d>, sink: &mut impl FnMut(Event<'d>)) {
        self.end(sink);
        match &*block.kind {
            "text" => {
                if let Some(text) = block.text.filter(|text| !text.is_empty()) {
                    sink(Event::Text(text));
                }
            }
            "thinking" => {
                if let Some(text) = block.thinking.filter(|text| !text.is_empty()) {
                    sink(Event::Thought(text));
                }
                seal(block.signature, sink);
            }
            "redacted_thinking" => sink(Event::Redacted { data: block.data.unwrap_or_default(), format: None }),
            "tool_use" => {
                let call = self.calls;
                self.calls = self.calls.saturating_add(1);
                let (id, name) = (block.id.unwrap_or_default(), block.name.unwrap_or_default());
                sink(Event::Call { call, id, name, extra: None });
                // Some vendors give the whole input at once.
                let whole = block.input.map(RawValue::get).filter(|raw| !matches!(*raw, "{}" | "null" | "\"\""));
                if let Some(json) = whole {
                    sink(Event::Input { call, json: Text::from(json) });
                }
                self.open = Some((index, call, whole.is_some()));
            }
            // Tools that Anthropic runs itself, and what they returned.
            _ => sink(Event::Lost("content.hosted_tool")),
        }
    }

    fn delta<'d>(&mut self, delta: DeltaIn<'d>, sink: &mut impl FnMut(Event<'d>)) {
        if let Some(text) = delta.text.filter(|text| !text.is_empty()) {
            sink(Event::Text(text));
        }
        if let Some(text) = delta.thinking.filter(|text| !text.is_empty()) {
            sink(Event::Thought(text));
        }
        seal(delta.signature, sink);
        if let Some(json) = delta.partial_json.filter(|json| !json.is_empty())
            && let Some((_, call, any)) = &mut self.open
        {
            *any = true;
            sink(Event::Input { call: *call, json });
        }
        if delta.citation.is_some() {
            sink(Event::Lost("content.citations"));
        }
    }

    /// A call without any input has an empty object for one: no text at all is no JSON (R1).
    fn end<'d>(&mut self, sink: &mut impl FnMut(Event<'d>)) {
        if let Some((_, call, false)) = self.open.take() {
            sink(Event::Input { call, json: Text::from("{}") });
        }
    }
}

fn seal<'d>(signature: Option<Text<'d>>, sink: &mut impl FnMut(Event<'d>)) {
    if let Some(seal) = signature.filter(|seal| !seal.is_empty()) {
        sink(Event::Seal { seal, format: None });
    }
}

fn usage_of<'d>(raw: Option<&RawValue>, sink: &mut impl FnMut(Event<'d>)) {
    if let Some(usage) = raw.and_then(|raw| usage::read(raw.get())) {
        sink(Event::Usage(usage));
    }
}

#[derive(Deserialize)]
struct EventIn<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(default)]
    index: u64,
    #[serde(borrow, default)]
    message: Option<MessageIn<'a>>,
    #[serde(borrow, default)]
    content_block: Option<BlockIn<'a>>,
    #[serde(borrow, default)]
    delta: Option<DeltaIn<'a>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
struct MessageIn<'a> {
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    model: Option<Text<'a>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

/// A content block, of a stream's start or of a whole message.
#[derive(Deserialize)]
pub(in crate::anthropic) struct BlockIn<'a> {
    #[serde(borrow, rename = "type")]
    pub(in crate::anthropic) kind: Text<'a>,
    #[serde(borrow, default)]
    pub(in crate::anthropic) text: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(in crate::anthropic) thinking: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(in crate::anthropic) signature: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(in crate::anthropic) data: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(in crate::anthropic) id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(in crate::anthropic) name: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(in crate::anthropic) input: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(in crate::anthropic) citations: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct DeltaIn<'a> {
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(borrow, default)]
    thinking: Option<Text<'a>>,
    #[serde(borrow, default)]
    signature: Option<Text<'a>>,
    #[serde(borrow, default)]
    partial_json: Option<Text<'a>>,
    #[serde(borrow, default)]
    citation: Option<&'a RawValue>,
    #[serde(borrow, default)]
    stop_reason: Option<Text<'a>>,
    #[serde(borrow, default)]
    stop_sequence: Option<Text<'a>>,
    #[serde(borrow, default)]
    stop_details: Option<StopDetails<'a>>,
}

/// Why a refusal was one.
#[derive(Deserialize)]
pub(in crate::anthropic) struct StopDetails<'a> {
    #[serde(borrow, default)]
    pub(in crate::anthropic) explanation: Option<Text<'a>>,
}

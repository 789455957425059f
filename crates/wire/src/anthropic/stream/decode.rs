//! Events of a Messages stream to the hub's.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    anthropic::{stop, usage},
    codec::Decode,
    hub::{Event, Text},
    loose::Word,
};

/// Reads one stream.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Calls so far.
    calls: u32,
    /// The open tool block: its number, whether any input has come.
    open: Option<(u32, bool)>,
}

impl Decode for Decoder {
    /// Reads the data of one event. The payload's own `type` is believed over the `event:` field, which some vendors
    /// leave out. False if it cannot be read.
    fn feed<'d>(&mut self, event: Option<&str>, data: &'d [u8], sink: &mut impl FnMut(Event<'d>)) -> bool {
        let Ok(read) = serde_json::from_slice::<EventIn<'d>>(data) else { return false };
        match read.kind.0.as_deref().or(event).unwrap_or_default() {
            "message_start" => {
                let message = read.message.unwrap_or_default();
                sink(Event::Start { id: message.id.0.unwrap_or_default(), model: message.model.0.unwrap_or_default() });
                usage_of(message.usage, sink);
            }
            "content_block_start" => {
                if let Some(block) = read.content_block {
                    self.begin(block, sink);
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
                    && let Some(native) = delta.stop_reason.0
                {
                    self.end(sink);
                    if let Some(said) = delta.stop_details.and_then(|details| details.explanation.0) {
                        sink(Event::Refusal(said));
                    }
                    sink(Event::Stop { stop: stop::read(&native), native, sequence: delta.stop_sequence.0 });
                }
                usage_of(read.usage, sink);
            }
            _ => {}
        }
        true
    }
}

impl Decoder {
    fn begin<'d>(&mut self, block: BlockIn<'d>, sink: &mut impl FnMut(Event<'d>)) {
        self.end(sink);
        match &*block.kind {
            "text" => {
                if let Some(text) = block.text.0.filter(|text| !text.is_empty()) {
                    sink(Event::Text(text));
                }
            }
            "thinking" => {
                if let Some(text) = block.thinking.0.filter(|text| !text.is_empty()) {
                    sink(Event::Thought(text));
                }
                seal(block.signature.0, sink);
            }
            "redacted_thinking" => sink(Event::Redacted { data: block.data.0.unwrap_or_default(), format: None }),
            "tool_use" => {
                let call = self.calls;
                self.calls = self.calls.saturating_add(1);
                let (id, name) = (block.id.0.unwrap_or_default(), block.name.0.unwrap_or_default());
                sink(Event::Call { call, id, name, extra: None });
                // Some vendors give the whole input at once.
                let whole = block.input.map(RawValue::get).filter(|raw| !matches!(*raw, "{}" | "null" | "\"\""));
                if let Some(json) = whole {
                    sink(Event::Input { call, json: Text::from(json) });
                }
                self.open = Some((call, whole.is_some()));
            }
            // Tools that Anthropic runs itself, and what they returned.
            _ => sink(Event::Lost("content.hosted_tool")),
        }
    }

    fn delta<'d>(&mut self, delta: DeltaIn<'d>, sink: &mut impl FnMut(Event<'d>)) {
        if let Some(text) = delta.text.0.filter(|text| !text.is_empty()) {
            sink(Event::Text(text));
        }
        if let Some(text) = delta.thinking.0.filter(|text| !text.is_empty()) {
            sink(Event::Thought(text));
        }
        seal(delta.signature.0, sink);
        if let Some(json) = delta.partial_json.0.filter(|json| !json.is_empty())
            && let Some((call, any)) = &mut self.open
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
        if let Some((call, false)) = self.open.take() {
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
    kind: Word<'a>,
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
    id: Word<'a>,
    #[serde(borrow, default)]
    model: Word<'a>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

/// A content block, of a stream's start or of a whole message.
#[derive(Deserialize)]
pub(in crate::anthropic) struct BlockIn<'a> {
    #[serde(borrow, rename = "type")]
    pub(in crate::anthropic) kind: Text<'a>,
    #[serde(borrow, default)]
    pub(in crate::anthropic) text: Word<'a>,
    #[serde(borrow, default)]
    pub(in crate::anthropic) thinking: Word<'a>,
    #[serde(borrow, default)]
    pub(in crate::anthropic) signature: Word<'a>,
    #[serde(borrow, default)]
    pub(in crate::anthropic) data: Word<'a>,
    #[serde(borrow, default)]
    pub(in crate::anthropic) id: Word<'a>,
    #[serde(borrow, default)]
    pub(in crate::anthropic) name: Word<'a>,
    #[serde(borrow, default)]
    pub(in crate::anthropic) input: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(in crate::anthropic) citations: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct DeltaIn<'a> {
    #[serde(borrow, default)]
    text: Word<'a>,
    #[serde(borrow, default)]
    thinking: Word<'a>,
    #[serde(borrow, default)]
    signature: Word<'a>,
    #[serde(borrow, default)]
    partial_json: Word<'a>,
    #[serde(borrow, default)]
    citation: Option<&'a RawValue>,
    #[serde(borrow, default)]
    stop_reason: Word<'a>,
    #[serde(borrow, default)]
    stop_sequence: Word<'a>,
    #[serde(borrow, default)]
    stop_details: Option<StopDetails<'a>>,
}

/// Why a refusal was one.
#[derive(Deserialize)]
pub(in crate::anthropic) struct StopDetails<'a> {
    #[serde(borrow, default)]
    pub(in crate::anthropic) explanation: Word<'a>,
}

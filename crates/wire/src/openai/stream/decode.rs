//! Chunks of a chat completion stream to the hub's events.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    few,
    hub::{Event, Text},
    openai::{
        reasoning::{self, Detail, Step},
        stop, usage,
    },
};

/// Reads one stream.
#[derive(Debug, Default)]
pub struct Decoder {
    started: bool,
    /// Calls in the order they began.
    calls: Vec<Call>,
}

/// How later chunks name a call.
#[derive(Debug)]
struct Call {
    index: Option<u64>,
    id: Box<str>,
}

impl Decoder {
    /// Reads the data of one event. Choices but the first are left out: only one was asked for.
    pub fn feed<'d>(&mut self, data: &'d [u8], sink: &mut impl FnMut(Event<'d>)) {
        let Ok(chunk) = serde_json::from_slice::<Chunk<'d>>(data) else { return };
        let named = chunk.id.is_some() || !chunk.choices.is_empty();
        if named && !std::mem::replace(&mut self.started, true) {
            sink(Event::Start { id: chunk.id.unwrap_or_default(), model: chunk.model.unwrap_or_default() });
        }
        if let Some(choice) = chunk.choices.into_iter().find(|choice| choice.index == 0) {
            if let Some(delta) = choice.delta.or(choice.message) {
                self.delta(delta, sink);
            }
            if let Some(native) = choice.finish_reason.filter(|reason| !reason.is_empty()) {
                let sequence = choice.stop_reason.and_then(|raw| serde_json::from_str::<Text<'d>>(raw.get()).ok());
                let stop = stop::read(&native, !self.calls.is_empty());
                sink(Event::Stop { stop, native, sequence });
            }
        }
        let usage = chunk.usage.or(chunk.x_groq.and_then(|groq| groq.usage));
        if let Some(usage) = usage.and_then(|raw| usage::read(raw.get())) {
            sink(Event::Usage(usage));
        }
    }

    fn delta<'d>(&mut self, delta: Delta<'d>, sink: &mut impl FnMut(Event<'d>)) {
        let plain = delta.reasoning_content.or(delta.reasoning).filter(|text| !text.is_empty());
        let has_plain = plain.is_some();
        if let Some(text) = plain {
            sink(Event::Thought(text));
        }
        reasoning::steps(delta.reasoning_details, has_plain, |step| {
            sink(match step {
                Step::Text(text) => Event::Thought(text),
                Step::Seal(seal, format) => Event::Seal { seal, format },
                Step::Redacted(data, format) => Event::Redacted { data, format },
            });
        });
        match delta.content {
            Some(Content::Text(text)) if !text.is_empty() => sink(Event::Text(text)),
            Some(Content::Parts(parts)) => parts.into_iter().for_each(|part| part.events(sink)),
            _ => {}
        }
        if let Some(refusal) = delta.refusal.filter(|text| !text.is_empty()) {
            sink(Event::Refusal(refusal));
        }
        for call in delta.tool_calls {
            self.call(call, sink);
        }
        if let Some(FunctionIn { name, arguments }) = delta.function_call {
            self.call(
                CallIn {
                    index: Some(0),
                    id: name.clone(),
                    function: Some(FunctionIn { name, arguments }),
                    ..CallIn::default()
                },
                sink,
            );
        }
        for (there, what) in [
            (delta.audio, "content.audio"),
            (delta.annotations, "content.annotations"),
            (delta.images, "content.images"),
            (delta.executed_tools, "content.executed_tools"),
        ] {
            if there.is_some_and(|raw| !matches!(raw.get(), "null" | "[]")) {
                sink(Event::Lost(what));
            }
        }
    }

    fn call<'d>(&mut self, read: CallIn<'d>, sink: &mut impl FnMut(Event<'d>)) {
        let id = read.id.filter(|id| !id.is_empty());
        let function = read.function.unwrap_or_default();
        let known = self.find(read.index, id.as_deref(), function.name.is_some());
        let number = match known {
            Some(at) => at,
            None => {
                let at = self.calls.len();
                self.calls.push(Call { index: read.index, id: id.as_deref().unwrap_or_default().into() });
                let extra = read.extra_content.map(|raw| Text::from(raw.get()));
                sink(Event::Call {
                    call: at as u32,
                    id: id.unwrap_or_default(),
                    name: function.name.unwrap_or_default(),
                    extra,
                });
                at
            }
        };
        if let Some(json) = function.arguments.map(text_or_json).filter(|json| !json.is_empty()) {
            sink(Event::Input { call: number as u32, json });
        }
    }

    /// Which call a fragment belongs to, or `None` if it begins one. Vendors leave the index out, give every call the
    /// same one, or repeat the id on every fragment (R1): a new id begins a new call, whatever its index says.
    fn find(&self, index: Option<u64>, id: Option<&str>, named: bool) -> Option<usize> {
        let at = match index {
            Some(index) => self.calls.iter().rposition(|call| call.index == Some(index)),
            None => self.calls.len().checked_sub(1),
        };
        let Some(id) = id else {
            // Without an id, a name beside an index never seen begins a call; a bare fragment goes on with the last one.
            return at.or_else(|| if named { None } else { self.calls.len().checked_sub(1) });
        };
        if at.and_then(|at| self.calls.get(at)).is_some_and(|call| call.id.is_empty() || *call.id == *id) {
            return at;
        }
        self.calls.iter().rposition(|call| *call.id == *id)
    }
}

/// A string of JSON, or the JSON itself from vendors that forget to quote it.
pub(in crate::openai) fn text_or_json(raw: &RawValue) -> Text<'_> {
    if raw.get() == "null" {
        return Text::default();
    }
    serde_json::from_str::<Text<'_>>(raw.get()).unwrap_or_else(|_| Text::from(raw.get()))
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    model: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "few::first")]
    choices: Vec<Choice<'a>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    x_groq: Option<Groq<'a>>,
}

#[derive(Deserialize)]
struct Groq<'a> {
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: u64,
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    message: Option<Delta<'a>>,
    #[serde(borrow, default)]
    finish_reason: Option<Text<'a>>,
    /// vLLM: the stop sequence that came, or the number of a token.
    #[serde(borrow, default)]
    stop_reason: Option<&'a RawValue>,
}

/// A delta; a whole message has the same members.
#[derive(Deserialize)]
pub(in crate::openai) struct Delta<'a> {
    #[serde(borrow, default)]
    pub(in crate::openai) content: Option<Content<'a>>,
    #[serde(borrow, default)]
    pub(in crate::openai) refusal: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(in crate::openai) reasoning: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(in crate::openai) reasoning_content: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "few::first")]
    pub(in crate::openai) reasoning_details: Vec<Detail<'a>>,
    #[serde(borrow, default, deserialize_with = "few::first")]
    pub(in crate::openai) tool_calls: Vec<CallIn<'a>>,
    #[serde(borrow, default)]
    pub(in crate::openai) function_call: Option<FunctionIn<'a>>,
    #[serde(borrow, default)]
    pub(in crate::openai) audio: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(in crate::openai) annotations: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(in crate::openai) images: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(in crate::openai) executed_tools: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
pub(in crate::openai) struct CallIn<'a> {
    #[serde(default)]
    pub(in crate::openai) index: Option<u64>,
    #[serde(borrow, default)]
    pub(in crate::openai) id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(in crate::openai) function: Option<FunctionIn<'a>>,
    #[serde(borrow, default)]
    pub(in crate::openai) extra_content: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
pub(in crate::openai) struct FunctionIn<'a> {
    #[serde(borrow, default)]
    pub(in crate::openai) name: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(in crate::openai) arguments: Option<&'a RawValue>,
}

/// A string, or Mistral's list of texts and thoughts.
pub(in crate::openai) enum Content<'a> {
    Text(Text<'a>),
    Parts(Vec<Part<'a>>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?.get();
        let read = if raw.starts_with('"') {
            serde_json::from_str(raw).map(Self::Text)
        } else {
            serde_json::from_str(raw).map(|few::All(parts)| Self::Parts(parts))
        };
        read.map_err(serde::de::Error::custom)
    }
}

#[derive(Deserialize)]
pub(in crate::openai) struct Part<'a> {
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(borrow, default)]
    thinking: Option<Content<'a>>,
}

impl<'a> Part<'a> {
    pub(in crate::openai) fn events(self, sink: &mut impl FnMut(Event<'a>)) {
        match self.thinking {
            Some(Content::Text(text)) => sink(Event::Thought(text)),
            Some(Content::Parts(parts)) => {
                parts.into_iter().filter_map(|part| part.text).for_each(|text| sink(Event::Thought(text)));
            }
            None => {
                if let Some(text) = self.text.filter(|text| !text.is_empty()) {
                    sink(Event::Text(text));
                }
            }
        }
    }
}

//! Chunks of a chat completion stream to the hub's events.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    balance::Balance,
    codec::Decode,
    few,
    hub::{Event, Text},
    loose::{Texts, Whole, Word},
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
    name: Box<str>,
    balance: Balance,
}

/// Most calls of one answer; more is nobody's wish.
const MOST_CALLS: usize = 1024;

impl Decode for Decoder {
    /// Reads the data of one event; false if it cannot be read. Choices but the first are left out: only one was asked for.
    fn feed<'d>(&mut self, _event: Option<&str>, data: &'d [u8], sink: &mut impl FnMut(Event<'d>)) -> bool {
        let Ok(chunk) = serde_json::from_slice::<Chunk<'d>>(data) else { return false };
        let id = chunk.id.0.filter(|id| !id.is_empty());
        // Azure's first chunk holds a verdict on the prompt and names nobody.
        let named = id.is_some() || !chunk.choices.is_empty();
        if named && !std::mem::replace(&mut self.started, true) {
            sink(Event::Start { id: id.unwrap_or_default(), model: chunk.model.0.unwrap_or_default() });
        }
        if let Some(choice) = chunk.choices.into_iter().find(|choice| choice.index.0.unwrap_or(0) == 0) {
            if let Some(delta) = choice.delta.or(choice.message) {
                self.delta(delta, sink);
            }
            if let Some(native) = choice.finish_reason.0.filter(|reason| !reason.is_empty()) {
                let stop = stop::read(&native, !self.calls.is_empty());
                sink(Event::Stop { stop, native, sequence: choice.stop_reason.0 });
            }
        }
        let usage = chunk.usage.or(chunk.x_groq.and_then(|groq| groq.usage));
        if let Some(usage) = usage.and_then(|raw| usage::read(raw.get())) {
            sink(Event::Usage(usage));
        }
        true
    }
}

impl Decoder {
    fn delta<'d>(&mut self, delta: Delta<'d>, sink: &mut impl FnMut(Event<'d>)) {
        let plain = delta.reasoning_content.0.or(delta.reasoning.0).filter(|text| !text.is_empty());
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
        if let Some(refusal) = delta.refusal.0.filter(|text| !text.is_empty()) {
            sink(Event::Refusal(refusal));
        }
        for call in delta.tool_calls {
            self.call(call, sink);
        }
        if let Some(function) = delta.function_call {
            let id = Word(function.name.0.clone());
            self.call(CallIn { index: Whole(Some(0)), id, function: Some(function), extra_content: None }, sink);
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
        let id = read.id.0.filter(|id| !id.is_empty());
        let function = read.function.unwrap_or_default();
        let name = function.name.0.filter(|name| !name.is_empty());
        let at = match self.find(read.index.0, id.as_deref(), name.as_deref()) {
            Some(at) => at,
            None if self.calls.len() >= MOST_CALLS => return sink(Event::Lost("content.tool_calls")),
            None => {
                let at = self.calls.len();
                let (id, name) = (id.unwrap_or_default(), name.unwrap_or_default());
                self.calls.push(Call {
                    index: read.index.0,
                    id: (*id).into(),
                    name: (*name).into(),
                    balance: Balance::default(),
                });
                let extra = read.extra_content.map(|raw| Text::from(raw.get()));
                sink(Event::Call { call: at as u32, id, name, extra });
                at
            }
        };
        let Some(call) = self.calls.get_mut(at) else { return };
        if let Some(json) = function.arguments.map(text_or_json).filter(|json| !json.is_empty()) {
            call.balance.feed(&json);
            sink(Event::Input { call: at as u32, json });
        }
    }

    /// Which call a fragment belongs to, or `None` if it begins one. Vendors leave the index out, give every call the
    /// same one, repeat the id on every fragment, or give none (R1): a new id begins a new call whatever its index says,
    /// and without ids so does another name, or any name behind a whole input.
    fn find(&self, index: Option<u64>, id: Option<&str>, name: Option<&str>) -> Option<usize> {
        let at = match index {
            Some(index) => self.calls.iter().rposition(|call| call.index == Some(index)),
            None => self.calls.len().checked_sub(1),
        };
        let known = at.and_then(|at| self.calls.get(at));
        let Some(id) = id else {
            return match (name, known) {
                (Some(name), Some(call)) if *call.name != *name || call.balance.is_whole() => None,
                (_, Some(_)) => at,
                (Some(_), None) => None,
                // A bare fragment under a number never seen goes on with the last call.
                (None, None) => self.calls.len().checked_sub(1),
            };
        };
        if known.is_some_and(|call| call.id.is_empty() || *call.id == *id) {
            return at;
        }
        self.calls.iter().rposition(|call| *call.id == *id)
    }
}

/// A string of JSON, or the JSON itself from vendors and callers that forget to quote it.
pub(in crate::openai) fn text_or_json(raw: &RawValue) -> Text<'_> {
    if raw.get() == "null" {
        return Text::default();
    }
    serde_json::from_str::<Text<'_>>(raw.get()).unwrap_or_else(|_| Text::from(raw.get()))
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    id: Word<'a>,
    #[serde(borrow, default)]
    model: Word<'a>,
    #[serde(borrow, default, deserialize_with = "few::first")]
    choices: Vec<Choice<'a>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    x_groq: Option<Groq<'a>>,
}

/// Groq puts the usage of a stream here.
#[derive(Deserialize)]
struct Groq<'a> {
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: Whole,
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    message: Option<Delta<'a>>,
    #[serde(borrow, default)]
    finish_reason: Word<'a>,
    /// vLLM: the stop sequence that came, or the number of a token.
    #[serde(borrow, default)]
    stop_reason: Word<'a>,
}

/// A delta; a whole message has the same members.
#[derive(Deserialize)]
pub(in crate::openai) struct Delta<'a> {
    #[serde(borrow, default)]
    pub(in crate::openai) content: Option<Content<'a>>,
    #[serde(borrow, default)]
    pub(in crate::openai) refusal: Word<'a>,
    #[serde(borrow, default)]
    pub(in crate::openai) reasoning: Word<'a>,
    #[serde(borrow, default)]
    pub(in crate::openai) reasoning_content: Word<'a>,
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
    pub(in crate::openai) index: Whole,
    #[serde(borrow, default)]
    pub(in crate::openai) id: Word<'a>,
    #[serde(borrow, default)]
    pub(in crate::openai) function: Option<FunctionIn<'a>>,
    #[serde(borrow, default)]
    pub(in crate::openai) extra_content: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
pub(in crate::openai) struct FunctionIn<'a> {
    #[serde(borrow, default)]
    pub(in crate::openai) name: Word<'a>,
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
        let read = match raw.as_bytes().first() {
            Some(b'"') => serde_json::from_str(raw).map(Self::Text),
            Some(b'[') => serde_json::from_str(raw).map(|few::All(parts)| Self::Parts(parts)),
            _ => Ok(Self::Parts(Vec::new())),
        };
        read.map_err(serde::de::Error::custom)
    }
}

#[derive(Deserialize)]
pub(in crate::openai) struct Part<'a> {
    #[serde(borrow, default)]
    text: Word<'a>,
    #[serde(borrow, default)]
    thinking: Option<Texts<'a>>,
}

impl<'a> Part<'a> {
    pub(in crate::openai) fn events(self, sink: &mut impl FnMut(Event<'a>)) {
        match self.thinking {
            Some(Texts(texts)) => texts.into_iter().for_each(|text| sink(Event::Thought(text))),
            None => {
                if let Some(text) = self.text.0.filter(|text| !text.is_empty()) {
                    sink(Event::Text(text));
                }
            }
        }
    }
}

//! What is told of a request, and of each of its calls: a span as OpenTelemetry has it, in types of our own.

use std::time::SystemTime;

use super::context::{SpanId, TraceId};
use crate::outbox::Told;

/// A span.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Its trace.
    pub trace: TraceId,
    /// Its own name.
    pub id: SpanId,
    /// What it is a part of; `None`: it begins its trace.
    pub parent: Option<SpanId>,
    /// The head of the trace was sampled.
    pub sampled: bool,
    /// The caller's `tracestate`.
    pub state: Box<str>,
    /// What it is called.
    pub name: String,
    /// When it began.
    pub began: SystemTime,
    /// When it ended.
    pub ended: SystemTime,
    /// Names of the convention's or ours, each once.
    pub attributes: Vec<(&'static str, Value)>,
    /// In the order of time.
    pub events: Vec<Event>,
    /// Why it failed, if it did; empty where no more is known.
    pub error: Option<Box<str>>,
}

/// What happened in between.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What it is called.
    pub name: &'static str,
    /// When.
    pub at: SystemTime,
    /// Names of ours.
    pub attributes: Vec<(&'static str, Value)>,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text.
    Text(Box<str>),
    /// Several.
    Texts(Vec<Box<str>>),
    /// A count.
    Count(u64),
    /// A measure, in the unit that its name has by convention.
    Measure(f64),
    /// Yes or no.
    Flag(bool),
}

/// Longest text that is told, in bytes: names of callers and vendors are cut there.
const LONGEST: usize = 256;

impl Value {
    /// At most [`LONGEST`] bytes of `text`.
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text[..text.floor_char_boundary(LONGEST)].into())
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Texts(texts) => texts.iter().map(|text| size_of::<Box<str>>() + text.len()).sum(),
            Self::Count(_) | Self::Measure(_) | Self::Flag(_) => 0,
        }
    }
}

impl Told for Span {
    fn bytes(&self) -> usize {
        let of = |attributes: &[(&'static str, Value)]| -> usize {
            attributes.iter().map(|(_, value)| size_of::<(&str, Value)>() + value.bytes()).sum()
        };
        let events: usize = self.events.iter().map(|event| size_of::<Event>() + of(&event.attributes)).sum();
        let texts = self.state.len() + self.name.len() + self.error.as_ref().map_or(0, |error| error.len());
        size_of::<Self>() + texts + of(&self.attributes) + events
    }
}

//! A stream of one dialect as a stream of another.

use super::{Echo, Stamp, made_up_id};
use crate::{
    Dialect, anthropic,
    hub::{Event, Stop, Text},
    openai,
};

/// What is added to the end of a stream.
#[derive(Clone, Debug, Default)]
pub struct Closing {
    /// `usage.cost`: a JSON number.
    pub cost: Option<String>,
    /// `openrouter_metadata`: a JSON object.
    pub metadata: Option<String>,
}

/// One stream being translated. Holds no more of it than the open block and calls that have to wait for their turn.
#[derive(Debug)]
pub struct Stream {
    decoder: Decoder,
    encoder: Encoder,
    filter: Filter,
    lost: Vec<&'static str>,
}

/// Why an event gives nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is no event of the dialect.
    Unreadable,
    /// Tool calls that are never whole keep the rest of the answer waiting.
    Overfull,
}

#[derive(Debug)]
enum Decoder {
    OpenAi(openai::stream::Decoder),
    Anthropic(anthropic::stream::Decoder),
}

#[derive(Debug)]
enum Encoder {
    OpenAi(openai::stream::Encoder),
    Anthropic(anthropic::stream::Encoder),
}

impl Stream {
    /// A stream that answers the request of `echo`.
    pub fn new(echo: &Echo, stamp: &Stamp<'_>) -> Self {
        Self {
            decoder: match echo.upstream.dialect() {
                Dialect::OpenAi => Decoder::OpenAi(openai::stream::Decoder::default()),
                Dialect::Anthropic => Decoder::Anthropic(anthropic::stream::Decoder::default()),
            },
            encoder: match echo.operation.dialect() {
                Dialect::OpenAi => Encoder::OpenAi(openai::stream::Encoder::new(
                    stamp.created,
                    stamp.request_id,
                    echo.include_usage,
                    echo.legacy_functions,
                    &echo.seal_format,
                )),
                Dialect::Anthropic => Encoder::Anthropic(anthropic::stream::Encoder::new(stamp.request_id)),
            },
            filter: Filter {
                echo: echo.clone(),
                request_id: stamp.request_id.into(),
                schema_call: None,
                hidden_calls: 0,
                calls: 0,
            },
            lost: Vec::new(),
        }
    }

    /// Translates the data of one event; the caller's events are added to `out`, none or several.
    ///
    /// # Errors
    /// Data that cannot be read, which gives nothing, or an answer that holds back more than can be held.
    pub fn feed(&mut self, event: Option<&str>, data: &[u8], out: &mut Vec<u8>) -> Result<(), Unfit> {
        let Self { decoder, encoder, filter, lost } = self;
        let mut sink = |event: Event<'_>| {
            if let Event::Lost(what) = event {
                if !lost.contains(&what) {
                    lost.push(what);
                }
                return;
            }
            let Some(event) = filter.pass(event) else { return };
            match encoder {
                Encoder::OpenAi(encoder) => encoder.push(&event, out),
                Encoder::Anthropic(encoder) => encoder.push(&event, out),
            }
        };
        let read = match decoder {
            Decoder::OpenAi(decoder) => decoder.feed(data, &mut sink),
            Decoder::Anthropic(decoder) => decoder.feed(event, data, &mut sink),
        };
        match &self.encoder {
            _ if !read => Err(Unfit::Unreadable),
            Encoder::Anthropic(encoder) if encoder.is_overfull() => Err(Unfit::Overfull),
            _ => Ok(()),
        }
    }

    /// Writes the end: once, when the upstream's stream has ended well.
    pub fn finish(&mut self, closing: &Closing, out: &mut Vec<u8>) {
        match &mut self.encoder {
            Encoder::OpenAi(encoder) => encoder.finish(closing, out),
            Encoder::Anthropic(encoder) => encoder.finish(closing, out),
        }
    }

    /// What could not be said so far; taken out.
    pub fn take_lost(&mut self) -> Vec<&'static str> {
        std::mem::take(&mut self.lost)
    }
}

/// What only the request explains; the stream's counterpart of `Echo::adjust`.
#[derive(Debug)]
struct Filter {
    echo: Echo,
    request_id: Box<str>,
    /// The call that stands for a schema.
    schema_call: Option<u32>,
    /// Calls that stand for a schema, and are passed on as text or not at all.
    hidden_calls: u32,
    /// Calls that were passed on.
    calls: u32,
}

impl Filter {
    fn pass<'e>(&mut self, event: Event<'e>) -> Option<Event<'e>> {
        Some(match event {
            Event::Thought(_) if self.echo.hide_reasoning => return None,
            Event::Seal { .. } | Event::Redacted { .. } if self.echo.hides_seals() => return None,
            Event::Seal { seal, format: None } => Event::Seal { seal, format: Some(self.format()) },
            Event::Redacted { data, format: None } => Event::Redacted { data, format: Some(self.format()) },
            Event::Call { call, name, .. } if self.echo.is_schema_tool(&name) => {
                // One answer: a second one of the same form is not joined to it.
                self.schema_call.get_or_insert(call);
                self.hidden_calls = self.hidden_calls.saturating_add(1);
                return None;
            }
            Event::Input { call, json } if self.schema_call == Some(call) => Event::Text(json),
            Event::Input { call, json } => {
                let call = call.checked_sub(self.hidden_calls).filter(|_| self.calls > 0)?;
                Event::Input { call, json }
            }
            Event::Stop { stop: Stop::ToolUse, native, sequence } if self.schema_call.is_some() => {
                Event::Stop { stop: Stop::EndTurn, native, sequence }
            }
            Event::Call { call, id, name, extra } => {
                let stamp = Stamp { created: 0, request_id: &self.request_id };
                let id = if id.is_empty() { made_up_id(&stamp, self.calls) } else { id };
                self.calls = self.calls.saturating_add(1);
                let call = call.saturating_sub(self.hidden_calls);
                Event::Call { call, id, name: self.echo.long_name(name), extra }
            }
            other => other,
        })
    }

    fn format(&self) -> Text<'static> {
        Text::from(self.echo.seal_format.to_string())
    }
}

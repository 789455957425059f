//! A stream of one dialect as a stream of another.

use super::{Echo, made_up_id};
use crate::{
    hub::{Closing, Event, Stamp, Stop, Text},
    spoken::{Decoder, Encoder},
};

/// One stream being translated. Holds no more of it than the open block and calls that have to wait for their turn.
#[derive(Debug)]
pub struct Stream {
    /// Both are there: an echo is made of dialects that are translated.
    decoder: Option<Decoder>,
    encoder: Option<Encoder>,
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

impl Stream {
    /// A stream that answers the request of `echo`.
    pub fn new(echo: &Echo, stamp: &Stamp<'_>) -> Self {
        let spoken = echo.upstream.dialect();
        Self {
            decoder: spoken.is_translated().then(|| Decoder::of(spoken)),
            encoder: Encoder::of(echo.operation.dialect(), &echo.style(), stamp),
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
        let Self { decoder: Some(decoder), encoder: Some(encoder), filter, lost } = self else {
            return Err(Unfit::Unreadable);
        };
        let mut sink = |event: Event<'_>| {
            if let Event::Lost(what) = event {
                if !lost.contains(&what) {
                    lost.push(what);
                }
                return;
            }
            let Some(event) = filter.pass(event) else { return };
            encoder.push(&event, out);
        };
        let read = decoder.feed(event, data, &mut sink);
        match read {
            false => Err(Unfit::Unreadable),
            true if encoder.is_overfull() => Err(Unfit::Overfull),
            true => Ok(()),
        }
    }

    /// Writes the end: once, when the upstream's stream has ended well.
    pub fn finish(&mut self, closing: &Closing, out: &mut Vec<u8>) {
        if let Some(encoder) = &mut self.encoder {
            encoder.finish(closing, out);
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

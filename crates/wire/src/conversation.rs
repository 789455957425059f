//! What was said, for whoever records it: messages in the JSON of OpenTelemetry's conventions for generative AI, v1.41.
//! <https://github.com/open-telemetry/semantic-conventions/blob/v1.41.0/docs/gen-ai/gen-ai-input-messages.json>
//!
//! Nothing here is on the path of a request that is not recorded. Texts are bounded, and say so where they were cut; bytes of
//! pictures, documents and sound are left out.

mod write;

use crate::{
    Head, Operation,
    hub::{Event, Fold},
    spoken::{Decoder, spoken},
};
use write::Room;

/// What a request says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `gen_ai.system_instructions`: what stands before the conversation.
    pub instructions: Option<String>,
    /// `gen_ai.input.messages`: the conversation. Where it is too long, the oldest messages are left out.
    pub messages: String,
    /// It was too long.
    pub cut: bool,
}

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// `gen_ai.output.messages`: one message.
    pub messages: String,
    /// It was too long.
    pub cut: bool,
}

/// Reads `body`, a request for `operation`, keeping `most` bytes of its texts. `None`: it is no conversation.
pub fn asked(operation: Operation, body: &[u8], most: usize) -> Option<Asked> {
    let dialect = converses(operation)?;
    let head = Head::read(body).ok()?;
    let request = spoken!(dialect, D => D::asked(&head))?;
    let mut room = Room::of(most);
    let instructions = (!request.system.is_empty()).then(|| room.instructions(&request.system));
    let messages = room.turns(&request.turns);
    Some(Asked { instructions, messages, cut: room.cut })
}

/// The same of a whole answer.
pub fn answered(operation: Operation, body: &[u8], most: usize) -> Option<Answered> {
    let answer = spoken!(converses(operation)?, D => D::said(body))?;
    let mut room = Room::of(most);
    let messages = room.answer(&answer);
    Some(Answered { messages, cut: room.cut })
}

/// An event without what is encrypted in it, which nobody can read: it is left out, and takes no room.
fn opened(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Seal { .. } => Event::Seal { seal: "".into(), format: None },
        Event::Redacted { .. } => Event::Redacted { data: "".into(), format: None },
        event => event,
    }
}

fn converses(operation: Operation) -> Option<crate::Dialect> {
    let dialect = operation.dialect();
    (operation == dialect.operation()).then_some(dialect)
}

/// Hears the events of a stream.
#[derive(Debug)]
pub struct Listener {
    decoder: Decoder,
    fold: Fold,
    most: usize,
    /// Bytes of text so far.
    heard: usize,
}

impl Listener {
    /// Of a stream of `operation`, keeping `most` bytes of its texts. `None`: it is no conversation.
    pub fn new(operation: Operation, most: usize) -> Option<Self> {
        let decoder = Decoder::of(converses(operation)?);
        Some(Self { decoder, fold: Fold::default(), most, heard: 0 })
    }

    /// Adds the data of one event.
    pub fn feed(&mut self, event: Option<&str>, data: &[u8]) {
        let Self { decoder, fold, most, heard } = self;
        // What is no event of its dialect says nothing.
        let _ = decoder.feed(event, data, &mut |event: Event<'_>| {
            let event = opened(event);
            if *heard <= *most {
                *heard = heard.saturating_add(event.len());
                fold.add(&event);
            } else if let Event::Stop { .. } = event {
                fold.add(&event);
            }
        });
    }

    /// What was heard until now; `None`: nothing.
    pub fn finish(self) -> Option<Answered> {
        let answer = self.fold.finish();
        if answer.pieces.is_empty() && answer.stop.is_none() {
            return None;
        }
        let mut room = Room::of(self.most);
        let messages = room.answer(&answer);
        Some(Answered { messages, cut: room.cut || self.heard > self.most })
    }
}

#[cfg(test)]
mod tests;

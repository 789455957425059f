//! From the caller's dialect to the target's and back, through the hub.
//!
//! [`request`] makes the body that is sent and an [`Echo`] of what the answer needs to be read by; [`whole`] and
//! [`Stream`] bring the answer back. Decoders and encoders live with their dialects.

mod names;
mod stream;
pub mod turned;

use bytes::Bytes;

pub use stream::{Stream, Unfit};

use crate::{
    Dialect, Failure, Head, Operation,
    codec::{Style, Written},
    dialect::Dialects,
    few,
    hub::{Answer, Losses, Piece, Stamp, Stop, Text},
    openai,
    parse::BadPart,
    profile::Profile,
    spoken::translated,
};

/// The operation that a target which speaks `dialects` is asked for in place of the caller's `operation`: the same one where
/// it can, else that of the dialect it prefers among those that are translated; `None` where nothing comes near it. A
/// provider that speaks chat completions answers Messages by these, which every such provider has (R12).
pub fn upstream(operation: Operation, dialects: &Dialects) -> Option<Operation> {
    let own = operation.dialect();
    if dialects.contains(own) {
        return Some(operation);
    }
    let crosses = own.is_translated() && operation == own.operation();
    let to = dialects.iter().find(|dialect| crosses && dialect.is_translated())?;
    Some(to.operation())
}

/// What of a request its answer depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Echo {
    /// What the caller asked for.
    pub operation: Operation,
    /// What the target is asked for.
    pub upstream: Operation,
    /// A schema went as a tool of this name: the tool's input is the answer's text.
    schema_tool: Option<&'static str>,
    /// The caller speaks of functions, not of tools.
    legacy_functions: bool,
    /// Reasoning is not to be shown.
    hide_reasoning: bool,
    /// A stream's caller asked for usage.
    include_usage: bool,
    /// Who seals the target's reasoning.
    seal_format: Box<str>,
    /// Names of tools that were too long for the target: what was sent, and what it stands for.
    names: Box<[(Box<str>, Box<str>)]>,
}

/// A request in the target's dialect.
#[derive(Clone, Debug)]
pub struct Translated {
    /// The JSON body.
    pub body: Bytes,
    /// What could not be said.
    pub losses: Losses,
    /// What the answer depends on.
    pub echo: Echo,
}

/// Translates the request `head` of the caller's `operation` for the target `to`, which speaks another dialect.
///
/// # Errors
/// A part that the caller's own dialect does not allow.
pub fn request(operation: Operation, head: &Head<'_>, to: &Profile<'_>) -> Result<Translated, BadPart> {
    let untranslated = |dialect: Dialect| BadPart::new(String::new(), format!("{dialect} is not translated"));
    let from = operation.dialect();
    let mut losses = Losses::default();
    let read = few::request(|| translated!(from, D => D::read_request(head, &mut losses)));
    let mut request = read.ok_or_else(|| untranslated(from))??;
    let short = translated!(to.dialect, D => D::SHORT_NAMES).unwrap_or(false);
    let names = if short { names::shorten(&mut request) } else { Box::default() };
    let written = translated!(to.dialect, D => D::write_request(&request, to, &mut losses));
    let Written { body, schema_tool } = written.ok_or_else(|| untranslated(to.dialect))?;
    let echo = Echo {
        operation,
        upstream: to.dialect.operation(),
        schema_tool,
        legacy_functions: request.legacy_functions,
        hide_reasoning: request.hide_reasoning,
        include_usage: head.include_usage,
        seal_format: to.seal_format().into(),
        names,
    };
    Ok(Translated { body: body.into(), losses, echo })
}

/// Translates a whole answer back. The second is what could not be said: words for the counter.
///
/// # Errors
/// [`crate::Kind::Malformed`] for a body that is no answer; an error in the body as what it is.
pub fn whole(body: &[u8], echo: &Echo, stamp: &Stamp<'_>) -> Result<(Bytes, Vec<&'static str>), Failure> {
    let malformed = || Failure::local(crate::Kind::Malformed, "the answer is in a dialect that is not translated");
    let mut answer = translated!(echo.upstream.dialect(), D => D::read_answer(body)).ok_or_else(malformed)??;
    echo.adjust(&mut answer, stamp);
    let bytes = translated!(echo.operation.dialect(), D => D::write_answer(&answer, &echo.style(), stamp));
    let bytes = bytes.ok_or_else(malformed)?;
    answer.lost.sort_unstable();
    answer.lost.dedup();
    Ok((bytes.into(), answer.lost))
}

impl Echo {
    /// How the caller wants its answer written.
    fn style(&self) -> Style<'_> {
        Style {
            legacy_functions: self.legacy_functions,
            include_usage: self.include_usage,
            seal_format: &self.seal_format,
        }
    }

    /// What only the request explains: the tool that stands for a schema, whose seals these are, calls without an id.
    fn adjust<'a>(&'a self, answer: &mut Answer<'a>, stamp: &Stamp<'_>) {
        if self.hide_reasoning {
            answer.pieces.retain_mut(|piece| match piece {
                Piece::Thought(thought) => {
                    thought.text = Text::default();
                    thought.seal.is_some() && !self.hides_seals()
                }
                _ => true,
            });
        }
        // One answer: a second one of the same form is not joined to it.
        let mut schemas = 0;
        answer.pieces.retain(|piece| {
            let is_schema = matches!(piece, Piece::Call(call) if self.is_schema_tool(&call.name));
            schemas += u32::from(is_schema);
            !is_schema || schemas == 1
        });
        let nameless = translated!(self.upstream.dialect(), D => D::NAMELESS_SEALS).unwrap_or(false);
        let mut calls = 0;
        for piece in &mut answer.pieces {
            match piece {
                Piece::Thought(thought) if thought.format.is_none() && nameless => {
                    thought.format = Some(Text::from(&*self.seal_format));
                }
                Piece::Call(call) if self.is_schema_tool(&call.name) => {
                    *piece = Piece::Text(std::mem::take(&mut call.input));
                    if let Some((stop @ Stop::ToolUse, _)) = &mut answer.stop {
                        *stop = Stop::EndTurn;
                    }
                }
                Piece::Call(call) => {
                    if call.id.is_empty() {
                        call.id = made_up_id(stamp, calls);
                    }
                    call.name = self.long_name(std::mem::take(&mut call.name));
                    calls += 1;
                }
                Piece::Text(_) | Piece::Refusal(_) | Piece::Thought(_) => {}
            }
        }
    }

    /// Some dialects' callers who want no thoughts shown still get the seals, and send them back; others get neither.
    fn hides_seals(&self) -> bool {
        self.hide_reasoning && !translated!(self.operation.dialect(), D => D::KEEPS_SEALS).unwrap_or(false)
    }

    /// The caller's own name of a tool.
    fn long_name<'n>(&self, name: Text<'n>) -> Text<'n> {
        match self.names.iter().find(|(short, _)| **short == *name) {
            Some((_, long)) => Text::from(long.to_string()),
            None => name,
        }
    }

    fn is_schema_tool(&self, name: &str) -> bool {
        self.schema_tool == Some(name)
    }
}

/// An id for a call that its vendor gave none.
fn made_up_id(stamp: &Stamp<'_>, call: u32) -> Text<'static> {
    Text::from(format!("call_{}", openai::ids::letters(&format!("{}/{call}", stamp.request_id), 24)))
}

#[cfg(test)]
mod tests;

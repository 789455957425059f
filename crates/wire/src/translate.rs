//! From the caller's dialect to the target's and back, through the hub.
//!
//! [`request`] makes the body that is sent and an [`Echo`] of what the answer needs to be read by; [`whole`] and
//! [`Stream`] bring the answer back. Decoders and encoders live with their dialects; the `match`es here are the only
//! place where dialects meet.

mod names;
mod stream;
pub mod turned;

use bytes::Bytes;

pub use stream::{Closing, Stream, Unfit};

use crate::{
    Dialect, Failure, Head, Operation, anthropic, few,
    hub::{Answer, Losses, Piece, Stop, Text},
    openai,
    profile::Profile,
};

/// The operation that a target of `dialect` is asked for in place of the caller's `operation`: another one where the
/// dialects differ, `None` where nothing comes near it. An OpenAI-speaking provider answers Messages by chat
/// completions, which every such provider has (R12).
pub fn upstream(operation: Operation, dialect: Dialect) -> Option<Operation> {
    match (operation, dialect) {
        (same, dialect) if same.dialect() == dialect => Some(same),
        (Operation::Messages, Dialect::OpenAi) => Some(Operation::ChatCompletions),
        (Operation::ChatCompletions, Dialect::Anthropic) => Some(Operation::Messages),
        _ => None,
    }
}

/// A part of a request that is not what the caller's dialect says it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPart {
    /// Where: `messages[3].role`.
    pub place: String,
    /// What is wrong with it.
    pub what: String,
}

impl BadPart {
    pub(crate) fn new(place: String, what: String) -> Self {
        Self { place, what }
    }
}

impl std::fmt::Display for BadPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`: {}", self.place, self.what)
    }
}

/// Reads the value of member `key`; an error says where in it.
pub(crate) fn parse<'a, T: serde::Deserialize<'a>>(key: &str, raw: &'a str) -> Result<T, BadPart> {
    serde_json::from_str(raw).map_err(|_| {
        // Read a second time, slowly, to learn the place.
        let mut json = serde_json::Deserializer::from_str(raw);
        match serde_path_to_error::deserialize::<_, T>(&mut json) {
            Ok(_) => BadPart::new(key.to_owned(), "cannot be read".to_owned()),
            Err(error) => {
                let path = error.path().to_string();
                let dot = if path.starts_with('[') || path == "." { "" } else { "." };
                let place = if path == "." { key.to_owned() } else { format!("{key}{dot}{path}") };
                let what = error.into_inner().to_string();
                // Line and column count within the member, which nobody can see.
                let what = what.split(" at line ").next().unwrap_or_default().to_owned();
                BadPart::new(place, what)
            }
        }
    })
}

/// What of a request its answer depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Echo {
    /// What the caller asked for.
    pub operation: Operation,
    /// What the target is asked for.
    pub upstream: Operation,
    /// A schema went as a tool: the tool's input is the answer's text.
    schema_tool: bool,
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
    let mut losses = Losses::default();
    let mut request = few::request(|| match operation.dialect() {
        Dialect::OpenAi => openai::request::decode(head, &mut losses),
        Dialect::Anthropic => anthropic::request::decode(head, &mut losses),
    })?;
    let names = if to.dialect == Dialect::OpenAi { names::shorten(&mut request) } else { Box::default() };
    let (body, schema_tool) = match to.dialect {
        Dialect::OpenAi => (openai::request::encode(&request, to, &mut losses), false),
        Dialect::Anthropic => {
            let encoded = anthropic::request::encode(&request, to, &mut losses);
            (encoded.body, encoded.schema_tool)
        }
    };
    let echo = Echo {
        operation,
        upstream: upstream(operation, to.dialect).unwrap_or(operation),
        schema_tool,
        legacy_functions: request.legacy_functions,
        hide_reasoning: request.hide_reasoning,
        include_usage: head.include_usage,
        seal_format: to.seal_format().into(),
        names,
    };
    Ok(Translated { body: body.into(), losses, echo })
}

/// What an answer of ours says of itself where the upstream's says nothing.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// Unix seconds.
    pub created: u64,
    /// Id of the request.
    pub request_id: &'a str,
}

/// Translates a whole answer back. The second is what could not be said: words for the counter.
///
/// # Errors
/// [`crate::Kind::Malformed`] for a body that is no answer; an error in the body as what it is.
pub fn whole(body: &[u8], echo: &Echo, stamp: &Stamp<'_>) -> Result<(Bytes, Vec<&'static str>), Failure> {
    let mut answer = match echo.upstream.dialect() {
        Dialect::OpenAi => openai::response::decode(body)?,
        Dialect::Anthropic => anthropic::response::decode(body)?,
    };
    echo.adjust(&mut answer, stamp);
    let bytes = match echo.operation.dialect() {
        Dialect::OpenAi => openai::response::encode(&answer, echo.legacy_functions, stamp),
        Dialect::Anthropic => anthropic::response::encode(&answer, stamp),
    };
    answer.lost.sort_unstable();
    answer.lost.dedup();
    Ok((bytes.into(), answer.lost))
}

impl Echo {
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
        let mut calls = 0;
        for piece in &mut answer.pieces {
            match piece {
                Piece::Thought(thought)
                    if thought.format.is_none() && self.upstream.dialect() == Dialect::Anthropic =>
                {
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

    /// Anthropic's callers who want no thoughts shown still get the seals, and send them back; chat callers get neither.
    fn hides_seals(&self) -> bool {
        self.hide_reasoning && self.operation.dialect() == Dialect::OpenAi
    }

    /// The caller's own name of a tool.
    fn long_name<'n>(&self, name: Text<'n>) -> Text<'n> {
        match self.names.iter().find(|(short, _)| **short == *name) {
            Some((_, long)) => Text::from(long.to_string()),
            None => name,
        }
    }

    fn is_schema_tool(&self, name: &str) -> bool {
        self.schema_tool && name == anthropic::request::SCHEMA_TOOL
    }
}

/// An id for a call that its vendor gave none.
fn made_up_id(stamp: &Stamp<'_>, call: u32) -> Text<'static> {
    Text::from(format!("call_{}", openai::ids::letters(&format!("{}/{call}", stamp.request_id), 24)))
}

#[cfg(test)]
mod tests;

//! A whole message to the hub.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    Failure, Kind,
    anthropic::{
        stop,
        stream::{BlockIn, StopDetails},
        usage,
    },
    failure::said,
    few,
    hub::{Answer, Call, Piece, Text, Thought},
    loose::Word,
};

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default)]
    id: Word<'a>,
    #[serde(borrow, default)]
    model: Word<'a>,
    #[serde(borrow, default)]
    content: Option<few::All<BlockIn<'a>>>,
    #[serde(borrow, default)]
    stop_reason: Word<'a>,
    #[serde(borrow, default)]
    stop_sequence: Word<'a>,
    #[serde(borrow, default)]
    stop_details: Option<StopDetails<'a>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// Reads a 2xx body.
///
/// # Errors
/// [`Kind::Malformed`] for what is no message; an error in the body as what it is.
pub fn decode(body: &[u8]) -> Result<Answer<'_>, Failure> {
    let read: Body<'_> = serde_json::from_slice(body)
        .map_err(|error| Failure::local(Kind::Malformed, format!("the answer is not the JSON expected: {error}")))?;
    if let Some(raw) = read.error.filter(|raw| raw.get() != "null") {
        return Err(said::in_band(raw.get()));
    }
    let few::All(blocks) = read.content.ok_or_else(|| Failure::local(Kind::Malformed, "the answer has no content"))?;
    let mut answer = Answer {
        id: read.id.0.unwrap_or_default(),
        model: read.model.0.unwrap_or_default(),
        stop: read.stop_reason.0.map(|native| (stop::read(&native), native)),
        sequence: read.stop_sequence.0,
        usage: read.usage.and_then(|raw| usage::read(raw.get())).unwrap_or_default(),
        ..Answer::default()
    };
    for block in blocks {
        piece(block, &mut answer);
    }
    if let Some(said) = read.stop_details.and_then(|details| details.explanation.0) {
        answer.pieces.push(Piece::Refusal(said));
    }
    Ok(answer)
}

fn piece<'a>(block: BlockIn<'a>, answer: &mut Answer<'a>) {
    if block.citations.is_some_and(|raw| !matches!(raw.get(), "null" | "[]")) {
        answer.lost.push("content.citations");
    }
    let seal = |seal: Option<Text<'a>>| seal.filter(|seal| !seal.is_empty());
    answer.pieces.push(match &*block.kind {
        "text" => Piece::Text(block.text.0.unwrap_or_default()),
        "thinking" => Piece::Thought(Thought {
            text: block.thinking.0.unwrap_or_default(),
            seal: seal(block.signature.0),
            ..Thought::default()
        }),
        "redacted_thinking" => {
            Piece::Thought(Thought { seal: seal(block.data.0), redacted: true, ..Thought::default() })
        }
        "tool_use" => Piece::Call(Call {
            id: block.id.0.unwrap_or_default(),
            name: block.name.0.unwrap_or_default(),
            input: Text::from(block.input.map_or("{}", RawValue::get)),
            cache: None,
            extra: None,
        }),
        // Tools that Anthropic runs itself, and what they returned.
        _ => return answer.lost.push("content.hosted_tool"),
    });
}

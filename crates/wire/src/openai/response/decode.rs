//! A whole chat completion to the hub.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    Failure, Kind,
    failure::said,
    few,
    hub::{Answer, Call, Event, Piece, Text},
    loose::Word,
    openai::{
        reasoning, stop,
        stream::{CallIn, Content, Delta, text_or_json},
        usage,
    },
};

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default)]
    id: Word<'a>,
    #[serde(borrow, default)]
    model: Word<'a>,
    #[serde(borrow, default, deserialize_with = "few::first")]
    choices: Vec<Choice<'a>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, default)]
    message: Option<Delta<'a>>,
    #[serde(borrow, default)]
    finish_reason: Word<'a>,
    #[serde(borrow, default)]
    stop_reason: Word<'a>,
}

/// Reads a 2xx body. Choices but the first are left out: only one was asked for.
///
/// # Errors
/// [`Kind::Malformed`] for what is no chat completion; an error in the body as what it is.
pub fn decode(body: &[u8]) -> Result<Answer<'_>, Failure> {
    let read: Body<'_> = serde_json::from_slice(body)
        .map_err(|error| Failure::local(Kind::Malformed, format!("the answer is not the JSON expected: {error}")))?;
    if let Some(raw) = read.error.filter(|raw| raw.get() != "null") {
        return Err(said::in_band(raw.get()));
    }
    let choice = read.choices.into_iter().next();
    let choice = choice.ok_or_else(|| Failure::local(Kind::Malformed, "the answer has no choices"))?;
    let mut answer = Answer {
        id: read.id.0.unwrap_or_default(),
        model: read.model.0.unwrap_or_default(),
        usage: read.usage.and_then(|raw| usage::read(raw.get())).unwrap_or_default(),
        sequence: choice.stop_reason.0,
        ..Answer::default()
    };
    if let Some(message) = choice.message {
        pieces(message, &mut answer);
    }
    let called = answer.pieces.iter().any(|piece| matches!(piece, Piece::Call(_)));
    answer.stop = choice.finish_reason.0.map(|native| (stop::read(&native, called), native));
    Ok(answer)
}

fn pieces<'a>(message: Delta<'a>, answer: &mut Answer<'a>) {
    let plain = message.reasoning_content.0.or(message.reasoning.0);
    let thoughts = reasoning::thoughts(plain, message.reasoning_details);
    answer.pieces.extend(thoughts.into_iter().map(Piece::Thought));
    match message.content {
        Some(Content::Text(text)) if !text.is_empty() => answer.pieces.push(Piece::Text(text)),
        Some(Content::Parts(parts)) => {
            let mut fold = crate::hub::Fold::default();
            parts.into_iter().for_each(|part| part.events(&mut |event: Event<'a>| fold.add(&event)));
            answer.pieces.extend(fold.finish().pieces);
        }
        _ => {}
    }
    if let Some(refusal) = message.refusal.0.filter(|text| !text.is_empty()) {
        answer.pieces.push(Piece::Refusal(refusal));
    }
    let legacy = message.function_call.map(|function| CallIn {
        id: Word(function.name.0.clone()),
        function: Some(function),
        ..CallIn::default()
    });
    for call in message.tool_calls.into_iter().chain(legacy) {
        let function = call.function.unwrap_or_default();
        answer.pieces.push(Piece::Call(Call {
            id: call.id.0.unwrap_or_default(),
            name: function.name.0.unwrap_or_default(),
            input: function.arguments.map(text_or_json).unwrap_or_default(),
            cache: None,
            extra: call.extra_content.map(|raw| Text::from(raw.get())),
        }));
    }
    for (there, what) in [
        (message.audio, "content.audio"),
        (message.annotations, "content.annotations"),
        (message.images, "content.images"),
        (message.executed_tools, "content.executed_tools"),
    ] {
        if there.is_some_and(|raw| !matches!(raw.get(), "null" | "[]")) {
            answer.lost.push(what);
        }
    }
}

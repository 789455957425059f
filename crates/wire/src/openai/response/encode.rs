//! The hub to a whole chat completion.

use crate::{
    hub::{Answer, Call, Piece, Stamp, Thought},
    json::{self, Object},
    openai::{reasoning, stop, usage},
};

/// Writes `answer`.
pub(crate) fn encode(answer: &Answer<'_>, legacy_functions: bool, stamp: &Stamp<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    let id = if answer.id.is_empty() { stamp.request_id } else { &*answer.id };
    json::object(&mut out, |body| {
        body.text("id", id).text("object", "chat.completion").number("created", stamp.created);
        body.text("model", &answer.model);
        body.array("choices", |choices| {
            choices.object(|choice| {
                choice.number("index", 0);
                choice.object("message", |message| write_message(answer, legacy_functions, message));
                choice.raw("logprobs", "null");
                match &answer.stop {
                    Some((stop, native)) => {
                        choice.text("finish_reason", stop::write(*stop, legacy_functions));
                        choice.text("native_finish_reason", native)
                    }
                    // Never made up (U14).
                    None => choice.raw("finish_reason", "null").raw("native_finish_reason", "null"),
                };
            });
        });
        body.raw("system_fingerprint", "null");
        if answer.usage.is_known() {
            usage::write(&answer.usage, None, body.key("usage"));
        }
    });
    out
}

fn write_message(answer: &Answer<'_>, legacy_functions: bool, message: &mut Object<'_>) {
    let mut text = None::<String>;
    let mut refusal = None::<String>;
    let mut thoughts: Vec<&Thought<'_>> = Vec::new();
    let mut calls: Vec<&Call<'_>> = Vec::new();
    for piece in &answer.pieces {
        match piece {
            Piece::Text(more) => text.get_or_insert_default().push_str(more),
            Piece::Refusal(more) => refusal.get_or_insert_default().push_str(more),
            Piece::Thought(thought) => thoughts.push(thought),
            Piece::Call(call) => calls.push(call),
        }
    }
    message.text("role", "assistant");
    match text {
        Some(text) => {
            message.text("content", &text);
        }
        // Nothing but a call, or a refusal: then the content is null, as OpenAI has it.
        None if !calls.is_empty() || refusal.is_some() => {
            message.raw("content", "null");
        }
        None => {
            message.text("content", "");
        }
    }
    match refusal {
        Some(refusal) => {
            message.text("refusal", &refusal);
        }
        None => {
            message.raw("refusal", "null");
        }
    }
    if !thoughts.is_empty() {
        let said: String = thoughts.iter().map(|thought| &*thought.text).collect();
        if !said.is_empty() {
            message.text("reasoning", &said).text("reasoning_content", &said);
        }
        message.array("reasoning_details", |list| {
            for (index, thought) in thoughts.iter().enumerate() {
                list.object(|object| reasoning::write_detail(object, index, thought));
            }
        });
    }
    match calls.as_slice() {
        [] => {}
        [call, ..] if legacy_functions => {
            message.object("function_call", |function| write_function(call, function));
        }
        calls => {
            message.array("tool_calls", |list| {
                for call in calls {
                    list.object(|object| {
                        object.text("id", &call.id).text("type", "function");
                        object.object("function", |function| write_function(call, function));
                        if let Some(extra) = &call.extra {
                            object.raw("extra_content", extra);
                        }
                    });
                }
            });
        }
    }
}

fn write_function(call: &Call<'_>, function: &mut Object<'_>) {
    let input = if call.input.is_empty() { "{}" } else { &*call.input };
    function.text("name", &call.name).text("arguments", input);
}

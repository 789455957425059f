//! The conversation as turns of blocks.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::value::RawValue;

use super::{
    super::thinking::{Thinking, verifies},
    form::Form,
};
use crate::{
    anthropic::seal,
    hub::{Call, Class, File, Image, Losses, Part, Request, Role, Source, Text, Thought, ToolResult, Turn},
    json::{self, Array, Object},
    profile::{Claude, Profile},
};

pub(super) fn system(request: &Request<'_>, form: &Form<'_>, body: &mut Object<'_>, losses: &mut Losses) {
    let late = || request.turns.iter().filter(|turn| turn.role == Role::System).flat_map(|turn| &turn.parts);
    // Without any other turn the instructions are the question.
    let lone = request.turns.iter().all(|turn| turn.role == Role::System);
    if late().next().is_some() && !lone {
        losses.hint("messages.system.position");
    }
    let words = if let Form::Words(words) = form { Some(words.as_str()) } else { None };
    let parts: Vec<(&str, Option<&RawValue>)> = request
        .system
        .iter()
        .chain(late())
        .filter_map(|part| match part {
            Part::Text { text, cache } if !text.trim().is_empty() => Some((&**text, *cache)),
            _ => None,
        })
        .filter(|_| !lone)
        .chain(words.map(|words| (words, None)))
        .collect();
    match parts.as_slice() {
        [] => {}
        [(text, None)] => {
            body.text("system", text);
        }
        many => {
            body.array("system", |list| many.iter().for_each(|(text, cache)| text_block(text, *cache, list)));
        }
    }
}

fn text_block(text: &str, cache: Option<&RawValue>, list: &mut Array<'_>) {
    list.object(|block| {
        block.text("type", "text").text("text", text);
        hint(block, cache);
    });
}

pub(super) fn hint(block: &mut Object<'_>, cache: Option<&RawValue>) {
    if let Some(cache) = cache {
        block.raw("cache_control", cache.get());
    }
}

/// Neighbours of one role become one turn: the results of parallel calls have to stand in one.
pub(super) fn conversation(
    request: &Request<'_>,
    to: &Profile<'_>,
    thinking: Thinking,
    messages: &mut Array<'_>,
    losses: &mut Losses,
) {
    let spoken: Vec<&Turn<'_>> = request.turns.iter().filter(|turn| turn.role != Role::System).collect();
    if spoken.is_empty() {
        let parts: Vec<&Part<'_>> =
            request.system.iter().chain(request.turns.iter().flat_map(|turn| &turn.parts)).collect();
        return one_turn(Role::User, &parts, true, to, thinking, messages, losses);
    }
    let mut groups: Vec<(Role, Vec<&Part<'_>>)> = Vec::with_capacity(spoken.len());
    for turn in spoken {
        match groups.last_mut() {
            Some((role, parts)) if *role == turn.role => parts.extend(&turn.parts),
            _ => groups.push((turn.role, turn.parts.iter().collect())),
        }
    }
    if groups.first().is_some_and(|(role, _)| *role == Role::Assistant) {
        // Anthropic wants the user to begin.
        losses.hint("messages.first_turn");
        messages.object(|message| {
            message.text("role", "user").text("content", "(begin)");
        });
    }
    let last = groups.len().saturating_sub(1);
    for (at, (role, parts)) in groups.iter().enumerate() {
        one_turn(*role, parts, at == last, to, thinking, messages, losses);
    }
    let continues = groups.last().is_some_and(|(role, _)| *role == Role::Assistant);
    if continues && Claude::of(to.model).is_some_and(|claude| !claude.prefill) {
        // Newer models refuse to go on from words put into their mouth.
        losses.parameter("prefill");
        messages.object(|message| {
            message.text("role", "user").text("content", "(continue)");
        });
    }
}

fn one_turn(
    role: Role,
    parts: &[&Part<'_>],
    last: bool,
    to: &Profile<'_>,
    thinking: Thinking,
    messages: &mut Array<'_>,
    losses: &mut Losses,
) {
    let mut blocks = Vec::new();
    json::array(&mut blocks, |list| {
        // Results first, as Anthropic demands; reasoning first in what the model said (R3).
        let (first, rest): (Vec<&Part<'_>>, Vec<&Part<'_>>) =
            parts.iter().partition(|part| matches!(part, Part::Result(_) | Part::Thought(_)));
        let mut ordered = first.into_iter().chain(rest).peekable();
        while let Some(part) = ordered.next() {
            let ends = last && role == Role::Assistant && ordered.peek().is_none();
            block(part, ends, to, thinking, list, losses);
        }
    });
    let empty = blocks == b"[]";
    if empty && role == Role::Assistant {
        // A turn in which nothing was said is left out: Anthropic refuses it.
        return;
    }
    messages.object(|message| {
        message.text("role", if role == Role::Assistant { "assistant" } else { "user" });
        if empty {
            message.text("content", "(empty)");
        } else {
            message.key("content").extend_from_slice(&blocks);
        }
    });
}

fn block(part: &Part<'_>, ends: bool, to: &Profile<'_>, thinking: Thinking, list: &mut Array<'_>, losses: &mut Losses) {
    match part {
        Part::Text { text, cache } => {
            // Anthropic refuses empty texts, and white space at the end of a last word put into its mouth.
            let text = if ends { text.trim_end() } else { text };
            if !text.trim().is_empty() {
                text_block(text, *cache, list);
            }
        }
        Part::Refusal(text) if text.trim().is_empty() => {}
        Part::Refusal(text) => text_block(text, None, list),
        Part::Image(Image { source: from, detail, cache }) => {
            if detail.as_deref().is_some_and(|detail| detail != "auto") {
                losses.hint("messages.image_url.detail");
            }
            if !matches!(from, Source::Base64 { .. } | Source::Url(_)) {
                return losses.content("messages.image.file");
            }
            list.object(|block| {
                block.text("type", "image");
                source(from, block);
                hint(block, *cache);
            });
        }
        Part::File(File { source: from, name, cache }) => {
            let Some(from) = document(from, losses) else { return };
            list.object(|block| {
                block.text("type", "document");
                source(&from, block);
                if let Some(name) = name {
                    block.text("title", name);
                }
                hint(block, *cache);
            });
        }
        Part::Audio(_) => losses.content("messages.input_audio"),
        Part::Call(call) => {
            if call.extra.is_some() {
                losses.hint("messages.tool_calls.extra_content");
            }
            tool_use(call, list);
        }
        Part::Result(result) => tool_result(result, to, thinking, list, losses),
        Part::Thought(thought) => {
            if thinking == Thinking::Off || !verifies(to, thought) {
                return losses.hint("messages.reasoning");
            }
            write_thought(thought, list);
        }
        Part::Other(kind) => losses.foreign(Class::Content, "messages", kind),
    }
}

/// A document as Anthropic takes it: PDFs as they are, texts as text. `None` for what it takes in no form, which is noted.
fn document<'s>(source: &Source<'s>, losses: &mut Losses) -> Option<Source<'s>> {
    match source {
        Source::Uploaded(_) => {
            losses.content("messages.file.file_id");
            None
        }
        Source::Base64 { media_type, .. } if &**media_type == "application/pdf" => Some(source.clone()),
        Source::Base64 { media_type, data } => {
            let text = is_text(media_type).then(|| BASE64_STANDARD.decode(data.as_bytes()).ok()).flatten();
            let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
            if text.is_none() {
                losses.content("messages.file.media_type");
            }
            text.map(|text| Source::Plain(Text::from(text)))
        }
        Source::Url(_) | Source::Plain(_) => Some(source.clone()),
    }
}

fn is_text(media_type: &str) -> bool {
    media_type.starts_with("text/") || matches!(media_type, "application/json" | "application/xml" | "application/yaml")
}

fn write_thought(thought: &Thought<'_>, list: &mut Array<'_>) {
    let seal = thought.seal.as_deref().unwrap_or_default();
    list.object(|block| {
        if thought.redacted {
            block.text("type", "redacted_thinking").text("data", seal);
        } else {
            block.text("type", "thinking").text("thinking", &thought.text).text("signature", seal);
        }
    });
}

fn source(source: &Source<'_>, block: &mut Object<'_>) {
    block.object("source", |object| match source {
        Source::Base64 { media_type, data } => {
            object.text("type", "base64").text("media_type", media_type).text("data", data);
        }
        Source::Url(url) => {
            object.text("type", "url").text("url", url);
        }
        Source::Plain(text) => {
            object.text("type", "text").text("media_type", "text/plain").text("data", text);
        }
        Source::Uploaded(id) => {
            object.text("type", "file").text("file_id", id);
        }
    });
}

fn tool_use(call: &Call<'_>, list: &mut Array<'_>) {
    list.object(|block| {
        block.text("type", "tool_use").text("id", &seal::call_id(&call.id, None)).text("name", &call.name);
        block.raw("input", &json::tool_input(&call.input));
        hint(block, call.cache);
    });
}

fn tool_result(
    result: &ToolResult<'_>,
    to: &Profile<'_>,
    thinking: Thinking,
    list: &mut Array<'_>,
    losses: &mut Losses,
) {
    list.object(|block_out| {
        block_out.text("type", "tool_result").text("tool_use_id", &seal::call_id(&result.id, None));
        match result.parts.as_slice() {
            [] => {}
            [Part::Text { text, cache: None }] => {
                block_out.text("content", text);
            }
            parts => {
                block_out.array("content", |inner| {
                    parts.iter().for_each(|part| block(part, false, to, thinking, inner, losses));
                });
            }
        }
        if result.is_error {
            block_out.flag("is_error", true);
        }
        hint(block_out, result.cache);
    });
}

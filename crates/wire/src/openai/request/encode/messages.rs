//! The conversation as chat messages.

use std::borrow::Cow;

use crate::{
    hub::{Call, Class, File, Image, Losses, Part, Request, Role, Source, Thought, ToolResult, Turn},
    json::{Array, Object},
    openai::{ids, reasoning},
    profile::{Prefill, Quirks, Thoughts},
};

pub(super) fn prefills(request: &Request<'_>) -> bool {
    let calls = |turn: &Turn<'_>| turn.parts.iter().any(|part| matches!(part, Part::Call(_)));
    request.turns.last().is_some_and(|turn| turn.role == Role::Assistant && !calls(turn))
}

pub(super) fn conversation(request: &Request<'_>, quirks: &Quirks, messages: &mut Array<'_>, losses: &mut Losses) {
    if !request.system.is_empty() {
        messages.object(|message| {
            message.text("role", "system");
            content(&request.system, quirks, message, losses, "\n\n");
        });
    }
    let last = request.turns.len().saturating_sub(1);
    for (at, turn) in request.turns.iter().enumerate() {
        match turn.role {
            Role::System => messages.object(|message| {
                message.text("role", "system");
                content(&turn.parts, quirks, message, losses, "\n\n");
            }),
            Role::User => user(turn, quirks, messages, losses),
            Role::Assistant => assistant(turn, at == last, quirks, messages, losses),
        }
    }
}

/// Results of tools first, each a message of its own; then what the user says. Pictures that a tool returned have no
/// room in its message: they follow in the user's (R11).
fn user(turn: &Turn<'_>, quirks: &Quirks, messages: &mut Array<'_>, losses: &mut Losses) {
    let mut rest: Vec<&Part<'_>> = Vec::new();
    let mut shown: Vec<(&str, &Part<'_>)> = Vec::new();
    for part in &turn.parts {
        let Part::Result(result) = part else {
            rest.push(part);
            continue;
        };
        tool_message(result, quirks, messages, losses);
        let pictures = result.parts.iter().filter(|part| !matches!(part, Part::Text { .. }));
        shown.extend(pictures.map(|part| (&*result.id, part)));
    }
    if rest.is_empty() && shown.is_empty() {
        return;
    }
    messages.object(|message| {
        message.text("role", "user");
        if shown.is_empty() {
            content(&turn.parts, quirks, message, losses, "");
            return;
        }
        message.array("content", |parts| {
            for (id, picture) in &shown {
                parts.object(|part| {
                    part.text("type", "text").text("text", &format!("Returned by tool call {}:", ids::fit(id, quirks)));
                });
                write_part(picture, quirks, parts, losses);
            }
            rest.iter().for_each(|part| write_part(part, quirks, parts, losses));
        });
    });
}

fn tool_message(result: &ToolResult<'_>, quirks: &Quirks, messages: &mut Array<'_>, losses: &mut Losses) {
    if result.is_error {
        losses.hint("messages.tool_result.is_error");
    }
    let hint = result.cache.or(result.parts.iter().find_map(|part| match part {
        Part::Text { cache, .. } => *cache,
        _ => None,
    }));
    if hint.is_some() && !quirks.cache_control {
        losses.hint("cache_control");
    }
    messages.object(|message| {
        message.text("role", "tool").text("tool_call_id", &ids::fit(&result.id, quirks));
        let texts: Vec<&str> = result.parts.iter().filter_map(as_text).collect();
        let text = joined(&texts, "\n");
        match hint.filter(|_| quirks.cache_control) {
            None => {
                message.text("content", &text);
            }
            Some(cache) => {
                message.array("content", |parts| {
                    parts.object(|part| {
                        part.text("type", "text").text("text", &text).raw("cache_control", cache.get());
                    });
                });
            }
        }
    });
}

fn as_text<'p>(part: &'p Part<'_>) -> Option<&'p str> {
    match part {
        Part::Text { text, .. } => Some(text),
        _ => None,
    }
}

fn joined<'t>(texts: &[&'t str], separator: &str) -> Cow<'t, str> {
    match texts {
        [] => Cow::Borrowed(""),
        [one] => Cow::Borrowed(one),
        many => Cow::Owned(many.join(separator)),
    }
}

/// `content` as a string where it is text alone, else as parts. A cache hint needs parts too.
fn content(parts: &[Part<'_>], quirks: &Quirks, message: &mut Object<'_>, losses: &mut Losses, separator: &str) {
    let said = || parts.iter().filter(|part| !matches!(part, Part::Result(_)));
    let hinted = said().any(|part| matches!(part, Part::Text { cache: Some(_), .. }));
    let texts: Option<Vec<&str>> = said().map(as_text).collect();
    match texts {
        Some(texts) if !(hinted && quirks.cache_control) && (texts.len() < 2 || !separator.is_empty()) => {
            if hinted {
                losses.hint("cache_control");
            }
            message.text("content", &joined(&texts, separator));
        }
        _ => {
            message.array("content", |list| said().for_each(|part| write_part(part, quirks, list, losses)));
        }
    }
}

fn write_part(part: &Part<'_>, quirks: &Quirks, parts: &mut Array<'_>, losses: &mut Losses) {
    let hint = |object: &mut Object<'_>, cache: Option<&serde_json::value::RawValue>, losses: &mut Losses| match cache {
        Some(cache) if quirks.cache_control => {
            object.raw("cache_control", cache.get());
        }
        Some(_) => losses.hint("cache_control"),
        None => {}
    };
    match part {
        Part::Text { text, cache } => parts.object(|object| {
            object.text("type", "text").text("text", text);
            hint(object, *cache, losses);
        }),
        Part::Image(Image { source, detail, cache }) => {
            let url: Cow<'_, str> = match source {
                Source::Base64 { media_type, data } => format!("data:{};base64,{}", &**media_type, &**data).into(),
                Source::Url(url) => Cow::Borrowed(url),
                Source::Uploaded(_) | Source::Plain(_) => return losses.content("messages.image.file"),
            };
            parts.object(|object| {
                object.text("type", "image_url").object("image_url", |image| {
                    image.text("url", &url);
                    if let Some(detail) = detail {
                        image.text("detail", detail);
                    }
                });
                hint(object, *cache, losses);
            });
        }
        Part::File(file) => document(file, quirks, parts, losses),
        Part::Audio(audio) => parts.object(|object| {
            object.text("type", "input_audio").object("input_audio", |inner| {
                inner.text("data", &audio.data).text("format", &audio.format);
            });
        }),
        Part::Refusal(text) => parts.object(|object| {
            object.text("type", "text").text("text", text);
        }),
        Part::Other(kind) => losses.foreign(Class::Content, "messages", kind),
        // Written elsewhere: as messages, or as members of the assistant's.
        Part::Result(_) | Part::Call(_) | Part::Thought(_) => {}
    }
}

fn document(file: &File<'_>, quirks: &Quirks, parts: &mut Array<'_>, losses: &mut Losses) {
    let data: Cow<'_, str> = match &file.source {
        Source::Base64 { media_type, data } => format!("data:{};base64,{}", &**media_type, &**data).into(),
        Source::Url(url) if quirks.file_urls => Cow::Borrowed(url),
        Source::Plain(text) => {
            let title = file.name.as_deref().map(|name| format!("{name}:\n")).unwrap_or_default();
            return parts.object(|object| {
                object.text("type", "text").text("text", &format!("{title}{}", &**text));
            });
        }
        Source::Url(_) => return losses.content("messages.document.url"),
        Source::Uploaded(_) => return losses.content("messages.document.file"),
    };
    if file.cache.is_some() && !quirks.cache_control {
        losses.hint("cache_control");
    }
    parts.object(|object| {
        object.text("type", "file").object("file", |inner| {
            // OpenAI refuses a file without a name.
            inner.text("filename", file.name.as_deref().unwrap_or("document.pdf")).text("file_data", &data);
        });
        if let Some(cache) = file.cache.filter(|_| quirks.cache_control) {
            object.raw("cache_control", cache.get());
        }
    });
}

fn assistant(turn: &Turn<'_>, last: bool, quirks: &Quirks, messages: &mut Array<'_>, losses: &mut Losses) {
    let calls: Vec<&Call<'_>> = turn.parts.iter().filter_map(as_call).collect();
    let mut texts: Vec<&str> = Vec::new();
    let mut thoughts: Vec<&Thought<'_>> = Vec::new();
    let mut refusal = None;
    for part in &turn.parts {
        match part {
            Part::Text { text, cache } => {
                texts.push(text);
                if cache.is_some() {
                    losses.hint("cache_control");
                }
            }
            Part::Thought(thought) => thoughts.push(thought),
            Part::Refusal(text) => refusal = Some(text),
            // What a vendor's own tools did is told again in the text that follows it.
            Part::Other(kind) => losses.foreign(Class::Parameter, "messages", kind),
            Part::Image(_) | Part::File(_) | Part::Audio(_) => losses.content("messages.assistant.media"),
            Part::Call(_) | Part::Result(_) => {}
        }
    }
    let prefill = last && calls.is_empty();
    if prefill && quirks.prefill.is_none() {
        losses.parameter("prefill");
    }
    messages.object(|message| {
        message.text("role", "assistant");
        if texts.is_empty() && !calls.is_empty() {
            message.raw("content", "null");
        } else {
            message.text("content", &joined(&texts, ""));
        }
        if let Some(refusal) = refusal {
            message.text("refusal", refusal);
        }
        earlier_thoughts(&thoughts, quirks, message, losses);
        if prefill && quirks.prefill == Some(Prefill::Prefix) {
            message.flag("prefix", true);
        }
        if !calls.is_empty() {
            message.array("tool_calls", |list| calls.iter().for_each(|call| tool_call(call, quirks, list, losses)));
        }
    });
}

fn as_call<'p, 'a>(part: &'p Part<'a>) -> Option<&'p Call<'a>> {
    match part {
        Part::Call(call) => Some(call),
        _ => None,
    }
}

fn tool_call(call: &Call<'_>, quirks: &Quirks, list: &mut Array<'_>, losses: &mut Losses) {
    if call.cache.is_some() {
        losses.hint("cache_control");
    }
    let input = if call.input.is_empty() { "{}" } else { &*call.input };
    list.object(|object| {
        object.text("id", &ids::fit(&call.id, quirks)).text("type", "function").object("function", |function| {
            function.text("name", &call.name).text("arguments", input);
        });
        match &call.extra {
            Some(extra) if quirks.extra_content => {
                object.raw("extra_content", extra);
            }
            Some(_) => losses.hint("messages.tool_calls.extra_content"),
            None => {}
        }
    });
}

/// Earlier reasoning, where the vendor takes it back. Only OpenRouter can hand a seal to who made it (R3).
fn earlier_thoughts(thoughts: &[&Thought<'_>], quirks: &Quirks, message: &mut Object<'_>, losses: &mut Losses) {
    match quirks.thoughts {
        _ if thoughts.is_empty() => {}
        Thoughts::Never => losses.hint("messages.thinking"),
        Thoughts::Details => {
            message.array("reasoning_details", |list| {
                for (index, thought) in thoughts.iter().enumerate() {
                    list.object(|object| reasoning::write_detail(object, index, thought));
                }
            });
        }
        Thoughts::Content => {
            let texts: Vec<&str> =
                thoughts.iter().map(|thought| &*thought.text).filter(|text| !text.is_empty()).collect();
            if !texts.is_empty() {
                message.text("reasoning_content", &joined(&texts, "\n"));
            }
            if thoughts.iter().any(|thought| thought.seal.is_some()) {
                losses.hint("messages.thinking.signature");
            }
        }
    }
}

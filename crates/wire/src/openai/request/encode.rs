//! The hub to a chat completion request.

use std::borrow::Cow;

use crate::{
    hub::{
        Call, Class, Effort, File, Format, Image, Losses, Part, Reasoning, Request, Role, Source, Thought, Tool,
        ToolChoice, ToolResult, Turn,
    },
    json::{self, Array, Object},
    openai::{ids, reasoning},
    profile::{Profile, Quirks, Thinking, Thoughts},
    resume::Style,
    schema,
};

/// Writes `request` for the target `to`. What cannot be said is noted in `losses`.
pub fn encode(request: &Request<'_>, to: &Profile<'_>, losses: &mut Losses) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    let quirks = Quirks::of(to.vendor);
    json::object(&mut out, |body| {
        body.text("model", to.upstream_name);
        body.array("messages", |messages| conversation(request, &quirks, messages, losses));
        tools(request, body, losses);
        limits(request, to, &quirks, body, losses);
        thinking(request, to, &quirks, body, losses);
        form(request, to, body, losses);
        if let Some(user) = &request.user {
            body.text("user", user);
        }
        if let Some(cache) = request.cache.filter(|_| quirks.cache_control) {
            body.raw("cache_control", cache.get());
        }
        if request.stream {
            // Usage is always wanted; whether the caller sees it is the answer's business (U1).
            body.flag("stream", true).raw("stream_options", "{\"include_usage\":true}");
        }
        if quirks.prefill == Some(Style::ContinueFinal) && prefills(request) {
            body.flag("continue_final_message", true).flag("add_generation_prompt", false);
        }
    });
    if request.cache.is_some() && !quirks.cache_control {
        losses.hint("cache_control");
    }
    for (name, _) in &request.rest {
        losses.foreign(class_of(name), "other", name);
    }
    out
}

/// Members of Anthropic's requests that are advice; all others change the answer.
fn class_of(name: &str) -> Class {
    match name {
        // The conversation is kept at Anthropic, and a part of it sent.
        "thread" => Class::Content,
        "metadata" | "service_tier" | "context_management" | "inference_geo" | "container" => Class::Hint,
        _ => Class::Parameter,
    }
}

fn prefills(request: &Request<'_>) -> bool {
    let calls = |turn: &Turn<'_>| turn.parts.iter().any(|part| matches!(part, Part::Call(_)));
    request.turns.last().is_some_and(|turn| turn.role == Role::Assistant && !calls(turn))
}

fn conversation(request: &Request<'_>, quirks: &Quirks, messages: &mut Array<'_>, losses: &mut Losses) {
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
        if prefill && quirks.prefill == Some(Style::Prefix) {
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

fn tools(request: &Request<'_>, body: &mut Object<'_>, losses: &mut Losses) {
    let mut any = false;
    for tool in &request.tools {
        match tool {
            Tool::Function { cache, .. } => {
                any = true;
                if cache.is_some() {
                    losses.hint("cache_control");
                }
            }
            Tool::Hosted(kind) => losses.foreign(Class::Parameter, "tools", kind),
        }
    }
    if !any {
        return;
    }
    body.array("tools", |list| {
        for tool in &request.tools {
            let Tool::Function { name, description, schema, strict, .. } = tool else { continue };
            list.object(|object| {
                object.text("type", "function").object("function", |function| {
                    function.text("name", name);
                    if let Some(description) = description {
                        function.text("description", description);
                    }
                    function
                        .raw("parameters", schema.map_or("{\"type\":\"object\",\"properties\":{}}", |raw| raw.get()));
                    match strict {
                        // OpenAI's strict mode knows no optional properties.
                        Some(true) if !schema.is_some_and(|raw| schema::is_closed(raw.get())) => {
                            losses.parameter("tools.strict");
                        }
                        Some(strict) => {
                            function.flag("strict", *strict);
                        }
                        None => {}
                    }
                });
            });
        }
    });
    match &request.tool_choice {
        None => {}
        Some(ToolChoice::Auto) => {
            body.text("tool_choice", "auto");
        }
        Some(ToolChoice::Required) => {
            body.text("tool_choice", "required");
        }
        Some(ToolChoice::None) => {
            body.text("tool_choice", "none");
        }
        Some(ToolChoice::Named(name)) => {
            body.object("tool_choice", |choice| {
                choice.text("type", "function").object("function", |function| {
                    function.text("name", name);
                });
            });
        }
    }
    if let Some(parallel) = request.parallel_tool_calls {
        body.flag("parallel_tool_calls", parallel);
    }
}

/// Most stop sequences that OpenAI takes.
const MOST_STOPS: usize = 4;

fn limits(request: &Request<'_>, to: &Profile<'_>, quirks: &Quirks, body: &mut Object<'_>, losses: &mut Losses) {
    if let Some(max) = request.max_tokens {
        // A limit above the model's own is refused by some vendors and means nothing to the others (R5).
        let most = to.max_output.unwrap_or(max);
        if max > most {
            losses.hint("max_tokens.above_models_own");
        }
        let max = max.min(most);
        body.number(if quirks.completion_tokens { "max_completion_tokens" } else { "max_tokens" }, max);
    }
    for (name, value, taken) in [
        ("temperature", request.temperature, to.sampling),
        ("top_p", request.top_p, to.sampling),
        ("top_k", request.top_k, to.sampling && quirks.top_k),
    ] {
        match value {
            Some(value) if taken => {
                body.raw(name, value.get());
            }
            Some(_) => losses.parameter(name),
            None => {}
        }
    }
    if request.stop.len() > MOST_STOPS {
        losses.parameter("stop_sequences");
    }
    if !request.stop.is_empty() {
        body.array("stop", |list| {
            request.stop.iter().take(MOST_STOPS).for_each(|stop| json::text(list.item(), stop));
        });
    }
}

fn thinking(request: &Request<'_>, to: &Profile<'_>, quirks: &Quirks, body: &mut Object<'_>, losses: &mut Losses) {
    let Some(reasoning) = request.reasoning else { return };
    if !to.reasoning {
        if reasoning != Reasoning::Off {
            losses.parameter("thinking");
        }
        return;
    }
    // Those who think by a switch refuse a call of a tool that was not thought about.
    let thoughtless = quirks.thinking == Thinking::Switch && request.turns.iter().any(calls_without_thought);
    if thoughtless && reasoning != Reasoning::Off {
        losses.parameter("thinking");
    }
    let effort = match reasoning {
        _ if thoughtless => None,
        Reasoning::Off => None,
        Reasoning::Adaptive => Some(Effort::Medium),
        Reasoning::Effort(effort) => Some(effort),
        Reasoning::Budget(budget) => Some(Effort::of_budget(budget, request.max_tokens)),
    };
    match (quirks.thinking, effort) {
        // Reasoning models that cannot stop refuse `none`; the others do not think unasked.
        (Thinking::Effort, None) => losses.hint("thinking.disabled"),
        (Thinking::Effort, Some(effort)) => {
            // `minimal`, `xhigh` and `max` are words of few models; the three between are known to all.
            body.text("reasoning_effort", effort.clamp(Effort::Low, Effort::High).as_str());
        }
        (Thinking::Object, effort) => {
            body.object("reasoning", |object| match (reasoning, effort) {
                (Reasoning::Budget(budget), _) => {
                    object.number("max_tokens", budget);
                }
                (_, Some(effort)) => {
                    object.text("effort", effort.as_str());
                }
                (_, None) => {
                    object.flag("enabled", false);
                }
            });
        }
        (Thinking::Switch, effort) => {
            body.object("thinking", |object| {
                object.text("type", if effort.is_some() { "enabled" } else { "disabled" });
            });
        }
    }
}

fn calls_without_thought(turn: &Turn<'_>) -> bool {
    let has = |test: fn(&Part<'_>) -> bool| turn.parts.iter().any(test);
    has(|part| matches!(part, Part::Call(_)))
        && !has(|part| matches!(part, Part::Thought(thought) if !thought.text.is_empty()))
}

fn form(request: &Request<'_>, to: &Profile<'_>, body: &mut Object<'_>, losses: &mut Losses) {
    match &request.format {
        None => {}
        Some(Format::Json) => {
            body.raw("response_format", "{\"type\":\"json_object\"}");
        }
        Some(Format::Schema { .. }) if !to.structured_outputs => losses.parameter("output_config.format"),
        Some(Format::Schema { name, description, schema, strict }) => {
            body.object("response_format", |format| {
                format.text("type", "json_schema").object("json_schema", |inner| {
                    inner.text("name", name.as_deref().unwrap_or("answer"));
                    if let Some(description) = description {
                        inner.text("description", description);
                    }
                    inner.raw("schema", schema.get()).flag("strict", *strict && schema::is_closed(schema.get()));
                });
            });
        }
    }
}

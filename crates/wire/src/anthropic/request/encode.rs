//! The hub to a Messages request.

use std::borrow::Cow;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::value::RawValue;

use super::thinking::{self, Thinking};
use crate::{
    anthropic::seal,
    hub::{
        Call, Class, File, Format, Image, Losses, Part, Request, Role, Source, Text, Thought, Tool, ToolChoice,
        ToolResult, Turn,
    },
    json::{self, Array, Object},
    openai::ids,
    profile::{Claude, Profile},
    request::{member_of, members_of},
    schema,
};

/// What Anthropic requires of every request, where neither the caller nor the catalogue names a limit: the least that any
/// of its models can write.
const MAX_TOKENS: u64 = 4096;

/// Name of the tool that stands for a schema where the model has no structured outputs.
pub(crate) const SCHEMA_TOOL: &str = "answer_as_json";

/// A request and what its answer needs to be read by.
#[derive(Debug)]
pub struct Encoded {
    /// The JSON body.
    pub body: Vec<u8>,
    /// The schema went as a tool of this name: its input is the answer's text.
    pub schema_tool: bool,
}

/// Writes `request` for the target `to`. What cannot be said is noted in `losses`.
pub fn encode(request: &Request<'_>, to: &Profile<'_>, losses: &mut Losses) -> Encoded {
    let mut out = Vec::with_capacity(1024);
    let max_tokens = limit(request, to, losses);
    let thinking = thinking::decide(request, to, max_tokens, losses);
    let form = Form::of(request, to, thinking, losses);
    json::object(&mut out, |body| {
        body.text("model", to.upstream_name).number("max_tokens", max_tokens);
        system(request, &form, body, losses);
        body.array("messages", |messages| conversation(request, to, thinking, messages, losses));
        tools(request, to, &form, body, losses);
        sampling(request, to, thinking, body, losses);
        match thinking {
            Thinking::Off => {}
            Thinking::Budget(budget) => {
                body.object("thinking", |object| {
                    object.text("type", "enabled").number("budget_tokens", budget);
                });
            }
            Thinking::Adaptive(_) => {
                body.object("thinking", |object| {
                    object.text("type", "adaptive");
                    if !request.hide_reasoning {
                        // Newer models leave the text out unless it is asked for.
                        object.text("display", "summarized");
                    }
                });
            }
        }
        output_config(thinking, &form, body);
        if let Some(user) = &request.user {
            body.object("metadata", |metadata| {
                metadata.text("user_id", &user_id(user));
            });
        }
        if let Some(cache) = request.cache {
            body.raw("cache_control", cache.get());
        }
        if request.stream {
            body.flag("stream", true);
        }
    });
    for (name, _) in &request.rest {
        losses.foreign(class_of(name), "other", name);
    }
    Encoded { body: out, schema_tool: matches!(form, Form::Tool { .. }) }
}

/// The caller's limit, or as much as the model can write and the window has room for.
fn limit(request: &Request<'_>, to: &Profile<'_>, losses: &mut Losses) -> u64 {
    let most = to.max_output.unwrap_or(u64::MAX);
    let limit = match request.max_tokens {
        Some(max) if max > most => {
            losses.hint("max_tokens.above_models_own");
            most
        }
        Some(max) => max,
        None => to.max_output.unwrap_or(MAX_TOKENS).min(to.room.unwrap_or(u64::MAX)),
    };
    limit.max(1)
}

/// Members of chat requests that are advice; all others change the answer.
fn class_of(name: &str) -> Class {
    match name {
        "metadata"
        | "store"
        | "prompt_cache_key"
        | "prompt_cache_retention"
        | "prompt_cache_options"
        | "service_tier"
        | "usage"
        | "session_id"
        | "trace"
        | "transforms"
        | "plugins"
        | "preset" => Class::Hint,
        _ => Class::Parameter,
    }
}

/// Anthropic refuses ids that look like an address or a telephone number, and long ones: those become a hash.
fn user_id(user: &str) -> Cow<'_, str> {
    let plain =
        user.len() <= 256 && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if plain && user.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return user.into();
    }
    format!("user_{}", ids::letters(user, 24)).into()
}

/// How the answer's form is asked for.
enum Form<'a> {
    Free,
    /// `output_config.format`
    Native(String),
    /// A tool that must be called.
    Tool {
        schema: &'a RawValue,
        description: Option<&'a str>,
    },
    /// In words: nothing holds the model to it.
    Words(String),
}

impl<'a> Form<'a> {
    fn of(request: &'a Request<'_>, to: &Profile<'_>, thinking: Thinking, losses: &mut Losses) -> Self {
        match &request.format {
            None => Self::Free,
            Some(Format::Json) => {
                losses.hint("response_format.json_object");
                // OpenAI refuses this form unless the conversation speaks of JSON, so mostly nothing has to be said.
                if speaks_of_json(request) {
                    return Self::Free;
                }
                Self::Words("Answer with one JSON object and nothing else.".to_owned())
            }
            Some(Format::Schema { schema, description, .. }) => {
                if to.structured_outputs {
                    let (fitted, lost) = schema::for_anthropic(schema.get());
                    if lost {
                        losses.hint("response_format.json_schema.constraints");
                    }
                    return Self::Native(fitted);
                }
                // A forced tool leaves no room for other tools, nor for thinking.
                if request.tools.is_empty() && thinking == Thinking::Off && json::is_object(schema.get()) {
                    return Self::Tool { schema, description: description.as_deref() };
                }
                losses.parameter("response_format");
                Self::Words(format!(
                    "Answer with JSON that follows this JSON schema, and with nothing else:\n{}",
                    schema.get()
                ))
            }
        }
    }
}

fn speaks_of_json(request: &Request<'_>) -> bool {
    let parts = request.system.iter().chain(request.turns.iter().flat_map(|turn| &turn.parts));
    let mut texts = parts.filter_map(|part| match part {
        Part::Text { text, .. } => Some(text),
        _ => None,
    });
    texts.any(|text| text.as_bytes().windows(4).any(|word| word.eq_ignore_ascii_case(b"json")))
}

fn system(request: &Request<'_>, form: &Form<'_>, body: &mut Object<'_>, losses: &mut Losses) {
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

fn hint(block: &mut Object<'_>, cache: Option<&RawValue>) {
    if let Some(cache) = cache {
        block.raw("cache_control", cache.get());
    }
}

/// Neighbours of one role become one turn: the results of parallel calls have to stand in one.
fn conversation(
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

/// Whether `to` can verify the seal of `thought` (R3).
pub(super) fn verifies(to: &Profile<'_>, thought: &Thought<'_>) -> bool {
    thought.seal.is_some() && thought.format.as_deref() == Some(to.seal_format())
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

fn tools(request: &Request<'_>, to: &Profile<'_>, form: &Form<'_>, body: &mut Object<'_>, losses: &mut Losses) {
    if let Form::Tool { schema, description } = form {
        body.array("tools", |list| {
            list.object(|tool| {
                tool.text("name", SCHEMA_TOOL);
                tool.text("description", description.unwrap_or("Gives the answer. Always use this tool."));
                input_schema(Some(schema), tool);
            });
        });
        body.object("tool_choice", |choice| {
            choice.text("type", "tool").text("name", SCHEMA_TOOL).flag("disable_parallel_tool_use", true);
        });
        return;
    }
    let mut any = false;
    for tool in &request.tools {
        match tool {
            Tool::Function { .. } => any = true,
            Tool::Hosted(kind) => losses.foreign(Class::Parameter, "tools", kind),
        }
    }
    if !any {
        return;
    }
    body.array("tools", |list| {
        for tool in &request.tools {
            let Tool::Function { name, description, schema, strict, cache } = tool else { continue };
            list.object(|tool| {
                tool.text("name", name);
                if let Some(description) = description {
                    tool.text("description", description);
                }
                match strict {
                    Some(true) if to.structured_outputs => {
                        strict_schema(*schema, tool, losses);
                        tool.flag("strict", true);
                    }
                    _ => input_schema(*schema, tool),
                }
                match strict {
                    Some(true) if to.structured_outputs => {}
                    Some(true) => losses.parameter("tools.strict"),
                    _ => {}
                }
                hint(tool, *cache);
            });
        }
    });
    let kind = match &request.tool_choice {
        None if request.parallel_tool_calls != Some(false) => return,
        None | Some(ToolChoice::Auto) => "auto",
        Some(ToolChoice::Required) => "any",
        Some(ToolChoice::None) => "none",
        Some(ToolChoice::Named(_)) => "tool",
    };
    body.object("tool_choice", |choice| {
        choice.text("type", kind);
        if let Some(ToolChoice::Named(name)) = &request.tool_choice {
            choice.text("name", name);
        }
        if request.parallel_tool_calls == Some(false) && kind != "none" {
            choice.flag("disable_parallel_tool_use", true);
        }
    });
}

/// Anthropic's strict tools refuse what its structured outputs refuse.
fn strict_schema(schema: Option<&RawValue>, tool: &mut Object<'_>, losses: &mut Losses) {
    let Some(schema) = schema.filter(|raw| member_of(raw.get(), "type").is_some()) else {
        return input_schema(schema, tool);
    };
    let (fitted, lost) = schema::for_anthropic(schema.get());
    if lost {
        losses.hint("tools.schema.constraints");
    }
    tool.raw("input_schema", &fitted);
}

/// Anthropic requires a schema, and one of an object.
fn input_schema(schema: Option<&RawValue>, tool: &mut Object<'_>) {
    const ANY: &str = "{\"type\":\"object\",\"properties\":{}}";
    let schema = schema.map_or(ANY, RawValue::get);
    if !schema.starts_with('{') || schema == "{}" {
        tool.raw("input_schema", ANY);
    } else if member_of(schema, "type").is_some() {
        tool.raw("input_schema", schema);
    } else {
        tool.object("input_schema", |object| {
            object.text("type", "object");
            members_of(schema).iter().for_each(|member| {
                object.raw(&member.key, member.raw);
            });
        });
    }
}

fn sampling(request: &Request<'_>, to: &Profile<'_>, thinking: Thinking, body: &mut Object<'_>, losses: &mut Losses) {
    // With thinking on, Anthropic refuses all of them.
    let taken = to.sampling && thinking == Thinking::Off;
    match request.temperature {
        Some(_) if !taken => losses.parameter("temperature"),
        Some(raw) => match raw.get().parse::<f64>() {
            // OpenAI's scale ends at 2, Anthropic's at 1.
            Ok(number) if number > 1.0 => {
                losses.hint("temperature.above_one");
                body.raw("temperature", "1");
            }
            _ => {
                body.raw("temperature", raw.get());
            }
        },
        None => {}
    }
    match request.top_p {
        // Newer Claude models refuse both at once.
        Some(raw) if taken && request.temperature.is_none() => {
            body.raw("top_p", raw.get());
        }
        Some(raw) if raw.get().parse::<f64>() == Ok(1.0) => {}
        Some(_) => losses.parameter("top_p"),
        None => {}
    }
    match request.top_k {
        Some(raw) if taken => {
            body.raw("top_k", raw.get());
        }
        Some(_) => losses.parameter("top_k"),
        None => {}
    }
    let (stops, blank): (Vec<_>, Vec<_>) = request.stop.iter().partition(|stop| !stop.trim().is_empty());
    if !blank.is_empty() {
        // Anthropic refuses stop sequences of white space.
        losses.parameter("stop");
    }
    if !stops.is_empty() {
        body.array("stop_sequences", |list| stops.iter().for_each(|stop| json::text(list.item(), stop)));
    }
}

fn output_config(thinking: Thinking, form: &Form<'_>, body: &mut Object<'_>) {
    let effort = if let Thinking::Adaptive(effort) = thinking { effort } else { None };
    let format = if let Form::Native(schema) = form { Some(schema) } else { None };
    if effort.is_none() && format.is_none() {
        return;
    }
    body.object("output_config", |config| {
        if let Some(effort) = effort {
            config.text("effort", effort.as_str());
        }
        if let Some(schema) = format {
            config.object("format", |object| {
                object.text("type", "json_schema").raw("schema", schema);
            });
        }
    });
}

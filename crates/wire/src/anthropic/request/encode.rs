//! The hub to a Messages request.

mod form;
mod messages;
mod tools;

use std::borrow::Cow;

use super::thinking::{self, Thinking};
use crate::{
    codec::Written,
    hub::{Class, Losses, Request},
    json::{self, Object},
    openai::ids,
    profile::Profile,
};

use self::{
    form::{Form, SCHEMA_TOOL},
    messages::{conversation, system},
    tools::tools,
};

/// What Anthropic requires of every request, where neither the caller nor the catalogue names a limit: the least that any
/// of its models can write.
const MAX_TOKENS: u64 = 4096;

/// Writes `request` for the target `to`. What cannot be said is noted in `losses`.
pub fn encode(request: &Request<'_>, to: &Profile<'_>, losses: &mut Losses) -> Written {
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
    Written { body: out, schema_tool: matches!(form, Form::Tool { .. }).then_some(SCHEMA_TOOL) }
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

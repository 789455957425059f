//! The hub to a chat completion request.

mod messages;
mod options;
mod tools;

use crate::{
    hub::{Class, Losses, Request},
    json::{self},
    profile::{Prefill, Profile, Quirks},
};

use self::{
    messages::{conversation, prefills},
    options::{form, limits, thinking},
    tools::tools,
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
        if quirks.prefill == Some(Prefill::ContinueFinal) && prefills(request) {
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

//! A chat completion request to the hub.

mod form;
mod messages;
mod open;
mod tools;

use crate::{
    Head, few,
    hub::{Losses, Request, Text, ToolChoice},
    parse::{BadPart, parse},
};

use self::{
    form::{ReasoningIn, Switch, effort, format},
    messages::{Message, messages},
    tools::{Function, ToolIn, tool, tool_choice},
};

/// Reads a chat completion request. What no other dialect can say is noted in `losses`; members that the hub has no
/// word for are in [`Request::rest`].
///
/// # Errors
/// A member that has another shape than the API's: which, and what was expected.
pub fn decode<'a>(head: &Head<'a>, losses: &mut Losses) -> Result<Request<'a>, BadPart> {
    let mut request = Request { stream: head.stream, max_tokens: head.max_tokens, ..Request::default() };
    for member in head.effective() {
        top_level(&mut request, &member.key, member.raw, losses)?;
    }
    if !request.tools.is_empty() || request.tool_choice != Some(ToolChoice::None) {
        return Ok(request);
    }
    // `tool_choice: none` without tools says nothing.
    request.tool_choice = None;
    Ok(request)
}

fn top_level<'a>(request: &mut Request<'a>, key: &str, raw: &'a str, losses: &mut Losses) -> Result<(), BadPart> {
    match key {
        // Read by `Head`, or answered by the router itself.
        "models" | "provider" | "route" | "fallbacks" => {}
        "model" | "stream" | "max_tokens" | "max_completion_tokens" | "stream_options" => {}
        "messages" => messages(request, parse::<few::All<Message<'a>>>("messages", raw)?.0, losses)?,
        "tools" => request.tools = parse::<few::All<ToolIn<'a>>>("tools", raw)?.0.into_iter().map(tool).collect(),
        "functions" => {
            // One call at a time: the form has no room for more.
            (request.legacy_functions, request.parallel_tool_calls) = (true, Some(false));
            let few::All(functions) = parse::<few::All<Function<'a>>>("functions", raw)?;
            request.tools.extend(functions.into_iter().map(|function| function.into_tool(None)));
        }
        "tool_choice" | "function_call" => {
            request.legacy_functions |= key == "function_call";
            request.tool_choice = Some(tool_choice(parse(key, raw)?, losses));
        }
        "parallel_tool_calls" => request.parallel_tool_calls = Some(parse(key, raw)?),
        "temperature" => request.temperature = Some(parse(key, raw)?),
        "top_p" => request.top_p = Some(parse(key, raw)?),
        "top_k" => request.top_k = Some(parse(key, raw)?),
        "stop" => {
            request.stop =
                if raw.starts_with('"') { vec![parse(key, raw)?] } else { parse::<few::All<Text<'a>>>(key, raw)?.0 };
        }
        "response_format" => request.format = format(parse(key, raw)?, losses),
        "reasoning_effort" => {
            let meaning = effort(&parse::<Text<'_>>(key, raw)?);
            if meaning.is_none() {
                losses.parameter("reasoning_effort");
            }
            request.reasoning = meaning.or(request.reasoning);
        }
        "reasoning" => {
            let reasoning: ReasoningIn<'_> = parse(key, raw)?;
            request.hide_reasoning |= reasoning.exclude == Some(true);
            request.reasoning = reasoning.meaning().or(request.reasoning);
        }
        "include_reasoning" => request.hide_reasoning |= raw == "false",
        "thinking" => request.reasoning = parse::<Switch<'_>>(key, raw)?.meaning().or(request.reasoning),
        "user" | "safety_identifier" => request.user = Some(parse(key, raw)?),
        "cache_control" => request.cache = Some(parse(key, raw)?),
        // Said so often with their defaults that naming them would be noise.
        "n" if raw == "1" => {}
        "store" | "logprobs" | "echo" if raw == "false" => {}
        "frequency_penalty" | "presence_penalty" | "top_logprobs" if is_zero(raw) => {}
        "logit_bias" | "metadata" if raw == "{}" => {}
        "modalities" if only_text(raw) => {}
        "service_tier" if matches!(raw, "\"auto\"" | "\"default\"") => {}
        _ => request.rest.push((key.to_owned(), raw)),
    }
    Ok(())
}

fn is_zero(raw: &str) -> bool {
    raw.parse::<f64>().is_ok_and(|number| number == 0.0)
}

fn only_text(raw: &str) -> bool {
    serde_json::from_str::<few::All<Text<'_>>>(raw).is_ok_and(|kinds| kinds.0.iter().all(|kind| &**kind == "text"))
}

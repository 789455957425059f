//! Limits, sampling, thought and form.

use crate::{
    hub::{Effort, Format, Losses, Part, Reasoning, Request, Turn},
    json::{self, Object},
    profile::{Profile, Quirks, Thinking},
    schema,
};

/// Most stop sequences that OpenAI takes.
const MOST_STOPS: usize = 4;

pub(super) fn limits(
    request: &Request<'_>,
    to: &Profile<'_>,
    quirks: &Quirks,
    body: &mut Object<'_>,
    losses: &mut Losses,
) {
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

pub(super) fn thinking(
    request: &Request<'_>,
    to: &Profile<'_>,
    quirks: &Quirks,
    body: &mut Object<'_>,
    losses: &mut Losses,
) {
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

pub(super) fn form(request: &Request<'_>, to: &Profile<'_>, body: &mut Object<'_>, losses: &mut Losses) {
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

//! `usage` as Anthropic writes it.

use crate::{
    Usage, json,
    members::{elements, string},
    openai::usage::{service, tools},
    scan,
    usage::{Call, Service, counts::count, stated::Stated, total},
};

/// Reads the JSON text of a usage object. Anthropic's `input_tokens` leaves out what was read from or written to the
/// cache; [`Usage::input`] has them in (U3).
///
/// Where there are `iterations`, they are what is billed, and the counts beside them are of some of them only: of the last
/// behind a compaction, of all but the advisor's (U8).
/// <https://platform.claude.com/docs/en/build-with-claude/compaction#understanding-usage>
pub fn read(json: &str) -> Option<Usage> {
    let mut usage = Usage::default();
    let mut stated = Stated::default();
    let mut odd = false;
    let mut iterations = None;
    counts(json, &mut usage, |key, value, usage| match key {
        "iterations" => iterations = Some(value),
        // Fast mode has a word of its own, and is dearer whatever the tier.
        "speed" if service(value) == Service::Fast => usage.set_service(Service::Fast),
        // Capacity that was committed to (`priority`) is billed by its contract.
        "service_tier" => match service(value) {
            Service::Priority => {}
            _ if usage.bill.as_ref().is_some_and(|bill| bill.service == Service::Fast) => {}
            tier => usage.set_service(tier),
        },
        "inference_geo" if string(value).as_deref() == Some("us") => usage.bill_mut().in_us = true,
        "server_tool_use" | "server_tool_use_details" => tools(value, usage),
        "cost" | "cost_details" | "is_byok" => stated.read(key, value, &mut odd),
        _ => {}
    })?;
    stated.settle(&mut usage);
    usage.impossible |= odd;
    if let Some(iterations) = iterations {
        by_iterations(iterations, &mut usage);
    }
    usage.is_known().then_some(usage)
}

/// The counts of a usage object or of one iteration; `other` is told of the rest.
fn counts<'a>(json: &'a str, usage: &mut Usage, mut other: impl FnMut(&str, &'a str, &mut Usage)) -> Option<()> {
    let (mut written, mut split) = (None, (None, None));
    let mut odd = false;
    scan::object(json, |key, value| match key {
        _ if value == "null" => {}
        "input_tokens" => usage.input = count(value, &mut odd),
        "output_tokens" => usage.output = count(value, &mut odd),
        "cache_read_input_tokens" => usage.cache_read = count(value, &mut odd),
        "cache_creation_input_tokens" => written = count(value, &mut odd),
        "cache_creation" => {
            let _ = scan::object(value, |key, value| match key {
                "ephemeral_5m_input_tokens" => split.0 = count(value, &mut odd),
                "ephemeral_1h_input_tokens" => split.1 = count(value, &mut odd),
                _ => {}
            });
        }
        "output_tokens_details" => {
            let _ = scan::object(value, |key, value| {
                if key == "thinking_tokens" {
                    usage.reasoning = count(value, &mut odd);
                }
            });
        }
        _ => other(key, value, usage),
    })
    .ok()?;
    (usage.cache_write_5m, usage.cache_write_1h) = match split {
        (None, None) => (written, None),
        split => split,
    };
    let cached = total([usage.cache_read, usage.cache_write_5m, usage.cache_write_1h]);
    usage.input = usage.input.map(|fresh| fresh.saturating_add(cached));
    usage.impossible |= odd;
    Some(())
}

/// Makes `usage` the sum of its iterations, and keeps them apart: each is priced as the call that it was.
fn by_iterations(json: &str, usage: &mut Usage) {
    let mut sum = Usage::default();
    let mut calls = Vec::new();
    for iteration in elements(json) {
        let mut call = Call::default();
        let read = counts(iteration, &mut call.usage, |key, value, _| {
            if key == "model" {
                call.model = string(value).map(|name| name.into_owned().into_boxed_str());
            }
        });
        if read.is_some() && call.usage.is_known() {
            sum.add(&call.usage);
            calls.push(call);
        }
    }
    if calls.is_empty() {
        return;
    }
    // Thinking is told for the whole alone.
    sum.reasoning = sum.reasoning.or(usage.reasoning);
    sum.impossible |= usage.impossible;
    sum.bill = usage.bill.take();
    // One call of the model that was asked is what the whole is.
    if calls.len() > 1 || calls.iter().any(|call| call.model.is_some()) {
        let bill = sum.bill_mut();
        calls.into_iter().for_each(|call| bill.push_call(call));
    }
    *usage = sum;
}

/// Writes `usage` for a message; `cost` is a JSON number. What is not known of the totals is 0: SDKs require them. Cached
/// tokens are taken out of the input again, as Anthropic counts (U3).
pub(crate) fn write(usage: &Usage, cost: Option<&str>, out: &mut Vec<u8>) {
    // Some vendors count what they stored as read, too: the parts are never more than the whole.
    let mut fresh = usage.input.unwrap_or(0);
    let mut part = |count: Option<u64>| {
        let count = count.map(|count| count.min(fresh));
        fresh = fresh.saturating_sub(count.unwrap_or(0));
        count
    };
    let (read, long, short) = (part(usage.cache_read), part(usage.cache_write_1h), part(usage.cache_write_5m));
    json::object(out, |object| {
        object.number("input_tokens", fresh);
        object.number("cache_creation_input_tokens", short.unwrap_or(0).saturating_add(long.unwrap_or(0)));
        object.number("cache_read_input_tokens", read.unwrap_or(0));
        if short.is_some() || long.is_some() {
            object.object("cache_creation", |parts| {
                parts.number("ephemeral_5m_input_tokens", short.unwrap_or(0));
                parts.number("ephemeral_1h_input_tokens", long.unwrap_or(0));
            });
        }
        object.number("output_tokens", usage.output.unwrap_or(0));
        if let Some(reasoning) = usage.reasoning {
            object.object("output_tokens_details", |details| {
                details.number("thinking_tokens", reasoning);
            });
        }
        if let Some(cost) = cost {
            object.raw("cost", cost);
        }
    });
}

#[cfg(test)]
mod tests;

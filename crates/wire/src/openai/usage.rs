//! `usage` objects as OpenAI and its compatible vendors write them.

use crate::{
    Usage, json, scan,
    usage::{
        Service, Tool,
        counts::{Told, count},
        stated::Stated,
    },
};

/// The parts of one side.
#[derive(Default)]
struct Details {
    cached: Option<u64>,
    cache_write: Option<u64>,
    audio: Option<u64>,
    image: Option<u64>,
    reasoning: Option<u64>,
}

impl Details {
    fn read(&mut self, json: &str, impossible: &mut bool) {
        // What is no object has no parts.
        let _ = scan::object(json, |key, value| {
            let part = match key {
                "cached_tokens" => &mut self.cached,
                "cache_write_tokens" => &mut self.cache_write,
                "audio_tokens" => &mut self.audio,
                "image_tokens" => &mut self.image,
                "reasoning_tokens" => &mut self.reasoning,
                _ => return,
            };
            *part = count(value, impossible);
        });
    }
}

/// Reads the JSON text of a usage object. `None` if it is not one.
///
/// The union of the names in use: chat (`prompt_tokens`), Responses, images and audio (`input_tokens`), parts in objects
/// beside them or at the top (DeepSeek, Mistral, Together, Azure), lengths of sound, costs, and counts of tools.
pub fn read(json: &str) -> Option<Usage> {
    let mut told = Told::default();
    let (mut input, mut output) = (Details::default(), Details::default());
    let (mut newer, mut spare) = ((None, None), Details::default());
    let mut stated = Stated::default();
    let mut searches = None;
    let usage = &mut told.usage;
    let mut odd = false;
    scan::object(json, |key, value| {
        if value == "null" {
            return;
        }
        match key {
            "prompt_tokens" => usage.input = count(value, &mut odd),
            "completion_tokens" => usage.output = count(value, &mut odd),
            "input_tokens" => newer.0 = count(value, &mut odd),
            "output_tokens" => newer.1 = count(value, &mut odd),
            "total_tokens" => told.total = count(value, &mut odd),
            // Mistral and Writer write one of them so, transcriptions the other.
            "prompt_tokens_details" | "input_tokens_details" | "prompt_token_details" | "input_token_details" => {
                input.read(value, &mut odd);
            }
            "completion_tokens_details"
            | "output_tokens_details"
            | "completion_token_details"
            | "output_token_details" => output.read(value, &mut odd),
            "prompt_cache_hit_tokens" | "cached_tokens" => spare.cached = count(value, &mut odd),
            "reasoning_tokens" => spare.reasoning = count(value, &mut odd),
            "audio_prompt_tokens" => spare.audio = count(value, &mut odd),
            "prompt_audio_seconds" => {
                told.sound = value.parse().is_ok_and(|seconds: f64| seconds > 0.0);
            }
            "seconds" => usage.bill_mut().heard_ms = millis(value, &mut odd),
            "service_tier" => usage.set_service(service(value)),
            "cost" | "cost_details" | "is_byok" | "cost_in_usd_ticks" => stated.read(key, value, &mut odd),
            "server_tool_use" | "server_tool_use_details" | "server_side_tool_usage_details" => tools(value, usage),
            "search_context_size" => {
                searches = Some(match value {
                    "\"low\"" => Tool::WebSearchLow,
                    "\"medium\"" => Tool::WebSearchMedium,
                    "\"high\"" => Tool::WebSearchHigh,
                    _ => return,
                });
            }
            "num_search_queries" => usage.add_tool(Tool::WebSearch, value.parse().unwrap_or(0)),
            _ => {}
        }
    })
    .ok()?;
    // Perplexity bills one search of that size, or each of those that a deep search made.
    if let Some(tool) = searches
        && usage.bill.as_ref().is_none_or(|bill| bill.tools().next().is_none())
    {
        usage.add_tool(tool, 1);
    }
    usage.input = usage.input.or(newer.0);
    usage.output = usage.output.or(newer.1);
    usage.cache_read = input.cached.or(spare.cached);
    usage.cache_write_5m = input.cache_write;
    usage.input_audio = input.audio.or(spare.audio);
    usage.input_image = input.image;
    usage.reasoning = output.reasoning.or(spare.reasoning);
    usage.output_audio = output.audio;
    usage.output_image = output.image;
    usage.impossible = odd;
    stated.settle(usage);
    let usage = told.settled();
    usage.is_known().then_some(usage)
}

/// The `service_tier` that stands beside a usage object, or in it.
pub(crate) fn service(json: &str) -> Service {
    crate::members::string(json).map_or(Service::Standard, |word| Service::read(&word))
}

/// Counts of tools that the vendor ran: Anthropic's and OpenRouter's names, and xAI's.
pub(crate) fn tools(json: &str, usage: &mut Usage) {
    let _ = scan::object(json, |key, value| {
        let tool = match key {
            "web_search_requests" | "web_search_calls" => Tool::WebSearch,
            "x_search_calls" => Tool::XSearch,
            "code_interpreter_calls" => Tool::CodeInterpreter,
            "file_search_calls" => Tool::FileSearch,
            "document_search_calls" => Tool::AttachmentSearch,
            "image_generation_calls" => Tool::ImageGeneration,
            _ => return,
        };
        usage.add_tool(tool, value.parse().unwrap_or(0));
    });
}

/// Seconds as milliseconds; an hour a token is beyond any recording.
pub(crate) fn millis(json: &str, impossible: &mut bool) -> Option<u64> {
    const MOST: f64 = 1e9;
    let seconds: f64 = json.trim_matches('"').parse().ok()?;
    let possible = (0.0..=MOST).contains(&seconds);
    *impossible |= !possible;
    possible.then(|| (seconds * 1e3).round() as u64)
}

/// Writes `usage` for a chat completion; `cost` is a JSON number. What is not known of the three totals is 0: SDKs
/// require them.
pub(crate) fn write(usage: &Usage, cost: Option<&str>, out: &mut Vec<u8>) {
    let (input, output) = (usage.input.unwrap_or(0), usage.output.unwrap_or(0));
    json::object(out, |object| {
        object.number("prompt_tokens", input).number("completion_tokens", output);
        object.number("total_tokens", input.saturating_add(output));
        object.object("prompt_tokens_details", |details| {
            details.number("cached_tokens", usage.cache_read.unwrap_or(0));
            details.number("audio_tokens", usage.input_audio.unwrap_or(0));
            let (short, long) = (usage.cache_write_5m, usage.cache_write_1h);
            if short.is_some() || long.is_some() {
                let (short, long) = (short.unwrap_or(0), long.unwrap_or(0));
                // OpenRouter's word for the sum, Anthropic's for its parts, which have different prices.
                details.number("cache_write_tokens", short.saturating_add(long));
                details.object("cache_creation", |parts| {
                    parts.number("ephemeral_5m_input_tokens", short).number("ephemeral_1h_input_tokens", long);
                });
            }
        });
        object.object("completion_tokens_details", |details| {
            details.number("reasoning_tokens", usage.reasoning.unwrap_or(0));
            details.number("audio_tokens", usage.output_audio.unwrap_or(0));
        });
        if let Some(cost) = cost {
            object.raw("cost", cost);
        }
    });
}

#[cfg(test)]
mod tests;

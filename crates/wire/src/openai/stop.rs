//! `finish_reason` (R6).

use crate::hub::Stop;

/// Reads a vendor's word. `called` = the answer holds tool calls, which some vendors end with `stop`.
pub(crate) fn read(word: &str, called: bool) -> Stop {
    match word {
        "length" => Stop::MaxTokens,
        "tool_calls" | "function_call" => Stop::ToolUse,
        "content_filter" => Stop::Refusal,
        // `stop`, Together's `eos`, nothing at all from older servers.
        _ if called => Stop::ToolUse,
        _ => Stop::EndTurn,
    }
}

/// OpenAI's word. `pause_turn` has none: what can be read is whole, and `native_finish_reason` says the rest.
pub(crate) fn write(stop: Stop, legacy_functions: bool) -> &'static str {
    match stop {
        Stop::EndTurn | Stop::StopSequence | Stop::Pause => "stop",
        Stop::MaxTokens | Stop::ContextWindow => "length",
        Stop::ToolUse if legacy_functions => "function_call",
        Stop::ToolUse => "tool_calls",
        Stop::Refusal => "content_filter",
    }
}

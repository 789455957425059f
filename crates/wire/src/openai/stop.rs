//! `finish_reason` (R6).

use crate::hub::Stop;

/// Reads a vendor's word. `called` = the answer holds tool calls, which some vendors end with `stop`.
pub(crate) fn read(word: &str, called: bool) -> Stop {
    match word {
        // `model_length` is Mistral's.
        "length" | "model_length" => Stop::MaxTokens,
        "tool_calls" | "function_call" => Stop::ToolUse,
        // `sensitive` is Z.ai's.
        "content_filter" | "sensitive" => Stop::Refusal,
        // `stop`, Together's `eos`, nothing at all from older servers.
        _ if called => Stop::ToolUse,
        _ => Stop::EndTurn,
    }
}

/// Whether a vendor's word says that the answer was cut off by a failure of its own: OpenRouter's `error`, Z.ai's
/// `network_error`, DeepSeek's `insufficient_system_resource`, SGLang's and vLLM's `abort`.
pub(crate) fn is_failure(word: &str) -> bool {
    matches!(word, "error" | "network_error" | "insufficient_system_resource" | "abort")
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

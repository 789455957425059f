//! What OpenTelemetry's conventions for generative AI count, v1.41, beside what is ours, where that is switched on.
//! <https://github.com/open-telemetry/semantic-conventions/blob/v1.41.0/docs/gen-ai/gen-ai-metrics.md>
//!
//! Its `time_per_output_chunk` is left out: it has a value for each chunk, and a stream is not slowed for that.

use std::time::Duration;

use outrigger_route::Target;
use outrigger_telemetry::Registry;
use outrigger_wire::{Operation, Usage, usage::MOST_TOKENS};

use super::families::{GENAI_DURATION, GENAI_FIRST_CHUNK, GENAI_TOKENS_USED};
use crate::trace::convention;

/// A request that somebody was asked about, and has ended.
#[derive(Debug)]
pub(crate) struct Operated<'a> {
    pub(crate) operation: Operation,
    /// Who answered, else who was asked last.
    pub(crate) target: &'a Target,
    /// It is who answered.
    pub(crate) answered: bool,
    /// The name of the route, or of the model where there was none: a word of policy, never a caller's (M1).
    pub(crate) requested: &'a str,
    /// Its code, where it did not end well.
    pub(crate) error: Option<&'static str>,
    pub(crate) usage: &'a Usage,
    pub(crate) took: Duration,
    /// From its head to the first content of a stream.
    pub(crate) first_chunk: Option<Duration>,
}

/// Counts it. Labels that there is nothing to say of are left out, as the convention has it.
pub(super) fn count(registry: &Registry, of: &Operated<'_>) {
    let server = convention::server(&of.target.provider.base_url);
    let (address, port) = server.map_or_else(Default::default, |(host, port)| (host, port.to_string()));
    let mut labels = vec![
        ("gen_ai_operation_name", convention::operation(of.operation)),
        ("gen_ai_provider_name", convention::provider(&of.target.provider.slug)),
        ("gen_ai_request_model", of.requested),
    ];
    labels.extend(of.answered.then_some(("gen_ai_response_model", &*of.target.upstream_name)));
    if !address.is_empty() {
        labels.extend([("server_address", &*address), ("server_port", &*port)]);
    }
    let with = |name, value| [labels.as_slice(), &[(name, value)]].concat();
    let duration = match of.error {
        Some(code) => registry.histogram(&GENAI_DURATION, &with("error_type", code)),
        None => registry.histogram(&GENAI_DURATION, &labels),
    };
    duration.record(of.took.as_secs_f64());
    if let Some(first) = of.first_chunk {
        registry.histogram(&GENAI_FIRST_CHUNK, &labels).record(first.as_secs_f64());
    }
    // What was not said is not guessed there.
    if of.usage.estimated {
        return;
    }
    for (kind, tokens) in [("input", of.usage.input), ("output", of.usage.output)] {
        if let Some(tokens) = tokens {
            let tokens = tokens.min(2 * MOST_TOKENS) as f64;
            registry.histogram(&GENAI_TOKENS_USED, &with("gen_ai_token_type", kind)).record(tokens);
        }
    }
}

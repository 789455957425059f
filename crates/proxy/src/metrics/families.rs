//! Every metric family, in one catalogue.

use outrigger_telemetry::registry::{Family, Stability};

const SECONDS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0];
const OVERHEAD: &[f64] =
    &[1e-5, 2e-5, 4e-5, 6e-5, 8e-5, 1e-4, 1.5e-4, 2e-4, 3e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 5e-2, 0.25];
const GAPS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.25, 2.5, 5.0, 10.0, 30.0];

/// Boundaries that the convention advises, of durations and of tokens.
const GENAI_SECONDS: &[f64] = &[0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const GENAI_TOKENS: &[f64] = &[
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

macro_rules! families {
    ($($stability:ident {
        $($ident:ident = $kind:literal $name:literal [$($label:literal),*] $buckets:expr, $help:literal;)+
    })+) => {
        $($(pub(super) const $ident: Family = Family {
            name: $name,
            kind: $kind,
            labels: &[$($label),*],
            help: $help,
            buckets: $buckets,
            stability: Stability::$stability,
        };)+)+
        /// All families: the inventory that dashboards and the README are checked against.
        pub const FAMILIES: &[Family] = &[$($($ident),+),+];
    };
}

families! {
    Stable {
        REQUESTS = "counter" "outrigger_requests_total" ["operation", "route", "outcome", "code"] &[],
            "Requests by what the caller saw: ok, error, broken (after the first token) or cancelled. The route is that of the first name; direct for a bare model, none if nothing was decided.";
        DURATION = "histogram" "outrigger_request_duration_seconds" ["operation"] SECONDS,
            "From the request's head to the end of its answer.";
        OVERHEAD_SECONDS = "histogram" "outrigger_proxy_overhead_seconds" [] OVERHEAD,
            "Time that the sidecar itself added before the first upstream call.";
        ATTEMPTS = "counter" "outrigger_attempts_total" ["route", "provider", "model", "outcome"] &[],
            "Upstream calls by outcome: ok, cancelled, or the failure's code. The route is the one that names the target; direct for a bare model.";
        ATTEMPT_DURATION = "histogram" "outrigger_attempt_duration_seconds" ["provider", "model"] SECONDS,
            "From sending an upstream request to the end of its answer.";
        FALLBACKS = "counter" "outrigger_fallbacks_total" ["provider", "model", "reason"] &[],
            "Requests that moved on from this target, by reason.";
        RESENDS = "counter" "outrigger_resends_total" ["provider", "model"] &[],
            "Requests sent once more because the connection they went out on, an old one, had been closed: no attempts of their own.";
        COOLDOWNS = "counter" "outrigger_cooldowns_total" ["provider", "model", "reason"] &[],
            "Times a target, an endpoint or a key began to cool.";
        FIRST_TOKEN = "histogram" "outrigger_time_to_first_token_seconds" ["provider", "model"] SECONDS,
            "From sending a streamed upstream request to its first content.";
        GAP = "histogram" "outrigger_inter_token_seconds" ["provider", "model"] GAPS,
            "Mean time between content events of a stream.";
        TOKENS = "counter" "outrigger_tokens_total" ["route", "provider", "model", "type"] &[],
            "Tokens by type: input, output, cache_read, cache_write, reasoning.";
        COST = "counter" "outrigger_cost_nano_usd_total" ["route", "provider", "model"] &[],
            "Cost in billionths of a US dollar.";
        UNPRICED = "counter" "outrigger_unpriced_total" ["provider", "model"] &[],
            "Answers with usage whose price is not known.";
        UNPRICED_PARTS = "counter" "outrigger_unpriced_parts_total" ["provider", "model", "part"] &[],
            "Answers of whose cost a part has no price: a service_tier or a model (an estimate was taken), a tool or sound (it is missing).";
        STATED = "counter" "outrigger_stated_cost_nano_usd_total" ["provider", "model", "by"] &[],
            "Cost of answers that say it themselves, in billionths of a US dollar: by the upstream, which is booked, and by the price row. What stands between them is a wrong price.";
        IMPOSSIBLE = "counter" "outrigger_impossible_usage_total" ["provider", "model"] &[],
            "Answers whose usage cannot be: counts below zero, beyond any answer, or a total below its parts. What was said is held at its bound.";
        ESTIMATED = "counter" "outrigger_estimated_usage_total" ["provider", "model"] &[],
            "Answers whose usage is an estimate because they were interrupted.";
        MALFORMED = "counter" "outrigger_malformed_events_total" ["provider", "model"] &[],
            "Stream events that were passed on although they could not be read.";
        REMOVED = "counter" "outrigger_candidates_removed_total" ["reason"] &[],
            "Candidates that a hard filter removed.";
        DROPPED = "counter" "outrigger_dropped_total" ["dialect", "feature"] &[],
            "Parts of requests and answers that the target's dialect, or the caller's, has no words for.";
        IN_FLIGHT = "gauge" "outrigger_requests_in_flight" [] &[], "Requests being answered.";
        BUFFERED = "gauge" "outrigger_buffered_bytes" [] &[], "Bytes of bodies held against the buffer and the answer budget.";
        POLICY = "gauge" "outrigger_policy_info" ["revision"] &[], "1 for the policy revision being served.";
        STALE = "gauge" "outrigger_policy_stale_seconds" [] &[],
            "How long the policy being served may have been out of date; 0 if it is current.";
        WORKLOAD = "gauge" "outrigger_workload_info" ["namespace", "owner", "service_account", "team"] &[],
            "1 for the workload that the sidecar runs beside, where a control plane knows it.";
        POLICY_REJECTED = "counter" "outrigger_policy_problems_total" [] &[], "Problems found in policy objects.";
        LEDGER_WAITING = "gauge" "outrigger_ledger_waiting" [] &[],
            "Entries that the ledger has not got yet, here or left by an earlier process in the same folder.";
        LEDGER_LOST = "counter" "outrigger_ledger_lost_total" ["reason"] &[],
            "Entries that the ledger will never get: `gone`, the oldest where there was no room and what could not be read again; \
             `refused`, what the ledger did not take.";
        LEDGER_BYTES = "gauge" "outrigger_ledger_spool_bytes" ["place"] &[],
            "Bytes of entries that wait for the ledger, on disk and in memory.";
        LEDGER_ON_DISK = "gauge" "outrigger_ledger_spool_on_disk" [] &[],
            "1 while new entries go to disk, 0 while they are in memory for want of one.";
        PROCESS = "gauge" "outrigger_process_info" ["instance", "version"] &[],
            "1 for the process: `instance` is random, one for each start, and what a control plane tells two processes of one pod apart by.";
        LINK = "gauge" "outrigger_link_info" ["replica", "stream"] &[],
            "1 for the control plane that the sidecar is connected to, or was last: which replica, random for each of its starts, and which of this process's streams.";
        STARTED = "gauge" "process_start_time_seconds" [] &[], "When the process started, in seconds since 1970.";
        RESIDENT = "gauge" "process_resident_memory_bytes" [] &[], "Memory of the process that is resident, as the kernel counts it.";
        TRACES_SENT = "counter" "outrigger_traces_sent_total" [] &[],
            "Spans that the collector has taken.";
        TRACES_DROPPED = "counter" "outrigger_traces_dropped_total" ["reason"] &[],
            "Spans that no collector gets: `full`, there was no room for them here; `refused`, the collector said so; `unreachable`, it \
             did not answer for too long.";
        DECISIONS_DROPPED = "counter" "outrigger_decisions_dropped_total" [] &[],
            "Entries of the decision log that were dropped because standard output was not read or could not be written, or because \
             the collector did not take them.";
        PANICS = "counter" "outrigger_panics_total" [] &[], "Requests that ended in a bug of the sidecar.";
    }

    // Beside ours, where `--genai-metrics` asks for them.
    Development {
        GENAI_DURATION = "histogram" "gen_ai_client_operation_duration_seconds"
            ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "gen_ai_response_model",
             "server_address", "server_port", "error_type"] GENAI_SECONDS,
            "`gen_ai.client.operation.duration` of OpenTelemetry, v1.41: from a request's head to the end of its answer. The request's \
             model is the route, or the model where none was asked for; with `--genai-metrics` alone.";
        GENAI_TOKENS_USED = "histogram" "gen_ai_client_token_usage"
            ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "gen_ai_response_model",
             "server_address", "server_port", "gen_ai_token_type"] GENAI_TOKENS,
            "`gen_ai.client.token.usage`: tokens of an answer, `input` and `output`, where the provider said them; with \
             `--genai-metrics` alone.";
        GENAI_FIRST_CHUNK = "histogram" "gen_ai_client_operation_time_to_first_chunk_seconds"
            ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "gen_ai_response_model",
             "server_address", "server_port"] GENAI_SECONDS,
            "`gen_ai.client.operation.time_to_first_chunk`: from a streamed request's head to the first content of its answer; with \
             `--genai-metrics` alone.";
    }
}

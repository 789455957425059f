use proptest::prelude::*;

use super::*;
use crate::{anthropic, openai, profile};

fn openai(json: &str) -> Usage {
    openai::usage::read(json).unwrap()
}

/// One shape of a vendor: whose it is, its usage object, and what is to be booked of it: input, of it cached, written,
/// sound; output, of it reasoning, sound.
type Row = (&'static str, &'static str, [u64; 7]);

/// U7: every shape known. Recorded by the projects that `whose` names, but for those of vendors' manuals.
const SHAPES: &[Row] = &[
    // pydantic-ai, test_openai: everything inside, and the total says so.
    (
        "openai chat",
        r#"{"completion_tokens":85,"completion_tokens_details":{"accepted_prediction_tokens":0,"audio_tokens":0,"reasoning_tokens":64,"rejected_prediction_tokens":0},"prompt_tokens":126,"prompt_tokens_details":{"audio_tokens":0,"cached_tokens":0},"total_tokens":211}"#,
        [126, 0, 0, 0, 85, 64, 0],
    ),
    // pydantic-ai, test_audio_as_binary_content_input.
    (
        "openai audio",
        r#"{"completion_tokens":9,"completion_tokens_details":{"audio_tokens":0,"reasoning_tokens":0,"text_tokens":9},"prompt_tokens":64,"prompt_tokens_details":{"audio_tokens":44,"cached_tokens":0,"image_tokens":0,"text_tokens":20},"total_tokens":73}"#,
        [64, 0, 0, 44, 9, 0, 0],
    ),
    // pydantic-ai, test_openai_responses.
    (
        "openai responses",
        r#"{"input_tokens":47,"input_tokens_details":{"cached_tokens":0},"output_tokens":128,"output_tokens_details":{"reasoning_tokens":64},"total_tokens":175}"#,
        [47, 0, 0, 0, 128, 64, 0],
    ),
    // The AI SDK, xai-text.chunks: reasoning lies beside the answer, and the total says so.
    (
        "xai chat",
        r#"{"prompt_tokens":12,"completion_tokens":1,"total_tokens":303,"prompt_tokens_details":{"text_tokens":12,"audio_tokens":0,"image_tokens":0,"cached_tokens":11},"completion_tokens_details":{"reasoning_tokens":290,"audio_tokens":0},"num_sources_used":0}"#,
        [12, 11, 0, 0, 291, 290, 0],
    ),
    // The AI SDK, xai-text-streaming.1: the Responses API of the same vendor has it inside.
    (
        "xai responses",
        r#"{"input_tokens":216,"input_tokens_details":{"cached_tokens":192},"output_tokens":863,"output_tokens_details":{"reasoning_tokens":237},"total_tokens":1079,"num_server_side_tools_used":0}"#,
        [216, 192, 0, 0, 863, 237, 0],
    ),
    // Grok at Azure: inside, whatever the model's own vendor does.
    (
        "azure grok",
        r#"{"prompt_tokens":21,"completion_tokens":305,"total_tokens":326,"completion_tokens_details":{"reasoning_tokens":290}}"#,
        [21, 0, 0, 0, 305, 290, 0],
    ),
    // pydantic-ai, test_openrouter_stream_error: more reasoning than answer, and no more than the total.
    (
        "openrouter",
        r#"{"prompt_tokens":43,"completion_tokens":10,"total_tokens":53,"completion_tokens_details":{"reasoning_tokens":11,"image_tokens":0}}"#,
        [43, 0, 0, 0, 10, 11, 0],
    ),
    // pydantic-ai, test_openrouter_cache_messages_anthropic_real_api.
    (
        "openrouter cache",
        r#"{"completion_tokens":53,"prompt_tokens":3329,"prompt_tokens_details":{"audio_tokens":0,"cache_write_tokens":115,"cached_tokens":3211,"video_tokens":0},"total_tokens":3382}"#,
        [3329, 3211, 115, 0, 53, 0, 0],
    ),
    // pydantic-ai, test_compatible_api_with_tool_calls_without_id: thinking that only the total knows.
    ("gemini /openai", r#"{"completion_tokens":12,"prompt_tokens":35,"total_tokens":109}"#, [35, 0, 0, 0, 74, 62, 0]),
    // Mistral's manual of audio: the tokens of the sound are in the total alone.
    (
        "mistral audio",
        r#"{"prompt_audio_seconds":203,"prompt_tokens":4,"total_tokens":3264,"completion_tokens":635}"#,
        [2629, 0, 0, 2625, 635, 0, 0],
    ),
    // pydantic-ai, test_multimodal_tool_returns. `num_cached_tokens` is the engine's own prefix cache, up to all tokens but
    // the last, and nobody bills it: what is billed as cached stands in the details.
    (
        "mistral's engine",
        r#"{"completion_tokens":6,"num_cached_tokens":32,"prompt_tokens":64,"total_tokens":70}"#,
        [64, 0, 0, 0, 6, 0, 0],
    ),
    // pydantic-ai, test_mistral_history_uses_prompt_cache.
    (
        "mistral cache",
        r#"{"completion_tokens":5,"prompt_tokens":268,"prompt_tokens_details":{"cached_tokens":224},"total_tokens":273}"#,
        [268, 224, 0, 0, 5, 0, 0],
    ),
    // openllmetry, test_mistral_async_embeddings.
    (
        "mistral embeddings",
        r#"{"prompt_audio_seconds":null,"prompt_tokens":21,"total_tokens":21,"completion_tokens":0,"request_count":null,"prompt_token_details":null}"#,
        [21, 0, 0, 0, 0, 0, 0],
    ),
    // pydantic-ai, test_deepseek.
    (
        "deepseek",
        r#"{"completion_tokens":116,"completion_tokens_details":{"reasoning_tokens":60},"prompt_cache_hit_tokens":512,"prompt_cache_miss_tokens":51,"prompt_tokens":563,"total_tokens":679}"#,
        [563, 512, 0, 0, 116, 60, 0],
    ),
    // The AI SDK, azure-deepseek-reasoning.1.
    (
        "azure deepseek",
        r#"{"prompt_tokens":19,"total_tokens":1739,"completion_tokens":1720,"prompt_tokens_details":null,"reasoning_tokens":1600}"#,
        [19, 0, 0, 0, 1720, 1600, 0],
    ),
    // openinference, test_trace_config_hide_inputs.
    (
        "together",
        r#"{"prompt_tokens":45,"completion_tokens":3,"total_tokens":48,"cached_tokens":16}"#,
        [45, 16, 0, 0, 3, 0, 0],
    ),
    // openllmetry, test_writer_metrics.
    (
        "writer",
        r#"{"prompt_tokens":40,"total_tokens":340,"completion_tokens":300,"prompt_token_details":{"cached_tokens":8},"completion_token_details":{"reasoning_tokens":7}}"#,
        [40, 8, 0, 0, 300, 7, 0],
    ),
    // pydantic-ai, TestVoyageAI.
    ("voyage", r#"{"total_tokens":3}"#, [3, 0, 0, 0, 0, 0, 0]),
    // A vendor whose cache lies beside the prompt, as Anthropic's does.
    (
        "cache beside",
        r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":115,"prompt_tokens_details":{"cached_tokens":100}}"#,
        [110, 100, 0, 0, 5, 0, 0],
    ),
    // Sound of both sides beside the text.
    (
        "sound beside",
        r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":55,"prompt_tokens_details":{"audio_tokens":30},"completion_tokens_details":{"audio_tokens":10}}"#,
        [40, 0, 0, 30, 15, 0, 10],
    ),
    // OpenAI's manual of transcriptions: details in the singular (U13).
    (
        "openai transcription",
        r#"{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":0,"audio_tokens":14},"output_tokens":45,"total_tokens":59}"#,
        [14, 0, 0, 14, 45, 0, 0],
    ),
];

/// U7: where the parts lie is decided by each answer's own total.
#[test]
fn every_shape_of_every_vendor_is_booked_as_it_is_billed() {
    for (whose, json, want) in SHAPES {
        let usage = openai(json);
        let of = |count: Option<u64>| count.unwrap_or(0);
        let got = [
            of(usage.input),
            of(usage.cache_read),
            of(usage.cache_write_5m),
            of(usage.input_audio),
            of(usage.output),
            of(usage.reasoning),
            of(usage.output_audio),
        ];
        assert_eq!(got, *want, "{whose}");
        assert!(!usage.impossible && !usage.open, "{whose}");
        // Whoever the vendor is, what the total told stands.
        assert_eq!(usage.clone().as_counted_by("xai"), usage, "{whose}");
    }
}

/// U7: without a total the vendor's manner decides, and a part that is more than its whole cannot lie in it.
#[test]
fn without_a_total_the_vendors_row_decides() {
    let json = r#"{"prompt_tokens":12,"completion_tokens":100,"completion_tokens_details":{"reasoning_tokens":90}}"#;
    assert!(openai(json).open);
    assert_eq!(openai(json).as_counted_by("xai").output, Some(190));
    for inside in ["openai", "azure", "openrouter", "deepseek", ""] {
        assert!(!profile::reasons_beside(inside));
        assert_eq!(openai(json).as_counted_by(inside).output, Some(100), "{inside}");
    }
    let more =
        openai(r#"{"prompt_tokens":12,"completion_tokens":1,"completion_tokens_details":{"reasoning_tokens":290}}"#);
    assert_eq!((more.output, more.open), (Some(291), false));
    assert_eq!(more.as_counted_by("xai").output, Some(291));
}

/// H10: whatever an upstream says, a count is bounded, and the impossible is noted.
#[test]
fn counts_are_bounded_and_the_impossible_is_noted() {
    for (number, want) in [
        ("18446744073709551615", Some(MOST_TOKENS)),
        ("99999999999999999999999999", Some(MOST_TOKENS)),
        ("1e300", Some(MOST_TOKENS)),
        ("1000000001", Some(MOST_TOKENS)),
        ("-1", None),
        ("-0.5", None),
    ] {
        let chat = openai(&format!(r#"{{"prompt_tokens":{number},"completion_tokens":1}}"#));
        assert_eq!((chat.input, chat.impossible), (want, true), "{number}");
        let messages = anthropic::usage::read(&format!(r#"{{"input_tokens":{number},"output_tokens":1}}"#)).unwrap();
        assert_eq!((messages.input, messages.impossible), (want, true), "{number}");
    }
    for (number, want) in [("1000000000", Some(MOST_TOKENS)), ("12.0", Some(12)), ("1.5", None), ("\"7\"", None)] {
        let chat = openai(&format!(r#"{{"prompt_tokens":{number},"completion_tokens":1}}"#));
        assert_eq!((chat.input, chat.impossible), (want, false), "{number}");
    }
    assert!(openai(r#"{"prompt_tokens":10,"completion_tokens":1,"total_tokens":3}"#).impossible);
    for cost in ["-0.1", "10000.1", "1e99", "1e999"] {
        let usage = openai(&format!(r#"{{"prompt_tokens":1,"completion_tokens":1,"cost":{cost}}}"#));
        assert!(usage.impossible && usage.bill.is_none(), "{cost}");
    }
}

/// U11: what upstreams say that an answer cost, in each one's words.
#[test]
fn stated_costs_are_read_in_every_vendors_words() {
    for (whose, json, want) in [
        (
            "openrouter",
            r#"{"prompt_tokens":1,"cost":1.13e-05,"is_byok":false,"cost_details":{"upstream_inference_cost":null}}"#,
            Some(11_300),
        ),
        (
            "openrouter",
            r#"{"prompt_tokens":1,"cost":0.0076509169000000005,"cost_details":{"upstream_inference_cost":0.0006509169}}"#,
            Some(7_650_917),
        ),
        // The caller's own key: the vendor bills beside the router.
        (
            "byok",
            r#"{"prompt_tokens":1,"cost":0,"is_byok":true,"cost_details":{"upstream_inference_cost":0.00417}}"#,
            Some(4_170_000),
        ),
        (
            "byok, unsaid",
            r#"{"prompt_tokens":1,"cost":0,"is_byok":true,"cost_details":{"upstream_inference_cost":null}}"#,
            None,
        ),
        ("xai", r#"{"prompt_tokens":1,"cost_in_usd_ticks":1466250}"#, Some(146_625)),
        ("xai", r#"{"prompt_tokens":1,"cost_in_usd_ticks":37756000}"#, Some(3_775_600)),
        (
            "perplexity",
            r#"{"prompt_tokens":1,"cost":{"input_tokens_cost":0.00002,"output_tokens_cost":0.00008,"request_cost":0.006,"total_cost":0.0061}}"#,
            Some(6_100_000),
        ),
        ("free", r#"{"prompt_tokens":1,"cost":0}"#, Some(0)),
        ("nobody", r#"{"prompt_tokens":1}"#, None),
        ("none", r#"{"prompt_tokens":1,"cost":null}"#, None),
    ] {
        assert_eq!(openai(json).bill.and_then(|bill| bill.stated), want, "{whose} {json}");
    }
    let messages = anthropic::usage::read(r#"{"input_tokens":1,"output_tokens":1,"cost":0.5}"#).unwrap();
    assert_eq!(messages.bill.and_then(|bill| bill.stated), Some(500_000_000));
}

/// U9: the list's price leaves no trace, whatever a vendor calls it.
#[test]
fn tiers_are_read_in_every_vendors_words() {
    for word in ["default", "standard", "auto", "on_demand", "scale", "provisioned", ""] {
        assert_eq!(Service::read(word), Service::Standard, "{word}");
    }
    for (word, want) in [
        ("flex", Service::Flex),
        ("PRIORITY", Service::Priority),
        ("batch", Service::Batch),
        ("fast", Service::Fast),
        ("ultrafast", Service::Ultrafast),
        ("of tomorrow", Service::Other),
    ] {
        assert_eq!(Service::read(word), want, "{word}");
    }
}

/// U10: counts of tools, in each vendor's words.
#[test]
fn calls_of_tools_are_counted_in_every_vendors_words() {
    let tools = |json: &str| openai(json).bill.map(|bill| bill.tools().collect::<Vec<_>>()).unwrap_or_default();
    assert_eq!(
        tools(r#"{"prompt_tokens":1,"server_tool_use_details":{"web_search_requests":2,"tool_calls_requested":3}}"#),
        [(Tool::WebSearch, 2)]
    );
    assert_eq!(
        tools(
            r#"{"input_tokens":1,"server_side_tool_usage_details":{"web_search_calls":0,"x_search_calls":1,"code_interpreter_calls":4,"document_search_calls":2}}"#
        ),
        [(Tool::XSearch, 1), (Tool::AttachmentSearch, 2), (Tool::CodeInterpreter, 4)]
    );
    assert_eq!(tools(r#"{"prompt_tokens":1,"search_context_size":"medium"}"#), [(Tool::WebSearchMedium, 1)]);
    assert_eq!(
        tools(r#"{"prompt_tokens":1,"search_context_size":"low","num_search_queries":21}"#),
        [(Tool::WebSearch, 21)]
    );
    let messages = anthropic::usage::read(
        r#"{"input_tokens":15665,"output_tokens":795,"server_tool_use":{"web_search_requests":1,"web_fetch_requests":3}}"#,
    );
    assert_eq!(messages.unwrap().bill.unwrap().tools().collect::<Vec<_>>(), [(Tool::WebSearch, 1)]);
    // H10: at the bound.
    assert_eq!(tools(r#"{"prompt_tokens":1,"num_search_queries":18446744073709551615}"#), [(Tool::WebSearch, 10_000)]);
}

/// U3: a last event that repeats the uncached input alone takes nothing from the cached one.
#[test]
fn a_last_event_with_the_uncached_input_keeps_the_cached_one() {
    let read = |json: &str| anthropic::usage::read(json).unwrap();
    let mut usage = read(r#"{"input_tokens":3,"cache_read_input_tokens":1000,"output_tokens":1}"#);
    usage.merge(read(r#"{"input_tokens":3,"output_tokens":9}"#));
    assert_eq!((usage.input, usage.cache_read, usage.output), (Some(1003), Some(1000), Some(9)));
}

/// H10: counts of a stream are cumulative, and calls that were told apart are told anew with the whole.
#[test]
fn later_counts_replace_earlier_ones() {
    let read = |json: &str| anthropic::usage::read(json).unwrap();
    let mut usage = read(r#"{"input_tokens":10,"output_tokens":1,"server_tool_use":{"web_search_requests":1}}"#);
    let last = r#"{"input_tokens":20,"output_tokens":5,"server_tool_use":{"web_search_requests":1},"iterations":[{"type":"compaction","input_tokens":70,"output_tokens":2},{"type":"message","input_tokens":20,"output_tokens":5}]}"#;
    usage.merge(read(last));
    usage.merge(read(last));
    assert_eq!((usage.input, usage.output), (Some(90), Some(7)));
    let bill = usage.bill.unwrap();
    assert_eq!((bill.calls.len(), bill.tools[Tool::WebSearch as usize]), (2, 1));
}

proptest! {
    /// U7: where a total is told that holds its parts, input and output add up to it, wherever the parts lie.
    #[test]
    fn what_is_booked_adds_up_to_the_total(
        prompt in 0_u64..100_000,
        answer in 0_u64..100_000,
        parts in proptest::array::uniform4(0_u64..50_000),
        beside in 0_u64..100_000,
        sound in any::<bool>(),
    ) {
        let [cached, heard, thought, said] = parts;
        let total = prompt + answer + beside;
        let seconds = if sound { 9 } else { 0 };
        let json = format!(
            r#"{{"prompt_tokens":{prompt},"completion_tokens":{answer},"total_tokens":{total},"prompt_audio_seconds":{seconds},"prompt_tokens_details":{{"cached_tokens":{cached},"audio_tokens":{heard}}},"completion_tokens_details":{{"reasoning_tokens":{thought},"audio_tokens":{said}}}}}"#
        );
        let usage = openai(&json);
        prop_assert_eq!(usage.input.unwrap() + usage.output.unwrap(), total);
        prop_assert!(usage.input.unwrap() >= prompt && usage.output.unwrap() >= answer);
    }

    /// U7: a part that lies beside is found again as what it is.
    #[test]
    fn parts_beside_are_found_by_the_total(
        prompt in 0_u64..1_000,
        answer in 0_u64..1_000,
        cached in 1_u64..50_000,
        thought in 1_u64..50_000,
        set in 1_u32..4,
    ) {
        prop_assume!(cached != thought);
        let (in_gap, out_gap) = (if set & 1 == 1 { cached } else { 0 }, if set & 2 == 2 { thought } else { 0 });
        let total = prompt + answer + in_gap + out_gap;
        let json = format!(
            r#"{{"prompt_tokens":{prompt},"completion_tokens":{answer},"total_tokens":{total},"prompt_tokens_details":{{"cached_tokens":{cached}}},"completion_tokens_details":{{"reasoning_tokens":{thought}}}}}"#
        );
        let usage = openai(&json);
        prop_assert_eq!((usage.input, usage.output), (Some(prompt + in_gap), Some(answer + out_gap)));
    }

    /// H10: no text is a count beyond the bound, and nothing wraps around.
    #[test]
    fn no_number_is_beyond_the_bound(a in any::<u64>(), b in any::<u64>(), c in any::<u64>(), d in any::<u64>()) {
        let json = format!(
            r#"{{"prompt_tokens":{a},"completion_tokens":{b},"total_tokens":{c},"completion_tokens_details":{{"reasoning_tokens":{d}}}}}"#
        );
        let mut usage = openai(&json);
        usage.merge(openai(&json));
        prop_assert!(usage.input.unwrap() <= 2 * MOST_TOKENS && usage.output.unwrap() <= 2 * MOST_TOKENS);
        let json = format!(
            r#"{{"input_tokens":{a},"output_tokens":{b},"cache_read_input_tokens":{c},"cache_creation_input_tokens":{d},"iterations":[{{"input_tokens":{a},"output_tokens":{b}}},{{"input_tokens":{c},"output_tokens":{d}}}]}}"#
        );
        let usage = anthropic::usage::read(&json).unwrap();
        prop_assert!(usage.input.unwrap() <= 4 * MOST_TOKENS && usage.output.unwrap() <= 2 * MOST_TOKENS);
    }
}

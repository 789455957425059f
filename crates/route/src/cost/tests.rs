use outrigger_catalog::{Fee, Rate, Service, Tier};
use outrigger_wire::{anthropic, openai};
use proptest::prelude::*;

use super::*;

fn prices() -> Prices {
    let rate = |text: &str| text.parse().unwrap();
    let mut prices = Prices::flat(rate("1"), rate("10"), "policy", "2026-01-01");
    prices.cache_read = Some(rate("0.1"));
    prices.cache_write_5m = Some(rate("1.25"));
    prices.cache_write_1h = Some(rate("2"));
    prices
}

fn usd(usage: &Usage) -> String {
    cost(usage, Some(&prices())).unwrap().total.to_string()
}

/// U3: what one vendor counts in and another beside costs the same.
#[test]
fn cached_tokens_are_paid_once_whoever_counts() {
    let openai = outrigger_wire::openai::usage::read(
        r#"{"prompt_tokens":1000000,"completion_tokens":0,"prompt_tokens_details":{"cached_tokens":400000}}"#,
    );
    let anthropic = outrigger_wire::anthropic::usage::read(
        r#"{"input_tokens":600000,"cache_read_input_tokens":400000,"output_tokens":0}"#,
    );
    assert_eq!(openai.map(|usage| usd(&usage)).as_deref(), Some("0.64"));
    assert_eq!(anthropic.map(|usage| usd(&usage)).as_deref(), Some("0.64"));
}

/// U3: every part of a total leaves it.
#[test]
fn every_part_is_taken_out_of_its_total() {
    let usage = Usage {
        input: Some(100),
        cache_read: Some(10),
        cache_write_5m: Some(20),
        cache_write_1h: Some(30),
        input_audio: Some(5),
        input_image: Some(6),
        output: Some(50),
        reasoning: Some(7),
        output_audio: Some(8),
        output_image: Some(9),
        ..Usage::default()
    };
    let tokens = disjoint(&usage);
    assert_eq!((tokens.input, tokens.output), (29, 26));
    assert_eq!((tokens.total_input(), tokens.total_output()), (100, 50));
}

/// U3: tokens that were written and read in one request leave the plain part once, and both are billed.
#[test]
fn tokens_both_written_and_read_leave_the_plain_part_once() {
    let usage = Usage { input: Some(2168), cache_read: Some(2161), cache_write_5m: Some(2161), ..Usage::default() };
    let tokens = disjoint(&usage);
    assert_eq!((tokens.input, tokens.cache_read, tokens.cache_write_5m), (7, 2161, 2161));
}

/// U3: a vendor's miscount gives no astronomic bill.
#[test]
fn parts_larger_than_their_total_leave_nothing() {
    let usage = Usage { input: Some(5), cache_read: Some(9), output: Some(1), reasoning: Some(4), ..Usage::default() };
    let tokens = disjoint(&usage);
    assert_eq!((tokens.input, tokens.output), (0, 0));
}

/// U2, U6: no price or no count is no cost; a count of zero costs zero.
#[test]
fn an_unknown_cost_is_absent_and_never_zero() {
    assert!(cost(&Usage::default(), Some(&prices())).is_none());
    let zero = Usage { input: Some(0), output: Some(0), ..Usage::default() };
    assert!(cost(&zero, None).is_none());
    assert_eq!(usd(&zero), "0");
}

fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}

fn claude(input: &str, output: &str) -> Prices {
    Prices::flat(rate(input), rate(output), "policy", "2026-01-01")
}

/// U8: a compaction costs what its iterations cost; the counts beside them are a hundredth of that. The AI SDK's recording.
#[test]
fn iterations_are_priced_and_not_the_counts_beside_them() {
    let usage = anthropic::usage::read(
        r#"{"input_tokens":612,"output_tokens":2819,"iterations":[{"type":"compaction","input_tokens":60385,"output_tokens":522},{"type":"message","input_tokens":612,"output_tokens":2819}]}"#,
    )
    .unwrap();
    let cost = cost(&usage, Some(&claude("5", "25"))).unwrap();
    assert_eq!(cost.total.to_usd_string(), "0.38851");
    assert_eq!(cost.lacks, Lacks::default());
}

/// U8: each call is priced as its model's and by its own length; a model without a known price is priced as the one that
/// was asked, and said to be.
#[test]
fn each_call_is_priced_as_the_call_that_it_was() {
    let usage = anthropic::usage::read(
        r#"{"input_tokens":300000,"output_tokens":0,"iterations":[{"input_tokens":150000,"output_tokens":0},{"input_tokens":100000,"output_tokens":10,"model":"adviser"},{"input_tokens":150000,"output_tokens":0}]}"#,
    )
    .unwrap();
    let mut own = claude("1", "10");
    own.tiers = vec![Tier::flat(200_000, rate("2"), rate("20"))];
    let known = cost_of_calls(&usage, Some(&own), |name| (name == "adviser").then(|| claude("5", "100"))).unwrap();
    // 300,000 of its own at the short rate, 100,000 and 10 of the adviser's.
    assert_eq!((known.total.to_usd_string().as_str(), known.lacks.model), ("0.801", false));
    let unknown = cost_of_calls(&usage, Some(&own), |_| None).unwrap();
    assert_eq!((unknown.total.to_usd_string().as_str(), unknown.lacks.model), ("0.4001", true));
}

/// U9: the tier that served the answer prices it; one without a row is the list's price, and said to be.
#[test]
fn the_tier_that_served_an_answer_prices_it() {
    let mut prices = prices();
    prices.tiers = vec![Tier::flat(200_000, rate("2"), rate("15"))];
    prices.services = vec![Service {
        name: "flex".to_owned(),
        source: "policy".to_owned(),
        as_of: "2026-01-01".to_owned(),
        tiers: vec![Tier::flat(0, rate("0.5"), rate("5"))],
    }];
    let of = |tier: &str, prompt: u64| {
        let body = format!(
            r#"{{"choices":[{{"message":{{"content":"a"}},"finish_reason":"stop"}}],"service_tier":"{tier}","usage":{{"prompt_tokens":{prompt},"completion_tokens":100000,"total_tokens":{},"prompt_tokens_details":{{"cached_tokens":100000}}}}}}"#,
            prompt + 100_000
        );
        let read = outrigger_wire::spoken::answer(outrigger_wire::Operation::ChatCompletions, body.as_bytes()).unwrap();
        let cost = cost(&read.usage.unwrap(), Some(&prices)).unwrap();
        (cost.total.to_usd_string(), cost.lacks.service)
    };
    let owned = |text: &str, lacks| (text.to_owned(), lacks);
    assert_eq!(of("default", 200_000), owned("1.11", false));
    // What the row does not say, the cache here, is in proportion.
    assert_eq!(of("flex", 200_000), owned("0.555", false));
    // So is a long prompt.
    assert_eq!(of("flex", 300_000), owned("0.955", false));
    assert_eq!(of("priority", 200_000), owned("1.11", true));
}

/// U9: a tier in a stream's last chunk is the stream's.
#[test]
fn the_tier_of_a_stream_is_read() {
    let chunk = br#"{"choices":[],"service_tier":"priority","usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#;
    let usage = openai::stream::peek(chunk).usage.unwrap();
    assert!(cost(&usage, Some(&prices())).unwrap().lacks.service);
}

/// U9: what is computed in the United States alone is dearer, in whatever tier.
#[test]
fn where_it_was_computed_prices_an_answer() {
    let mut prices = claude("10", "100");
    prices.in_us_percent = Some(110);
    let of = |geo: &str| {
        let json = format!(r#"{{"input_tokens":1000000,"output_tokens":1000000,"inference_geo":"{geo}"}}"#);
        cost(&anthropic::usage::read(&json).unwrap(), Some(&prices)).unwrap().total.to_usd_string()
    };
    assert_eq!((of("global").as_str(), of("us").as_str()), ("110", "121"));
}

/// U10: calls of hosted tools are paid each; one without a fee is said to be lacking, and no size of a search is free.
#[test]
fn calls_of_hosted_tools_are_paid() {
    let mut prices = claude("1", "1");
    let fee = |tool: &str, each: &str| Fee {
        tool: tool.to_owned(),
        each: each.parse().unwrap(),
        source: "docs".to_owned(),
        as_of: "2026-01-01".to_owned(),
    };
    prices.fees = vec![fee("web_search", "0.01"), fee("web_search_high", "0.014")];
    let of = |json: &str| {
        let cost = cost(&openai::usage::read(json).unwrap(), Some(&prices)).unwrap();
        (cost.total.to_usd_string(), cost.lacks.tool)
    };
    let owned = |text: &str, lacks| (text.to_owned(), lacks);
    assert_eq!(of(r#"{"prompt_tokens":0,"server_tool_use":{"web_search_requests":3}}"#), owned("0.03", false));
    assert_eq!(of(r#"{"prompt_tokens":0,"search_context_size":"high"}"#), owned("0.014", false));
    assert_eq!(of(r#"{"prompt_tokens":0,"search_context_size":"low"}"#), owned("0.01", false));
    assert_eq!(
        of(r#"{"prompt_tokens":0,"server_side_tool_usage_details":{"web_search_calls":1,"x_search_calls":1}}"#),
        owned("0.01", true)
    );
}

/// U9, U10: whatever an answer can say has a word in the catalogue.
#[test]
fn tools_and_tiers_have_the_same_words_on_both_sides() {
    let tools: Vec<&str> = outrigger_wire::usage::Tool::ALL.iter().map(|tool| tool.as_str()).collect();
    assert_eq!(tools, Fee::TOOLS);
    for name in Service::NAMES {
        assert_eq!(outrigger_wire::usage::Service::read(name).as_str(), Some(name));
    }
}

/// U13: sound that is not counted in tokens is paid by its length.
#[test]
fn sound_is_paid_by_its_length() {
    let usage = openai::usage::read(r#"{"type":"duration","seconds":37}"#).unwrap();
    let mut whisper = claude("0", "0");
    assert!(cost(&usage, Some(&whisper)).unwrap().lacks.heard);
    // 0.0001 dollars a second.
    whisper.heard = Some(rate("100"));
    let cost = cost(&usage, Some(&whisper)).unwrap();
    assert_eq!((cost.total.to_usd_string().as_str(), cost.lacks.heard), ("0.0037", false));
}

/// H10: whatever is said of an answer, it costs no more than an answer can.
#[test]
fn no_answer_costs_more_than_an_answer_can() {
    let usage = openai::usage::read(
        r#"{"prompt_tokens":18446744073709551615,"completion_tokens":18446744073709551615,"num_search_queries":99999999999}"#,
    )
    .unwrap();
    let cost = cost(&usage, Some(&claude("10000", "10000"))).unwrap();
    assert_eq!(cost.total, NanoUsd::ANSWER_CAP);
}

proptest! {
    /// U7: what is booked is the total, whatever is said of its parts and however they overlap.
    #[test]
    fn what_is_booked_adds_up_to_the_total(
        prompt in 0_u64..10_000,
        answer in 0_u64..10_000,
        parts in proptest::array::uniform5(0_u64..12_000),
        beside in 0_u64..10_000,
    ) {
        let [cached, heard, seen, thought, said] = parts;
        let total = prompt + answer + beside;
        let json = format!(
            r#"{{"prompt_tokens":{prompt},"completion_tokens":{answer},"total_tokens":{total},"prompt_tokens_details":{{"cached_tokens":{cached},"audio_tokens":{heard},"image_tokens":{seen}}},"completion_tokens_details":{{"reasoning_tokens":{thought},"audio_tokens":{said}}}}}"#
        );
        let tokens = disjoint(&openai::usage::read(&json).unwrap());
        prop_assert_eq!(tokens.total_input() + tokens.total_output(), total);
    }
}

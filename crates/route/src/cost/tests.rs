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
        estimated: false,
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

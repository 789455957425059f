use crate::{BadAmount, Catalog, Cost, NanoUsd, Prices, Rate, Tier, Tokens};
use genai_prices::{Calculator, PriceRequest, Usage, UsageKey};

fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}

fn prices(input: &str, output: &str) -> Prices {
    Prices::flat(rate(input), rate(output), "policy", "2026-01-01")
}

#[test]
fn dollars_are_read_and_written_exactly() {
    for (text, nanos) in
        [("0", 0), ("0.15", 150_000_000), ("3", 3_000_000_000), ("0.000000001", 1), ("10000", 10_000_000_000_000)]
    {
        assert_eq!(text.parse(), Ok(Rate(nanos)));
        assert_eq!(Rate(nanos).to_string(), text);
        assert_eq!(NanoUsd(nanos).to_usd_string(), text);
    }
    assert_eq!("0.1500".parse(), Ok(Rate(150_000_000)));
}

#[test]
fn what_is_no_amount_of_dollars_is_refused_with_its_reason() {
    let refused = |text: &str| text.parse::<Rate>().unwrap_err();
    assert!(matches!(refused("-1"), BadAmount::Negative(_)));
    assert!(matches!(refused("0.0000000001"), BadAmount::TooPrecise(_)));
    assert!(matches!(refused("99999999999999999999"), BadAmount::TooLarge(_)));
    assert!(matches!(refused("18446744074"), BadAmount::TooLarge(_)));
    for garbage in ["", ".", "1.", ".5", "1e3", "$1", "1,5", "NaN", "inf", " 1", "+1", "1.2.3", "١"] {
        assert!(matches!(refused(garbage), BadAmount::NotDecimal(_)), "{garbage:?}");
    }
}

/// U3: every sort of token has its own price.
#[test]
fn every_sort_of_token_is_charged_at_its_own_rate() {
    let mut p = prices("1", "10");
    p.cache_read = Some(rate("0.1"));
    p.cache_write_5m = Some(rate("1.25"));
    p.cache_write_1h = Some(rate("2"));
    p.input_audio = Some(rate("30"));
    p.input_image = Some(rate("40"));
    p.reasoning = Some(rate("50"));
    p.output_audio = Some(rate("60"));
    p.output_image = Some(rate("70"));
    let one = |set: fn(&mut Tokens)| {
        let mut tokens = Tokens::default();
        set(&mut tokens);
        p.cost(&tokens).total.to_usd_string()
    };
    const M: u64 = 1_000_000;
    assert_eq!(one(|t| t.input = M), "1");
    assert_eq!(one(|t| t.cache_read = M), "0.1");
    assert_eq!(one(|t| t.cache_write_5m = M), "1.25");
    assert_eq!(one(|t| t.cache_write_1h = M), "2");
    assert_eq!(one(|t| t.input_audio = M), "30");
    assert_eq!(one(|t| t.input_image = M), "40");
    assert_eq!(one(|t| t.output = M), "10");
    assert_eq!(one(|t| t.reasoning = M), "50");
    assert_eq!(one(|t| t.output_audio = M), "60");
    assert_eq!(one(|t| t.output_image = M), "70");
}

/// U3: no token is free because its sort has no price.
#[test]
fn absent_rates_fall_back_as_documented() {
    let one_each = Tokens {
        input: 1,
        cache_read: 1,
        cache_write_5m: 1,
        cache_write_1h: 1,
        input_audio: 1,
        input_image: 1,
        output: 1,
        reasoning: 1,
        output_audio: 1,
        output_image: 1,
    };
    let cost = prices("1000", "2000").cost(&one_each);
    assert_eq!(cost.input.to_usd_string(), "0.006");
    assert_eq!(cost.output.to_usd_string(), "0.008");

    let mut p = prices("1", "1");
    p.cache_write_5m = Some(rate("5"));
    let hour = Tokens { cache_write_1h: 1_000_000, ..Tokens::default() };
    assert_eq!(p.cost(&hour).total.to_usd_string(), "5");
}

/// U3: a cached token costs the cache rate and nothing else.
#[test]
fn cached_tokens_are_never_counted_twice() {
    let mut p = prices("3", "15");
    p.cache_read = Some(rate("0.3"));
    let tokens = Tokens { input: 1_000, cache_read: 9_000, output: 500, ..Tokens::default() };
    let cost = p.cost(&tokens);
    assert_eq!(cost.input.to_usd_string(), "0.0057");
    assert_eq!(cost.output.to_usd_string(), "0.0075");
    assert_eq!(cost.total.to_usd_string(), "0.0132");
}

/// U3: the tier is decided by all prompt tokens, strictly, and prices the whole request.
#[test]
fn a_long_prompt_is_priced_by_its_tier_as_a_whole() {
    let mut p = prices("1", "10");
    p.cache_read = Some(rate("0.1"));
    p.tiers = vec![Tier::flat(200_000, rate("2"), rate("15")), Tier::flat(500_000, rate("4"), rate("20"))];
    let cost = |input, cache_read| {
        let tokens = Tokens { input, cache_read, output: 1_000_000, ..Tokens::default() };
        let cost = p.cost(&tokens);
        (cost.input.to_usd_string(), cost.output.to_usd_string())
    };
    let owned = |input: &str, output: &str| (input.to_owned(), output.to_owned());
    assert_eq!(cost(200_000, 0), owned("0.2", "10"));
    assert_eq!(cost(200_001, 0), owned("0.400002", "15"));
    // 190,000 cached ones lift the prompt over the edge; the tier has no cache rate, so the base one holds.
    assert_eq!(cost(100_000, 190_000), owned("0.219", "15"));
    assert_eq!(cost(1_000_000, 0), owned("4", "20"));
}

#[test]
fn each_part_is_rounded_once_and_half_up() {
    // 0.5 nano-dollars per token.
    let p = prices("0.0005", "0.0005");
    let tokens = |input, output| Tokens { input, output, ..Tokens::default() };
    assert_eq!(p.cost(&tokens(1, 0)).total, NanoUsd(1));
    assert_eq!(p.cost(&tokens(2, 0)).total, NanoUsd(1));
    assert_eq!(p.cost(&tokens(3, 1)).total, NanoUsd(3));
    assert_eq!(prices("0.000499999", "0").cost(&tokens(1, 0)).total, NanoUsd(0));
}

#[test]
fn fees_are_in_the_total_and_in_no_part() {
    let mut p = prices("0", "0");
    p.request = Some("0.002".parse().unwrap());
    p.image = Some("0.04".parse().unwrap());
    let expected = Cost { total: NanoUsd(82_000_000), ..Cost::default() };
    assert_eq!(p.cost_with_images(&Tokens::default(), 2), expected);
}

#[test]
fn absurd_counts_are_held_at_the_largest_amount() {
    let mut p = prices("10000", "10000");
    p.image = Some(NanoUsd(u64::MAX));
    let tokens =
        Tokens { input: u64::MAX, cache_read: u64::MAX, output: u64::MAX, reasoning: u64::MAX, ..Tokens::default() };
    assert_eq!(p.cost_with_images(&tokens, 3).total, NanoUsd(u64::MAX));
}

/// U3: on the same prices an independent calculator, with nested counts and floats, gives the same money.
#[test]
fn the_calculator_agrees_with_genai_prices() {
    let catalog = Catalog::embedded();
    let oracle = Calculator::bundled();
    let mut compared = 0;
    for (provider, theirs, model) in [
        ("anthropic", "anthropic", "claude-haiku-4-5"),
        ("anthropic", "anthropic", "claude-opus-4-5"),
        ("openai", "openai", "gpt-4o-mini"),
        ("openai", "openai", "gpt-4.1"),
        ("openai", "openai", "o3"),
        ("google-ai-studio", "google", "gemini-2.5-pro"),
    ] {
        let offer = catalog.offer(provider, model).unwrap();
        let prices = offer.prices.as_ref().unwrap();
        assert_eq!(prices.source, "genai-prices", "{provider} {model}");
        for (input, cached, write_5m, write_1h, output) in [
            (1, 0, 0, 0, 1),
            (1_234, 0, 0, 0, 567),
            (100, 90_000, 0, 0, 4_321),
            (77, 5_000, 2_000, 0, 10),
            (77, 5_000, 2_000, 3_000, 10),
            (150_000, 60_000, 0, 0, 999),
            (250_000, 0, 0, 0, 64_000),
        ] {
            if provider != "anthropic" && write_5m + write_1h > 0 {
                continue;
            }
            let ours = prices.cost(&Tokens {
                input,
                cache_read: cached,
                cache_write_5m: write_5m,
                cache_write_1h: write_1h,
                output,
                ..Tokens::default()
            });
            let float = |count: u64| f64::from(u32::try_from(count).unwrap());
            let mut usage = Usage::from([
                (UsageKey::INPUT_TOKENS, float(input + cached + write_5m + write_1h)),
                (UsageKey::CACHE_READ_TOKENS, float(cached)),
                (UsageKey::OUTPUT_TOKENS, float(output)),
            ]);
            if write_5m + write_1h > 0 {
                usage.insert("cache_write_tokens", float(write_5m + write_1h));
                usage.insert("cache_write_1h_tokens", float(write_1h));
            }
            let request = PriceRequest::new(model, &usage).with_provider_id(theirs);
            let theirs = oracle.calculate(&request).unwrap().total_price;
            let ours: f64 = ours.total.to_usd_string().parse().unwrap();
            assert!((ours - theirs).abs() < 2e-9, "{provider} {model}: {ours} and {theirs}");
            compared += 1;
        }
    }
    assert!(compared > 30, "{compared}");
}

use std::sync::OnceLock;

use outrigger_tokens::{Counter, Family, Measure};
use serde_json::json;

use super::{convert::convert, fit, recorded, recorded::Sample};

fn counter() -> &'static Counter {
    static COUNTER: OnceLock<Counter> = OnceLock::new();
    COUNTER.get_or_init(Counter::load)
}

/// Relative errors of the estimates, as the source has them, of some families; of all if none is named.
fn errors(samples: &[Sample], families: &[Family]) -> Vec<f64> {
    let of = samples.iter().filter(|it| families.is_empty() || families.contains(&it.family));
    of.map(|it| ((it.estimate.tokens as f64 - it.actual) / it.actual).abs()).collect()
}

#[test]
#[ignore = "wants recordings: `cargo xtask traffic --traffic FOLDER`"]
#[allow(clippy::disallowed_methods, reason = "the folder of recordings is an input of this test alone")]
fn estimates_are_near_what_was_recorded() {
    let folder = std::env::var("OUTRIGGER_TRAFFIC").expect("OUTRIGGER_TRAFFIC names a folder of recorded exchanges");
    let recorded = recorded::read(folder.as_ref()).expect("recordings");
    let samples = recorded::samples(&recorded, counter());
    println!("{} recordings tell their usage; {} different prompts can be counted", recorded.len(), samples.len());
    assert!(samples.len() >= 1000);

    // What is typical, and what a tenth of the prompts exceeds: providers add texts of their own to some requests.
    let quantile = |families: &[Family], share: f64| fit::quantile(&mut errors(&samples, families), share);
    for (families, half, most) in [
        (&[Family::Gpt35To4, Family::Gpt4o][..], 0.03, 0.15),
        (&[Family::Gpt5], 0.03, 0.45),
        (&[Family::Claude3, Family::Claude4, Family::Claude45, Family::ClaudeNew], 0.035, 0.45),
        (&[], 0.05, 0.55),
    ] {
        let (p50, p90) = (quantile(families, 0.5), quantile(families, 0.9));
        println!("{families:?}: half within {p50:.3}, nine of ten within {p90:.3}");
        assert!(p50 <= half && p90 <= most, "{families:?}: {p50} {p90}");
    }
    let inside = |it: &&Sample| it.bounds.is_some_and(|bounds| (bounds.least..=bounds.most).contains(&it.tokens()));
    let share = samples.iter().filter(inside).count() as f64 / samples.len() as f64;
    println!("{share:.4} lie between their bounds");
    assert!(share >= 0.99);
}

/// A prompt that follows given weights, in a recording of its own.
fn sample(number: usize, family: Family, measure: Measure, actual: f64) -> Sample {
    let body = json!({"messages": []}).to_string();
    let prompt = outrigger_tokens::Prompt::read(body.as_bytes()).expect("JSON");
    Sample {
        file: format!("file {number}"),
        model: String::new(),
        family,
        measure,
        actual,
        estimate: prompt.estimate(counter(), ""),
        bounds: None,
        body_bytes: body.len(),
        native: true,
    }
}

fn measured(number: usize) -> Measure {
    let text = 50.0 + 37.0 * (number % 13) as f64;
    let any_tool = (number % 2) as f64;
    Measure {
        text,
        messages: (1 + number % 3) as f64,
        tools: any_tool * (40.0 + 11.0 * (number % 7) as f64),
        tool_count: any_tool,
        any_tool,
        talk: 1.0,
        ..Measure::default()
    }
}

#[test]
fn the_fit_finds_the_weights_and_passes_over_what_is_far_off() {
    let of = |it: &Measure| 1.2 * it.text + 3.0 * it.messages + it.tools + 400.0 * it.any_tool;
    let mut samples: Vec<Sample> =
        (0..100).map(|number| sample(number, Family::Qwen, measured(number), of(&measured(number)))).collect();
    // One prompt in twenty has a cost that nothing explains.
    samples.iter_mut().step_by(20).for_each(|it| it.actual *= 10.0);
    let fitted = fit::fit(&samples);
    let factors = fitted.families[&Family::Qwen];
    assert_eq!(factors.samples, 100);
    for number in [1, 4, 7] {
        let (measure, expected) = (measured(number), of(&measured(number)));
        assert!((factors.tokens(&measure) / expected - 1.0).abs() < 0.05, "{factors:?}");
    }
    assert!(factors.p90 < 0.05, "{factors:?}");
}

#[test]
fn a_family_of_noise_gets_no_weights_of_its_own() {
    let of = |it: &Measure| it.text + 4.0 * it.messages;
    let plain = |number: usize| Measure { tools: 0.0, tool_count: 0.0, any_tool: 0.0, ..measured(number) };
    let mut samples: Vec<Sample> =
        (0..60).map(|number| sample(number, Family::Mistral, plain(number), of(&plain(number)))).collect();
    samples.extend((0..2).map(|number| sample(number, Family::Kimi, plain(number), 900.0)));
    let fitted = fit::fit(&samples);
    assert!(!fitted.families.contains_key(&Family::Kimi));
}

#[test]
fn quantiles_are_values_that_occur() {
    assert_eq!(fit::quantile(&mut [3.0, 1.0, 2.0, 4.0], 0.5), 2.0);
    assert_eq!(fit::quantile(&mut [3.0, 1.0, 2.0, 4.0], 1.0), 4.0);
    assert_eq!(fit::quantile(&mut [], 0.5), 0.0);
}

#[test]
fn other_dialects_become_messages() {
    let gemini = convert(json!({
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "hi"}]},
            {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"a": 1}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"b": 2}}}]},
        ],
        "tools": [{"functionDeclarations": [{"name": "f", "description": "d", "parameters": {"type": "object"}}]}],
    }));
    assert_eq!(gemini["system"][0]["text"], "Be brief.");
    assert_eq!(gemini["messages"][1]["content"][0]["type"], "tool_use");
    assert_eq!(gemini["messages"][2]["content"][0]["content"], "{\"b\":2}");
    assert_eq!(gemini["tools"][0]["name"], "f");

    let converse = convert(json!({
        "system": [{"text": "Be brief."}],
        "messages": [
            {"role": "user", "content": [{"text": "hi"}]},
            {"role": "assistant", "content": [{"toolUse": {"name": "f", "input": {"a": 1}}}]},
            {"role": "user", "content": [{"toolResult": {"content": [{"json": {"b": 2}}]}}]},
        ],
        "toolConfig": {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object"}}}}]},
    }));
    assert_eq!(converse["messages"][1]["content"][0]["name"], "f");
    assert_eq!(converse["messages"][2]["content"][0]["content"][0], "{\"b\":2}");
    assert_eq!(converse["tools"][0]["input_schema"]["type"], "object");

    let cohere = convert(json!({"message": "hi", "chat_history": [{"role": "USER", "message": "hello"}]}));
    assert_eq!(cohere["messages"][1]["content"], "hi");
    let ours = json!({"messages": [{"role": "user", "content": "hi"}]});
    assert_eq!(convert(ours.clone()), ours);
}

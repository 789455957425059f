//! Every example in `deploy/examples` compiles without a word.

use super::*;

#[track_caller]
fn example(yaml: &str, routes: &[&str]) {
    check(&told(yaml), routes);
}

#[test]
fn quickstart_compiles() {
    let route = ": openai:openai/gpt-4o-mini p0 w1";
    let yaml = include_str!("../../../../deploy/examples/quickstart.yaml");
    example(yaml, &[&format!("assistant{route}"), &format!("demo/assistant{route}")]);
}

#[test]
fn failover_compiles() {
    let route = ": openai-main:openai/gpt-4o-mini p0 w1, groq:meta-llama/llama-3.3-70b-instruct p1 w1";
    let yaml = include_str!("../../../../deploy/examples/failover.yaml");
    example(
        yaml,
        &["demo/support-triage", "support-triage", "triage"]
            .map(|name| format!("{name}{route}"))
            .each_ref()
            .map(|s| s.as_str()),
    );
}

#[test]
fn eu_only_compiles() {
    let route = ": vllm:meta-llama/llama-3.3-70b-instruct p0 w1, mistral-eu:mistralai/mistral-small-2603 p1 w1";
    let yaml = include_str!("../../../../deploy/examples/eu-only.yaml");
    example(yaml, &[&format!("demo/eu{route}"), &format!("eu{route}")]);
}

//! Every example in `deploy/examples` compiles without a word.

use super::{policies::candidates, *};
use crate::Workload;

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
fn private_ca_compiles() {
    let route = "llama: vllm-tls:meta-llama/llama-3.3-70b-instruct p0 w1";
    let yaml = include_str!("../../../../deploy/examples/private-ca.yaml");
    example(yaml, &[&format!("demo/{route}"), route]);
    assert_eq!(snapshot(yaml).targets[0].provider.authorities.as_ref().unwrap().certificates().len(), 1);
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

const EU_ONLY_POLICY: &str = include_str!("../../../../deploy/examples/eu-only-policy.yaml");

#[test]
fn eu_only_policy_compiles_and_leaves_what_keeps_to_it() {
    example(EU_ONLY_POLICY, &[]);
    let route = ": vllm:meta-llama/llama-3.3-70b-instruct p0 w1, mistral-eu:mistralai/mistral-small-2603 p1 w1";
    let within = include_str!("../../../../deploy/examples/eu-only.yaml");
    example(&format!("{EU_ONLY_POLICY}---\n{within}"), &[&format!("demo/eu{route}"), &format!("eu{route}")]);
}

#[test]
fn eu_only_policy_takes_away_what_does_not() {
    let elsewhere = include_str!("../../../../deploy/examples/quickstart.yaml");
    let snapshot = snapshot(&format!("{EU_ONLY_POLICY}---\n{elsewhere}"));
    assert_eq!(candidates(&snapshot, &["assistant"]), ["assistant: !policy_forbidden"]);
    assert!(snapshot.targets.is_empty());
}

#[test]
fn teams_compiles_and_each_workload_has_its_own() {
    let yaml = include_str!("../../../../deploy/examples/teams.yaml");
    let (haiku, mini) = ("anthropic:anthropic/claude-haiku-4.5", "openai:openai/gpt-4o-mini");
    let chat = format!("chat: {haiku} p0 w1, {mini} p1 w1");
    let report = format!("report: {mini} p0 w1, {haiku} p0 w1");
    example(yaml, &[&chat, &report, &format!("shop/{chat}"), &format!("shop/{report}")]);

    let told = |service_account: &str, labels: &[(&str, &str)]| {
        let workload = Workload {
            namespace: "shop".to_owned(),
            service_account: service_account.to_owned(),
            labels: labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        };
        let world = world(yaml).0;
        let scope = Scope::Selected(world.select(&workload));
        let (snapshot, problems) = compile(&world, &CATALOG, &scope);
        assert_eq!(problems, []);
        candidates(&snapshot, &["chat", "report", "openai/gpt-4o-mini"])
    };
    assert_eq!(
        told("default", &[("app", "web")]),
        [
            "chat: anthropic:anthropic/claude-haiku-4.5 openai:openai/gpt-4o-mini",
            "report: !route_not_for_workload",
            "openai/gpt-4o-mini: openai:openai/gpt-4o-mini",
        ]
    );
    assert_eq!(
        told("nightly", &[]),
        [
            "chat: !route_not_for_workload",
            "report: anthropic:anthropic/claude-haiku-4.5 openai:openai/gpt-4o-mini",
            "openai/gpt-4o-mini: !bare_model_denied",
        ]
    );
}

#[test]
fn experiment_compiles() {
    let yaml = include_str!("../../../../deploy/examples/experiment.yaml");
    let fixed = "assistant: openai:openai/gpt-4o-mini p0 w1";
    let next = "assistant-next: openai:openai/gpt-4o-mini p0 w9, anthropic:anthropic/claude-haiku-4.5 p0 w1";
    example(yaml, &[next, fixed, &format!("demo/{next}"), &format!("demo/{fixed}")]);
}

#[test]
fn vllm_compiles() {
    let yaml = include_str!("../../../../deploy/examples/vllm.yaml");
    let model = "meta-llama/llama-3.3-70b-instruct";
    let route = format!("llama: vllm:{model} p0 w1, groq:{model} p1 w1");
    example(yaml, &[&format!("demo/{route}"), &route]);
}

#[test]
fn team_namespaces_compiles_and_each_has_its_own() {
    let yaml = include_str!("../../../../deploy/examples/team-namespaces.yaml");
    let told = |namespace: &str| {
        let workload = Workload { namespace: namespace.to_owned(), ..Workload::default() };
        let world = world(yaml).0;
        let scope = Scope::Selected(world.select(&workload));
        let (snapshot, problems) = compile(&world, &CATALOG, &scope);
        assert_eq!(problems, []);
        candidates(&snapshot, &["rank", "answer", "openai/gpt-4o-mini"])
    };
    let served = "openai:openai/gpt-4o-mini";
    assert_eq!(
        told("team-search"),
        [&format!("rank: {served}"), "answer: !model_not_found", &format!("openai/gpt-4o-mini: {served}")]
    );
    assert_eq!(
        told("team-support"),
        ["rank: !bare_model_denied", &format!("answer: {served}"), "openai/gpt-4o-mini: !bare_model_denied"]
    );
    assert_eq!(told("elsewhere")[2], "openai/gpt-4o-mini: !no_route");
}

/// Whoever adds one adds a test of it here.
#[test]
fn every_example_is_one_of_these() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/examples");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name();
        let name = name.to_str().unwrap();
        assert!(include_str!("examples.rs").contains(&format!("deploy/examples/{name}\")")), "{name}");
    }
}

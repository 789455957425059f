//! Specs that the API server refuses, and in which words.

use super::{rules, *};

/// Each rule lets through what it should, refuses what it should, and says what to do.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn every_rule_keeps_its_word() {
    let cluster = Cluster::shared().await;
    cluster.crds().await;
    let namespace = cluster.namespace().await;
    let mut wrong = Vec::new();
    for (at, case) in rules::CASES.iter().enumerate() {
        let document = |spec: &str| case.object(&namespace.name, &format!("x{at}"), spec);
        if !case.before.is_empty() {
            namespace.apply(document(case.before)).await;
        }
        for (spec, good) in [(case.good, true), (case.bad, false)] {
            let output = match case.before.is_empty() {
                true => tried(&cluster, &document(spec)).await,
                false => {
                    let replace = ["replace", "--dry-run=server", "--filename", "-"];
                    cluster.kubectl_with(&replace, &document(spec)).await
                }
            };
            let said = String::from_utf8_lossy(&output.stderr);
            if output.status.success() != good || said.contains(case.message) == good {
                wrong.push(format!("{} {} {spec}: {said}", case.kind, case.at));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What may be a key is not repeated in what is printed about an address.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn a_refused_address_is_not_shown() {
    let cluster = Cluster::shared().await;
    cluster.crds().await;
    for url in ["https://u:sk-hidden@x/v1", "u:sk-hidden@x/v1", "https://x/v1?key=sk-hidden", "https://x:0/sk-hidden"] {
        let spec = format!("{{preset: openai, baseURL: '{url}'}}");
        let said = refusal(&tried(&cluster, &object("ModelProvider", "default", "x", &spec)).await);
        assert!(said.contains("spec.baseURL: Forbidden: must ") && !said.contains("sk-hidden"), "{said}");
    }
}

/// Of a list whose items have names no two have one, of a set no two are the same.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn what_a_list_names_twice_is_refused_with_its_place() {
    let cluster = Cluster::shared().await;
    cluster.crds().await;
    let key = "{name: k, secretKeyRef: {name: s, key: k}}";
    for (kind, spec, told) in [
        ("ModelProvider", format!("{{preset: openai, credentials: [{key}, {key}]}}"), "spec.credentials[1]: Duplicate"),
        (
            "ModelProvider",
            "{preset: openai, headers: [{name: X-A, value: a}, {name: X-A, value: b}]}".to_owned(),
            "spec.headers[1]: Duplicate",
        ),
        (
            "ModelProvider",
            "{preset: openai, models: [{model: a}, {model: a, upstreamName: b}]}".to_owned(),
            "spec.models[1]: Duplicate",
        ),
        ("ModelRoute", "{targets: [{model: a}], aliases: [b, b]}".to_owned(), "spec.aliases[1]: Duplicate"),
        ("ModelPolicy", "{constraints: {regions: [eu, eu]}}".to_owned(), "spec.constraints.regions[1]: Duplicate"),
    ] {
        let said = refusal(&tried(&cluster, &object(kind, "default", "x", &spec)).await);
        assert!(said.contains(told), "{said}");
    }
    // Where order means something one model may well come twice.
    let twice = "{targets: [{model: a, priority: 0}, {model: a, priority: 0}]}";
    accepted(&tried(&cluster, &object("ModelRoute", "default", "x", twice)).await, twice);
}

/// A slip of the keyboard, a word that there is not, a number or text beyond its bounds.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn what_is_not_of_the_kind_is_refused() {
    let cluster = Cluster::shared().await;
    cluster.crds().await;
    let many: Vec<String> = (0..65).map(|at| format!("{{model: m{at}}}")).collect();
    for (kind, spec, told) in [
        ("ModelProvider", "{preset: openai, baseUrl: 'http://x'}".to_owned(), "unknown field \"spec.baseUrl\""),
        (
            "ModelProvider",
            "{preset: openai, dialects: [chat]}".to_owned(),
            "spec.dialects[0]: Unsupported value: \"chat\": supported values: \"ChatCompletions\", \"Messages\", \"Responses\"",
        ),
        (
            "ModelProvider",
            "{preset: openai, credentials: [{name: k, secretKeyRef: {name: Not_A_Name, key: k}}]}".to_owned(),
            "spec.credentials[0].secretKeyRef.name",
        ),
        (
            "ModelProvider",
            "{preset: openai, models: [{model: m, parameters: [tool]}]}".to_owned(),
            "spec.models[0].parameters[0]: Unsupported value",
        ),
        (
            "ModelProvider",
            "{preset: openai, models: []}".to_owned(),
            "spec.models in body should have at least 1 items",
        ),
        (
            "ModelProvider",
            "{preset: openai, headers: [{name: 'X A', value: a}]}".to_owned(),
            "spec.headers[0].name in body should match",
        ),
        ("ModelRoute", "{targets: [{model: a, provider: a/b/c}]}".to_owned(), "spec.targets[0].provider in body"),
        (
            "ModelRoute",
            format!("{{targets: [{}]}}", many.join(", ")),
            "spec.targets: Too many: 65: must have at most 64",
        ),
        (
            "ModelRoute",
            "{targets: [{model: a, priority: 65536}]}".to_owned(),
            "spec.targets[0].priority in body should",
        ),
        (
            "ModelRoute",
            "{targets: [{model: a}], timeouts: {total: 90}}".to_owned(),
            "spec.timeouts.total in body must be",
        ),
        (
            "ModelRoute",
            "{targets: [{model: a}], timeouts: {total: 1.5s}}".to_owned(),
            "spec.timeouts.total in body should match",
        ),
        ("ModelPolicy", "{models: {allow: ['a*b']}}".to_owned(), "spec.models.allow[0] in body should match"),
    ] {
        let said = refusal(&tried(&cluster, &object(kind, "default", "x", &spec)).await);
        assert!(said.contains(told), "{told}: {said}");
    }
}

/// The largest that the bounds allow costs the API server no more than it is willing to spend on rules.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn a_provider_of_every_model_there_is_is_accepted() {
    let cluster = Cluster::shared().await;
    cluster.crds().await;
    let models: Vec<String> = (0..512)
        .map(|at| {
            format!("{{model: vendor/model-{at}, prices: {{input: '0.15', output: '0.60', cacheRead: '0.075'}}}}")
        })
        .collect();
    let headers: Vec<String> = (0..32).map(|at| format!("{{name: X-Header-{at}, value: v}}")).collect();
    let spec = format!(
        "{{dialects: [ChatCompletions], baseURL: 'http://x/v1', models: [{}], headers: [{}]}}",
        models.join(", "),
        headers.join(", ")
    );
    accepted(&tried(&cluster, &object("ModelProvider", "default", "x", &spec)).await, "512 models");
}

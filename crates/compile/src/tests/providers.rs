//! One provider and what it serves.

use outrigger_route::closed::Closed;

use super::*;
use outrigger_route::words::Parameter;
use outrigger_wire::Operation;

fn keyed(spec: &str) -> String {
    let credentials = "credentials: [{name: k, secretKeyRef: {name: s, key: k}}]";
    secret("s", "{k: sk-1}") + &provider("x", &format!("{{{credentials}, {spec}}}"))
}

#[track_caller]
fn refused(spec: &str, expected: &[&str]) {
    check(
        &told(&keyed(spec)),
        &expected
            .iter()
            .map(|it| format!("p.yaml:10: ModelProvider demo/x {it}"))
            .collect::<Vec<_>>()
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>(),
    );
}

#[test]
fn an_unknown_preset_names_its_neighbours() {
    let told = told(&keyed("preset: opnai"));
    assert!(told.contains("spec.preset: there is no such preset; did you mean openai"), "{told}");
}

#[test]
fn a_preset_whose_dialect_is_not_built_says_so() {
    let told = told(&keyed("preset: amazon-bedrock, baseURL: 'https://x'"));
    assert!(told.contains("spec.preset: Amazon Bedrock speaks the dialect bedrock, not supported yet"), "{told}");
}

/// Z7: nothing but the path of an operation can be appended to a base URL.
#[test]
fn a_base_url_holds_no_user_no_query_and_no_other_scheme() {
    let url = |url: &str| {
        let told = told(&keyed(&format!("preset: openai, baseURL: '{url}'")));
        told.lines().next().map(|line| line.split("; write").next().unwrap().to_owned()).unwrap_or_default()
    };
    let at = "p.yaml:10: ModelProvider demo/x spec.baseURL: ";
    assert_eq!(
        url("https://u:hunter2@x/v1"),
        format!("{at}holds a user or password: keys belong into a Secret named by spec.credentials")
    );
    assert!(url("https://x/v1?a=b").contains("query"));
    assert!(url("ftp://x").contains("not an absolute http:// or https:// URL"));
    assert!(url("https://").contains("no valid host"));
    assert!(url("https://x:0/v1").contains("no valid host"));
    assert!(url("https://x/../y").contains("dot segment"));
    assert_eq!([url("http://[::1]:80/v1"), url("https://x.svc:8443/v1/")], ["", ""]);
}

#[test]
fn a_preset_without_an_address_asks_for_one() {
    refused(
        "preset: databricks",
        &["spec.baseURL: required: the address of Databricks depends on your account or region"],
    );
}

#[test]
fn every_offer_of_a_preset_is_served_and_its_id_means_one_of_them() {
    let snapshot = snapshot(&keyed("preset: openai"));
    assert!(snapshot.targets.len() > 100);
    assert!(snapshot.models.values().all(|slots| slots.len() == 1));
    let by = |name: &str| snapshot.models[name].to_vec();
    assert_eq!(by("openai/gpt-4o-mini"), by("gpt-4o-mini"));
}

/// R12: `/responses` is asked of who has it, by the catalogue or by the operator's word, and of nobody who is merely compatible.
#[test]
fn responses_are_asked_of_whoever_speaks_them() {
    let asked = |spec: &str| {
        let snapshot = snapshot(&keyed(spec));
        let target = &snapshot.targets[0];
        [Operation::ChatCompletions, Operation::Messages, Operation::Responses, Operation::Embeddings]
            .map(|operation| target.operations.contains(operation))
    };
    let own = |dialects: &str| asked(&format!("dialects: {dialects}, baseURL: 'http://x', models: [{{model: m}}]"));
    assert_eq!(asked("preset: openai, models: [{model: openai/gpt-4o-mini}]"), [true, true, true, false]);
    assert_eq!(asked("preset: deepseek, models: [{model: deepseek-chat}]"), [true, true, false, false]);
    assert_eq!(own("[ChatCompletions]"), [true, true, false, true]);
    assert_eq!(own("[ChatCompletions, Responses]"), [true, true, true, true]);
    assert_eq!(own("[Messages]"), [true, true, false, false]);
    assert_eq!(own("[Responses]"), [false, false, true, false]);
}

#[test]
fn the_word_that_dialects_replace_is_read_and_says_so() {
    let spec = |dialect: &str| format!("{dialect}, baseURL: 'http://x', models: [{{model: m}}]");
    for (old, new) in [("OpenAI", "[ChatCompletions]"), ("Anthropic", "[Messages]")] {
        refused(
            &spec(&format!("dialect: {old}")),
            &[&format!("spec.dialect: warning: is replaced by dialects: write dialects: {new}")],
        );
        let (old, new) = (spec(&format!("dialect: {old}")), spec(&format!("dialects: {new}")));
        let spoken = |spec: &str| snapshot(&keyed(spec)).targets[0].provider.dialects;
        assert_eq!(spoken(&old), spoken(&new));
    }
}

/// The words of the kind are those of the list of dialects.
#[test]
fn every_dialect_can_be_declared_by_its_word() {
    for dialect in outrigger_wire::Dialect::ALL {
        let spec = format!("dialects: [{}], baseURL: 'http://x', models: [{{model: m}}]", dialect.kind());
        let snapshot = snapshot(&keyed(&spec));
        assert_eq!(snapshot.targets[0].provider.dialects, outrigger_wire::Dialects::only(dialect));
    }
}

#[test]
fn operations_and_parameters_follow_the_catalogue() {
    let snapshot = snapshot(&keyed("preset: openai"));
    let target = |name: &str| &snapshot.targets[snapshot.models[name][0] as usize];
    let (chat, embedding) = (target("openai/gpt-4o-mini"), target("openai/text-embedding-3-small"));
    assert!(chat.operations.contains(Operation::ChatCompletions) && !chat.operations.contains(Operation::Embeddings));
    assert!(
        embedding.operations.contains(Operation::Embeddings) && !embedding.operations.contains(Operation::Responses)
    );
    assert!(chat.parameters.contains(Parameter::Tools) && !chat.parameters.contains(Parameter::Reasoning));
    assert!(!embedding.parameters.contains(Parameter::ToolChoice));
}

/// U6: the operator's price wins, and a model without any has none, never zero.
#[test]
fn prices_are_the_operators_then_the_catalogues_then_none() {
    let snapshot = snapshot(&keyed(
        "preset: openai, models: [{model: openai/gpt-4o-mini, prices: {input: '9', output: '10'}}, \
         {model: gpt-4o}, {model: mine, upstreamName: ft-1}]",
    ));
    let prices: Vec<_> = snapshot
        .targets
        .iter()
        .map(|target| (&*target.model, target.prices.as_ref().map(|it| (it.source != "policy", it.input.to_string()))))
        .collect();
    assert_eq!(
        prices,
        [
            ("openai/gpt-4o-mini", Some((false, "9".to_owned()))),
            ("openai/gpt-4o", Some((true, "2.5".to_owned()))),
            ("mine", None),
        ]
    );
}

#[test]
fn a_bad_model_leaves_the_others_of_its_provider() {
    let yaml = keyed(
        "preset: openai, models: [{model: gpt-4o, prices: {input: '-1', output: '1e3'}}, {model: gpt-4o-mini, parameters: [tools]}]",
    );
    assert_eq!(snapshot(&yaml).targets.len(), 1);
    check(
        &told(&yaml),
        &[
            "p.yaml:10: ModelProvider demo/x spec.models[0].prices.input: is negative; write US dollars as a plain \
         decimal in quotes, such as \"0.15\"",
            "p.yaml:10: ModelProvider demo/x spec.models[0].prices.output: is not a plain decimal number; write US \
         dollars as a plain decimal in quotes, such as \"0.15\"",
        ],
    );
}

#[test]
fn headers_that_frame_or_authenticate_are_refused() {
    refused(
        "preset: openai, headers: [{name: Host, value: x}, {name: Authorization, value: x}, {name: X-Org, value: x}]",
        &[
            "spec.headers[0].name: \"host\" is set by the proxy itself",
            "spec.headers[1].name: carries the key: use credentials",
        ],
    );
}

#[test]
fn models_that_nobody_serves_say_who_would() {
    let snapshot = snapshot(MAIN);
    let Closed::Unserved { by: text } = &snapshot.closed["openai/gpt-4o-mini"] else { panic!() };
    assert!(text.starts_with("OpenAI (set OPENAI_API_KEY), ") && text.contains("more"), "{text}");
}

/// Z6, H12: what may be a key is never printed, wherever it was put.
#[test]
fn a_key_in_an_address_is_not_shown() {
    for (url, why) in [
        ("https://host/v1?key=sk-hidden", "holds a query or fragment"),
        ("https://u:sk-hidden@host/v1", "holds a user or password"),
        ("u:sk-hidden@host/v1", "is not an absolute http:// or https:// URL"),
        ("https://u:sk-hidden@host/v1#sk-hidden", "holds a user or password"),
    ] {
        let told = told(&provider("x", &format!("{{preset: openai, baseURL: '{url}', auth: {{scheme: None}}}}")));
        assert!(told.contains(why) && !told.contains("sk-hidden"), "{told}");
    }
}

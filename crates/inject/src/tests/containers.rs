//! R-INJ-7: variables of the application.

use super::{pod, variables};

const OPENAI: [&str; 2] = ["OPENAI_BASE_URL=http://127.0.0.1:4117/v1", "OPENAI_API_BASE=http://127.0.0.1:4117/v1"];
const ANTHROPIC: &str = "ANTHROPIC_BASE_URL=http://127.0.0.1:4117";

/// What is added to a container with `env`, and what is said.
fn added(metadata: &str, container: &str) -> (Vec<String>, String) {
    let case =
        pod(&format!("{{metadata: {{{metadata}}}, spec: {{containers: [{{name: app, image: a, {container}}}]}}}}"));
    let (after, notes) = case.injected();
    let before = variables(&case.pod["spec"]["containers"][0]);
    let all = variables(&after["spec"]["containers"][0]);
    assert_eq!(all[..before.len()], before);
    (all[before.len()..].to_vec(), notes.join("\n"))
}

#[test]
fn what_the_pod_sets_is_left_and_said() {
    let (set, said) = added("", "env: [{name: OPENAI_API_BASE, value: 'http://vllm/v1'}]");
    // Not the other address of the family either: which of the two an SDK reads differs.
    assert_eq!(set, [ANTHROPIC, "ANTHROPIC_API_KEY=injected-by-outrigger"]);
    assert!(said.starts_with("VariableKept: the container \"app\" sets OPENAI_API_BASE itself: it is left"), "{said}");
}

#[test]
fn a_key_of_its_own_stays() {
    let (set, said) = added(
        "",
        "env: [{name: OPENAI_API_KEY, valueFrom: {secretKeyRef: {name: s, key: k}}}, {name: ANTHROPIC_AUTH_TOKEN, value: t}]",
    );
    assert_eq!((set, said.as_str()), ([OPENAI[0], OPENAI[1], ANTHROPIC].map(str::to_owned).to_vec(), ""));
}

/// `env` comes over `envFrom`, which cannot be read here: a real key must not be hidden.
#[test]
fn beside_env_from_no_key_is_made_up_unless_told() {
    let from = "envFrom: [{secretRef: {name: keys}}]";
    assert_eq!(added("", from).0, [OPENAI[0], OPENAI[1], ANTHROPIC]);
    let always = added("annotations: {outrigger.dev/dummy-keys: always}", from).0;
    assert_eq!(always.len(), 5);
    let never = added("annotations: {outrigger.dev/dummy-keys: never}", "").0;
    assert_eq!(never, [OPENAI[0], OPENAI[1], ANTHROPIC]);
}

#[test]
fn containers_are_chosen() {
    let two = "{metadata: {annotations: {outrigger.dev/containers: 'worker, x'}}, \
                spec: {containers: [{name: app, image: a}, {name: worker, image: w}]}}";
    let (after, _) = pod(two).injected();
    assert_eq!(variables(&after["spec"]["containers"][0]), Vec::<String>::new());
    assert_eq!(variables(&after["spec"]["containers"][1]).len(), 5);
    assert_eq!(added("annotations: {outrigger.dev/addresses: leave}", "").0, Vec::<String>::new());
    assert_eq!(added("annotations: {outrigger.dev/port: '5000'}", "").0[0], "OPENAI_BASE_URL=http://127.0.0.1:5000/v1");
}

/// SDKs of what is not served yet find everything as it was.
#[test]
fn other_families_are_left_alone() {
    let set = added("", "").0;
    for other in ["GOOGLE_GEMINI_BASE_URL", "AZURE_OPENAI_ENDPOINT", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "CO_API_URL"] {
        assert!(!set.iter().any(|it| it.starts_with(other)), "{other}");
    }
    let (set, said) =
        added("", "env: [{name: AZURE_OPENAI_ENDPOINT, value: 'https://x'}, {name: AZURE_OPENAI_API_KEY, value: k}]");
    assert_eq!((set.len(), said.as_str()), (5, ""));
}

#[test]
fn localhost_goes_through_no_proxy() {
    let proxy = "{name: HTTP_PROXY, value: 'http://p:3128'}";
    let ends = |set: &[String]| set[5..].join(" ");
    assert_eq!(
        ends(&added("", &format!("env: [{proxy}]")).0),
        "NO_PROXY=127.0.0.1,localhost no_proxy=127.0.0.1,localhost"
    );
    let (set, said) = added("", &format!("env: [{proxy}, {{name: NO_PROXY, value: '.svc, 10.0.0.0/8'}}]"));
    assert!(ends(&set).is_empty() && said.starts_with("ProxyInTheWay: the container \"app\" has a proxy"), "{said}");
    let (set, said) = added("", &format!("env: [{proxy}, {{name: no_proxy, value: '.svc, localhost'}}]"));
    assert_eq!((ends(&set).as_str(), said.as_str()), ("", ""));
}

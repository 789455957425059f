//! Keys: found, missing, and never shown.

use super::*;

fn two(data: &str) -> String {
    let credentials = "[{name: a, secretKeyRef: {name: s, key: a}}, {name: b, secretKeyRef: {name: s, key: b}}]";
    secret("s", data) + &provider("x", &format!("{{preset: groq, credentials: {credentials}}}"))
}

/// R-CFG-5: a bad key leaves the good ones of its provider.
#[test]
fn a_missing_key_leaves_the_other_and_says_how_many_there_are() {
    let yaml = two("{a: sk-1, c: sk-2}");
    assert_eq!(snapshot(&yaml).targets[0].provider.credentials.len(), 1);
    check(
        &told(&yaml),
        &[
            "p.yaml:10: ModelProvider demo/x spec.credentials[1].secretKeyRef: secret \"s\" has no such key, but 2 others",
        ],
    );
}

#[test]
fn unset_variables_and_empty_values_are_no_keys() {
    check(
        &told(&two("{a: '${UNSET}', b: ' '}")),
        &[
            "p.yaml:10: ModelProvider demo/x spec.credentials[0].secretKeyRef: secret \"s\" takes it from the \
         environment variable UNSET, which is not set: set it",
            "p.yaml:10: ModelProvider demo/x spec.credentials[1].secretKeyRef: secret \"s\": what it holds there is empty: put the key there",
            "p.yaml:10: ModelProvider demo/x spec.credentials: none of them can be used, so the provider is left out",
        ],
    );
}

#[test]
fn variables_are_filled_in_and_base64_is_decoded() {
    let yaml = two("{a: '${SOME_KEY}'}\ndata: {b: c2stYgo=}");
    let keys: Vec<String> =
        snapshot(&yaml).targets[0].provider.credentials.iter().map(|key| key.secret.expose().to_owned()).collect();
    assert_eq!(keys, ["sk-of-SOME_KEY", "sk-b"]);
}

/// Z6: no key in the `Debug` of anything, nor in a message.
#[test]
fn keys_are_never_shown() {
    for data in ["{a: sk-hidden, b: 'sk-hidden\\u0001'}", "{a: [sk-hidden], b: sk-hidden}", "sk-hidden"] {
        let yaml = two(data);
        let (world, _, files) = world(&yaml);
        let (snapshot, problems) = compile(&world, &CATALOG, &Scope::All);
        let shown = format!("{world:?}{files:?}{snapshot:?}{problems:?}{}", told(&yaml));
        assert!(!shown.contains("hidden"), "{data}");
    }
}

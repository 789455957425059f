//! Values by chance, drawn from the table of values: so that a value that is added is tried without a word.

use std::{collections::BTreeSet, fs};

use anyhow::{Context as _, Result, ensure};
use fastrand::Rng;
use serde_json::{Map, Value as Json, json};

use super::{
    bench::{Bench, NAMESPACE, objects, refusal},
    invariants,
};
use crate::charts::values::{self, Foreign, Is, Kind, Text, Value};

pub(super) fn valid(bench: &Bench) -> Result<()> {
    let mut rng = Rng::with_seed(bench.seed);
    let table = values::outrigger();
    for turn in 0..bench.random {
        let mut drawn = some(&table, &mut rng);
        agree(&mut drawn);
        let named = named(&drawn);
        let rendered = render(bench, turn, &drawn).and_then(|text| objects(&text));
        rendered
            .and_then(|rendered| invariants::hold(&rendered, &named))
            .with_context(|| format!("values {turn} of seed {}: {drawn:#}", bench.seed))?;
    }
    Ok(())
}

pub(super) fn invalid(bench: &Bench) -> Result<()> {
    let mut rng = Rng::with_seed(bench.seed);
    let table = values::outrigger();
    let leaves = values::leaves(&table);
    for turn in 0..bench.random {
        let (path, value) = &leaves[rng.usize(..leaves.len())];
        let Is::One { kind, .. } = &value.is else { continue };
        let mut names: Vec<String> = path.split('.').map(str::to_owned).collect();
        let wrong = if rng.u8(..4) == 0 {
            // As people mistype it.
            if let Some(last) = names.last_mut() {
                last.push('s');
            }
            json!({"a": 1})
        } else {
            wrong(kind, &mut rng)
        };
        let name = names.last().cloned().unwrap_or_default();
        let drawn = names.into_iter().rev().fold(wrong, |inner, name| json!({name: inner}));
        let what = format!("values {turn} of seed {}: {drawn}", bench.seed);
        let said = refusal(&what, render(bench, turn, &drawn))?;
        ensure!(said.contains(&name) && said.contains("schema"), "{what}: it is not named in\n{said}");
    }
    Ok(())
}

/// Both Helms in turn.
fn render(bench: &Bench, turn: usize, drawn: &Json) -> Result<String> {
    let file = bench.home().join("values.json");
    fs::write(&file, drawn.to_string())?;
    let file = file.display().to_string();
    let helm = &bench.helms[turn % bench.helms.len()];
    bench.helm(helm, &["template", "o", "charts/outrigger", "--namespace", NAMESPACE, "--values", &file])
}

/// About half of the values, each as it may be.
fn some(values: &[Value], rng: &mut Rng) -> Json {
    let mut drawn = Map::new();
    for value in values {
        match &value.is {
            Is::Group(group) => drop(drawn.insert(value.name.to_owned(), some(group, rng))),
            Is::One { kind, .. } if rng.bool() => drop(drawn.insert(value.name.to_owned(), right(kind, rng))),
            Is::One { .. } => {}
        }
    }
    drawn.into()
}

/// What no schema says: two values that contradict each other.
fn agree(drawn: &mut Json) {
    if drawn["certManager"]["enabled"] == true {
        for program in ["controlPlane", "injector", "ledger"] {
            if let Some(fields) = drawn.get_mut(program).and_then(Json::as_object_mut) {
                fields.remove("tlsSecret");
            }
        }
    }
    if let Some(ledger) = drawn.get_mut("ledger").and_then(Json::as_object_mut) {
        // One file has one process, and a database has a URL.
        if ledger.get("store").is_some_and(|store| store == "PostgreSQL") {
            ledger.insert("postgresql".to_owned(), json!({"secret": "database"}));
        } else {
            ledger.remove("replicas");
        }
    }
    for kind in ["secrets", "configMaps"] {
        let all: Vec<Json> = drawn[kind]["namespaces"].as_array().cloned().unwrap_or_default();
        if let Some(named) = drawn.pointer_mut(&format!("/{kind}/named")).and_then(Json::as_object_mut) {
            named.retain(|namespace, _| !all.iter().any(|it| it == namespace));
        }
    }
}

/// Namespaces in which rights are given.
fn named(drawn: &Json) -> BTreeSet<String> {
    let of = |kind: &str| {
        let given = &drawn[kind];
        let all = given["namespaces"].as_array().into_iter().flatten().filter_map(|it| Some(it.as_str()?.to_owned()));
        all.chain(given["named"].as_object().into_iter().flat_map(|it| it.keys().cloned())).collect::<Vec<_>>()
    };
    of("secrets").into_iter().chain(of("configMaps")).collect()
}

pub(super) fn right(kind: &Kind, rng: &mut Rng) -> Json {
    match kind {
        Kind::Bool => rng.bool().into(),
        Kind::Whole(least, most) => rng.u32(*least..=*most).into(),
        Kind::Text(kind) => text(*kind, rng).into(),
        Kind::Word(words) => words[rng.usize(..words.len())].into(),
        Kind::Texts(kind) => {
            let texts: BTreeSet<&str> = (0..rng.usize(..3)).map(|_| text(*kind, rng)).collect();
            texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().into()
        }
        Kind::Ports => json!([rng.u16(1..), 443]),
        Kind::Labels => labels(rng, &["x", "true", "1", ""]),
        Kind::Annotations => labels(rng, &["x", "true", "12", "a: b\n# c", "{{ .Values }}", "\"'", " "]),
        Kind::Amounts => json!({"cpu": one(rng, &["100m", "2"]), "nvidia.com/gpu": rng.u8(..4), "memory": "1.5Gi"}),
        Kind::Amount => one(rng, &["1Gi", "500M", "1.5Ti"]).into(),
        Kind::PullSecrets => json!([{"name": "regcred"}]),
        Kind::NamesByNamespace => json!({one(rng, &["prod", "123"]): ["openai", "4.5"]}),
        Kind::Foreign(Foreign::Affinity) => json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}],
        }}}),
        Kind::Foreign(Foreign::Tolerations) => json!([{"key": "a", "operator": "Exists", "effect": "NoSchedule"}]),
    }
}

/// What YAML takes for something else is among them.
fn text(kind: Text, rng: &mut Rng) -> &'static str {
    let digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    match kind {
        Text::Label => one(rng, &["a", "team-1", "123", "true", "null", "1e3"]),
        Text::Name => one(rng, &["", "a.b-c", "123", "yes", "0x1f"]),
        Text::Entry => one(rng, &["url", "DATABASE_URL", "a.b-c"]),
        Text::Domain => one(rng, &["example.com", "cluster.local", "1.5"]),
        Text::Registry => one(rng, &["", "localhost:5000", "registry.example.com/a/b/"]),
        Text::Repository => one(rng, &["a", "localhost:5000/a/b", "r.example.com/a_b/c-d"]),
        Text::Tag => one(rng, &["", "1.10", "latest", "v2_x-y"]),
        Text::Digest => one(rng, &["", digest]),
        Text::Duration => one(rng, &["1h", "1h30m", "90s"]),
        Text::Key => one(rng, &["team", "example.com/team", "true", "1"]),
        Text::Address => one(rng, &["0.0.0.0", "::"]),
        Text::Pages => one(rng, &["https://wiki.example.com/outrigger/", "pages/"]),
        Text::Filter => one(rng, &["", "debug", "info,a::b=trace", "off"]),
        Text::Url => one(rng, &["", "http://collector.observability.svc:4317", "https://otlp.example.com"]),
        Text::Ratio => one(rng, &["", "0", "0.25", "1"]),
    }
}

fn labels(rng: &mut Rng, values: &[&'static str]) -> Json {
    let keys = ["a", "example.com/b", "app.kubernetes.io/name", "app.kubernetes.io/component", "true", "1"];
    let mut labels = Map::new();
    for _ in 0..rng.usize(..4) {
        labels.insert(one(rng, &keys).to_owned(), one(rng, values).into());
    }
    labels.into()
}

fn one(rng: &mut Rng, of: &[&'static str]) -> &'static str {
    of[rng.usize(..of.len())]
}

fn wrong(kind: &Kind, rng: &mut Rng) -> Json {
    let choices = match kind {
        Kind::Bool => json!(["true", 1, null, {}]),
        Kind::Whole(_, most) => json!([u64::from(*most) + 1, -1, 1.5, "1", true, null]),
        Kind::Text(Text::Filter | Text::Registry | Text::Tag) => json!([1, true, null, ["a"], "a b", "a\nb"]),
        Kind::Text(_) => json!([1, true, null, {}, ["a"], "A b", "a\nb: c", "-", "a".repeat(400)]),
        Kind::Word(_) => json!(["nothing", 1, false, null, []]),
        Kind::Texts(_) => json!(["a", {}, null, ["a", "a"], ["A b"], [1]]),
        Kind::Ports => json!([[], [0], [65536], ["443"], 443, null]),
        Kind::Labels => json!([{"a": true}, {"a": 1}, {"a": "b c"}, {"a": {}}, {"a b": "c"}, ["a"], "a", null]),
        Kind::Annotations => json!([{"a": true}, {"a": 1}, {"a": {}}, {"a b": "c"}, ["a"], "a", null]),
        Kind::Amounts => json!([{"cpu": "much"}, {"cpu": true}, {"cpu": -1}, ["cpu"], "1", null]),
        Kind::Amount => json!(["much", true, 1, -1, null, [], ""]),
        Kind::PullSecrets => json!([["a"], [{"nme": "a"}], [{"name": "A"}], {"name": "a"}, null]),
        Kind::NamesByNamespace => json!([{"a": []}, {"a": "b"}, {"A": ["b"]}, {"a": ["B"]}, ["a"], null]),
        Kind::Foreign(Foreign::Affinity) => json!([[], "a", 1, null]),
        Kind::Foreign(Foreign::Tolerations) => json!([{}, "a", ["a"], null]),
    };
    let choices = choices.as_array().cloned().unwrap_or_default();
    choices[rng.usize(..choices.len())].clone()
}

//! No value is without effect: one that no template reads would be believed all the same.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use fastrand::Rng;
use serde_json::{Value as Json, json};

use super::{bench::Bench, random};
use crate::charts::values::{self, Is};

/// With all that some values are only about.
fn base((cert_manager, store): (bool, &str)) -> Json {
    json!({
        "ledger": {"enabled": true, "store": store, "postgresql": {"secret": "x"}},
        "networkPolicy": {"enabled": true},
        "podMonitor": {"enabled": true},
        // It leaves the other nothing to read here.
        "serviceMonitor": {"enabled": store == "SQLite"},
        "prometheusRule": {"enabled": true},
        "grafana": {"dashboards": {"enabled": true}},
        "tracing": {"endpoint": "http://collector:4317", "headers": {"secret": "otlp"}},
        // Kind and group are of an issuer that has a name.
        "certManager": {"enabled": cert_manager, "issuerRef": {"name": "x"}},
    })
}

pub(super) fn every_value(bench: &Bench) -> Result<()> {
    let mut rng = Rng::with_seed(bench.seed);
    let table = values::outrigger();
    let bases = [(false, "PostgreSQL"), (true, "PostgreSQL"), (true, "SQLite")].map(base);
    let mut plain = Vec::new();
    for base in &bases {
        plain.push(render(bench, base, None)?);
    }
    for (path, value) in values::leaves(&table) {
        let Is::One { kind, default } = &value.is else { continue };
        // A Secret of one's own and cert-manager contradict each other; a volume is of one store.
        let which = match path.as_str() {
            path if path.ends_with("tlsSecret") => 0,
            path if path.starts_with("ledger.storage.") || path.starts_with("serviceMonitor.") => 2,
            _ => 1,
        };
        let (base, plain) = (&bases[which], &plain[which]);
        let pointer = format!("/{}", path.replace('.', "/"));
        let now = base.pointer(&pointer).unwrap_or(default);
        let empty = |it: &Json| it.as_object().is_some_and(serde_json::Map::is_empty) || *it == json!([]);
        // Labels of the chart's own stay what they are, whatever a value says of them.
        let own = |key: &String| key.starts_with("app.kubernetes.io/");
        let ours = |it: &Json| it.as_object().is_some_and(|labels| labels.keys().all(own));
        let mut draws = std::iter::repeat_with(|| random::right(kind, &mut rng)).take(1000);
        let other = draws.find(|other| other != now && !empty(other) && !ours(other));
        let other = other.with_context(|| format!("{path} can be nothing but {now}"))?;
        let changed = path.rsplit('.').fold(other.clone(), |inner, name| json!({name: inner}));
        let rendered = render(bench, base, Some(&changed)).with_context(|| format!("{path}: {other}"))?;
        ensure!(*plain != rendered, "{path}: {other} changes nothing: no template reads it");
    }
    Ok(())
}

fn render(bench: &Bench, base: &Json, changed: Option<&Json>) -> Result<String> {
    let mut words = Vec::new();
    for (name, values) in [("base.json", Some(base)), ("changed.json", changed)] {
        if let Some(values) = values {
            let file = bench.home().join(name);
            fs::write(&file, values.to_string())?;
            words.push(format!("--values={}", file.display()));
        }
    }
    bench.text(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

//! What findings are made of, for each file that judges: a place in an object, names in a row, what to run.

pub(super) use serde_json::Value;

pub(super) use crate::installation::{
    finding::Findings,
    found::{CONTROL_PLANE, Found},
};

/// The text at a place, or nothing.
pub(super) fn text<'a>(value: &'a Value, place: &str) -> &'a str {
    value.pointer(place).and_then(Value::as_str).unwrap_or_default()
}

/// The list at a place, or an empty one.
pub(super) fn list<'a>(value: &'a Value, place: &str) -> &'a [Value] {
    value.pointer(place).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Names in a row, of which the first few are said.
pub(super) fn named(names: &[String]) -> String {
    const SAID: usize = 3;
    let more = names.len().saturating_sub(SAID);
    let said = names[..names.len() - more].join(", ");
    if more == 0 { said } else { format!("{said} and {more} more") }
}

/// `1 pod`, `2 pods`.
pub(super) fn many(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// How the programs are put in place again, by whatever they were installed with.
pub(super) fn again(found: &Found) -> String {
    let system = &found.system;
    let labels = found.deployment(CONTROL_PLANE).map(|it| &it["metadata"]["labels"]);
    let label = |name: &str| labels.and_then(|labels| labels[name].as_str()).unwrap_or_default();
    match (label("app.kubernetes.io/managed-by"), label("app.kubernetes.io/instance")) {
        ("Helm", release) => {
            format!("helm upgrade {release} charts/outrigger --namespace {system} --reset-then-reuse-values")
        }
        _ if labels.is_some() => "kubectl apply --server-side -f deploy/kubernetes/outrigger.yaml".to_owned(),
        _ => format!("helm upgrade --install outrigger charts/outrigger --namespace {system}"),
    }
}

/// How the kinds are.
pub(super) fn kinds_again(found: &Found) -> String {
    format!("helm upgrade --install outrigger-crds charts/outrigger-crds --namespace {}", found.system)
}

/// What a program says.
pub(super) fn logs(found: &Found, program: &str) -> String {
    format!("kubectl -n {} logs deployment/{program} --tail=50", found.system)
}

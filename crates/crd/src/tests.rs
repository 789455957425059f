//! The printed definitions, checked for what an API server would refuse.

use serde_json::Value;

use super::*;

fn walk(value: &Value, path: &str, seen: &mut dyn FnMut(&str, &serde_json::Map<String, Value>)) {
    match value {
        Value::Object(map) => {
            seen(path, map);
            map.iter().for_each(|(key, inner)| walk(inner, &format!("{path}.{key}"), seen));
        }
        Value::Array(items) => items.iter().for_each(|inner| walk(inner, path, seen)),
        _ => {}
    }
}

fn schemas() -> Vec<(String, Value)> {
    let schema = |crd: Value| crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone();
    all().iter().map(|crd| (crd.spec.names.kind.clone(), schema(serde_json::to_value(crd).unwrap()))).collect()
}

#[test]
fn every_kind_is_namespaced_with_category_short_name_and_status() {
    let facts: Vec<String> = all()
        .iter()
        .map(|crd| {
            let names = &crd.spec.names;
            let status = crd.spec.versions[0].subresources.as_ref().is_some_and(|sub| sub.status.is_some());
            format!("{} {:?} {:?} {} {status}", names.kind, names.short_names, names.categories, crd.spec.scope)
        })
        .collect();
    assert_eq!(
        facts,
        [
            r#"ModelProvider Some(["mprov"]) Some(["outrigger"]) Namespaced true"#,
            r#"ModelRoute Some(["mroute"]) Some(["outrigger"]) Namespaced true"#,
            r#"ModelPolicy Some(["mpol"]) Some(["outrigger"]) Namespaced true"#,
        ]
    );
}

#[test]
fn every_spec_field_has_a_description() {
    let mut missing = Vec::new();
    for (kind, schema) in schemas() {
        walk(&schema["properties"]["spec"], &kind, &mut |path, map| {
            if path.ends_with(".properties") {
                for (name, field) in map {
                    if field.get("description").is_none() {
                        missing.push(format!("{path}.{name}"));
                    }
                }
            }
        });
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn schemas_are_structural_and_hold_no_float_and_no_foreign_number_format() {
    let mut bad = Vec::new();
    for (kind, schema) in schemas() {
        walk(&schema["properties"]["spec"], &kind, &mut |path, map| {
            let type_ = map.get("type").and_then(Value::as_str);
            let closed = map.contains_key("properties") && map.contains_key("additionalProperties");
            let format = map.get("format").and_then(Value::as_str).unwrap_or_default();
            if type_ == Some("number") || closed || format.starts_with("uint") || map.contains_key("$ref") {
                bad.push(path.to_owned());
            }
        });
    }
    assert_eq!(bad, Vec::<String>::new());
}

#[test]
fn the_yaml_reads_back_as_the_same_definitions() {
    let yaml = to_yaml(&all()).unwrap();
    let documents: Vec<Value> = serde_saphyr::from_multiple(&yaml).unwrap();
    assert_eq!(documents, all().iter().map(|crd| serde_json::to_value(crd).unwrap()).collect::<Vec<_>>());
}

#[test]
fn a_misspelled_field_is_an_error() {
    let error = serde_json::from_str::<ModelProviderSpec>(r#"{"preset": "openai", "baseUrl": "x"}"#).unwrap_err();
    assert!(error.to_string().starts_with("unknown field `baseUrl`"), "{error}");
}

#[test]
fn durations_follow_gateway_api() {
    let millis = |text: &str| Duration::from(text).parse().ok().map(|time| time.as_millis());
    let cases = ["2s", "500ms", "10m", "1h30m", "0s", "", "5", "1.5s", "-1s", "1d", "123456s", "1h1h1h1h1h"];
    assert_eq!(
        cases.map(millis),
        [Some(2_000), Some(500), Some(600_000), Some(5_400_000), Some(0), None, None, None, None, None, None, None]
    );
}

/// Z6: a `Secret` shows its keys and nothing of its values.
#[test]
fn debug_of_a_secret_shows_no_value() {
    let secret: Secret = serde_json::from_str(r#"{"data":{"a":"c2stYQ=="},"stringData":{"b":"sk-b"}}"#).unwrap();
    let shown = format!("{secret:?}");
    assert!(shown.contains(r#"{"a"}"#) && shown.contains(r#"{"b"}"#) && !shown.contains("sk-b"), "{shown}");
    assert_eq!(
        (secret.value("a"), secret.value("b"), secret.value("c")),
        (Some(&b"sk-a"[..]), Some(&b"sk-b"[..]), None)
    );
}

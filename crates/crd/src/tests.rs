//! The printed definitions, checked for what an API server would refuse.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

#[path = "../../../tests/cluster/objects/rules.rs"]
mod rules;

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
fn every_kind_is_namespaced_with_category_and_short_name_and_those_of_policy_have_a_status() {
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
            r#"SidecarProfile Some(["sidecar"]) Some(["outrigger"]) Namespaced false"#,
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

/// Calls `seen` with the path and the schema of every field: `spec.targets[].weight`.
fn fields(schema: &Value, path: &str, seen: &mut dyn FnMut(&str, &Value)) {
    seen(path, schema);
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        let dot = if path.is_empty() { "" } else { "." };
        fields(inner, &format!("{path}{dot}{name}"), seen);
    }
    if schema["items"].is_object() {
        fields(&schema["items"], &format!("{path}[]"), seen);
    }
    if schema["additionalProperties"].is_object() {
        fields(&schema["additionalProperties"], &format!("{path}{{}}"), seen);
    }
}

/// The specs differ in what a rule forbids and in nothing else: they have the right shape.
#[test]
fn every_case_has_the_shape_of_its_kind() {
    for case in rules::CASES {
        for spec in [case.good, case.bad, case.before].into_iter().filter(|spec| !spec.is_empty()) {
            let text = case.object("demo", "x", spec);
            let read = match case.kind {
                "ModelProvider" => serde_saphyr::from_str::<ModelProvider>(&text).map(|_| ()),
                "ModelRoute" => serde_saphyr::from_str::<ModelRoute>(&text).map(|_| ()),
                "ModelPolicy" => serde_saphyr::from_str::<ModelPolicy>(&text).map(|_| ()),
                _ => serde_saphyr::from_str::<SidecarProfile>(&text).map(|_| ()),
            };
            assert!(read.is_ok(), "{}: {read:?}", case.message);
        }
    }
}

/// A rule nobody tried is a rule that may refuse everything, or nothing.
#[test]
fn every_rule_has_a_good_and_a_bad_case_and_every_case_a_rule() {
    let mut printed = BTreeSet::new();
    for (kind, schema) in schemas() {
        fields(&schema, "", &mut |path, field| {
            for rule in field["x-kubernetes-validations"].as_array().into_iter().flatten() {
                let message = rule["message"].as_str().unwrap_or_else(|| panic!("{kind} {path} has no message"));
                assert!(printed.insert((kind.clone(), path.to_owned(), message.to_owned())), "{path} twice: {message}");
                let before = rule["rule"].as_str().unwrap().contains("oldSelf");
                let case = rules::CASES.iter().find(|it| (it.kind, it.at, it.message) == (&*kind, path, message));
                let case = case.unwrap_or_else(|| panic!("no case for {kind} {path}: {message}"));
                assert_eq!(before, !case.before.is_empty(), "{message}");
            }
        });
    }
    let cases: BTreeSet<_> = rules::CASES.iter().map(|it| (it.kind.into(), it.at.into(), it.message.into())).collect();
    assert_eq!((cases.len(), &cases), (rules::CASES.len(), &printed));
}

#[test]
fn every_list_map_and_text_has_a_bound_and_every_list_a_type() {
    let mut open = Vec::new();
    for (kind, schema) in schemas() {
        let mut check = |path: &str, field: &Value| {
            let fixed = field.get("enum").is_some() || field["format"] == "date-time";
            let bounded = match field["type"].as_str() {
                Some("string") => fixed || field.get("maxLength").is_some(),
                Some("array") => field.get("maxItems").is_some(),
                Some("object") => field.get("properties").is_some() || field.get("maxProperties").is_some(),
                Some("integer") => field["format"] == "int64" || field.get("maximum").is_some(),
                _ => true,
            };
            let refused = field["description"] == "Cannot be set: the route decides it.";
            let listed = field["type"] != "array" || refused || field.get("x-kubernetes-list-type").is_some();
            if !(bounded || refused) || !listed {
                open.push(format!("{kind} {path}"));
            }
        };
        fields(&schema["properties"]["spec"], "spec", &mut check);
        fields(&schema["properties"]["status"], "status", &mut check);
    }
    assert_eq!(open, Vec::<String>::new());
}

/// What a list is decides what two writers of it, and one that names something twice, bring about.
#[test]
fn lists_are_maps_by_name_sets_or_in_order() {
    let mut lists = Vec::new();
    for (kind, schema) in schemas() {
        fields(&schema, &kind, &mut |path, field| {
            if let Some(list) = field["x-kubernetes-list-type"].as_str() {
                let keys = field["x-kubernetes-list-map-keys"].as_array().into_iter().flatten();
                let keys: Vec<&str> = keys.filter_map(Value::as_str).collect();
                lists.push(format!("{path} {list} {}", keys.join(",")).trim_end().to_owned());
            }
        });
    }
    assert_eq!(
        lists,
        [
            "ModelProvider.spec.allowedNamespaces.selector.matchExpressions atomic",
            "ModelProvider.spec.allowedNamespaces.selector.matchExpressions[].values atomic",
            "ModelProvider.spec.credentials map name",
            "ModelProvider.spec.dialects set",
            "ModelProvider.spec.headers map name",
            "ModelProvider.spec.models map model",
            "ModelProvider.spec.models[].inputModalities set",
            "ModelProvider.spec.models[].parameters set",
            "ModelProvider.status.conditions map type",
            "ModelRoute.spec.aliases set",
            "ModelRoute.spec.constraints.quantizations set",
            "ModelRoute.spec.constraints.regions set",
            "ModelRoute.spec.failover.alsoOn set",
            "ModelRoute.spec.targets atomic",
            "ModelRoute.spec.targets[].parameters.remove set",
            "ModelRoute.spec.workloads.selector.matchExpressions atomic",
            "ModelRoute.spec.workloads.selector.matchExpressions[].values atomic",
            "ModelRoute.spec.workloads.serviceAccounts set",
            "ModelRoute.status.conditions map type",
            "ModelPolicy.spec.constraints.quantizations set",
            "ModelPolicy.spec.constraints.regions set",
            "ModelPolicy.spec.models.allow set",
            "ModelPolicy.spec.models.deny set",
            "ModelPolicy.spec.namespaceSelector.matchExpressions atomic",
            "ModelPolicy.spec.namespaceSelector.matchExpressions[].values atomic",
            "ModelPolicy.spec.providers.allow set",
            "ModelPolicy.spec.providers.deny set",
            "ModelPolicy.spec.workloads.selector.matchExpressions atomic",
            "ModelPolicy.spec.workloads.selector.matchExpressions[].values atomic",
            "ModelPolicy.spec.workloads.serviceAccounts set",
            "ModelPolicy.status.conditions map type",
            "SidecarProfile.spec.proxy.noProxy set",
        ]
    );
}

/// `kubectl explain` shows the words of a closed list, and what each means only where the description says so.
#[test]
fn a_description_says_what_each_word_means_and_what_holds_without_the_field() {
    let mut silent = Vec::new();
    for (kind, schema) in schemas() {
        let required = |field: &Value| -> Vec<String> {
            field["required"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        fields(&schema["properties"]["spec"], "spec", &mut |path, field| {
            let words = field.get("enum").or(field["items"].get("enum")).and_then(Value::as_array);
            let text = field["description"].as_str().unwrap_or_default();
            for word in words.into_iter().flatten().filter_map(Value::as_str) {
                if !path.ends_with("[]") && !path.ends_with(".parameters") && !text.contains(&format!("`{word}`")) {
                    silent.push(format!("{kind} {path} {word}"));
                }
            }
            let must = required(field);
            for (name, inner) in field["properties"].as_object().into_iter().flatten() {
                let text = inner["description"].as_str().unwrap_or_default();
                let said = text.contains("Default: ") || text.contains("requires") || text.contains("Cannot be set");
                if !must.contains(name) && !said && inner.get("default").is_none() {
                    silent.push(format!("{kind} {path}.{name} says no default"));
                }
                if text.contains('\n') {
                    silent.push(format!("{kind} {path}.{name} breaks lines"));
                }
            }
        });
    }
    assert_eq!(silent, Vec::<String>::new());
}

#[test]
fn an_object_nobody_looked_at_waits_for_the_control_plane() {
    let told: Vec<String> = schemas()
        .iter()
        .map(|(kind, schema)| {
            let conditions = schema["properties"]["status"]["default"]["conditions"].as_array();
            let told = conditions.into_iter().flatten().map(|it| {
                let text = |key: &str| it[key].as_str().unwrap();
                format!("{} {} {} since {}", text("type"), text("status"), text("reason"), text("lastTransitionTime"))
            });
            format!("{kind}: {}", told.collect::<Vec<_>>().join(", "))
        })
        .collect();
    let unknown = |kind: &str| format!("{kind} Unknown Pending since 1970-01-01T00:00:00Z");
    let (accepted, resolved, programmed) = (unknown("Accepted"), unknown("ResolvedRefs"), unknown("Programmed"));
    assert_eq!(
        told,
        [
            format!("ModelProvider: {accepted}, {resolved}, {programmed}"),
            format!("ModelRoute: {accepted}, {resolved}, {programmed}"),
            format!("ModelPolicy: {accepted}, {programmed}"),
            // Nothing becomes of it before a pod does.
            "SidecarProfile: ".to_owned(),
        ]
    );
}

/// The words of the first days are still read from a folder; what is written is the later ones.
#[test]
fn old_words_of_a_dialect_are_read() {
    use provider::Family;
    let read = |word: &str| serde_json::from_value::<Family>(word.into()).ok();
    assert_eq!(
        ["openai", "anthropic", "OpenAI", "Anthropic", "gemini"].map(read),
        [Some(Family::OpenAI), Some(Family::Anthropic), Some(Family::OpenAI), Some(Family::Anthropic), None]
    );
    assert_eq!(
        serde_json::to_value([Family::OpenAI, Family::Anthropic]).unwrap().to_string(),
        r#"["OpenAI","Anthropic"]"#
    );
}

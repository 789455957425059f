//! `deploy/otel/collector.yaml`: what can be said of it without a Collector.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

fn configuration() -> Value {
    let path = crate::tools::root().join("deploy/otel/collector.yaml");
    serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn names(of: &Value) -> BTreeSet<&str> {
    of.as_object().unwrap().keys().map(String::as_str).collect()
}

/// A Collector refuses one that names what is not there, and warns of what nobody names.
#[test]
fn what_pipelines_name_is_what_is_configured() {
    let whole = configuration();
    let pipelines = whole["service"]["pipelines"].as_object().unwrap();
    for kind in ["receivers", "processors", "exporters"] {
        let named: BTreeSet<&str> = pipelines
            .values()
            .flat_map(|pipeline| pipeline[kind].as_array().unwrap())
            .map(|it| it.as_str().unwrap())
            .collect();
        assert_eq!(names(&whole[kind]), named, "{kind}");
    }
    let exporters = ["awss3", "datadog", "otlp_http/langfuse", "otlp_http/langsmith"];
    assert_eq!(names(&whole["exporters"]), BTreeSet::from(exporters));
}

/// Keys come from the environment alone, and the table beside it names each variable.
#[test]
fn every_variable_is_told_and_no_key_is_written_down() {
    let folder = crate::tools::root().join("deploy/otel");
    let [text, told] = ["collector.yaml", "README.md"].map(|name| fs::read_to_string(folder.join(name)).unwrap());
    let variables: BTreeSet<&str> = text.split("${env:").skip(1).map(|rest| rest.split_once('}').unwrap().0).collect();
    assert_eq!(variables.len(), 9);
    for variable in variables {
        assert!(told.contains(&format!("`{variable}`")), "{variable}");
    }
    for line in text.lines().filter(|line| ["key:", "Authorization:", "x-api-key:"].iter().any(|it| line.contains(it)))
    {
        assert!(line.contains("${env:") || line.trim_start().starts_with('#'), "{line}");
    }
}

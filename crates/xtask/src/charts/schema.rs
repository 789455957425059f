//! `values.schema.json`: what Helm holds values to. Closed, so that a name that is not known is refused by its name.
//!
//! Draft 7: every Helm that is asked for reads it.

use serde_json::{Map, Value as Json, json};

use super::values::{Foreign, Is, Kind, Text, Value};

/// The schema, as a file.
pub(super) fn schema(chart: &str, values: &[Value]) -> String {
    let mut root = object(values);
    root.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
    root.insert("title".to_owned(), format!("Values of the chart {chart}").into());
    // What Helm hands on to a chart that is part of another.
    let global =
        json!({"type": "object", "description": "Values of a chart that this one is part of; nothing is read"});
    if let Some(properties) = root.get_mut("properties").and_then(Json::as_object_mut) {
        properties.insert("global".to_owned(), global);
        if let Some(ledger) = properties.get_mut("ledger").and_then(Json::as_object_mut) {
            // One file has one process.
            ledger.insert("if".to_owned(), json!({"properties": {"store": {"const": "SQLite"}}}));
            ledger.insert("then".to_owned(), json!({"properties": {"replicas": {"maximum": 1}}}));
        }
    }
    format!("{:#}\n", Json::Object(root))
}

fn object(values: &[Value]) -> Map<String, Json> {
    let properties: Map<String, Json> = values
        .iter()
        .map(|value| {
            let mut schema = match &value.is {
                Is::Group(group) => object(group),
                Is::One { kind, default } => {
                    let mut schema = one(kind);
                    schema.insert("default".to_owned(), default.clone());
                    schema
                }
            };
            schema.insert("description".to_owned(), value.says.clone().into());
            (value.name.to_owned(), schema.into())
        })
        .collect();
    // Required, since a null takes a default away, and templates would say where they stumbled and not about what.
    let required: Vec<&str> = values.iter().map(|value| value.name).collect();
    fields(json!({"type": "object", "additionalProperties": false, "required": required, "properties": properties}))
}

fn one(kind: &Kind) -> Map<String, Json> {
    fields(match kind {
        Kind::Bool => json!({"type": "boolean"}),
        Kind::Whole(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Kind::Text(kind) => text(*kind),
        Kind::Word(words) => json!({"type": "string", "enum": words}),
        Kind::Texts(kind) => json!({"type": "array", "uniqueItems": true, "items": text(*kind)}),
        Kind::Ports => json!({
            "type": "array",
            "minItems": 1,
            "uniqueItems": true,
            "items": {"type": "integer", "minimum": 1, "maximum": 65535},
        }),
        Kind::Labels => map(LABEL_KEY, json!({"type": "string", "maxLength": 63, "pattern": LABEL_VALUE})),
        Kind::Annotations => map(LABEL_KEY, json!({"type": "string"})),
        Kind::Amounts => json!({
            "type": "object",
            "additionalProperties": {"type": ["string", "number"], "pattern": AMOUNT, "minimum": 0},
        }),
        Kind::Amount => json!({"type": "string", "pattern": AMOUNT}),
        Kind::PullSecrets => json!({
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["name"],
                "properties": {"name": {"type": "string", "maxLength": 253, "pattern": NAME}},
            },
        }),
        Kind::NamesByNamespace => map(
            LABEL,
            json!({
                "type": "array",
                "minItems": 1,
                "uniqueItems": true,
                "items": {"type": "string", "maxLength": 253, "pattern": NAME},
            }),
        ),
        Kind::Foreign(Foreign::Affinity) => json!({"type": "object"}),
        Kind::Foreign(Foreign::Tolerations) => json!({"type": "array", "items": {"type": "object"}}),
    })
}

const LABEL: &str = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$";
const NAME: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
const LABEL_KEY: &str = "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$";
const LABEL_VALUE: &str = "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$";
const AMOUNT: &str = "^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$";

fn text(kind: Text) -> Json {
    let (pattern, most) = match kind {
        Text::Label => (LABEL, 63),
        // Empty: none.
        Text::Name => ("^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)?$", 253),
        Text::Entry => ("^[A-Za-z0-9][-._A-Za-z0-9]*$", 253),
        Text::Domain => (NAME, 253),
        Text::Registry => ("^([A-Za-z0-9][A-Za-z0-9._:/-]*)?$", 255),
        Text::Repository => ("^[a-z0-9]+([._:/-]+[a-z0-9]+)*$", 255),
        Text::Tag => ("^([A-Za-z0-9_][A-Za-z0-9_.-]*)?$", 128),
        Text::Digest => ("^(sha256:[a-f0-9]{64})?$", 71),
        Text::Duration => ("^([0-9]+(h|m|s))+$", 32),
        Text::Key => (LABEL_KEY, 317),
        Text::Address => ("^(0\\.0\\.0\\.0|::)$", 7),
        Text::Pages => ("^[A-Za-z0-9][-A-Za-z0-9._~:/@%+]*/$", 1024),
        Text::Filter => ("^[A-Za-z0-9_:=,.-]*$", 1024),
        Text::Url => ("^(https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?)?$", 300),
        Text::Ratio => ("^(0(\\.[0-9]{1,9})?|1(\\.0{1,9})?)?$", 12),
    };
    json!({"type": "string", "pattern": pattern, "maxLength": most})
}

/// Free names. Not by `propertyNames`: of what that refuses Helm says the name and not where it is.
fn map(names: &str, values: Json) -> Json {
    json!({"type": "object", "patternProperties": {names: values}, "additionalProperties": false})
}

fn fields(value: Json) -> Map<String, Json> {
    match value {
        Json::Object(fields) => fields,
        _ => Map::new(),
    }
}

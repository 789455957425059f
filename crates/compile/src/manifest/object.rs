//! One document into one object.

use outrigger_crd::{
    ConfigMap, GROUP, ModelPolicy, ModelProvider, ModelRoute, Secret, VERSION,
    k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta,
    told::{self, word},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{
    check::did_you_mean,
    problem::{Kind, ObjectRef, Severity},
};

/// An object of a kind that is read.
#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    /// An `outrigger.dev` `ModelProvider`.
    Provider(Box<ModelProvider>),
    /// An `outrigger.dev` `ModelRoute`.
    Route(Box<ModelRoute>),
    /// An `outrigger.dev` `ModelPolicy`.
    Policy(Box<ModelPolicy>),
    /// A core `Secret`.
    Secret(Secret),
    /// A core `ConfigMap`.
    ConfigMap(ConfigMap),
    /// A core `Namespace`: its name and labels.
    Namespace(ObjectMeta),
}

/// Why a document is no object.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) field: String,
    pub(super) message: String,
    pub(super) severity: Severity,
    /// The object, where its name could be read.
    pub(super) known: Option<Box<Known>>,
}

/// What is known of an object that cannot be read.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) object: ObjectRef,
    /// The names that a route takes beside its own: they lead nowhere else, however wrong the rest of it is.
    pub(super) aliases: Vec<String>,
}

/// The kinds of ours.
pub(super) const KINDS: [Kind; 3] = [Kind::ModelProvider, Kind::ModelRoute, Kind::ModelPolicy];

pub(super) fn read(value: Value, env: &dyn Fn(&str) -> Option<String>) -> Result<Object, Refused> {
    let Value::Object(map) = &value else {
        return Err(refused("", "is not an object: write apiVersion, kind, metadata and spec"));
    };
    let text = |key: &str| match map.get(key) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(refused(key, format!("{key} must be text"))),
        None => Err(refused("", format!("{key} is missing"))),
    };
    let (version, kind) = (text("apiVersion")?, text("kind")?);
    let (group, _) = version.split_once('/').unwrap_or(("", &version));
    match (version.as_str(), kind.as_str()) {
        ("v1", "Secret") => {
            named(map, &kind)?;
            let known = known(Kind::Secret, map);
            secret(value, env).map(Object::Secret).map_err(|refused| Refused { known, ..refused })
        }
        ("v1", "ConfigMap") => {
            named(map, &kind)?;
            let known = known(Kind::ConfigMap, map);
            typed(value, &kind).map(Object::ConfigMap).map_err(|refused| Refused { known, ..refused })
        }
        ("v1", "Namespace") => {
            named(map, &kind)?;
            let metadata = map.get("metadata").cloned().unwrap_or_default();
            typed(metadata, "Namespace").map(Object::Namespace)
        }
        _ if group == GROUP => {
            if version != format!("{GROUP}/{VERSION}") {
                return Err(refused("apiVersion", format!("this version is not known: write {GROUP}/{VERSION}")));
            }
            if kind == "SidecarProfile" {
                let message = "a SidecarProfile is ignored: it is about sidecars that are injected into pods";
                let (message, severity) = (message.to_owned(), Severity::Warning);
                return Err(Refused { field: "kind".into(), message, severity, known: None });
            }
            let Some(kind_of) = KINDS.into_iter().find(|known| known.as_str() == kind) else {
                let near = did_you_mean(&kind, KINDS.map(Kind::as_str));
                let what = word(&kind).map_or_else(|| "such a kind".to_owned(), |kind| format!("kind {kind:?}"));
                return Err(refused("kind", format!("{GROUP} has no {what}{near}")));
            };
            named(map, &kind)?;
            let known = known(kind_of, map);
            let of = |refused: Refused| Refused { known: known.clone(), ..refused };
            if let Some(key) =
                map.keys().find(|key| !["apiVersion", "kind", "metadata", "spec", "status"].contains(&key.as_str()))
            {
                let near = did_you_mean(key, ["metadata", "spec"]);
                let name = word(key).map(|key| format!(" `{key}`")).unwrap_or_default();
                return Err(of(refused(key, format!("{kind}: unknown field{name}{near}"))));
            }
            match kind_of {
                Kind::ModelProvider => typed(value, &kind).map(|it| Object::Provider(Box::new(it))),
                Kind::ModelPolicy => typed(value, &kind).map(|it| Object::Policy(Box::new(it))),
                _ => typed(value, &kind).map(|it| Object::Route(Box::new(it))),
            }
            .map_err(of)
        }
        // What is in it may be a limit, so it is not passed over.
        ("v1", "List") => Err(refused("kind", "a List is not read: write each of its items as a document of its own")),
        _ if KINDS.iter().any(|known| known.as_str() == kind) => {
            Err(refused("apiVersion", format!("this group has no kind {kind}: write {GROUP}/{VERSION}")))
        }
        _ => Err(Refused {
            field: "kind".into(),
            message: format!(
                "{} is ignored: only {GROUP} kinds, Secret, ConfigMap and Namespace are read",
                word(&kind).map_or_else(|| "an object of this kind".to_owned(), |kind| format!("a {kind}"))
            ),
            severity: Severity::Warning,
            known: None,
        }),
    }
}

/// The object that a document means, of which no more than its name may be readable.
fn known(kind: Kind, map: &Map<String, Value>) -> Option<Box<Known>> {
    let metadata = map.get("metadata").and_then(Value::as_object)?;
    let text = |key: &str| metadata.get(key).and_then(Value::as_str).map(str::to_owned);
    let metadata = ObjectMeta { name: text("name"), namespace: text("namespace"), ..ObjectMeta::default() };
    let aliases = map.get("spec").and_then(|spec| spec.get("aliases")).and_then(Value::as_array);
    let aliases = aliases.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    Some(Box::new(Known { object: ObjectRef::new(kind, &metadata), aliases }))
}

/// Every object needs a name that Kubernetes would take: it becomes part of keys, headers and labels.
fn named(map: &Map<String, Value>, kind: &str) -> Result<(), Refused> {
    let metadata = map.get("metadata").and_then(Value::as_object);
    let text = |key: &str| metadata.and_then(|metadata| metadata.get(key)).and_then(Value::as_str);
    let Some(name) = text("name") else {
        return Err(refused("metadata.name", format!("{kind}: metadata.name is missing")));
    };
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        label.bytes().all(plain) && edge(label.as_bytes().first()) && edge(label.as_bytes().last())
    };
    if name.len() > 253 || !name.split('.').all(label) {
        let reason = format!("{kind}: this is not a name: lower-case letters, digits, - and . only");
        return Err(refused("metadata.name", reason));
    }
    let namespace = text("namespace").unwrap_or("default");
    if namespace.len() > 63 || !label(namespace) {
        let reason = format!("{kind}: this is not a namespace: at most 63 lower-case letters, digits and -");
        return Err(refused("metadata.namespace", reason));
    }
    Ok(())
}

/// Messages never quote a value of a `Secret` (Z6), nor what stands in place of one of its keys.
fn secret(value: Value, env: &dyn Fn(&str) -> Option<String>) -> Result<Secret, Refused> {
    let name = value["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    for part in ["data", "stringData"] {
        let Some(values) = value.get(part) else { continue };
        let Some(values) = values.as_object() else {
            return Err(refused(part, format!("Secret {name}: {part} must be a mapping of keys to text")));
        };
        if let Some((key, _)) = values.iter().find(|(_, value)| !value.is_string()) {
            return Err(refused(&format!("{part}.{key}"), format!("Secret {name}: must be text: put it in quotes")));
        }
    }
    let mut secret: Secret = told::read(value).map_err(|unread| {
        refused(unread.at(), format!("Secret {name}: {} cannot be read; is it base64?", unread.field))
    })?;
    secret.string_data.0.values_mut().for_each(|value| *value = filled(value, env));
    Ok(secret)
}

/// `text` with every `${NAME}` that is set replaced; what was filled in is not looked at again.
fn filled(text: &str, env: &dyn Fn(&str) -> Option<String>) -> String {
    let (mut filled, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        filled.push_str(before);
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let name = after.split_once('}').filter(|(name, _)| !name.is_empty() && name.bytes().all(word));
        match name.and_then(|(name, after)| Some((env(name)?, after))) {
            Some((value, after)) => {
                filled.push_str(&value);
                rest = after;
            }
            None => {
                filled.push_str("${");
                rest = after;
            }
        }
    }
    filled + rest
}

fn typed<T: DeserializeOwned>(value: Value, kind: &str) -> Result<T, Refused> {
    // What was read before says that both are names.
    let text = |key: &str| value.get("metadata").and_then(|it| it.get(key)).or(value.get(key)).and_then(Value::as_str);
    let who = match (text("namespace"), text("name")) {
        (Some(namespace), Some(name)) => format!("{kind} {namespace}/{name}"),
        (None, Some(name)) => format!("{kind} default/{name}"),
        _ => kind.to_owned(),
    };
    told::read(value).map_err(|unread| refused(unread.at(), format!("{who} {unread}")))
}

fn refused(field: &str, message: impl Into<String>) -> Refused {
    Refused { field: field.to_owned(), message: message.into(), severity: Severity::Error, known: None }
}

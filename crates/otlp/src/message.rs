//! What all messages of OTLP have: whom they speak of, by whose conventions. Pure.

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value as Any},
    resource::v1::Resource as ToldResource,
};
use outrigger_proxy::About;

/// Whose conventions the names are of.
pub(crate) const SCHEMA: &str = "https://opentelemetry.io/schemas/1.41.0";

/// What is said of the sidecar: as people set it, over what is known.
#[derive(Debug, Default)]
pub(crate) struct Resource {
    /// What it goes by if it is not said.
    pub(crate) program: &'static str,
    /// `OTEL_SERVICE_NAME`; empty: not said.
    pub(crate) service: String,
    /// `OTEL_RESOURCE_ATTRIBUTES`.
    pub(crate) attributes: Vec<(String, String)>,
    /// Name of the pod; empty: not known.
    pub(crate) pod: String,
    /// Name of its node, likewise.
    pub(crate) node: String,
}

impl Resource {
    /// Each name once: what was said counts more than what is known.
    fn attributes(&self, about: Option<&About>) -> Vec<KeyValue> {
        let known = |text: &Option<Box<str>>| text.as_deref().unwrap_or_default().to_owned();
        let about = about.cloned().unwrap_or_default();
        let mut all: Vec<(String, String)> = Vec::new();
        let service = [("service.name".to_owned(), self.service.clone())];
        let ours = [
            ("service.name", self.program.to_owned()),
            ("service.version", env!("CARGO_PKG_VERSION").to_owned()),
            ("k8s.namespace.name", known(&about.namespace)),
            ("k8s.pod.name", self.pod.clone()),
            ("k8s.node.name", self.node.clone()),
            ("outrigger.workload", known(&about.owner)),
            ("outrigger.team", known(&about.team)),
        ];
        let ours = ours.map(|(name, value)| (name.to_owned(), value));
        for (name, value) in service.into_iter().chain(self.attributes.iter().cloned()).chain(ours) {
            if !value.is_empty() && !all.iter().any(|(known, _)| *known == name) {
                all.push((name, value));
            }
        }
        all.into_iter().map(|(name, value)| pair(name, Any::StringValue(value))).collect()
    }

    /// As a message has it.
    pub(crate) fn told(&self, about: Option<&About>) -> ToldResource {
        ToldResource { attributes: self.attributes(about), ..ToldResource::default() }
    }
}

/// Who says it.
pub(crate) fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "outrigger".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}

pub(crate) fn pair(key: String, value: Any) -> KeyValue {
    member(key, AnyValue { value: Some(value) })
}

/// The same of what may be nothing.
pub(crate) fn member(key: String, value: AnyValue) -> KeyValue {
    KeyValue { key, value: Some(value), ..KeyValue::default() }
}

pub(crate) fn nanos(at: SystemTime) -> u64 {
    u64::try_from(at.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(resource: &Resource, about: Option<&About>) -> Vec<String> {
        let text = |pair: KeyValue| match pair.value.and_then(|value| value.value) {
            Some(Any::StringValue(value)) => format!("{}={value}", pair.key),
            other => panic!("{other:?}"),
        };
        resource.attributes(about).into_iter().map(text).collect()
    }

    #[test]
    fn what_was_said_counts_more_than_what_is_known() {
        let version = format!("service.version={}", env!("CARGO_PKG_VERSION"));
        assert_eq!(
            told(&Resource { program: "outrigger-sidecar", ..Resource::default() }, None),
            ["service.name=outrigger-sidecar", &version]
        );
        let about = About { namespace: Some("shop".into()), owner: Some("web".into()), ..About::default() };
        let resource = Resource {
            program: "outrigger-sidecar",
            service: "mine".to_owned(),
            attributes: vec![
                ("service.name".to_owned(), "theirs".to_owned()),
                ("k8s.namespace.name".to_owned(), "elsewhere".to_owned()),
            ],
            pod: "web-1".to_owned(),
            node: String::new(),
        };
        assert_eq!(
            told(&resource, Some(&about)),
            [
                "service.name=mine",
                "k8s.namespace.name=elsewhere",
                &version,
                "k8s.pod.name=web-1",
                "outrigger.workload=web",
            ]
        );
    }
}

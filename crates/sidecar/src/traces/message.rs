//! A batch as a collector is told it. Pure.

use std::time::{SystemTime, UNIX_EPOCH};

pub(super) use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest as Request;
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, any_value::Value as Any},
    resource::v1::Resource as ToldResource,
    trace::v1::{ResourceSpans, ScopeSpans, Span as Told, Status, span, status::StatusCode},
};
use outrigger_proxy::{
    About,
    trace::{Event, Span, Value},
};

/// Whose conventions the names are of.
const SCHEMA: &str = "https://opentelemetry.io/schemas/1.41.0";
/// Of the one that goes by no other name.
const SERVICE: &str = "outrigger-sidecar";

/// What is said of the sidecar: as people set it, over what is known.
#[derive(Debug, Default)]
pub(crate) struct Resource {
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
    fn told(&self, about: Option<&About>) -> Vec<KeyValue> {
        let known = |text: &Option<Box<str>>| text.as_deref().unwrap_or_default().to_owned();
        let about = about.cloned().unwrap_or_default();
        let mut all: Vec<(String, String)> = Vec::new();
        let service = [("service.name".to_owned(), self.service.clone())];
        let ours = [
            ("service.name", SERVICE.to_owned()),
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
}

/// The call that tells `spans`.
pub(super) fn request(spans: &[Span], resource: &Resource, about: Option<&About>) -> Request {
    let scope = InstrumentationScope {
        name: "outrigger".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    };
    let told = ToldResource { attributes: resource.told(about), ..ToldResource::default() };
    Request {
        resource_spans: vec![ResourceSpans {
            resource: Some(told),
            scope_spans: vec![ScopeSpans {
                scope: Some(scope),
                spans: spans.iter().map(self::span).collect(),
                schema_url: SCHEMA.to_owned(),
            }],
            schema_url: SCHEMA.to_owned(),
        }],
    }
}

/// Flags of a span: sampled; whether it is known where the parent is; that it is elsewhere.
const SAMPLED: u32 = 1;
const KNOWN: u32 = 1 << 8;
const REMOTE: u32 = 1 << 9;

fn span(from: &Span) -> Told {
    let remote = from.attributes.iter().any(|(name, _)| *name == "outrigger.id");
    let sampled = if from.sampled { SAMPLED } else { 0 };
    let parent = from.parent.map_or(0, |_| if remote { KNOWN | REMOTE } else { KNOWN });
    Told {
        trace_id: from.trace.0.to_vec(),
        span_id: from.id.0.to_vec(),
        trace_state: from.state.to_string(),
        parent_span_id: from.parent.map(|parent| parent.0.to_vec()).unwrap_or_default(),
        flags: sampled | parent,
        name: from.name.clone(),
        kind: span::SpanKind::Client.into(),
        start_time_unix_nano: nanos(from.began),
        end_time_unix_nano: nanos(from.ended),
        attributes: attributes(&from.attributes),
        events: from.events.iter().map(event).collect(),
        status: from.error.as_ref().map(|why| Status { message: why.to_string(), code: StatusCode::Error.into() }),
        ..Told::default()
    }
}

fn event(from: &Event) -> span::Event {
    span::Event {
        time_unix_nano: nanos(from.at),
        name: from.name.to_owned(),
        attributes: attributes(&from.attributes),
        dropped_attributes_count: 0,
    }
}

fn attributes(from: &[(&'static str, Value)]) -> Vec<KeyValue> {
    from.iter().map(|(name, value)| pair((*name).to_owned(), any(value))).collect()
}

fn pair(key: String, value: Any) -> KeyValue {
    KeyValue { key, value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn any(value: &Value) -> Any {
    let text = |text: &str| Any::StringValue(text.to_owned());
    match value {
        Value::Text(only) => text(only),
        Value::Texts(several) => {
            let values = several.iter().map(|one| AnyValue { value: Some(text(one)) }).collect();
            Any::ArrayValue(ArrayValue { values })
        }
        Value::Count(count) => Any::IntValue(i64::try_from(*count).unwrap_or(i64::MAX)),
        Value::Measure(measure) => Any::DoubleValue(*measure),
        Value::Flag(flag) => Any::BoolValue(*flag),
    }
}

fn nanos(at: SystemTime) -> u64 {
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
        resource.told(about).into_iter().map(text).collect()
    }

    #[test]
    fn what_was_said_counts_more_than_what_is_known() {
        let version = format!("service.version={}", env!("CARGO_PKG_VERSION"));
        assert_eq!(told(&Resource::default(), None), ["service.name=outrigger-sidecar", &version]);
        let about = About { namespace: Some("shop".into()), owner: Some("web".into()), ..About::default() };
        let resource = Resource {
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

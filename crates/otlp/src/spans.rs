//! Spans as a collector is told them. Pure.

use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    common::v1::{AnyValue, ArrayValue, KeyValue, any_value::Value as Any},
    trace::v1::{ResourceSpans, ScopeSpans, Span as Told, Status, span, status::StatusCode},
};
use outrigger_proxy::{
    About,
    trace::{Event, Span, Value},
};

use crate::{
    message::{Resource, SCHEMA, nanos, pair, scope},
    signal::Signal,
};

/// Spans.
pub(crate) struct Spans;

impl Signal for Spans {
    type Item = Span;
    type Request = ExportTraceServiceRequest;
    type Response = ExportTraceServiceResponse;
    const EXPORT: &'static str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    const WHAT: &'static str = "spans";
    const LOST: &'static str = "traces_lost";

    fn request(items: &[Span], resource: &Resource, about: Option<&About>) -> Self::Request {
        let spans = items.iter().map(span).collect();
        let scope_spans = vec![ScopeSpans { scope: Some(scope()), spans, schema_url: SCHEMA.to_owned() }];
        let resource = Some(resource.told(about));
        let all = ResourceSpans { resource, scope_spans, schema_url: SCHEMA.to_owned() };
        Self::Request { resource_spans: vec![all] }
    }

    fn rejected(answer: Self::Response) -> i64 {
        answer.partial_success.map_or(0, |partial| partial.rejected_spans)
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

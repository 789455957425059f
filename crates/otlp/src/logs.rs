//! Decisions as a collector is told them: a log record each, whose body has the members of the line on standard output. Pure.

use opentelemetry_proto::tonic::{
    collector::logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse},
    common::v1::{AnyValue, ArrayValue, KeyValueList, any_value::Value as Any},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber},
};
use outrigger_proxy::{About, decisions::Decision};
use serde_json::Value;

use crate::{
    message::{Resource, SCHEMA, member, nanos, pair, scope},
    signal::Signal,
};

/// Which event it is.
const EVENT: &str = "outrigger.decision";

/// Decisions.
pub(crate) struct Logs;

impl Signal for Logs {
    type Item = Decision;
    type Request = ExportLogsServiceRequest;
    type Response = ExportLogsServiceResponse;
    const EXPORT: &'static str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    const WHAT: &'static str = "decisions";
    const LOST: &'static str = "decisions_lost";

    fn request(items: &[Decision], resource: &Resource, about: Option<&About>) -> Self::Request {
        let log_records = items.iter().map(record).collect();
        let scope_logs = vec![ScopeLogs { scope: Some(scope()), log_records, schema_url: SCHEMA.to_owned() }];
        let resource = Some(resource.told(about));
        let all = ResourceLogs { resource, scope_logs, schema_url: SCHEMA.to_owned() };
        Self::Request { resource_logs: vec![all] }
    }

    fn rejected(answer: Self::Response) -> i64 {
        answer.partial_success.map_or(0, |partial| partial.rejected_log_records)
    }
}

fn record(of: &Decision) -> LogRecord {
    let body: Value = serde_json::from_str(&of.line).unwrap_or_default();
    let id = body.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let (severity, text) = match of.badly {
        true => (SeverityNumber::Warn, "WARN"),
        false => (SeverityNumber::Info, "INFO"),
    };
    let (trace_id, span_id, sampled) = match of.span {
        Some((trace, span, sampled)) => (trace.0.to_vec(), span.0.to_vec(), sampled),
        None => Default::default(),
    };
    LogRecord {
        time_unix_nano: nanos(of.at),
        observed_time_unix_nano: nanos(of.at),
        severity_number: severity.into(),
        severity_text: text.to_owned(),
        body: Some(any(body)),
        attributes: vec![pair("outrigger.id".to_owned(), Any::StringValue(id))],
        flags: u32::from(sampled),
        trace_id,
        span_id,
        event_name: EVENT.to_owned(),
        ..LogRecord::default()
    }
}

/// What is null is a value without one, as OTLP has it.
fn any(value: Value) -> AnyValue {
    let value = match value {
        Value::Null => None,
        Value::Bool(flag) => Some(Any::BoolValue(flag)),
        Value::Number(number) => Some(match number.as_i64() {
            Some(whole) => Any::IntValue(whole),
            None => Any::DoubleValue(number.as_f64().unwrap_or_default()),
        }),
        Value::String(text) => Some(Any::StringValue(text)),
        Value::Array(all) => Some(Any::ArrayValue(ArrayValue { values: all.into_iter().map(any).collect() })),
        Value::Object(all) => {
            let values = all.into_iter().map(|(name, value)| member(name, any(value))).collect();
            Some(Any::KvlistValue(KeyValueList { values }))
        }
    };
    AnyValue { value }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use outrigger_proxy::trace::{SpanId, TraceId};

    use super::*;

    fn shown(value: &AnyValue) -> String {
        match &value.value {
            None => "null".to_owned(),
            Some(Any::StringValue(text)) => format!("{text:?}"),
            Some(Any::IntValue(number)) => number.to_string(),
            Some(Any::DoubleValue(number)) => format!("{number:?}"),
            Some(Any::BoolValue(flag)) => flag.to_string(),
            Some(Any::ArrayValue(all)) => format!("[{}]", all.values.iter().map(shown).collect::<Vec<_>>().join(",")),
            Some(Any::KvlistValue(all)) => {
                let member = |pair: &opentelemetry_proto::tonic::common::v1::KeyValue| {
                    format!("{:?}:{}", pair.key, shown(pair.value.as_ref().unwrap()))
                };
                format!("{{{}}}", all.values.iter().map(member).collect::<Vec<_>>().join(","))
            }
            other => panic!("{other:?}"),
        }
    }

    /// Each member of the line is one of the body, whatever it is.
    #[test]
    fn a_record_says_what_a_line_says() {
        let line = r#"{"candidates":[{"order":1}],"cost_usd":null,"duration_ms":2.5,"id":"gen-1","streamed":false}"#;
        let decision = Decision {
            at: UNIX_EPOCH + Duration::from_secs(2),
            badly: true,
            span: Some((TraceId([1; 16]), SpanId([2; 8]), true)),
            line: line.into(),
        };
        let told = record(&decision);
        assert_eq!(shown(told.body.as_ref().unwrap()), line);
        assert_eq!((told.time_unix_nano, told.severity_number, told.flags), (2_000_000_000, 13, 1));
        assert_eq!((told.trace_id, told.span_id), (vec![1; 16], vec![2; 8]));
        let plain = record(&Decision { badly: false, span: None, ..decision });
        assert_eq!((plain.severity_text.as_str(), plain.trace_id.len(), plain.flags), ("INFO", 0, 0));
    }
}

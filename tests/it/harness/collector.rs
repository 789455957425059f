//! A collector that keeps what it is told in memory: the real services of OTLP, as far as spans and log records go.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use bytes::{BufMut as _, Bytes, BytesMut};
use h2::{RecvStream, server::SendResponse};
use http::{HeaderMap, HeaderValue, Request, Response};
use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse},
        trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    },
    common::v1::{AnyValue, KeyValue, any_value::Value},
    logs::v1::LogRecord,
    trace::v1::{Span, status::StatusCode},
};
use prost::Message as _;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::{PATIENCE, grpc};

/// Dropping it ends it.
#[derive(Debug)]
pub struct FakeCollector {
    addr: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    told: Mutex<Vec<Told>>,
    logs: Mutex<Vec<LogRecord>>,
    calls: AtomicUsize,
    /// Calls are refused, for now.
    away: AtomicBool,
    /// Calls are never answered.
    mute: AtomicBool,
    /// What is told is never taken.
    refuses: AtomicBool,
}

/// A span, and what was told with it.
#[derive(Clone, Debug)]
pub struct Told {
    pub span: Span,
    /// Attributes of the resource.
    pub resource: Vec<KeyValue>,
    /// The header `authorization` of the call.
    pub authorization: String,
}

/// `key`'s value as text; empty if there is none.
fn value(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|pair| pair.key == key).and_then(|pair| pair.value.as_ref());
    found.map(shown).unwrap_or_default()
}

fn shown(value: &AnyValue) -> String {
    match value.value.as_ref() {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        Some(Value::BoolValue(flag)) => flag.to_string(),
        Some(Value::ArrayValue(all)) => all.values.iter().map(shown).collect::<Vec<_>>().join(","),
        Some(Value::KvlistValue(all)) => {
            let member =
                |pair: &KeyValue| format!("{}={}", pair.key, pair.value.as_ref().map(shown).unwrap_or_default());
            format!("{{{}}}", all.values.iter().map(member).collect::<Vec<_>>().join(","))
        }
        other => format!("{other:?}"),
    }
}

impl Told {
    /// An attribute as text; empty if there is none.
    pub fn get(&self, key: &str) -> String {
        value(&self.span.attributes, key)
    }

    /// The same of the resource.
    pub fn of_resource(&self, key: &str) -> String {
        value(&self.resource, key)
    }

    pub fn failed(&self) -> bool {
        self.span.status.as_ref().is_some_and(|status| status.code == i32::from(StatusCode::Error))
    }

    /// Its events, each with its name and one attribute.
    pub fn events(&self, key: &str) -> Vec<(String, String)> {
        self.span.events.iter().map(|event| (event.name.clone(), value(&event.attributes, key))).collect()
    }

    /// As a provider that it speaks of was told of it.
    pub fn traceparent(&self) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        format!("00-{}-{}-{:02x}", hex(&self.span.trace_id), hex(&self.span.span_id), self.span.flags & 0xff)
    }
}

impl FakeCollector {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free loopback port");
        let addr = listener.local_addr().expect("a bound address");
        let shared = Arc::new(Shared::default());
        let serving = tokio::spawn(grpc::serve(listener, shared.clone(), call));
        Self { addr, shared, serving }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Refuses every call from now on, or no longer: it may be asked again.
    pub fn away(&self, away: bool) {
        self.shared.away.store(away, Relaxed);
    }

    /// Answers no call any more.
    pub fn mute(&self) {
        self.shared.mute.store(true, Relaxed);
    }

    /// Refuses every call for good.
    pub fn refuse(&self) {
        self.shared.refuses.store(true, Relaxed);
    }

    pub fn calls(&self) -> usize {
        self.shared.calls.load(Relaxed)
    }

    /// Every span so far.
    pub fn told(&self) -> Vec<Told> {
        self.shared.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for so many log records.
    pub async fn wait_logs(&self, records: usize) -> Vec<LogRecord> {
        let begun = Instant::now();
        loop {
            let logs = self.shared.logs.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if logs.len() >= records {
                return logs;
            }
            assert!(begun.elapsed() < PATIENCE, "waited for {records} records: {logs:#?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits for so many spans.
    pub async fn wait(&self, spans: usize) -> Vec<Told> {
        let begun = Instant::now();
        while self.told().len() < spans {
            assert!(begun.elapsed() < PATIENCE, "waited for {spans} spans: {:#?}", self.told());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.told()
    }
}

impl Drop for FakeCollector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn call(request: Request<RecvStream>, mut respond: SendResponse<Bytes>, shared: Arc<Shared>) {
    let path = request.uri().path().to_owned();
    let header = |name| request.headers().get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned();
    let authorization = header("authorization");
    let bytes = grpc::read(request.into_body()).await;
    shared.calls.fetch_add(1, Relaxed);
    if shared.mute.load(Relaxed) {
        return std::future::pending().await;
    }
    let head = Response::builder().header("content-type", "application/grpc").body(()).expect("a head");
    let status = |code: &'static str| {
        HeaderMap::from_iter([("grpc-status".parse().expect("a name"), HeaderValue::from_static(code))])
    };
    let Ok(mut stream) = respond.send_response(head, false) else { return };
    if shared.away.load(Relaxed) {
        let _ = stream.send_trailers(status("14"));
        return;
    }
    if shared.refuses.load(Relaxed) {
        let _ = stream.send_trailers(status("3"));
        return;
    }
    assert!(bytes.len() <= 4 << 20, "{} bytes at once", bytes.len());
    let message = bytes.get(5..).unwrap_or_default();
    let answer = match path.as_str() {
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => {
            shared.take(ExportTraceServiceRequest::decode(message).expect("spans"), &authorization);
            ExportTraceServiceResponse::default().encode_to_vec()
        }
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => {
            shared.take_logs(ExportLogsServiceRequest::decode(message).expect("log records"));
            ExportLogsServiceResponse::default().encode_to_vec()
        }
        other => panic!("{other}"),
    };
    let mut framed = BytesMut::new();
    framed.put_u8(0);
    framed.put_u32(u32::try_from(answer.len()).expect("a small answer"));
    framed.put_slice(&answer);
    let _ = stream.send_data(framed.freeze(), false);
    let _ = stream.send_trailers(status("0"));
}

/// A member of the body of a record, as text; empty if there is none.
pub fn of_body(record: &LogRecord, key: &str) -> String {
    match record.body.as_ref().and_then(|body| body.value.as_ref()) {
        Some(Value::KvlistValue(all)) => value(&all.values, key),
        other => panic!("{other:?}"),
    }
}

impl Shared {
    fn take_logs(&self, request: ExportLogsServiceRequest) {
        let scopes = request.resource_logs.into_iter().flat_map(|of| of.scope_logs);
        let records = scopes.flat_map(|scope| scope.log_records);
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).extend(records);
    }

    fn take(&self, request: ExportTraceServiceRequest, authorization: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for of in request.resource_spans {
            let resource = of.resource.map(|resource| resource.attributes).unwrap_or_default();
            for span in of.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                let authorization = authorization.to_owned();
                told.push(Told { span, resource: resource.clone(), authorization });
            }
        }
    }
}

//! Traces as a receiver that is not ours reads them: Arize Phoenix, which knows OpenTelemetry's conventions for generative AI.
//! `cargo xtask traces` installs it and says where it is.

use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::*;

/// Where its programs are.
const BIN: &str = "OUTRIGGER_PHOENIX";
/// How long it may take to listen: it imports half of PyPI.
const START: Duration = Duration::from_secs(240);

/// A running one. Dropping it kills the process.
struct Phoenix {
    child: Child,
    pages: SocketAddr,
    collector: SocketAddr,
    _home: TempDir,
}

impl Drop for Phoenix {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free loopback port")
}

impl Phoenix {
    async fn start() -> Self {
        let bin = PathBuf::from(std::env::var_os(BIN).expect("OUTRIGGER_PHOENIX: run `cargo xtask traces`"));
        let (pages, collector, home) = (free(), free(), tempfile::tempdir().unwrap());
        let mut command = Command::new(bin.join("python"));
        command.arg(bin.join("phoenix")).arg("serve").stdout(Stdio::null()).stderr(Stdio::null());
        command.env("PHOENIX_WORKING_DIR", home.path()).env("PHOENIX_HOST", "127.0.0.1");
        command.env("PHOENIX_PORT", pages.port().to_string()).env("PHOENIX_GRPC_PORT", collector.port().to_string());
        // It keeps to itself.
        command.env("PHOENIX_SQL_DATABASE_URL", "sqlite:///:memory:").env("PHOENIX_TELEMETRY_ENABLED", "false");
        command.env("PHOENIX_ALLOW_EXTERNAL_RESOURCES", "false");
        let mut phoenix = Self { child: command.spawn().unwrap(), pages, collector, _home: home };
        let began = Instant::now();
        while !phoenix.is_there().await {
            assert!(began.elapsed() < START, "Phoenix does not listen");
            assert!(phoenix.child.try_wait().unwrap().is_none(), "Phoenix has ended");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        phoenix
    }

    async fn is_there(&self) -> bool {
        if tokio::net::TcpStream::connect(self.pages).await.is_err() {
            return false;
        }
        Client::new(self.pages).get("/healthz").await.status == 200
    }

    /// Waits for so many spans, and answers them.
    async fn spans(&self, wanted: usize) -> Vec<Value> {
        let began = Instant::now();
        loop {
            let page = Client::new(self.pages).get("/v1/projects/default/spans?limit=100").await;
            let spans = if page.status == 200 { page.json()["data"].as_array().cloned() } else { None };
            match spans {
                Some(spans) if spans.len() >= wanted => return spans,
                _ => assert!(began.elapsed() < PATIENCE, "waited for {wanted} spans: {}", page.text()),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Whether a value is what an attribute should be.
type Is = fn(&Value) -> bool;

/// Attributes of the convention, v1.41, that a span of ours may have, and what each is:
/// <https://github.com/open-telemetry/semantic-conventions/blob/v1.41.0/docs/gen-ai/gen-ai-spans.md>.
const CONVENTION: [(&str, Is); 14] = [
    ("gen_ai.operation.name", Value::is_string),
    ("gen_ai.provider.name", Value::is_string),
    ("gen_ai.request.model", Value::is_string),
    ("gen_ai.request.stream", Value::is_boolean),
    ("gen_ai.response.model", Value::is_string),
    ("gen_ai.response.finish_reasons", Value::is_array),
    ("gen_ai.response.time_to_first_chunk", Value::is_f64),
    ("gen_ai.usage.input_tokens", Value::is_u64),
    ("gen_ai.usage.output_tokens", Value::is_u64),
    ("gen_ai.usage.cache_read.input_tokens", Value::is_u64),
    ("gen_ai.usage.cache_creation.input_tokens", Value::is_u64),
    ("gen_ai.usage.reasoning.output_tokens", Value::is_u64),
    // JSON text, on a route that asks for it.
    ("gen_ai.input.messages", Value::is_string),
    ("gen_ai.output.messages", Value::is_string),
];

#[tokio::test]
#[ignore = "needs Arize Phoenix: cargo xtask traces"]
async fn phoenix_reads_our_traces_as_the_convention_means_them() {
    let phoenix = Phoenix::start().await;
    let a = Upstream::with(|_, at| match at {
        0 => chat_ok_usage("hello", 11, 7),
        1 => Reply::error(503),
        _ => chat_stream_usage(["a", "b"], 5, 2),
    })
    .await;
    let b = Upstream::start([chat_ok_usage("hello", 13, 3)]).await;
    let policy = Policy::new().provider("a", a.base_url()).provider("b", b.base_url()).route("r", &["a", "b"]);
    let policy = policy.provider("c", a.base_url()).route("s", &["c"]);
    let told = Upstream::start([chat_ok_usage("a word", 17, 2)]).await;
    let recorded = |route: Route| route.spec("tracing: {messageContent: Recorded}");
    let policy = policy.provider("d", told.base_url()).route_with("told", &["d"], recorded);
    let plane = ControlPlane::setup(policy).insecure().start().await;
    let to = format!("http://{}", phoenix.collector);
    let sidecar = plane.sidecar().arg("--otlp-endpoint").arg(to).start().await;
    let ask = |body: Value| {
        let client = sidecar.client();
        async move { assert_eq!(client.post("/v1/chat/completions", body).await.status, 200) }
    };
    ask(chat("r")).await;
    ask(chat("r")).await;
    ask(chat_streamed("s")).await;
    ask(chat("told")).await;
    let spans = phoenix.spans(9).await;
    assert_eq!(spans.len(), 9, "{spans:#?}");

    let (models, calls): (Vec<_>, Vec<_>) = spans.iter().partition(|span| span["span_kind"] == "LLM");
    assert_eq!((models.len(), calls.len()), (4, 5), "{spans:#?}");
    for span in &models {
        let attributes = span["attributes"].as_object().unwrap();
        for required in ["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "server.address"] {
            assert!(attributes.contains_key(required), "{required}: {span:#?}");
        }
        for (name, value) in attributes.iter().filter(|(name, _)| name.starts_with("gen_ai.")) {
            let known = CONVENTION.iter().find(|(known, _)| known == name);
            assert!(known.is_some_and(|(_, is)| is(value)), "{name} = {value} is not of the convention");
        }
        let [operation, model] = ["gen_ai.operation.name", "gen_ai.request.model"].map(|name| &attributes[name]);
        assert_eq!(span["name"], format!("{} {}", operation.as_str().unwrap(), model.as_str().unwrap()));
    }

    // What it makes of them in words of its own.
    let of = |tokens: u64| models.iter().find(|span| span["attributes"]["llm.token_count.prompt"] == tokens);
    let plain = of(11).expect("the plain request");
    assert_eq!(plain["attributes"]["llm.token_count.completion"], 7);
    assert_eq!(plain["attributes"]["llm.finish_reason"], "stop");
    let moved = of(13).expect("the request that failed over");
    assert_eq!(moved["events"][0]["name"], "outrigger.failover");
    assert_eq!(moved["events"][0]["attributes"]["outrigger.failover.reason"], "overloaded");
    let below = calls.iter().filter(|span| span["parent_id"] == moved["context"]["span_id"]);
    let mut below: Vec<Value> =
        below.map(|span| json!([span["status_code"], span["attributes"]["outrigger.outcome"]])).collect();
    below.sort_by_key(ToString::to_string);
    assert_eq!(below, [json!(["ERROR", "overloaded"]), json!(["UNSET", "ok"])]);
    let streamed = of(5).expect("the stream");
    assert!(streamed["attributes"]["gen_ai.response.time_to_first_chunk"].is_f64());
    // What was said is there where a route asks for it, and nowhere else.
    let (said, others): (Vec<_>, Vec<_>) =
        spans.iter().partition(|span| span["attributes"]["outrigger.route"] == "default/told");
    let [said] = &said[..] else { panic!("{said:#?}") };
    for (name, word) in [("gen_ai.input.messages", "hello"), ("gen_ai.output.messages", "a word")] {
        let json: Value = serde_json::from_str(said["attributes"][name].as_str().unwrap()).unwrap();
        assert_eq!(json[0]["parts"][0]["content"], word, "{said:#?}");
    }
    let all = format!("{others:?}");
    assert!(!all.contains("hello") && !all.contains("a word"), "{all}");
}

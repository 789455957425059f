//! A whole sidecar, told things as a control plane would.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Debug,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::Mutex,
    time::{Duration, SystemTime},
};

use outrigger_route::Snapshot;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::{About, Config, Sidecar, lock};

async fn start() -> Sidecar {
    // The first test sets it.
    let _ = tracing::subscriber::set_global_default(Log);
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    Sidecar::start(Config { listen: any, admin_listen: any, ..Config::default() }, None).await.unwrap()
}

/// Asks and returns the whole answer, head and body.
async fn ask(addr: SocketAddr, line: &str, body: &str) -> String {
    let request = format!(
        "{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let asked = tokio::task::spawn_blocking(move || {
        let mut socket = TcpStream::connect(addr).unwrap();
        socket.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    });
    asked.await.unwrap()
}

async fn chat(sidecar: &Sidecar) -> String {
    ask(sidecar.listen(), "POST /v1/chat/completions", r#"{"model":"m","messages":[]}"#).await
}

#[tokio::test]
async fn without_a_policy_it_waits_for_one() {
    let sidecar = start().await;
    let refused = chat(&sidecar).await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("policy_pending"), "{refused}");
    assert!(refused.contains("retry-after: 1\r\n"), "{refused}");
    assert!(ask(sidecar.admin(), "POST /explain", "{}").await.contains("policy_pending"));
    let ready = ask(sidecar.admin(), "GET /readyz", "").await;
    assert!(ready.starts_with("HTTP/1.1 503") && ready.ends_with("\r\nno policy yet\n"), "{ready}");
    assert_eq!(sidecar.revision(), None);
    assert!(!ask(sidecar.admin(), "GET /metrics", "").await.contains("outrigger_policy_info{"));

    sidecar.publish(Snapshot { revision: "empty".into(), ..Snapshot::default() }, Vec::new());
    assert!(ask(sidecar.admin(), "GET /readyz", "").await.starts_with("HTTP/1.1 200"));
    assert!(chat(&sidecar).await.contains("no_route"));
    assert_eq!(sidecar.revision().as_deref(), Some("empty"));
    assert!(ask(sidecar.admin(), "GET /metrics", "").await.contains("outrigger_policy_info{revision=\"empty\"} 1"));
}

#[tokio::test]
async fn the_workload_is_told_wherever_somebody_looks() {
    let sidecar = start().await;
    sidecar.publish(Snapshot::default(), Vec::new());
    let fields = logged(&chat(&sidecar).await);
    assert!(fields.contains_key("outcome"), "{fields:?}");
    assert!(["workload_namespace", "workload", "team"].iter().all(|field| !fields.contains_key(*field)), "{fields:?}");
    assert!(ask(sidecar.admin(), "GET /config", "").await.contains("\"workload\": null"));
    assert!(!ask(sidecar.admin(), "GET /metrics", "").await.contains("outrigger_workload_info{"));

    for team in ["blue", "red"] {
        let about = About {
            namespace: Some("shop".into()),
            owner: Some("checkout".into()),
            service_account: None,
            team: Some(team.into()),
        };
        sidecar.about(about);
    }
    let fields = logged(&chat(&sidecar).await);
    let told = ["workload_namespace", "workload", "team"].map(|field| fields.get(field).map(|value| &**value));
    assert_eq!(told, [Some("shop"), Some("checkout"), Some("red")], "{fields:?}");
    for page in [ask(sidecar.admin(), "GET /config", "").await, ask(sidecar.admin(), "POST /explain", "{}").await] {
        let (_, body) = page.split_once("\r\n\r\n").unwrap();
        let page: serde_json::Value = serde_json::from_str(body).unwrap();
        let expected = serde_json::json!(
            {"namespace": "shop", "owner": "checkout", "service_account": null, "team": "red"}
        );
        assert_eq!(page["workload"], expected, "{page}");
    }
    let metrics = ask(sidecar.admin(), "GET /metrics", "").await;
    let series: Vec<&str> = metrics.lines().filter(|line| line.starts_with("outrigger_workload_info{")).collect();
    let labels = r#"{namespace="shop",owner="checkout",service_account="",team="red"} 1"#;
    assert_eq!(series, [format!("outrigger_workload_info{labels}")]);
    assert!(metrics.contains("outrigger_policy_info{"), "one says nothing of the other");
}

/// S13: a bug is answered as every other error is: with its code in the header, the body and the metric.
#[tokio::test]
async fn a_panic_is_answered_with_its_code() {
    let sidecar = start().await;
    let answer = crate::listen::panicked(&sidecar.app, outrigger_wire::Dialect::ChatCompletions);
    assert_eq!(answer.status(), 500);
    assert_eq!(answer.headers()["x-outrigger-error"], "internal_error");
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert!(ask(sidecar.admin(), "GET /metrics", "").await.contains("outrigger_panics_total 1"));
}

#[tokio::test]
async fn answers_say_how_stale_the_policy_is() {
    let sidecar = start().await;
    sidecar.publish(Snapshot::default(), Vec::new());
    let age = |answer: String| {
        let line = answer.lines().find_map(|line| line.strip_prefix("x-outrigger-policy-age: "));
        line.map(|age| age.parse::<u64>().unwrap())
    };
    assert_eq!(age(chat(&sidecar).await), None);
    sidecar.staleness(Some(SystemTime::now() - Duration::from_secs(100)));
    assert!(age(chat(&sidecar).await).is_some_and(|age| (100..110).contains(&age)));
    assert!(age(ask(sidecar.listen(), "GET /v1/models", "").await).is_some());
    let stale = |page: String| {
        let line = page.lines().find_map(|line| line.strip_prefix("outrigger_policy_stale_seconds "));
        line.map(|value| value.parse::<f64>().unwrap())
    };
    assert!(stale(ask(sidecar.admin(), "GET /metrics", "").await) >= Some(100.0));
    sidecar.staleness(None);
    assert_eq!(age(chat(&sidecar).await), None);
    assert_eq!(stale(ask(sidecar.admin(), "GET /metrics", "").await), Some(0.0));
}

/// The fields of every request's line, by the request's id. One for all tests: what one thread alone listens to, tests on
/// others can switch off.
static LINES: Mutex<BTreeMap<String, Line>> = Mutex::new(BTreeMap::new());

type Line = HashMap<&'static str, String>;

/// The line of the request that was answered so.
fn logged(answer: &str) -> Line {
    let id = answer.lines().find_map(|line| line.strip_prefix("x-generation-id: ")).unwrap();
    lock::lock(&LINES).remove(id).unwrap()
}

/// Keeps [`LINES`].
struct Log;

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("outrigger_proxy")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if let Some(id) = fields.0.get("id").cloned() {
            lock::lock(&LINES).insert(id, fields.0);
        }
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Fields(Line);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

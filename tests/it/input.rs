//! Bad input: a clear answer with a code, and nothing else is disturbed.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::*;

const CHAT: &str = "/v1/chat/completions";

async fn one() -> (Upstream, Policy) {
    let a = Upstream::start([chat_ok("fine")]).await;
    let policy = Policy::new().provider("a", a.base_url()).route("route-one", &["a"]);
    (a, policy)
}

/// Sends bytes on a connection of their own and reads to its end, for so long at most.
async fn raw(sidecar: &Sidecar, bytes: &[u8], within: Duration) -> String {
    let mut socket = sidecar.client().connect().await;
    let _ = socket.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ =
        tokio::time::timeout(within, async { while socket.read_buf(&mut answer).await.is_ok_and(|n| n > 0) {} }).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// Malformed JSON and wrong types, on each dialect.
#[tokio::test]
async fn what_is_no_request_is_told_what_is_wrong() {
    let (a, policy) = one().await;
    let sidecar = Sidecar::with_policy(policy).await;
    for path in [CHAT, "/v1/messages", "/v1/responses", "/v1/embeddings"] {
        for (body, code) in [
            ("", "invalid_json"),
            ("{", "invalid_json"),
            (r#"{"model": "route-one", "messages": [}"#, "invalid_json"),
            (r#"{"model": "route-one"} x"#, "invalid_json"),
            ("[]", "invalid_request"),
            ("\"text\"", "invalid_request"),
            (r#"{"model": 7, "messages": []}"#, "invalid_request"),
            (r#"{"model": "route-one", "stream": "yes"}"#, "invalid_request"),
            (r#"{"model": "route-one", "models": "x"}"#, "invalid_request"),
            (r#"{"model": "route-one", "provider": {"only": 3}}"#, "invalid_request"),
            (r#"{"model": "route-one", "provider": []}"#, "invalid_request"),
        ] {
            let answer = sidecar.client().post(path, body).await;
            assert_eq!(
                (answer.status, answer.header("x-outrigger-error")),
                (400, Some(code)),
                "{path} {body}: {}",
                answer.text()
            );
            let error = answer.json();
            assert!(
                error["error"]["message"].as_str().is_some_and(|message| message.len() > 10),
                "{path} {body}: {error}"
            );
        }
    }
    assert_eq!(a.hits(), 0);
    assert_eq!(sidecar.client().post(CHAT, chat("route-one")).await.said(), "fine");
}

/// R11: a body above the limit is refused, whether its length is announced or not; one below passes whole.
#[tokio::test]
async fn a_body_above_the_limit_is_refused_before_it_is_read() {
    let (a, policy) = one().await;
    let sidecar = Sidecar::setup(policy).arg("--max-body").arg("1MiB").start().await;
    let announced = format!("POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1073741824\r\n\r\n{{");
    let answer = raw(&sidecar, announced.as_bytes(), Duration::from_secs(5)).await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("body_too_large"), "{answer}");
    let mut chunked =
        format!("POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n").into_bytes();
    for _ in 0..32 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.extend_from_slice(&[b' '; 0x10000]);
        chunked.extend_from_slice(b"\r\n");
    }
    let mut socket = sidecar.client().connect().await;
    let (mut read, mut write) = socket.split();
    let mut answer = Vec::new();
    let reading = async { while read.read_buf(&mut answer).await.is_ok_and(|n| n > 0) {} };
    let _ =
        tokio::time::timeout(Duration::from_secs(5), async { tokio::join!(reading, write.write_all(&chunked)) }).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("body_too_large"), "{answer}");
    let mut fits = chat("route-one");
    fits["messages"][0]["content"] = json!("x".repeat(1_000_000));
    assert_eq!((sidecar.client().post(CHAT, fits).await.status, a.hits()), (200, 1));
}

/// R11: twenty megabytes pass by default.
#[tokio::test]
async fn a_large_body_passes_by_default() {
    let (a, policy) = one().await;
    let mut large = chat("route-one");
    large["messages"][0]["content"] = json!("x".repeat(20 << 20));
    let answer = Sidecar::with_policy(policy).await.client().post(CHAT, large).await;
    assert_eq!((answer.status, a.last().body.len() > 20 << 20), (200, true), "{}", answer.text());
}

/// A header bomb ends its own connection and nothing else.
#[tokio::test]
async fn a_header_bomb_is_refused() {
    let (_a, policy) = one().await;
    let sidecar = Sidecar::with_policy(policy).await;
    let many: String = (0..5000).map(|n| format!("x-h{n}: v\r\n")).collect();
    let long = format!("x-long: {}\r\n", "v".repeat(4 << 20));
    for bomb in [many, long] {
        let head = format!("POST {CHAT} HTTP/1.1\r\nhost: localhost\r\n{bomb}content-length: 2\r\n\r\n{{}}");
        let answer = raw(&sidecar, head.as_bytes(), Duration::from_secs(5)).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    assert_eq!(sidecar.client().post(CHAT, chat("route-one")).await.said(), "fine");
    assert!(sidecar.rss_kib() < 64 << 10, "{} kB", sidecar.rss_kib());
}

/// A slow-loris caller is let go, in its head and in its body, while others are served.
#[tokio::test]
async fn a_slow_loris_is_let_go() {
    let (_a, policy) = one().await;
    let sidecar = Sidecar::setup(policy).arg("--read-timeout=400ms").arg("--keep-alive=400ms").start().await;
    let begun = Instant::now();
    let head = format!("POST {CHAT} HTTP/1.1\r\nhost: localhost\r\nx-slow: ");
    let body = format!("POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{{");
    let client = sidecar.client();
    let (in_head, in_body, other) = tokio::join!(
        raw(&sidecar, head.as_bytes(), Duration::from_secs(10)),
        raw(&sidecar, body.as_bytes(), Duration::from_secs(10)),
        client.post(CHAT, chat("route-one")),
    );
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    assert!(in_head.is_empty() || in_head.starts_with("HTTP/1.1 408"), "{in_head}");
    assert!(in_body.starts_with("HTTP/1.1 408") && in_body.contains("body_timeout"), "{in_body}");
    assert_eq!(other.said(), "fine");
}

/// An unknown model is answered with the nearest names.
#[tokio::test]
async fn an_unknown_model_is_told_the_nearest_names() {
    let (_a, policy) = one().await;
    let answer = Sidecar::with_policy(policy).await.client().post(CHAT, chat("rout-one")).await;
    let error = answer.json()["error"].clone();
    assert_eq!(answer.status, 400, "{error}");
    assert!(
        error["metadata"]["nearest"].as_array().is_some_and(|names| names.contains(&json!("route-one"))),
        "{error}"
    );
    assert!(error["message"].as_str().is_some_and(|message| message.contains("route-one")), "{error}");
}

/// A model that no allowed provider serves is answered with the filter that removed each.
#[tokio::test]
async fn every_filter_that_leaves_nothing_is_named() {
    let a = Upstream::start([chat_ok("a")]).await;
    let fields = format!(
        "model: {MODEL}, upstreamName: m, contextLength: 100, maxOutput: 50, inputModalities: [Text], \
        parameters: [temperature], prices: {{input: \"10\", output: \"10\"}}"
    );
    let policy =
        Policy::new().provider_with("a", a.base_url(), |provider| provider.model_spec(&fields)).route("r", &["a"]);
    let sidecar = Sidecar::with_policy(policy).await;
    let image = json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,x"}}]}]);
    for (field, value, code) in [
        ("provider", json!({"only": ["other"]}), "allowed_providers"),
        ("provider", json!({"ignore": ["a"]}), "ignored_providers"),
        ("provider", json!({"zdr": true}), "data_policy:zdr"),
        ("provider", json!({"data_collection": "deny"}), "data_policy:training"),
        ("provider", json!({"quantizations": ["fp8"]}), "quantization"),
        ("provider", json!({"max_price": {"prompt": 1}}), "max_price"),
        ("messages", json!([{"role": "user", "content": "word ".repeat(2000)}]), "context_length"),
        ("messages", image, "modality"),
    ] {
        let mut request = chat("r");
        request[field] = value;
        let answer = sidecar.client().post(CHAT, &request).await;
        let error = answer.json()["error"].clone();
        assert!((400..500).contains(&answer.status), "{code}: {} {error}", answer.status);
        assert_eq!(error["metadata"]["excluded_by"], code, "{error}");
        assert_eq!(error["metadata"]["removed"][0]["provider"], "default/a", "{error}");
    }
    // F10: more than it can write is no reason, but for who requires that every parameter is honoured.
    let mut request = chat("r");
    request["max_tokens"] = json!(90);
    assert_eq!(sidecar.client().post(CHAT, &request).await.status, 200);
    assert_eq!(a.last().json()["max_tokens"], 90);
    request["provider"] = json!({"require_parameters": true});
    assert_eq!(sidecar.client().post(CHAT, &request).await.json()["error"]["metadata"]["excluded_by"], "max_output");
    let mut request = chat("r");
    request["seed"] = json!(1);
    request["provider"] = json!({"require_parameters": true});
    let error = sidecar.client().post(CHAT, &request).await.json();
    assert_eq!(error["error"]["metadata"]["excluded_by"], "require_parameters", "{error}");
    assert_eq!(a.hits(), 1);
}

/// Unknown paths, wrong methods and compressed bodies each have a code.
#[tokio::test]
async fn paths_methods_and_encodings_that_do_not_exist_are_named() {
    let (a, policy) = one().await;
    let sidecar = Sidecar::with_policy(policy).await;
    let client = sidecar.client();
    for (answer, status, code) in [
        (client.post("/v1/nothing", "{}").await, 404, "unknown_path"),
        (client.get("/").await, 404, "unknown_path"),
        (client.get(CHAT).await, 405, "method_not_allowed"),
        (client.request("DELETE", "/v1/models", "").await, 405, "method_not_allowed"),
        (client.clone().header("content-encoding", "gzip").post(CHAT, "x").await, 415, "unsupported_encoding"),
    ] {
        assert_eq!((answer.status, answer.header("x-outrigger-error")), (status, Some(code)), "{}", answer.text());
        assert!(answer.json()["error"]["message"].is_string(), "{}", answer.text());
    }
    assert_eq!((client.get(CHAT).await.header("allow").map(str::to_owned), a.hits()), (Some("POST".to_owned()), 0));
}

/// A busy port ends the start with a message that names it and the flag.
#[tokio::test]
async fn a_busy_port_is_named() {
    let (_a, policy) = one().await;
    let busy = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = busy.local_addr().unwrap().to_string();
    for (flag, env) in [("--listen", "OUTRIGGER_LISTEN"), ("--admin-listen", "OUTRIGGER_ADMIN_LISTEN")] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("p.yaml"), policy.to_string()).unwrap();
        let own = std::env::current_exe().unwrap();
        let binary = own.ancestors().nth(2).unwrap().join("outrigger");
        let mut command = std::process::Command::new(std::env::var_os("OUTRIGGER_BIN").unwrap_or(binary.into()));
        command.arg("run").arg("--policy").arg(folder.path());
        command.env("OUTRIGGER_LISTEN", "127.0.0.1:0").env("OUTRIGGER_ADMIN_LISTEN", "127.0.0.1:0").env(env, &port);
        let ended = command.output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr);
        assert!(!ended.status.success(), "{flag}");
        assert!(told.contains(&port) && told.contains(flag) && !told.contains("panicked"), "{flag}: {told}");
    }
}

/// A broken policy file at the start is named by file, and what it would have served is refused with a code.
#[tokio::test]
async fn a_broken_policy_file_at_the_start_is_named() {
    let sidecar = Sidecar::with_policy("apiVersion: outrigger.dev/v1alpha1\nkind: [ModelRoute\n").await;
    let line = sidecar.wait_log("policy.yaml").await;
    assert!(!line.contains("panicked"), "{line}");
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert!(answer.status >= 400 && answer.header("x-outrigger-error").is_some(), "{}", answer.text());
    assert!(sidecar.admin_client().get("/config").await.text().contains("policy.yaml"));
}

/// A model's name of any length is refused at once: it would be compared with every known name.
#[tokio::test]
async fn an_endless_model_name_is_refused_at_once() {
    let (_a, policy) = one().await;
    let sidecar = Sidecar::with_policy(policy).await;
    let begun = Instant::now();
    let answer = sidecar.client().post(CHAT, chat(&"m".repeat(300_000))).await;
    assert_eq!((answer.status, answer.header("x-outrigger-error")), (400, Some("invalid_request")));
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
}

/// Content nested deeper than any dialect nests it costs one pass, not one for each level.
#[tokio::test]
async fn deeply_nested_content_costs_nothing() {
    let (_a, policy) = one().await;
    let sidecar = Sidecar::with_policy(policy).await;
    let depth = 12_000;
    let nested = format!("{}{}", r#"[{"content":"#.repeat(depth), format_args!("\"x\"{}", "}]".repeat(depth)));
    let body = format!(r#"{{"model":"route-one","k":"image","messages":{nested}}}"#);
    let begun = Instant::now();
    let answer = sidecar.client().post(CHAT, body).await;
    assert!(matches!(answer.status, 200 | 400), "{}", answer.status);
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
}

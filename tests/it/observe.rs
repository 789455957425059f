//! What an operator sees, and what nobody does.

use crate::{harness::*, surfaces::settled};

const CHAT: &str = "/v1/chat/completions";

/// M1, M3, M4: families move without a login on their own port, and names that callers invent are no labels.
#[tokio::test]
async fn metrics_move_and_invented_names_are_no_labels() {
    let (a, b) = (Upstream::start([Reply::error(500)]).await, Upstream::start([chat_stream(["x", "y"])]).await);
    let policy = Policy::new().provider("a", a.base_url()).provider("b", b.base_url()).route("r", &["a", "b"]);
    let sidecar = Sidecar::with_policy(policy).await;
    sidecar.client().stream(CHAT, chat_streamed("r")).await;
    sidecar.client().header("x-title", "invented-title").post(CHAT, chat("invented-model")).await;
    let metrics = settled(&sidecar, 2).await;
    assert_eq!(metrics.sum("outrigger_fallbacks_total", &[("provider", "default/a"), ("reason", "server_error")]), 1.0);
    assert_eq!(metrics.sum("outrigger_attempts_total", &[("provider", "default/b"), ("outcome", "ok")]), 1.0);
    for family in ["outrigger_time_to_first_token_seconds", "outrigger_proxy_overhead_seconds"] {
        assert!(metrics.sum(&format!("{family}_count"), &[]) >= 1.0, "{family}");
    }
    assert!(metrics.0.keys().all(|series| !series.contains("invented")), "{metrics:?}");
}

/// M5: neither prompt nor answer nor credentials are in the log, however much is logged.
#[tokio::test]
async fn no_content_and_no_credential_is_logged() {
    let a = Upstream::start([chat_ok("answer-canary")]).await;
    let sidecar = Sidecar::setup(Policy::new().provider("a", a.base_url()).route("r", &["a"]))
        .arg("--log")
        .arg("trace")
        .start()
        .await;
    let mut request = chat("r");
    request["messages"][0]["content"] = "prompt-canary".into();
    let client = sidecar.client().header("authorization", "Bearer caller-canary");
    assert_eq!(client.post(CHAT, request).await.status, 200);
    settled(&sidecar, 1).await;
    let log = sidecar.log().join("\n");
    for canary in ["prompt-canary", "answer-canary", "caller-canary", "sk-test-a"] {
        assert!(!log.contains(canary), "{canary} in {log}");
    }
}

use std::{convert::Infallible, net::SocketAddr};

use http_body_util::Full;
use hyper::{client::conn::http1 as client, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use outrigger_catalog::Catalog;
use outrigger_compile::World;
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::*;

fn webhook(limit: Duration) -> Webhook {
    let (_, worlds) = watch::channel(Some(Arc::new(World::default())));
    let outlook = Outlook::new(Arc::new(Catalog::embedded()), worlds, Arc::default(), None, None);
    let metrics = Arc::new(Metrics::new().unwrap());
    Webhook { limit, ..Webhook::new(Arc::new(outlook), metrics) }
}

/// It, without TLS.
async fn serve(webhook: Arc<Webhook>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let webhook = webhook.clone();
            let service = service_fn(move |request| {
                let webhook = webhook.clone();
                async move { Ok::<_, Infallible>(webhook.answer(request).await) }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
        }
    });
    address
}

async fn post(address: SocketAddr, body: Vec<u8>) -> (StatusCode, Value) {
    let socket = TcpStream::connect(address).await.unwrap();
    let (mut send, connection) = client::handshake(TokioIo::new(socket)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::post("/validate?timeout=5s").header("host", "h").body(Full::new(Bytes::from(body))).unwrap();
    let (head, body) = send.send_request(request).await.unwrap().into_parts();
    (head.status, serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap())
}

fn review(model: &str) -> Vec<u8> {
    let object = json!({"apiVersion": "outrigger.dev/v1alpha1", "kind": "ModelRoute",
        "metadata": {"name": "r", "namespace": "a"}, "spec": {"targets": [{"model": model}]}});
    let request = json!({"uid": "7", "kind": {"kind": "ModelRoute"}, "operation": "CREATE", "namespace": "a",
        "object": object});
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}).to_string().into_bytes()
}

#[tokio::test]
async fn a_misspelt_model_is_allowed_and_told() {
    let webhook = Arc::new(webhook(Duration::from_secs(60)));
    let address = serve(webhook.clone()).await;
    let (status, answer) = post(address, review("openai/gpt-4o-mimi")).await;
    let response = &answer["response"];
    assert_eq!((status, &response["allowed"], &response["uid"]), (StatusCode::OK, &json!(true), &json!("7")));
    assert!(response["warnings"][0].as_str().unwrap().contains("openai/gpt-4o-mini"), "{answer}");
    assert!(webhook.metrics.render(0).contains(r#"admissions_total{outcome="warned"} 1"#));
}

#[tokio::test]
async fn whoever_waits_too_long_is_allowed_without_a_word() {
    let webhook = Arc::new(webhook(Duration::from_millis(1)));
    let address = serve(webhook.clone()).await;
    let (status, answer) = post(address, review("m")).await;
    // In a millisecond nothing is compiled; the body may not even have come.
    assert!(matches!(status, StatusCode::OK | StatusCode::REQUEST_TIMEOUT), "{answer}");
    assert!(status != StatusCode::OK || answer["response"]["allowed"] == true, "{answer}");
}

#[tokio::test]
async fn bodies_and_reviews_are_bounded() {
    let webhook = Arc::new(webhook(Duration::from_millis(300)));
    let address = serve(webhook.clone()).await;
    let (status, _) = post(address, vec![b' '; BODY + 1]).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(post(address, vec![b' '; BODY]).await.0, StatusCode::BAD_REQUEST);
    let _all = webhook.room.acquire_many(REVIEWS as u32).await.unwrap();
    let (status, answer) = post(address, review("m")).await;
    assert_eq!((status, &answer["error"]["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("busy")));
}

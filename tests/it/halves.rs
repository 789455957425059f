//! A caller that closes its sending half after its request, as `printf ... | nc -N` and some HTTP/1.0 clients do.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    harness::*,
    surfaces::{Surface, on_each, settled},
};

const CHAT: &str = "/v1/chat/completions";
/// Sends all of it and then closes the sending half at once, so that the end may come before anybody has read the beginning.
async fn half(sidecar: &Sidecar, request: &str) -> TcpStream {
    let mut socket = TcpStream::connect(sidecar.listen).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    socket.shutdown().await.unwrap();
    socket
}

fn post(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Everything until the connection ends, which it has to do soon after the answer.
async fn rest(mut socket: TcpStream) -> String {
    let mut text = Vec::new();
    tokio::time::timeout(Duration::from_secs(5), socket.read_to_end(&mut text)).await.expect("it ends").unwrap();
    String::from_utf8_lossy(&text).into_owned()
}

/// H23: it gets its whole answer, its stream to the end, and what is answered without a provider; then the connection ends.
#[tokio::test]
async fn a_caller_that_closes_its_sending_half_gets_its_answer() {
    on_each(async |surface: Surface| {
        let slow = |reply: Reply| reply.slow_head(700);
        let up = Upstream::start([slow(surface.whole("Hello")), slow(surface.stream(&["Hel", "lo"]))]).await;
        let sidecar = Sidecar::with_policy(surface.policy(&[&up], |route| route)).await;
        for request in [surface.whole_request(), surface.request()] {
            let said = rest(half(&sidecar, &post(surface.path(), &request.to_string())).await).await;
            assert!(said.starts_with("HTTP/1.1 200") && said.contains("lo"), "{surface:?}: {said}");
        }
        let listed = rest(half(&sidecar, "GET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n").await).await;
        assert!(listed.starts_with("HTTP/1.1 200") && listed.ends_with('}'), "{surface:?}: {listed}");
        let metrics = settled(&sidecar, 2).await;
        assert_eq!(metrics.sum("outrigger_requests_total", &[("outcome", "ok")]), 2.0, "{surface:?}");
        assert_eq!(up.hits(), 2);
    })
    .await;
}

/// H23, X1: one that leaves altogether after that is one that leaves: before the answer, and in the middle of a stream.
#[tokio::test]
async fn a_caller_that_leaves_after_closing_its_sending_half_has_left() {
    on_each(async |surface: Surface| {
        let stalled = Reply::sse(surface.begun(&["Hel"]).into_iter().chain([Ev::stall()]));
        let up = Upstream::start([Reply::hang(), stalled]).await;
        let sidecar = Sidecar::with_policy(surface.policy(&[&up], |route| route)).await;
        for (number, request) in [surface.whole_request(), surface.request()].into_iter().enumerate() {
            let socket = half(&sidecar, &post(surface.path(), &request.to_string())).await;
            up.wait_for(number + 1).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            drop(socket);
            let left = Instant::now();
            let closed = up.wait_closed(number).await.saturating_duration_since(left);
            assert!(closed < AT_ONCE, "{surface:?} {number}: {closed:?}");
        }
        let metrics = settled(&sidecar, 2).await;
        assert_eq!(metrics.sum("outrigger_requests_total", &[("outcome", "cancelled")]), 2.0, "{surface:?}");
    })
    .await;
}

/// H23: who closes it without a request, or behind an answer on a kept connection, is not kept.
#[tokio::test]
async fn an_idle_connection_that_is_half_closed_ends() {
    let up = Upstream::start([chat_ok("a")]).await;
    let sidecar = Sidecar::with_policy(Policy::new().provider("a", up.base_url()).route("r", &["a"])).await;
    assert_eq!(rest(half(&sidecar, "").await).await, "");
    let mut socket = TcpStream::connect(sidecar.listen).await.unwrap();
    socket.write_all(post(CHAT, &chat("r").to_string()).as_bytes()).await.unwrap();
    let mut first = [0; 4096];
    assert!(socket.read(&mut first).await.unwrap() > 0);
    socket.shutdown().await.unwrap();
    rest(socket).await;
}

/// H23: half a request is no request, and nobody is asked.
#[tokio::test]
async fn half_a_request_and_half_a_connection_is_a_refusal() {
    let up = Upstream::start([chat_ok("a")]).await;
    let sidecar = Sidecar::with_policy(Policy::new().provider("a", up.base_url()).route("r", &["a"])).await;
    let whole = post(CHAT, &chat("r").to_string());
    let said = rest(half(&sidecar, &whole[..whole.len() - 9]).await).await;
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{said}");
    assert_eq!(up.hits(), 0);
}

//! Peers that close connections of HTTP/1.1 by rules of their own, and requests that must not be lost to that (H3).

use std::{
    ops::Range,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};

mod http2;
mod proxied;
mod trusted;

use super::*;

const REQUESTS: usize = 20_000;
const CALLERS: usize = 20;
const CONNECT: Duration = Duration::from_secs(5);

/// When and how a peer closes.
#[derive(Clone, Debug)]
struct Rule {
    /// So many answers, then it closes.
    answers: usize,
    /// How long after the last one, in milliseconds.
    after: Range<u64>,
    /// Between two requests it waits no longer.
    idle: Option<Duration>,
    how: How,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    /// Without a word.
    Silently,
    /// The last answer says `connection: close`.
    Announced,
    /// RST instead of FIN.
    Reset,
    /// What it sends ends, and it goes on reading.
    HalfClosed,
    /// It begins an answer to the next request and closes in the middle of its head.
    Midway,
}

const AFTER: Rule = Rule { answers: usize::MAX, after: 0..1, idle: None, how: How::Silently };

struct Peer {
    endpoint: Arc<Endpoint>,
    seen: Arc<AtomicUsize>,
}

impl Peer {
    async fn start(rule: Rule) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base: Uri = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let seen = Arc::new(AtomicUsize::new(0));
        let counted = seen.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                socket.set_nodelay(true).unwrap();
                tokio::spawn(serve(socket, rule.clone(), counted.clone()));
            }
        });
        Self { endpoint: Arc::new(Endpoint::new(&base, Connector::plain())), seen }
    }
}

async fn serve(mut socket: TcpStream, rule: Rule, seen: Arc<AtomicUsize>) {
    for answer in 1..=rule.answers {
        let patience = rule.idle.filter(|_| answer > 1).unwrap_or(Duration::MAX);
        match timeout(patience, asked(&mut socket)).await {
            Ok(Some(())) => {}
            _ => break,
        }
        seen.fetch_add(1, Relaxed);
        let close = if answer == rule.answers && rule.how == How::Announced { "connection: close\r\n" } else { "" };
        let text = format!("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n{close}\r\nok");
        if socket.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
    sleep(Duration::from_millis(fastrand::u64(rule.after))).await;
    match rule.how {
        How::Silently | How::Announced => {}
        How::Reset => socket.set_zero_linger().unwrap(),
        How::HalfClosed => {
            drop(socket.shutdown().await);
            drop(socket.read_to_end(&mut Vec::new()).await);
        }
        How::Midway => {
            asked(&mut socket).await;
            seen.fetch_add(1, Relaxed);
            drop(socket.write_all(b"HTTP/1.1 200 ").await);
        }
    }
}

/// Waits for a whole request.
async fn asked(socket: &mut TcpStream) -> Option<()> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"{}") {
        (socket.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
    }
    Some(())
}

fn request() -> Unsent {
    Box::new(Request::post("/v1/chat/completions").body(Sent::of(Bytes::from_static(b"{}"))).unwrap())
}

/// Nothing here takes long, or it waits for what never comes.
async fn within<T>(what: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(30), what).await.expect("it hangs")
}

/// As an attempt asks: true if the request went out twice.
async fn ask(endpoint: &Arc<Endpoint>) -> Result<bool, outrigger_wire::Failure> {
    let (response, resent) = match within(endpoint.send(request(), CONNECT)).await {
        Ok(response) => (response, false),
        Err(Unanswered::Stale) => (within(endpoint.send_afresh(request(), CONNECT)).await?, true),
        Err(Unanswered::Failed(failure)) => return Err(failure),
    };
    let body = within(response.into_body().collect()).await.unwrap().to_bytes();
    assert!(body == "ok" || body.is_empty(), "{body:?}");
    Ok(resent)
}

/// Asks many times; how often a request went out again.
async fn flood(rule: Rule) -> usize {
    let peer = Peer::start(rule.clone()).await;
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (endpoint, pauses) = (peer.endpoint.clone(), rule.idle);
        callers.spawn(async move {
            let mut resent = 0;
            for _ in 0..REQUESTS / CALLERS {
                resent += usize::from(ask(&endpoint).await.unwrap_or_else(|failure| panic!("lost: {failure:?}")));
                // As long as the peer waits, now and then: its end and the next request meet on the way.
                if let Some(idle) = pauses.filter(|_| fastrand::u8(..) < 26) {
                    sleep(idle.mul_f64(0.9 + fastrand::f64() / 5.0)).await;
                }
            }
            resent
        });
    }
    let resent = callers.join_all().await.into_iter().sum();
    // Nothing went out more than twice, and nothing twice without being counted.
    let seen = peer.seen.load(Relaxed);
    assert!((REQUESTS..=REQUESTS + resent).contains(&seen), "{seen} were seen, {resent} sent again");
    resent
}

/// H3: 20,000 requests to each of them, none lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_lost_to_a_peer_that_closes_after_some_answers() {
    for answers in [1, 3, 100] {
        flood(Rule { answers, ..AFTER }).await;
    }
    for how in [How::Announced, How::Reset, How::HalfClosed] {
        flood(Rule { answers: 3, how, ..AFTER }).await;
    }
    let resent = flood(Rule { answers: 3, after: 0..10, ..AFTER }).await;
    assert!(resent > 0, "the rule never met a request on its way");
}

/// H3: with times of 1 : 100 (500 ms, and the 50 to 60 s after which load balancers close).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_lost_to_a_peer_that_closes_what_is_idle() {
    for (millis, how) in [(5, How::Silently), (50, How::Silently), (5, How::Reset), (5, How::HalfClosed)] {
        flood(Rule { idle: Some(Duration::from_millis(millis)), how, ..AFTER }).await;
    }
}

/// What has begun to be answered is not asked again: it may have been done, and the answer lost.
#[tokio::test]
async fn a_request_is_sent_again_only_where_nothing_came_back() {
    let peer = Peer::start(Rule { answers: 1, how: How::Midway, ..AFTER }).await;
    assert!(!ask(&peer.endpoint).await.unwrap());
    let failure = ask(&peer.endpoint).await.unwrap_err();
    assert_eq!((failure.kind, peer.seen.load(Relaxed)), (outrigger_wire::Kind::Reset, 2));
}

/// A fresh connection that breaks is the peer's failure, also as the second one.
#[tokio::test]
async fn a_fresh_connection_that_breaks_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base: Uri = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let accepted = tokio::spawn(async move {
        let mut seen = 0;
        // One good answer, then a connection that dies under its second request, then nothing but dead ones.
        let (mut first, _) = listener.accept().await.unwrap();
        asked(&mut first).await;
        first.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
        asked(&mut first).await;
        drop(first);
        while let Ok(Ok((mut socket, _))) = timeout(Duration::from_millis(300), listener.accept()).await {
            asked(&mut socket).await;
            seen += 1;
        }
        seen
    });
    let endpoint = Arc::new(Endpoint::new(&base, Connector::plain()));
    assert!(!ask(&endpoint).await.unwrap());
    assert_eq!(ask(&endpoint).await.unwrap_err().kind, outrigger_wire::Kind::Reset);
    assert_eq!(accepted.await.unwrap(), 1);
}

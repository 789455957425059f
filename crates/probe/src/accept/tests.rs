use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use http_body_util::Full;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

async fn listening() -> (SocketAddr, tokio::task::JoinHandle<Infallible>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    (at, tokio::spawn(accept(listener, |_, _| async { Response::new(Full::new(Bytes::from_static(b"here"))) })))
}

/// Everything that is answered until the connection ends.
async fn said(mut socket: TcpStream, bytes: &[u8]) -> String {
    let _ = socket.write_all(bytes).await;
    let mut all = Vec::new();
    let _ = socket.read_to_end(&mut all).await;
    String::from_utf8_lossy(&all).into_owned()
}

async fn asked(at: SocketAddr) -> String {
    said(TcpStream::connect(at).await.unwrap(), GET).await
}

#[tokio::test]
async fn a_connection_carries_one_request() {
    let (at, _serving) = listening().await;
    let twice = [GET, GET].concat();
    let answer = said(TcpStream::connect(at).await.unwrap(), &twice).await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "{answer}");
    assert!(answer.ends_with("here"), "{answer}");
}

/// With as many as there may be, all are open; with one more the oldest is closed, and the newest is answered.
#[tokio::test]
async fn whoever_holds_connections_keeps_nobody_from_the_pages() {
    let (at, _serving) = listening().await;
    let mut held = Vec::new();
    for _ in 0..MOST {
        held.push(TcpStream::connect(at).await.unwrap());
        // Accepted, in this order.
        tokio::task::yield_now().await;
    }
    let open = |socket: &mut TcpStream| {
        let mut byte = [0];
        match socket.try_read(&mut byte) {
            Ok(0) => false,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => true,
            other => panic!("{other:?}"),
        }
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(held.iter_mut().all(open), "at the bound all are served");
    assert!(asked(at).await.ends_with("here"), "one above it is");
    tokio::time::timeout(HEAD_WITHIN / 2, async {
        while held.iter_mut().all(open) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
    assert!(!open(&mut held[0]), "the oldest has made room");
    assert_eq!(held.iter_mut().filter_map(|it| (!open(it)).then_some(())).count(), 1);
    // A flood of them does no more.
    for _ in 0..4 * MOST {
        held.push(TcpStream::connect(at).await.unwrap());
    }
    assert!(asked(at).await.ends_with("here"));
}

/// Times pass as soon as nobody has anything to do.
#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let (at, _serving) = listening().await;
    let begun = Instant::now();
    let answer = said(TcpStream::connect(at).await.unwrap(), b"GET / HTTP/1.1\r\nhost:").await;
    assert!(!answer.contains(" 200 "), "{answer}");
    assert!(begun.elapsed() >= HEAD_WITHIN && begun.elapsed() < 2 * HEAD_WITHIN, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_head_has_a_bound() {
    let (at, _serving) = listening().await;
    let with = |bytes: usize| format!("GET / HTTP/1.1\r\nhost: x\r\nfill: {}\r\n\r\n", "f".repeat(bytes));
    let answer = |bytes| async move { said(TcpStream::connect(at).await.unwrap(), with(bytes).as_bytes()).await };
    assert!(answer(HEAD_BYTES - 64).await.ends_with("here"));
    let refused = answer(HEAD_BYTES + 64).await;
    assert!(!refused.contains("here"), "{refused}");
}

/// Fails as one does that is out of file descriptors, three times out of four.
struct Failing(TcpListener, AtomicUsize);

impl Accept for Failing {
    type Io = TcpStream;

    async fn next(&self) -> io::Result<(TcpStream, Peer)> {
        match self.1.fetch_add(1, Relaxed) % 4 {
            3 => Accept::next(&self.0).await,
            _ => Err(io::Error::from_raw_os_error(24)),
        }
    }
}

#[tokio::test]
async fn an_accept_that_fails_does_not_end_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let failing = Failing(listener, AtomicUsize::new(0));
    tokio::spawn(accept(failing, |_, _| async { Response::new(Full::new(Bytes::from_static(b"here"))) }));
    for _ in 0..3 {
        assert!(asked(at).await.ends_with("here"));
    }
}

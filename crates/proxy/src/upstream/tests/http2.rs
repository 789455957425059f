//! The same of HTTP/2: GOAWAY, streams refused, limits of streams, connections that break.

use std::sync::atomic::AtomicU32;

use h2::{Reason, server};
use http::Response;
use rustls::{RootCertStore, ServerConfig, pki_types::PrivateKeyDer};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::*;

/// TLS in a debug build is slow, and each connection begins with it.
const REQUESTS: usize = 4_000;

/// What a peer does with its connections.
#[derive(Clone, Copy, Debug)]
enum Rule {
    /// After so many streams it says GOAWAY, and answers those that it has.
    GoAway(u32),
    /// Every so many-th stream is refused.
    Refuses(u32),
    /// After so many answers the connection is cut.
    Cuts(u32),
    /// It allows so many streams, and holds each answer back for so many milliseconds.
    Allows(u32, u64),
}

struct Secure {
    endpoint: Arc<Endpoint>,
    connections: Arc<AtomicU32>,
    /// Most streams at one time on one connection.
    peak: Arc<AtomicU32>,
}

impl Secure {
    async fn start(rule: Rule) -> Self {
        let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(signed.signing_key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![signed.cert.der().clone()], key)
            .unwrap();
        tls.alpn_protocols = vec![b"h2".to_vec()];
        let mut roots = RootCertStore::empty();
        roots.add(signed.cert.der().clone()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("https://localhost:{}", listener.local_addr().unwrap().port()).parse().unwrap();
        let endpoint = Arc::new(Endpoint::new(&base, Connector::trusting(roots)));
        let (connections, peak) = (Arc::<AtomicU32>::default(), Arc::<AtomicU32>::default());
        let (counted, highest, acceptor) = (connections.clone(), peak.clone(), TlsAcceptor::from(Arc::new(tls)));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (acceptor, counted, highest) = (acceptor.clone(), counted.clone(), highest.clone());
                tokio::spawn(async move {
                    if let Ok(socket) = acceptor.accept(socket).await {
                        counted.fetch_add(1, Relaxed);
                        serve(socket, rule, highest).await;
                    }
                });
            }
        });
        Self { endpoint, connections, peak }
    }

    /// How often one of `requests` requests went out again, none of which may be lost.
    async fn flood(&self, requests: usize, callers: usize) -> usize {
        let mut flood = JoinSet::new();
        for _ in 0..callers {
            let endpoint = self.endpoint.clone();
            flood.spawn(async move {
                let mut resent = 0;
                for _ in 0..requests / callers {
                    resent += usize::from(ask(&endpoint).await.unwrap_or_else(|failure| panic!("lost: {failure:?}")));
                }
                resent
            });
        }
        flood.join_all().await.into_iter().sum()
    }
}

async fn serve(socket: TlsStream<TcpStream>, rule: Rule, highest: Arc<AtomicU32>) {
    let allowed = if let Rule::Allows(streams, _) = rule { streams } else { 1_000 };
    let connection = server::Builder::new().max_concurrent_streams(allowed).handshake::<_, Bytes>(socket).await;
    let Ok(mut connection) = connection else { return };
    let (mut streams, open) = (0, Arc::<AtomicU32>::default());
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        streams += 1;
        match rule {
            Rule::GoAway(most) if streams == most => connection.graceful_shutdown(),
            Rule::Refuses(each) if streams % each == 0 => {
                respond.send_reset(Reason::REFUSED_STREAM);
                continue;
            }
            Rule::Cuts(most) if streams > most => return,
            _ => {}
        }
        highest.fetch_max(open.fetch_add(1, Relaxed) + 1, Relaxed);
        let open = open.clone();
        tokio::spawn(async move {
            if let Rule::Allows(_, millis) = rule {
                sleep(Duration::from_millis(millis)).await;
            }
            let mut body = request.into_body();
            while let Some(Ok(data)) = body.data().await {
                drop(body.flow_control().release_capacity(data.len()));
            }
            open.fetch_sub(1, Relaxed);
            if let Rule::Cuts(_) = rule {
                // A head alone, so that no answer is cut in its middle: that is another matter.
                drop(respond.send_response(Response::new(()), true));
            } else if let Ok(mut answer) = respond.send_response(Response::new(()), false) {
                drop(answer.send_data(Bytes::from_static(b"ok"), true));
            }
        });
    }
}

/// H3: a peer that says goodbye, again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_lost_to_goaway() {
    let peer = Secure::start(Rule::GoAway(50)).await;
    peer.flood(REQUESTS, CALLERS).await;
    assert!(peer.connections.load(Relaxed) >= REQUESTS as u32 / 100);
}

/// H3: one that cuts connections, with streams open on them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_lost_to_connections_that_are_cut() {
    let peer = Secure::start(Rule::Cuts(200)).await;
    assert!(peer.flood(REQUESTS, CALLERS).await > 0);
}

/// H3: one that refuses a stream now and then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_stream_is_asked_for_once_more() {
    let peer = Secure::start(Rule::Refuses(100)).await;
    // Each hundredth of a connection, so never twice in a row for one request of one caller.
    assert!(peer.flood(REQUESTS, 1).await >= REQUESTS / 100);
}

/// Requests beyond the peer's limit do not wait for one another: there are more connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_streams_than_a_connection_may_have_get_another() {
    let peer = Secure::start(Rule::Allows(10, 500)).await;
    // Known by the first.
    assert!(!ask(&peer.endpoint).await.unwrap());
    let begun = std::time::Instant::now();
    peer.flood(45, 45).await;
    let (connections, peak) = (peer.connections.load(Relaxed), peer.peak.load(Relaxed));
    assert_eq!((connections, peak), (5, 10), "after {:?}", begun.elapsed());
}

/// There is an end to connections: what one more would take waits for a stream.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_have_a_bound() {
    let peer = Secure::start(Rule::Allows(1, 300)).await;
    assert!(!ask(&peer.endpoint).await.unwrap());
    peer.flood(3 * shared::MOST, 3 * shared::MOST).await;
    let connections = peer.connections.load(Relaxed) as usize;
    assert!((2..=shared::MOST).contains(&connections), "{connections} connections");
}

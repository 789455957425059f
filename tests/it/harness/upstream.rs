//! A provider that answers by a script, on real sockets. Its HTTP is written by hand because a polite library cannot cut
//! a body, reset a connection or go silent when told to.

mod reply;
mod serve;

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpSocket},
    task::JoinHandle,
};

pub use reply::{Ev, Gate, Reply};

use super::PATIENCE;

/// A running scripted provider. Dropping it closes its listener and all its connections.
pub struct Upstream {
    addr: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// One request as it was received.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// Path and query.
    pub path: String,
    /// In the order and the case they came in.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// When the whole request had been read.
    pub at: Instant,
    /// On which connection it came, counted from 0.
    pub connection: usize,
    /// When the peer closed the connection, if it did so before our answer was complete.
    pub closed_at: Option<Instant>,
}

impl Request {
    /// The first value of a header, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; fails the test when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.text()))
    }
}

impl Upstream {
    /// Answers the first request with the first reply, and so on; the last reply repeats for ever.
    pub async fn start(script: impl IntoIterator<Item = Reply>) -> Self {
        let script: VecDeque<Reply> = script.into_iter().collect();
        assert!(!script.is_empty(), "a script has at least one reply");
        Self::run(Script::Listed(script)).await
    }

    /// Asks `answer` for the reply to each request and its number, counted from 0.
    pub async fn with(answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::run(Script::Asked(Arc::new(answer))).await
    }

    async fn run(script: Script) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free loopback port");
        let addr = listener.local_addr().expect("a bound address");
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            requests: Mutex::default(),
            connections: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
        });
        let accepting = tokio::spawn(serve::accept(listener, Arc::clone(&shared)));
        Self { addr, shared, accepting }
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// For a provider's `baseURL` in the OpenAI dialect: `http://127.0.0.1:NNNN/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.addr)
    }

    /// `http://127.0.0.1:NNNN`, without a path.
    pub fn origin(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Every request so far, in order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests().clone()
    }

    /// How many requests so far.
    pub fn hits(&self) -> usize {
        self.shared.requests().len()
    }

    /// The latest request; fails the test when there was none.
    pub fn last(&self) -> Request {
        self.shared.requests().last().cloned().expect("at least one request")
    }

    /// How many connections were accepted so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many connections are open now.
    pub fn open_connections(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// Waits until there were at least so many requests, and returns all.
    pub async fn wait_for(&self, requests: usize) -> Vec<Request> {
        let wanted = format!("{requests} requests");
        poll(&wanted, || Some(self.requests()).filter(|seen| seen.len() >= requests)).await
    }

    /// Waits until the peer has closed the connection of that request in the middle of our answer, and says when.
    pub async fn wait_closed(&self, request: usize) -> Instant {
        let wanted = format!("the end of request {request}");
        poll(&wanted, || self.shared.requests().get(request).and_then(|request| request.closed_at)).await
    }

    /// Replaces what is left of the script.
    pub fn rewrite(&self, script: impl IntoIterator<Item = Reply>) {
        *self.shared.script() = Script::Listed(script.into_iter().collect());
    }

    /// Dies: no listener, every connection closed. Returns once that is so.
    pub async fn stop(mut self) {
        self.accepting.abort();
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A loopback address that refuses connections, for as long as this process runs: it is bound but nobody listens, so that
/// no other test can be given the port.
pub fn refused_addr() -> SocketAddr {
    static BOUND: OnceLock<TcpSocket> = OnceLock::new();
    let socket = BOUND.get_or_init(|| {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free loopback port");
        socket
    });
    socket.local_addr().expect("a bound address")
}

/// Looks every 5 ms until there is something to see; gives up after [`PATIENCE`].
async fn poll<T>(wanted: &str, look: impl Fn() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(begun.elapsed() < PATIENCE, "waited {PATIENCE:?} for {wanted}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What the connections of one upstream share.
struct Shared {
    script: Mutex<Script>,
    requests: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    open: AtomicUsize,
}

enum Script {
    Listed(VecDeque<Reply>),
    Asked(Arc<Answering>),
}

type Answering = dyn Fn(&Request, usize) -> Reply + Send + Sync;

impl Shared {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn requests(&self) -> MutexGuard<'_, Vec<Request>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the request and picks its reply.
    fn reply_to(&self, request: &Request) -> (usize, Reply) {
        let number = {
            let mut requests = self.requests();
            requests.push(request.clone());
            requests.len() - 1
        };
        let asked = match &mut *self.script() {
            Script::Listed(script) => return (number, next(script)),
            Script::Asked(answer) => Arc::clone(answer),
        };
        (number, asked(request, number))
    }

    /// Whether the connection just accepted is to be refused: only a list can know before the request is read.
    fn refuses_next(&self) -> bool {
        match &mut *self.script() {
            Script::Listed(script) if script.front().is_some_and(Reply::is_refusal) => {
                next(script);
                true
            }
            _ => false,
        }
    }
}

fn next(script: &mut VecDeque<Reply>) -> Reply {
    if script.len() > 1 {
        script.pop_front().expect("more than one reply")
    } else {
        script.front().cloned().expect("a script has at least one reply")
    }
}

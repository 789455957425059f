//! A ledger that keeps what it is told in memory: each entry once, by epoch and number.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use bytes::{BufMut as _, Bytes, BytesMut};
use h2::{RecvStream, server::SendResponse};
use http::{HeaderMap, HeaderValue, Request, Response};
use outrigger_api::ledger::{AppendRequest, AppendResponse, Begun, Entry, Record, entry::Entry as Told};
use prost::Message as _;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::{PATIENCE, grpc};

/// Dropping it ends it.
#[derive(Debug)]
pub struct FakeLedger {
    addr: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    books: Mutex<BTreeMap<Vec<u8>, Epoch>>,
    /// Calls are refused.
    away: AtomicBool,
    /// Calls are never answered.
    mute: AtomicBool,
    /// Answers have no key for users, as those of older ledgers.
    keyless: AtomicBool,
    /// A record with a tag of this name is never taken, and nothing that comes with it.
    refused: Mutex<Option<&'static str>>,
}

/// What is known of an epoch.
#[derive(Clone, Debug, Default)]
pub struct Epoch {
    pub entries: BTreeMap<u64, Entry>,
    pub issued: u64,
    pub dropped_below: u64,
    pub closed: bool,
    /// Entries that came again.
    pub again: u64,
    pub pod: String,
    pub tokens: Vec<String>,
}

impl Epoch {
    /// Up to which number it has all, or was told that it will not get them.
    pub fn through(&self) -> u64 {
        let from = self.dropped_below.saturating_sub(1);
        (from + 1..).find(|number| !self.entries.contains_key(number)).unwrap_or(1) - 1
    }

    pub fn begun(&self) -> Vec<Begun> {
        self.entries
            .values()
            .filter_map(|entry| match &entry.entry {
                Some(Told::Begun(begun)) => Some(begun.clone()),
                _ => None,
            })
            .collect()
    }

    pub fn records(&self) -> Vec<Record> {
        self.entries
            .values()
            .filter_map(|entry| match &entry.entry {
                Some(Told::Record(record)) => Some(record.clone()),
                _ => None,
            })
            .collect()
    }
}

impl FakeLedger {
    /// By which users are hashed.
    pub const KEY: [u8; 32] = [7; 32];

    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free loopback port");
        let addr = listener.local_addr().expect("a bound address");
        let shared = Arc::new(Shared::default());
        let serving = tokio::spawn(grpc::serve(listener, shared.clone(), call));
        Self { addr, shared, serving }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Refuses every call from now on, or no longer.
    pub fn away(&self, away: bool) {
        self.shared.away.store(away, Relaxed);
    }

    /// Answers no call any more.
    pub fn mute(&self) {
        self.shared.mute.store(true, Relaxed);
    }

    /// Gives no key for users any more.
    pub fn keyless(&self) {
        self.shared.keyless.store(true, Relaxed);
    }

    /// Never takes a record with a tag of this name.
    pub fn refuse(&self, tag: &'static str) {
        *self.shared.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(tag);
    }

    /// Loses all that it has.
    pub fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Vec<u8>, Epoch>> {
        self.shared.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every epoch that it was told of.
    pub fn epochs(&self) -> Vec<Epoch> {
        self.lock().values().cloned().collect()
    }

    /// Every request that has ended.
    pub fn records(&self) -> Vec<Record> {
        self.epochs().iter().flat_map(Epoch::records).collect()
    }

    /// Waits until it is so, and answers how long that took.
    pub async fn until(&self, wanted: &str, look: impl Fn(&[Epoch]) -> bool) -> Duration {
        let begun = Instant::now();
        while !look(&self.epochs()) {
            assert!(begun.elapsed() < PATIENCE, "waited for {wanted}: {:#?}", self.epochs());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        begun.elapsed()
    }
}

impl Drop for FakeLedger {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn call(request: Request<RecvStream>, mut respond: SendResponse<Bytes>, shared: Arc<Shared>) {
    let token = request.headers().get("authorization").and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned();
    assert_eq!(request.uri().path(), "/outrigger.ledger.v1.LedgerService/Append");
    let bytes = grpc::read(request.into_body()).await;
    if shared.mute.load(Relaxed) {
        return std::future::pending().await;
    }
    let head = Response::builder().header("content-type", "application/grpc").body(()).expect("a head");
    let status = |code: &'static str| {
        HeaderMap::from_iter([("grpc-status".parse().expect("a name"), HeaderValue::from_static(code))])
    };
    let Ok(mut stream) = respond.send_response(head, false) else { return };
    if shared.away.load(Relaxed) {
        let _ = stream.send_trailers(status("14"));
        return;
    }
    let told = AppendRequest::decode(bytes.get(5..).unwrap_or_default()).expect("a batch");
    assert!(told.entries.len() <= 512 && bytes.len() <= (1 << 20) + 5, "{} entries", told.entries.len());
    if shared.refuses(&told) {
        let _ = stream.send_trailers(status("3"));
        return;
    }
    // Who has given no number asks for the key alone.
    let asks = told.issued == 0 && !told.closed && told.entries.is_empty();
    let through = if asks { 0 } else { shared.take(told, token) };
    let user_key = if shared.keyless.load(Relaxed) { Vec::new() } else { FakeLedger::KEY.to_vec() };
    let answer = AppendResponse { through, user_key }.encode_to_vec();
    let mut framed = BytesMut::new();
    framed.put_u8(0);
    framed.put_u32(u32::try_from(answer.len()).expect("a small answer"));
    framed.put_slice(&answer);
    let _ = stream.send_data(framed.freeze(), false);
    let _ = stream.send_trailers(status("0"));
}

impl Shared {
    fn refuses(&self, told: &AppendRequest) -> bool {
        let refused = *self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let tagged = |entry: &Entry| match &entry.entry {
            Some(Told::Record(record)) => record.tags.iter().any(|tag| Some(tag.name.as_str()) == refused),
            _ => false,
        };
        told.entries.iter().any(tagged)
    }

    fn take(&self, told: AppendRequest, token: String) -> u64 {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(told.epoch.len(), 16);
        let epoch = books.entry(told.epoch).or_default();
        epoch.issued = epoch.issued.max(told.issued);
        epoch.dropped_below = epoch.dropped_below.max(told.dropped_below);
        epoch.closed |= told.closed;
        epoch.pod = told.reporter.map(|reporter| reporter.pod).unwrap_or_default();
        epoch.tokens.push(token);
        for entry in told.entries {
            if let Some(known) = epoch.entries.insert(entry.sequence, entry.clone()) {
                assert_eq!(known, entry, "one number, one entry");
                epoch.again += 1;
            }
        }
        epoch.through()
    }
}

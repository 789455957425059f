//! The callers: so many connections, each taking the next request when its last was answered.

use std::{
    net::SocketAddr,
    rc::Rc,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use memchr::memmem;
use tokio::{net::TcpListener, sync::Notify};

use super::{
    ask::{Ask, Asks, Ending},
    check::{Came, check},
    draw::{Drawn, draw},
    kind::KINDS,
};
use crate::bench::{echo::fault::KNOCK, load::stamps, wire::Connection};

/// No request takes this long, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(40);
/// A run with so many wrong answers ends early.
const ENOUGH: u64 = 100;
/// So many of them are told.
const TOLD: usize = 10;

/// What callers and whoever watches them share.
#[derive(Debug)]
pub(super) struct Progress {
    seed: u64,
    requests: u64,
    next: AtomicU64,
    stop: AtomicBool,
    done: [AtomicU64; KINDS.len()],
    wrong: AtomicU64,
    told: Mutex<Vec<String>>,
}

impl Progress {
    pub(super) fn new(seed: u64, requests: u64) -> Self {
        Self {
            seed,
            requests,
            next: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            done: std::array::from_fn(|_| AtomicU64::new(0)),
            wrong: AtomicU64::new(0),
            told: Mutex::default(),
        }
    }

    /// What is under way is finished, nothing more is sent.
    pub(super) fn stop(&self) {
        self.stop.store(true, Relaxed);
    }

    /// Requests that have ended, by kind.
    pub(super) fn done(&self) -> [u64; KINDS.len()] {
        std::array::from_fn(|at| self.done[at].load(Relaxed))
    }

    /// Requests that have ended.
    pub(super) fn all_done(&self) -> u64 {
        self.done().iter().sum()
    }

    /// How many answers were wrong, and the first of them in words.
    pub(super) fn wrong(&self) -> (u64, Vec<String>) {
        (self.wrong.load(Relaxed), self.told.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn take(&self) -> Option<u64> {
        if self.stop.load(Relaxed) || self.wrong.load(Relaxed) >= ENOUGH {
            return None;
        }
        Some(self.next.fetch_add(1, Relaxed)).filter(|number| *number < self.requests)
    }

    fn ended(&self, number: u64, drawn: Drawn, came: Result<()>) {
        if let Err(error) = came {
            self.wrong.fetch_add(1, Relaxed);
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.len() < TOLD {
                let (name, shape) = (drawn.kind.name(), drawn.shape);
                told.push(format!("{name} ({shape:?}, size {}, request {number}): {error:#}", drawn.size));
            }
        }
        self.done[drawn.kind.at()].fetch_add(1, Relaxed);
    }
}

/// Sends everything, on the calling thread.
pub(super) fn run(progress: Arc<Progress>, asks: Asks, to: SocketAddr, connections: usize) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let asks = Rc::new(asks);
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let callers: Vec<_> =
            (0..connections).map(|_| tokio::task::spawn_local(caller(progress.clone(), asks.clone(), to))).collect();
        for caller in callers {
            caller.await.context("a caller panicked")??;
        }
        Ok(())
    })
}

async fn caller(progress: Arc<Progress>, asks: Rc<Asks>, to: SocketAddr) -> Result<()> {
    let door = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.context("a caller's own listener")?;
    let mut caller = Caller { to, door, kept: None, request: Vec::new(), body: Vec::new() };
    while let Some(number) = progress.take() {
        let drawn = draw(progress.seed, number);
        let ask = asks.of(drawn);
        ask.write(number, &mut caller.request);
        if drawn.fresh {
            caller.kept = None;
        }
        progress.ended(number, drawn, caller.one(ask).await);
    }
    Ok(())
}

/// One caller.
struct Caller {
    to: SocketAddr,
    /// Where the upstream says that it has a request.
    door: TcpListener,
    /// The connection of the last request, where it can be used again.
    kept: Option<Connection>,
    request: Vec<u8>,
    body: Vec<u8>,
}

impl Caller {
    /// Sends the request at hand.
    async fn one(&mut self, ask: &Ask) -> Result<()> {
        let mut connection = match self.kept.take() {
            Some(connection) => connection,
            None => Connection::open(self.to).await?,
        };
        if let Ending::Leave(events) = ask.ending {
            return self.leave(ask, events, connection).await;
        }
        let exchanged = connection.exchange(&self.request, &mut self.body, |_, _| ());
        let exchanged = tokio::time::timeout(PATIENCE, exchanged).await.context("no answer in time")?;
        let cut = exchanged.err().map(|error| format!("{error:#}"));
        let whole = cut.is_none();
        check(ask, &Came { head: &connection.head, body: &self.body, cut })?;
        self.kept = Some(connection).filter(|_| whole);
        Ok(())
    }

    /// Sends the request at hand and hangs up when so many events have come; without any, when the upstream has knocked.
    /// Whoever leaves earlier may never have been seen by a sidecar that is busy.
    async fn leave(&mut self, ask: &Ask, events: usize, mut connection: Connection) -> Result<()> {
        if events == 0 {
            let at = memmem::find(&self.request, b"\r\n").context("a request without lines")? + 2;
            let line = format!("{KNOCK}: {}\r\n", self.door.local_addr()?);
            self.request.splice(at..at, line.into_bytes());
        }
        let (enough, mut at, mut seen) = (Notify::new(), 0, 0);
        let cut = tokio::select! {
            exchanged = connection.exchange(&self.request, &mut self.body, |body, _| {
                stamps(body, &mut at, |_| seen += 1);
                if seen >= events {
                    enough.notify_one();
                }
            }) => exchanged.err().map(|error| format!("{error:#}")),
            () = enough.notified(), if events > 0 => return Ok(()),
            knocked = self.door.accept(), if events == 0 => return Ok(knocked.map(drop)?),
            () = tokio::time::sleep(PATIENCE) => Some("nothing to leave came in time".to_owned()),
        };
        check(ask, &Came { head: &connection.head, body: &self.body, cut })
    }
}

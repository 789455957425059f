//! The data plane: sockets, pools, attempts, streams. The module tree is the story of a request; `serve` tells it.

mod about;
mod admin;
mod attempt;
mod budget;
pub mod config;
mod crossing;
mod drain;
mod error;
mod explain;
mod headers;
mod hops;
mod intake;
mod listen;
#[cfg(feature = "measured")]
pub mod measured;
pub mod metrics;
mod models;
pub mod process;
mod record;
mod redact;
pub mod reference;
mod relay;
mod resume;
mod serve;
mod signals;
mod staleness;
mod state;
mod tokens;
mod upstream;
mod watch;

#[cfg(test)]
mod tests;

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwapOption;
use outrigger_route::{Snapshot, sticky::Sticky};
use tokio::time::Instant;

pub use about::About;
pub use config::Config;
pub use explain::explain;

/// What every request may reach.
#[derive(Debug)]
struct App {
    config: Config,
    state: state::State,
    upstreams: Arc<upstream::Upstreams>,
    budget: budget::Budget,
    answers: budget::Budget,
    metrics: metrics::Metrics,
    generations: record::Generations,
    sticky: Mutex<Sticky>,
    /// Problems of the policy being served, for `/config`.
    problems: Mutex<Vec<String>>,
    /// What is waited for while no policy was applied, for `/readyz`.
    waiting: Mutex<Option<String>>,
    /// Whom it runs beside; `None` until somebody says so.
    about: ArcSwapOption<About>,
    staleness: staleness::Staleness,
    requests: drain::Open,
    /// Connections of callers: an answer has left when its last byte is written, not when its body has ended.
    connections: drain::Open,
    draining: AtomicBool,
    departure: drain::Departure,
    tokens: tokens::Tokens,
    /// The fixed start of all times.
    start: Instant,
}

impl App {
    /// Within a runtime: the pools have a task of their own.
    fn new(config: Config, snapshot: Option<Snapshot>) -> io::Result<Self> {
        let metrics = metrics::Metrics::new().map_err(io::Error::other)?;
        if let Some(snapshot) = &snapshot {
            metrics.policy(&snapshot.revision);
        }
        let upstreams = upstream::Upstreams::start(&config)?;
        Ok(Self {
            state: state::State::new(snapshot.map(Arc::new), &metrics, &upstreams),
            upstreams,
            budget: budget::Budget::new(config.buffer_budget),
            answers: budget::Budget::of_answers(config.answer_budget),
            generations: record::Generations::new(config.generations),
            metrics,
            sticky: Mutex::default(),
            problems: Mutex::default(),
            waiting: Mutex::default(),
            about: ArcSwapOption::empty(),
            staleness: staleness::Staleness::default(),
            tokens: tokens::Tokens::default(),
            requests: drain::Open::default(),
            connections: drain::Open::default(),
            draining: AtomicBool::new(false),
            departure: drain::Departure::default(),
            start: Instant::now(),
            config,
        })
    }

    /// Time since the fixed start.
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// The same time as timers want it. One that is too far for the clock never comes.
    fn instant(&self, at: Duration) -> Instant {
        self.start.checked_add(at).unwrap_or_else(|| self.start + Duration::from_secs(u32::MAX.into()))
    }

    fn is_draining(&self) -> bool {
        self.draining.load(Relaxed)
    }
}

/// How much a sidecar is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requests {
    /// Since the start.
    pub begun: u64,
    /// Being answered.
    pub open: usize,
}

/// A sidecar that listens.
#[derive(Debug)]
pub struct Sidecar {
    app: Arc<App>,
    listen: SocketAddr,
    admin: SocketAddr,
    probe: Option<SocketAddr>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Sidecar {
    /// Binds both listeners and serves `snapshot`; without one it is not ready, and says so to its callers, until the
    /// first [`Sidecar::publish`]. The admin pages get a thread and a runtime of their own, so that a
    /// scrape never waits behind traffic nor traffic behind a scrape.
    ///
    /// # Errors
    /// A port that cannot be bound; the message says which and what to do.
    pub async fn start(config: Config, snapshot: Option<Snapshot>) -> io::Result<Self> {
        let listener = listen::bind(config.listen, "--listen").await?;
        let admin_listener = listen::bind(config.admin_listen, "--admin-listen").await?;
        let probe_listener = config.probe_listen.map(outrigger_probe::bind).transpose()?;
        let (listen, admin) = (listener.local_addr()?, admin_listener.local_addr()?);
        let probe = probe_listener.as_ref().map(tokio::net::TcpListener::local_addr).transpose()?;
        let app = Arc::new(App::new(config, snapshot)?);
        spawn_admin(app.clone(), admin_listener, probe_listener)?;
        let accepting = tokio::spawn(listen::accept(app.clone(), listener));
        Ok(Self { app, listen, admin, probe, accepting })
    }

    /// Where callers connect.
    pub fn listen(&self) -> SocketAddr {
        self.listen
    }

    /// Where the admin pages are.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// Where a cluster looks at it, if anywhere.
    pub fn probe(&self) -> Option<SocketAddr> {
        self.probe
    }

    /// Says what is waited for while no policy was applied: `/readyz` shows it to whoever reaches the pod, so it names no
    /// object of policy.
    pub fn waits(&self, why: &str) {
        *signals::lock(&self.app.waiting) = Some(why.to_owned());
    }

    /// Serves `snapshot` from the next request on. Requests in flight finish under the old one (K2); connections and
    /// the health of what did not change are kept (K3, C7). `problems` are shown in `/config`.
    pub fn publish(&self, snapshot: Snapshot, problems: Vec<String>) {
        self.problems(problems);
        self.app.metrics.policy(&snapshot.revision);
        self.app.state.publish(Arc::new(snapshot), &self.app.metrics, &self.app.upstreams);
    }

    /// Records problems of the policy without changing what is served.
    pub fn problems(&self, problems: Vec<String>) {
        self.app.metrics.policy_problems.increment(problems.len() as u64);
        *signals::lock(&self.app.problems) = problems;
    }

    /// Says whom it runs beside: shown on its pages, in the line of each request and as one series, and decided by nowhere.
    pub fn about(&self, about: About) {
        self.app.metrics.workload(&about);
        self.app.about.store(Some(Arc::new(about)));
    }

    /// Since when the policy being served may be out of date; `None` = it is current. While it may be, answers say for how
    /// long.
    pub fn staleness(&self, since: Option<SystemTime>) {
        self.app.staleness.set(since);
    }

    /// The revision being served; `None` before there is a policy.
    pub fn revision(&self) -> Option<String> {
        self.app.state.load().policy().map(|policy| policy.revision.to_string())
    }

    /// How much it is asked.
    pub fn requests(&self) -> Requests {
        Requests { begun: self.app.requests.begun(), open: self.app.requests.open() }
    }

    /// Leaves in order (R-DRAIN-1): not ready any more, but callers on this host are still served, until nothing is
    /// in flight or the drain timeout is over. What is left then ends with an error event (R-DRAIN-3). Returns how
    /// many requests were cut.
    pub async fn drain(&self) -> usize {
        let app = &self.app;
        app.draining.store(true, Relaxed);
        let deadline = Instant::now() + app.config.drain_timeout;
        let mut cut = 0;
        if tokio::time::timeout_at(deadline, app.requests.none()).await.is_err() {
            cut = app.requests.open();
            app.departure.reach(drain::Stage::Cut);
        }
        // What is written but not yet read by its caller has the rest of the time, and a second in any case.
        app.departure.reach(drain::Stage::Leaving);
        let last = deadline.max(Instant::now() + Duration::from_secs(1));
        let _ = tokio::time::timeout_at(last, app.connections.none()).await;
        self.accepting.abort();
        cut
    }
}

fn spawn_admin(
    app: Arc<App>,
    listener: tokio::net::TcpListener,
    probe: Option<tokio::net::TcpListener>,
) -> io::Result<()> {
    let listener = listener.into_std()?;
    let probe = probe.map(tokio::net::TcpListener::into_std).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("admin".to_owned()).spawn(move || {
        runtime.block_on(async move {
            let here = tokio::net::TcpListener::from_std;
            match here(listener).and_then(|listener| Ok((listener, probe.map(here).transpose()?))) {
                Ok((listener, probe)) => match admin::accept(app, listener, probe).await {},
                Err(error) => tracing::error!(%error, "the admin listener failed"),
            }
        });
    })?;
    Ok(())
}

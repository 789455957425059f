//! A sidecar that listens: start, publish, drain.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, SystemTime},
};

use outrigger_route::Snapshot;
use tokio::time::Instant;

use crate::{
    about::About, admin, app::App, books::Told, config::Config, decisions::Decisions, drain, listen, lock::lock,
};

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
    pub(crate) app: Arc<App>,
    listen: SocketAddr,
    admin: SocketAddr,
    probe: Option<SocketAddr>,
    instance: Box<str>,
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
        Self::start_telling(config, snapshot, Told::default()).await
    }

    /// The same, and each request is `told`.
    ///
    /// # Errors
    /// As [`Sidecar::start`].
    pub async fn start_telling(config: Config, snapshot: Option<Snapshot>, told: Told) -> io::Result<Self> {
        let listener = listen::bind(config.listen, "--listen").await?;
        let admin_listener = listen::bind(config.admin_listen, "--admin-listen").await?;
        let probe_listener = config.probe_listen.map(outrigger_probe::bind).transpose()?;
        let (listen, admin) = (listener.local_addr()?, admin_listener.local_addr()?);
        let probe = probe_listener.as_ref().map(tokio::net::TcpListener::local_addr).transpose()?;
        let app = Arc::new(App::new(config, snapshot, told)?);
        let instance = format!("{:016x}", fastrand::u64(..)).into_boxed_str();
        app.books.metrics.process(&instance, SystemTime::now());
        spawn_admin(app.clone(), admin_listener, probe_listener)?;
        let accepting = tokio::spawn(listen::accept(app.clone(), listener));
        Ok(Self { app, listen, admin, probe, instance, accepting })
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

    /// Which process this is: random, one for each start. Its metrics name it.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// Says which replica of a control plane is followed from now on, by which stream of this process.
    pub fn linked(&self, replica: &str, stream: u64) {
        self.app.books.metrics.link(replica, stream);
    }

    /// Says what is waited for while no policy was applied: `/readyz` shows it to whoever reaches the pod, so it names no
    /// object of policy.
    pub fn waits(&self, why: &str) {
        *lock(&self.app.waiting) = Some(why.to_owned());
    }

    /// Serves `snapshot` from the next request on. Requests in flight finish under the old one (K2); connections and
    /// the health of what did not change are kept (K3, C7). `problems` are shown in `/config`.
    pub fn publish(&self, snapshot: Snapshot, problems: Vec<String>) {
        self.problems(problems);
        self.app.books.metrics.policy(&snapshot.revision);
        self.app.state.publish(Arc::new(snapshot), &self.app.books.metrics, &self.app.upstreams);
    }

    /// Records problems of the policy without changing what is served.
    pub fn problems(&self, problems: Vec<String>) {
        self.app.books.metrics.policy_problems.increment(problems.len() as u64);
        *lock(&self.app.problems) = problems;
    }

    /// Says whom it runs beside: shown on its pages, in the line of each request and as one series, and decided by nowhere.
    pub fn about(&self, about: About) {
        self.app.books.metrics.workload(&about);
        self.app.books.ledger.iter().for_each(|ledger| ledger.about(&about));
        self.app.books.tracer.iter().for_each(|tracer| tracer.about(&about));
        self.app.books.about.store(Some(Arc::new(about)));
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
        Requests { begun: self.app.books.requests.begun(), open: self.app.books.requests.open() }
    }

    /// Leaves in order (R-DRAIN-1): not ready any more, but callers on this host are still served, until nothing is
    /// in flight or the drain timeout is over. What is left then ends with an error event (R-DRAIN-3). Returns how
    /// many requests were cut.
    pub async fn drain(&self) -> usize {
        let app = &self.app;
        app.draining.store(true, Relaxed);
        let deadline = Instant::now() + app.config.drain_timeout;
        let mut cut = 0;
        if tokio::time::timeout_at(deadline, app.books.requests.none()).await.is_err() {
            cut = app.books.requests.open();
            app.books.departure.reach(drain::Stage::Cut);
        }
        // What is written but not yet read by its caller has the rest of the time, and a second in any case.
        app.books.departure.reach(drain::Stage::Leaving);
        let last = deadline.max(Instant::now() + Duration::from_secs(1));
        let _ = tokio::time::timeout_at(last, app.connections.none()).await;
        self.accepting.abort();
        app.books.decisions.iter().for_each(Decisions::flush);
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

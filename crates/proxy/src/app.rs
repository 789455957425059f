//! What a sidecar is made of. Only what stands above a request knows it: the path of one is given the few things that it
//! uses.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use outrigger_route::Snapshot;

use crate::{
    allowance::Allowance,
    books::{Books, Told},
    config::Config,
    drain::Open,
    staleness::Staleness,
    state::State,
    tokens::Tokens,
    upstream::Upstreams,
};

/// A sidecar but for its sockets.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) state: State,
    pub(crate) upstreams: Arc<Upstreams>,
    pub(crate) books: Arc<Books>,
    pub(crate) allowance: Arc<Allowance>,
    pub(crate) tokens: Arc<Tokens>,
    /// Problems of the policy being served, for `/config`.
    pub(crate) problems: Mutex<Vec<String>>,
    /// What is waited for while no policy was applied, for `/readyz`.
    pub(crate) waiting: Mutex<Option<String>>,
    pub(crate) staleness: Staleness,
    /// Connections of callers: an answer has left when its last byte is written, not when its body has ended.
    pub(crate) connections: Open,
    pub(crate) draining: AtomicBool,
}

impl App {
    /// Within a runtime: the pools have a task of their own.
    pub(crate) fn new(config: Config, snapshot: Option<Snapshot>, told: Told) -> io::Result<Self> {
        let upstreams = Upstreams::start(&config)?;
        Self::with(config, snapshot, told, upstreams)
    }

    /// The same with these pools.
    pub(crate) fn with(
        config: Config,
        snapshot: Option<Snapshot>,
        told: Told,
        upstreams: Arc<Upstreams>,
    ) -> io::Result<Self> {
        let books = Books::open(&config, told)?;
        if let Some(snapshot) = &snapshot {
            books.metrics.policy(&snapshot.revision);
        }
        Ok(Self {
            state: State::new(snapshot.map(Arc::new), &books.metrics, &upstreams),
            upstreams,
            books: Arc::new(books),
            allowance: Arc::new(Allowance::of(&config)),
            tokens: Arc::default(),
            problems: Mutex::default(),
            waiting: Mutex::default(),
            staleness: Staleness::default(),
            connections: Open::default(),
            draining: AtomicBool::new(false),
            config,
        })
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Relaxed)
    }
}

//! Where requests are written down: what is counted, what is kept, and how many are open.

use std::{
    io,
    sync::{Arc, Mutex},
};

use arc_swap::ArcSwapOption;
use outrigger_route::sticky::Sticky;

use crate::{
    about::About,
    clock::Clock,
    config::Config,
    decisions::{Decision, Decisions},
    drain::{Departure, Open},
    ledger::Ledger,
    metrics::Metrics,
    outbox::Outbox,
    record::generation::Generations,
    trace::Tracer,
};

/// Who is told of requests, one by one: nobody, if nobody is named.
#[derive(Debug, Default)]
pub struct Told {
    /// Who books them.
    pub ledger: Option<Ledger>,
    /// Who traces them.
    pub tracer: Option<Tracer>,
    /// Who takes the decision log, in place of standard output.
    pub decisions: Option<Outbox<Decision>>,
}

/// What every record is opened with and settled into.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    pub(crate) generations: Generations,
    pub(crate) sticky: Mutex<Sticky>,
    /// Whom the sidecar runs beside; `None` until somebody says so.
    pub(crate) about: ArcSwapOption<About>,
    pub(crate) requests: Open,
    pub(crate) departure: Departure,
    /// Callers are told what their answer cost.
    pub(crate) tells_cost: bool,
    /// Whom requests are told to, one by one; `None`: nobody.
    pub(crate) ledger: Option<Arc<Ledger>>,
    /// Where decisions are told; `None`: nowhere.
    pub(crate) decisions: Option<Decisions>,
    /// Who traces them; `None`: nobody.
    pub(crate) tracer: Option<Arc<Tracer>>,
}

impl Books {
    pub(crate) fn open(config: &Config, Told { ledger, tracer, decisions }: Told) -> io::Result<Self> {
        Ok(Self {
            clock: Clock::start(),
            metrics: Metrics::new(config.genai_metrics).map_err(io::Error::other)?,
            generations: Generations::new(config.generations),
            sticky: Mutex::default(),
            about: ArcSwapOption::empty(),
            requests: Open::default(),
            departure: Departure::default(),
            tells_cost: config.usage_cost,
            ledger: ledger.map(Arc::new),
            decisions: Decisions::open(config.decision_log, decisions),
            tracer: tracer.map(Arc::new),
        })
    }
}

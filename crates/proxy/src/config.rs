//! Static settings of a sidecar, as values. Their names, defaults and meaning for people are one table, [`Settings`].

pub(crate) mod proxies;
mod settings;
mod units;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use outrigger_probe::Listen;
pub use proxies::Proxies;
pub use settings::{DecisionLogTo, LogFormat, Settings};
pub use units::{bytes, duration};

pub use crate::decisions::Which;

/// Settings that do not change while the sidecar runs. Everything else is policy.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where callers connect. Loopback by default (Z8).
    pub listen: SocketAddr,
    /// Names by which it may be asked, beside `localhost`, loopback addresses and its own.
    pub hosts: Vec<Box<str>>,
    /// Where `/metrics`, `/readyz`, `/livez`, `/config` and `/explain` are served.
    pub admin_listen: SocketAddr,
    /// Where a cluster asks for `/metrics`, `/readyz` and `/livez`, from other machines too; `None`: nowhere.
    pub probe_listen: Option<Listen>,
    /// Largest request body, in bytes; a larger one gets 413.
    pub max_body: usize,
    /// All request bodies held at one time, in bytes, each counted twice (as it came and as it is sent); beyond it
    /// requests queue.
    pub buffer_budget: usize,
    /// All whole answers, and all large events of streams, held at one time, in bytes, each counted twice, but for those that come in one piece; beyond it
    /// they are left with the provider.
    pub answer_budget: usize,
    /// How long a request queues for its share of the budget before it gets 503.
    pub queue_timeout: Duration,
    /// How long a caller may take for each further part of its body.
    pub read_timeout: Duration,
    /// How long a connection may wait for its next head, idle time included: long enough that a client's pool seldom
    /// meets a closing connection, short enough that a caller who trickles its head is let go.
    pub keep_alive: Duration,
    /// How long requests in flight may go on after SIGTERM (R-DRAIN-5: the one knob).
    pub drain_timeout: Duration,
    /// How many finished requests `/v1/generation` remembers.
    pub generations: usize,
    /// Which decisions are told.
    pub decision_log: Which,
    /// Whether requests are counted by the names of OpenTelemetry's conventions too.
    pub genai_metrics: bool,
    /// Whether `usage.cost` is added to answers whose price is known.
    pub usage_cost: bool,
    /// PEM bundle of authorities by which providers are known too, read at the start.
    pub upstream_ca: Option<PathBuf>,
    /// The public authorities are not believed beside them.
    pub upstream_ca_only: bool,
    /// The proxies towards providers.
    pub proxies: Proxies,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 4117)),
            hosts: Vec::new(),
            admin_listen: SocketAddr::from(([127, 0, 0, 1], 4118)),
            probe_listen: None,
            // Room for the 20 MB images that vendors accept, as base64 (R11).
            max_body: 64 << 20,
            buffer_budget: 64 << 20,
            answer_budget: 64 << 20,
            queue_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(25),
            generations: 512,
            decision_log: Which::Off,
            genai_metrics: false,
            usage_cost: true,
            upstream_ca: None,
            upstream_ca_only: false,
            proxies: Proxies::default(),
        }
    }
}

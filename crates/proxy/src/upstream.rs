//! Connections to providers: one pool for each scheme and authority, kept across pushes of policy (K3).
//!
//! hyper speaks the protocols, hyper-rustls and hyper-util connect; the pool between them is ours. The general client of
//! hyper-util finds a connection by hashing its address, races a new one against those in use and starts a task for every
//! answer that is not read at once: a third of what a small request needs. Here a provider's pool is at hand when the
//! policy is published, and an answer's body brings its connection back.
//!
//! The parts of hyper-util's `client::pool` (0.1.21) are nearer, and were tried: its `cache` adds 263 instructions to a
//! request of HTTP/1.1 where a stack under a lock adds 91. It keeps no time, which closing what is idle needs, and does not
//! say whether a connection has served before, on which a resend hangs (H3); its `singleton` opens no second connection
//! where the peer allows no more streams.

mod account;
mod body;
mod broken;
mod connect;
mod endpoint;
mod idle;
mod proxied;
mod sent;
mod settings;
mod shared;
mod trust;
mod tunnel;
mod watched;

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use http::Uri;

pub(crate) use account::Account;
pub(crate) use body::Body;
use connect::Connector;
pub(crate) use endpoint::{Endpoint, Unanswered, Unsent};
pub(crate) use sent::Sent;

use crate::{config::Config, signals::lock};

/// How often idle connections are looked at.
const SWEEP: Duration = Duration::from_secs(5);

/// How many looks they outlive: 50 to 55 s, less than the 60 s after which common load balancers drop them silently.
const IDLE: u32 = 10;

/// The pools.
#[derive(Debug)]
pub(crate) struct Upstreams {
    connector: Connector,
    endpoints: Mutex<HashMap<Box<str>, Arc<Endpoint>>>,
}

impl Upstreams {
    /// Reads whom to trust, and starts the task that closes connections nobody used for [`IDLE`] sweeps; it ends with the
    /// pools.
    pub(crate) fn start(config: &Config) -> io::Result<Arc<Self>> {
        let roots = trust::roots(config.upstream_ca.as_deref(), config.upstream_ca_only)?;
        let connector = Connector::new(roots, &config.proxies).map_err(io::Error::other)?;
        if !config.proxies.is_empty() {
            tracing::info!("proxies towards providers: {}", config.proxies.told().join(", "));
        }
        let upstreams = Arc::new(Self { connector, endpoints: Mutex::default() });
        tokio::spawn(sweep(Arc::downgrade(&upstreams)));
        Ok(upstreams)
    }

    /// The pool for the scheme and authority of `base`.
    pub(crate) fn endpoint(&self, base: &Uri) -> Arc<Endpoint> {
        let key =
            format!("{}://{}", base.scheme_str().unwrap_or("http"), base.authority().map_or("", |to| to.as_str()));
        let build = || Arc::new(Endpoint::new(base, self.connector.clone()));
        lock(&self.endpoints).entry(key.into()).or_insert_with(build).clone()
    }

    /// Forgets the pools that no provider of a published policy uses any more.
    pub(crate) fn forget_unused(&self) {
        lock(&self.endpoints).retain(|_, endpoint| Arc::strong_count(endpoint) > 1);
    }
}

async fn sweep(upstreams: Weak<Upstreams>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(upstreams) = upstreams.upgrade() else { return };
        let endpoints: Vec<_> = lock(&upstreams.endpoints).values().cloned().collect();
        endpoints.iter().for_each(|endpoint| endpoint.sweep(IDLE));
        drop(endpoints);
        upstreams.forget_unused();
    }
}

#[cfg(test)]
mod tests;

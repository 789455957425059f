//! Connections to providers: one pool for each scheme, authority and trust, kept across pushes of policy (K3). What was opened
//! under one trust is never used under another, so that another bundle of certificates is another pool: the old one ends with
//! the requests on it.
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

pub(crate) mod account;
pub(crate) mod body;
mod broken;
mod connect;
mod endpoint;
mod idle;
mod opened;
mod proxied;
#[cfg(test)]
pub(crate) mod scripted;
mod sent;
mod settings;
mod shared;
mod signer;
pub(crate) mod transport;
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
use outrigger_route::Authorities;

use connect::Connector;
pub(crate) use endpoint::{Endpoint, Unanswered};
pub(crate) use sent::{Sent, Unsent};

use crate::{config::Config, lock::lock};

/// How often idle connections are looked at.
const SWEEP: Duration = Duration::from_secs(5);

/// How many looks they outlive: 50 to 55 s, less than the 60 s after which common load balancers drop them silently.
const IDLE: u32 = 10;

/// The pools.
#[derive(Debug)]
pub(crate) struct Upstreams {
    connector: Arc<Connector>,
    /// Of providers that name authorities, by these: one for each bundle, for as long as an endpoint has it. So there are no
    /// more than policy names, and requests under way.
    named: Mutex<HashMap<[u8; 32], Weak<Connector>>>,
    endpoints: Mutex<HashMap<To, Arc<Endpoint>>>,
}

/// Scheme and authority, and by whom it is known: [`Authorities::id`], or as the sidecar is set.
type To = (Box<str>, Option<[u8; 32]>);

impl Upstreams {
    /// Reads whom to trust, and starts the task that closes connections nobody used for [`IDLE`] sweeps; it ends with the
    /// pools.
    pub(crate) fn start(config: &Config) -> io::Result<Arc<Self>> {
        let roots = trust::roots(config.upstream_ca.as_deref(), config.upstream_ca_only)?;
        let connector = Connector::new(roots, &config.proxies).map_err(io::Error::other)?;
        if !config.proxies.is_empty() {
            tracing::info!("proxies towards providers: {}", config.proxies.told().join(", "));
        }
        let upstreams =
            Arc::new(Self { connector: connector.into(), named: Mutex::default(), endpoints: Mutex::default() });
        tokio::spawn(sweep(Arc::downgrade(&upstreams)));
        Ok(upstreams)
    }

    /// The same, of providers that follow a script.
    #[cfg(test)]
    pub(crate) fn scripted(script: &Arc<scripted::Script>) -> Arc<Self> {
        let connector = Arc::new(Connector::scripted(script.clone()));
        Arc::new(Self { connector, named: Mutex::default(), endpoints: Mutex::default() })
    }

    /// The pool for the scheme and authority of `base`, known by `authorities` alone where there are some.
    ///
    /// # Errors
    ///
    /// Why they cannot be trusted. There is no pool then: nobody else is trusted in their place.
    pub(crate) fn endpoint(&self, base: &Uri, authorities: Option<&Authorities>) -> Result<Arc<Endpoint>, String> {
        let to = format!("{}://{}", base.scheme_str().unwrap_or("http"), base.authority().map_or("", |to| to.as_str()));
        let to = (to.into(), authorities.map(|it| *it.id()));
        let mut endpoints = lock(&self.endpoints);
        if let Some(known) = endpoints.get(&to) {
            return Ok(known.clone());
        }
        let connector = match authorities {
            None => self.connector.clone(),
            Some(_) if base.scheme_str() != Some("https") => return Err("its address is not https".to_owned()),
            Some(authorities) => self.named(authorities)?,
        };
        let endpoint = Arc::new(Endpoint::new(base, connector));
        endpoints.insert(to, endpoint.clone());
        Ok(endpoint)
    }

    fn named(&self, authorities: &Authorities) -> Result<Arc<Connector>, String> {
        let mut named = lock(&self.named);
        if let Some(known) = named.get(authorities.id()).and_then(Weak::upgrade) {
            return Ok(known);
        }
        let connector = self.connector.of_provider(trust::named(authorities)?).map_err(|error| error.to_string())?;
        let connector = Arc::new(connector);
        named.insert(*authorities.id(), Arc::downgrade(&connector));
        Ok(connector)
    }

    /// Forgets the pools that no provider of a published policy uses any more, and whom none of the others trusts.
    pub(crate) fn forget_unused(&self) {
        lock(&self.endpoints).retain(|_, endpoint| Arc::strong_count(endpoint) > 1);
        lock(&self.named).retain(|_, connector| connector.strong_count() > 0);
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

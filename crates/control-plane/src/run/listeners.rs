//! Where it listens.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use tokio::net::TcpListener;

use crate::config::RunArgs;

/// Everything that it listens on, bound.
pub(super) struct Listeners {
    pub(super) sidecars: TcpListener,
    pub(super) pages: TcpListener,
    pub(super) probe: Option<TcpListener>,
    pub(super) webhook: Option<TcpListener>,
}

impl Listeners {
    pub(super) async fn bind(args: &RunArgs) -> anyhow::Result<Self> {
        let webhook = match args.webhook_listen {
            Some(_) if !args.cluster.is_cluster() || args.insecure => {
                bail!("--webhook-listen is asked by an API server, over TLS: it needs --kubernetes and no --insecure")
            }
            Some(address) => Some(bind(address, "--webhook-listen").await?),
            None => None,
        };
        Ok(Self {
            sidecars: bind(args.listen, "--listen").await?,
            pages: bind(args.admin_listen, "--admin-listen").await?,
            probe: args.probe_listen.map(outrigger_probe::bind).transpose()?,
            webhook,
        })
    }

    /// Where each is, as whoever started it wants to know.
    pub(super) fn addresses(&self) -> anyhow::Result<serde_json::Value> {
        let Self { sidecars, pages, probe, webhook } = self;
        let mut json =
            serde_json::json!({"listen": sidecars.local_addr()?.to_string(), "admin": pages.local_addr()?.to_string()});
        for (name, listener) in [("probe", probe), ("webhook", webhook)] {
            if let Some(listener) = listener {
                json[name] = listener.local_addr()?.to_string().into();
            }
        }
        Ok(json)
    }
}

async fn bind(address: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}: choose another with {flag}"))
}

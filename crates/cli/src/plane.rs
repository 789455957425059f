//! The control plane that a command asks: at an address, or found by kubectl.

mod ask;
mod kubectl;

use anyhow::Context as _;
pub(crate) use ask::Asker;
use http::Uri;
use kubectl::Forward;
pub(crate) use kubectl::Kubectl;

use crate::{config::PlaneArgs, plugin};

/// Its pages on this machine.
const PAGES: &str = "http://127.0.0.1:4120";

/// One control plane, and the way to it.
pub(crate) struct Plane {
    asker: Asker,
    /// Leads there for as long as it is held.
    _way: Option<Forward>,
}

impl Plane {
    /// The one that `args` mean.
    ///
    /// # Errors
    ///
    /// What is missing to ask it, and where to get it.
    pub(crate) fn find(args: &PlaneArgs) -> anyhow::Result<Self> {
        let PlaneArgs { from, token_file, ca_file, kubeconfig, context, system_namespace } = args;
        let by_kubectl = kubeconfig.is_some() || context.is_some() || (plugin::is_one() && from.is_none());
        let mut ca = ca_file.as_deref().map(ask::bundle).transpose()?;
        let mut token = token_file.as_deref().map(ask::token).transpose()?;
        if !by_kubectl {
            let from = match from {
                Some(from) => from.clone(),
                None => PAGES.parse()?,
            };
            return Ok(Self { asker: Asker::new(&from, ca.as_deref(), token.as_deref())?, _way: None });
        }
        let kubectl = Kubectl::new(kubeconfig.as_deref(), context.as_deref(), system_namespace);
        if token.is_none() {
            token = Some(kubectl.token()?);
        }
        if ca.is_none() {
            ca = Some(kubectl.bundle()?);
        }
        let (from, way) = match from {
            Some(from) => (from.clone(), None),
            None => {
                let way = kubectl.forward()?;
                let from: Uri = format!("https://127.0.0.1:{}", way.port()).parse().context("a port of our own")?;
                (from, Some(way))
            }
        };
        Ok(Self { asker: Asker::new(&from, ca.as_deref(), token.as_deref())?, _way: way })
    }

    /// Asks it.
    pub(crate) fn asker(&self) -> &Asker {
        &self.asker
    }
}

//! The control plane that a command asks: at an address, or found by kubectl.

pub(crate) mod args;
pub(crate) mod ask;
mod kubectl;
mod program;
pub(crate) mod trust;

use anyhow::Context as _;
pub(crate) use ask::Asker;
use http::Uri;
use kubectl::Forward;
pub(crate) use kubectl::Kubectl;
use program::{CONTROL_PLANE, LEDGER, Program};

use crate::plugin;
use args::PlaneArgs;

/// One control plane, and the way to it.
pub(crate) struct Plane {
    asker: Asker,
    /// Its other replicas, as far as there is a way to them.
    others: Vec<Asker>,
    /// Lead there for as long as they are held.
    _ways: Vec<Forward>,
}

impl Plane {
    /// The one that `args` mean.
    ///
    /// # Errors
    ///
    /// What is missing to ask it, and where to get it.
    pub(crate) fn find(args: &PlaneArgs) -> anyhow::Result<Self> {
        Self::of(&CONTROL_PLANE, args)
    }

    /// The ledger that `args` mean.
    ///
    /// # Errors
    ///
    /// What is missing to ask it, and where to get it.
    pub(crate) fn ledger(args: &PlaneArgs) -> anyhow::Result<Self> {
        Self::of(&LEDGER, args)
    }

    fn of(program: &'static Program, args: &PlaneArgs) -> anyhow::Result<Self> {
        let PlaneArgs { from, token_file, ca_file, kubeconfig, context, system_namespace } = args;
        let by_kubectl = kubeconfig.is_some() || context.is_some() || (plugin::is_one() && from.is_none());
        let mut ca = ca_file.as_deref().map(trust::bundle).transpose()?;
        let mut token = token_file.as_deref().map(trust::token).transpose()?;
        if !by_kubectl {
            let from = match from {
                Some(from) => from.clone(),
                None => program.pages.parse()?,
            };
            return Ok(Self {
                asker: Asker::new(program, &from, ca.as_deref(), token.as_deref())?,
                others: Vec::new(),
                _ways: Vec::new(),
            });
        }
        let kubectl = Kubectl::new(kubeconfig.as_deref(), context.as_deref(), system_namespace);
        if token.is_none() {
            token = Some(kubectl.token()?);
        }
        if ca.is_none() {
            ca = Some(kubectl.bundle()?);
        }
        let asker = |from: &Uri| Asker::new(program, from, ca.as_deref(), token.as_deref());
        if let Some(from) = from {
            return Ok(Self { asker: asker(from)?, others: Vec::new(), _ways: Vec::new() });
        }
        let behind = |way: &Forward| {
            let from: Uri = format!("https://127.0.0.1:{}", way.port()).parse().context("a port of our own")?;
            asker(&from)
        };
        let (first, mut ways) = kubectl.forward(program)?;
        let others = ways.iter().map(behind).collect::<anyhow::Result<_>>()?;
        let asker = behind(&first)?;
        ways.push(first);
        Ok(Self { asker, others, _ways: ways })
    }

    /// Asks one replica, for what all of them know.
    pub(crate) fn asker(&self) -> &Asker {
        &self.asker
    }

    /// Each replica that there is a way to: of sidecars, each knows its own.
    pub(crate) fn askers(&self) -> impl Iterator<Item = &Asker> {
        std::iter::once(&self.asker).chain(&self.others)
    }
}

//! The folder that the objects come from, followed.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use anyhow::Context as _;
use outrigger_catalog::Catalog;
use outrigger_compile::{Severity, World, describe};
use outrigger_folder::{Edit, INTERVAL, Source};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{lock::lock, metrics::Metrics};

/// An edit is served once nothing more has come for this long ...
const QUIET: Duration = Duration::from_millis(10);
/// ... or this long after its beginning, whatever comes (R-CFG-2).
const PATIENCE: Duration = Duration::from_secs(1);

/// How the source stands, for people and probes.
#[derive(Debug)]
pub(crate) struct Standing(Mutex<Shown>);

#[derive(Clone, Debug, Default)]
struct Shown {
    /// Nothing is served yet, for this reason.
    pending: Option<String>,
    /// The last policy is served although it is not the source's, for this reason, since then.
    stale: Option<(String, SystemTime)>,
    /// What is wrong with the objects.
    problems: Vec<String>,
}

impl Standing {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Shown { pending: Some("no policy was read yet".to_owned()), ..Shown::default() }))
    }

    /// Why nothing is served yet.
    pub(crate) fn pending(&self) -> Option<String> {
        lock(&self.0).pending.clone()
    }

    /// All of it, as JSON.
    pub(crate) fn shown(&self) -> Value {
        let Shown { pending, stale, problems } = lock(&self.0).clone();
        let since = |since: SystemTime| since.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        json!({
            "pending": pending,
            "stale": stale.map(|(why, at)| json!({"reason": why, "sinceUnix": since(at)})),
            "problems": problems,
        })
    }
}

/// Reads the folder at `path` and goes on looking at it. What is to be served is in `worlds`.
///
/// # Errors
///
/// If there is no such folder.
pub(crate) fn follow(
    path: &Path,
    catalog: Arc<Catalog>,
    system_namespace: String,
    standing: Arc<Standing>,
    metrics: Arc<Metrics>,
) -> anyhow::Result<watch::Receiver<Option<Arc<World>>>> {
    let (mut source, first) = Source::open(path, crate::config::environment)
        .with_context(|| format!("cannot read the policy folder {}", path.display()))?;
    let (send, worlds) = watch::channel(None);
    let take = move |edit: Edit| take(edit, &catalog, &system_namespace, &standing, &metrics, &send);
    take(first);
    // Files are read on a thread of their own: some disks are far away.
    std::thread::Builder::new().name("source".to_owned()).spawn(move || {
        loop {
            std::thread::sleep(INTERVAL);
            if let Some(edit) = source.look(SystemTime::now())
                && !take(edit)
            {
                return;
            }
        }
    })?;
    Ok(worlds)
}

/// One reading of the folder; whether anybody still wants to know.
fn take(
    edit: Edit,
    catalog: &Catalog,
    system_namespace: &str,
    standing: &Standing,
    metrics: &Metrics,
    send: &watch::Sender<Option<Arc<World>>>,
) -> bool {
    let Edit { mut world, locations, problems, stale } = edit;
    system_namespace.clone_into(&mut world.system_namespace);
    let world = Arc::new(world);
    if lock(&standing.0).is_to_be_served(&world, stale.as_deref()) && send.send(Some(world.clone())).is_err() {
        return false;
    }
    // Behind it: nobody waits for what is wrong with the rest.
    let found = outrigger_compile::problems(&world, catalog);
    let said = problems.iter().map(|it| (it.severity, it.to_string()));
    let said = said.chain(found.iter().map(|it| (it.severity, describe(it, &locations))));
    let (warnings, errors): (Vec<_>, Vec<_>) = said.partition(|(severity, _)| *severity == Severity::Warning);
    let errors: Vec<String> = errors.into_iter().map(|(_, line)| line).collect();
    errors.iter().for_each(|error| tracing::error!(code = "policy_problem", "{error}"));
    warnings.iter().for_each(|(_, warning)| tracing::warn!(code = "policy_warning", "{warning}"));
    metrics.source(stale.is_some(), errors.len());
    lock(&standing.0).problems = errors;
    !send.is_closed()
}

impl Shown {
    /// Notes how a reading stands. Whether it is to be served.
    fn is_to_be_served(&mut self, world: &World, stale: Option<&str>) -> bool {
        match stale {
            Some(why) => {
                tracing::error!(code = "policy_stale", "{why}; what was served before goes on being served");
                let since = self.stale.take().map_or_else(SystemTime::now, |(_, since)| since);
                self.stale = Some((why.to_owned(), since));
            }
            None => self.stale = None,
        }
        if self.pending.is_none() {
            return stale.is_none();
        }
        // What cannot be read may hold a policy that forbids what the rest allows. A process that has served goes on with
        // the objects that it had; one that has not knows nothing to go on with, and must not guess.
        self.pending = match () {
            () if world.incomplete => {
                Some("policy_pending: the folder holds a document that cannot be read, which may be a limit; mend it")
            }
            () if world.is_empty() => Some("policy_pending: the folder holds no object"),
            () => None,
        }
        .map(str::to_owned);
        if let Some(why) = &self.pending {
            tracing::error!(code = "policy_pending", "{why}");
        }
        self.pending.is_none()
    }
}

/// Waits for the next world, and then until the source has been quiet for a moment.
pub(crate) async fn next(worlds: &mut watch::Receiver<Option<Arc<World>>>) -> Option<Arc<World>> {
    worlds.changed().await.ok()?;
    let began = Instant::now();
    while let Some(left) = PATIENCE.checked_sub(began.elapsed()) {
        match tokio::time::timeout(QUIET.min(left), worlds.changed()).await {
            Ok(more) => more.ok()?,
            Err(_) => break,
        }
    }
    worlds.borrow_and_update().clone()
}

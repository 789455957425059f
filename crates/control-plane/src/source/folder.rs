//! The folder that the objects come from, followed.

use std::{path::Path, sync::Arc, time::SystemTime};

use anyhow::Context as _;
use outrigger_catalog::Catalog;
use outrigger_compile::{World, describe};
use outrigger_folder::{Edit, INTERVAL, Source};
use tokio::sync::watch;

use super::{Standing, Worlds};
use crate::metrics::Metrics;

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
) -> anyhow::Result<Worlds> {
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
    if is_to_be_served(standing, &world, stale.as_deref()) && send.send(Some(world.clone())).is_err() {
        return false;
    }
    // Behind it: nobody waits for what is wrong with the rest.
    let found = outrigger_compile::problems(&world, catalog);
    let said = problems.iter().map(|it| (it.severity, it.to_string()));
    standing.found(said.chain(found.iter().map(|it| (it.severity, describe(it, &locations)))).collect(), metrics);
    !send.is_closed()
}

/// Notes how a reading stands. Whether it is to be served.
fn is_to_be_served(standing: &Standing, world: &World, stale: Option<&str>) -> bool {
    standing.is_stale(stale);
    if standing.pending().is_none() {
        return stale.is_none();
    }
    // What cannot be read may hold a policy that forbids what the rest allows. A process that has served goes on with
    // the objects that it had; one that has not knows nothing to go on with, and must not guess.
    let why = match () {
        () if world.incomplete => {
            Some("policy_pending: the folder holds a document that cannot be read, which may be a limit; mend it")
        }
        () if world.is_empty() => Some("policy_pending: the folder holds no object"),
        () => None,
    };
    standing.is_pending(why.map(str::to_owned));
    why.is_none()
}

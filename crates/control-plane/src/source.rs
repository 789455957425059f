//! Where the objects come from: a folder, or a cluster.

mod cluster;
mod folder;
mod standing;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

pub(crate) use cluster::{Followed, follow as follow_cluster};
pub(crate) use folder::follow as follow_folder;
use outrigger_compile::World;
pub(crate) use standing::Standing;
use tokio::sync::watch;

/// An edit is served once nothing more has come for this long ...
const QUIET: Duration = Duration::from_millis(10);
/// ... or this long after its beginning, whatever comes (R-CFG-2).
const PATIENCE: Duration = Duration::from_secs(1);

/// What is to be served, one world after the other; `None` before the first.
pub(crate) type Worlds = watch::Receiver<Option<Arc<World>>>;

/// Waits for the next world, and then until the source has been quiet for a moment.
pub(crate) async fn next(worlds: &mut Worlds) -> Option<Arc<World>> {
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

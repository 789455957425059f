//! Working until somebody says that it is enough.

use anyhow::Result;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
};

use super::leash;

/// The signals that end a program. They are heard from here on.
#[derive(Debug)]
pub(crate) struct Told([Signal; 3]);

impl Told {
    /// Needs a runtime.
    ///
    /// # Errors
    ///
    /// If the system does not let us hear them.
    pub(crate) fn listen() -> Result<Self> {
        Ok(Self([signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?]))
    }

    /// Until one of them comes.
    pub(crate) async fn heard(&mut self) {
        let [interrupt, terminate, hang_up] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    }
}

/// `work` until it ends, or we are told to leave: with a leash, by the end of standard input too.
pub(crate) async fn or_told(leash: bool, work: impl Future<Output = Result<()>>) -> Result<()> {
    let mut told = Told::listen()?;
    let (gone, mut parent_left) = oneshot::channel::<()>();
    if leash {
        leash::when_parent_leaves(move || drop(gone));
    } else {
        std::mem::forget(gone);
    }
    tokio::select! {
        result = work => result,
        () = told.heard() => Ok(()),
        _ = &mut parent_left => Ok(()),
    }
}

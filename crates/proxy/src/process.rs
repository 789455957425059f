//! What a program around a sidecar needs of its process: a runtime, its signals, and a way to say that it listens.

use std::{io, path::Path};

use tokio::{
    runtime::{Builder, Runtime},
    signal::unix::{Signal, SignalKind, signal},
};

use crate::sidecar::Sidecar;

/// The runtime of traffic. One thread is the one we have: with no others to share with it needs no locks and wakes nobody.
///
/// # Errors
/// A thread or a poller that the system does not give.
pub fn runtime(threads: usize) -> io::Result<Runtime> {
    if threads <= 1 {
        return Builder::new_current_thread().enable_all().build();
    }
    Builder::new_multi_thread().worker_threads(threads).thread_name("traffic").enable_all().build()
}

/// What the system may tell the process.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Listens from now on: first of all, since one that comes during start-up must not be lost.
    ///
    /// # Errors
    /// A handler that the system does not take.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits until the process is to leave: SIGTERM or Ctrl-C. A hang-up is no reason to (H20); `again` is told of it.
    pub async fn leave(&mut self, mut again: impl FnMut()) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => again(),
            }
        }
    }
}

/// A variable of the environment, if it is there and is text: for [`crate::config::Settings::config`].
#[allow(
    clippy::disallowed_methods,
    reason = "HTTPS_PROXY and its like are settings, which clap cannot read in both cases"
)]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Writes the bound addresses into `path` as JSON. Whoever waits for the file must not read half of it: it is renamed into
/// place.
///
/// # Errors
/// A file that cannot be written; the message names it.
pub fn write_ready(path: &Path, sidecar: &Sidecar) -> io::Result<()> {
    let mut json = serde_json::json!({"listen": sidecar.listen().to_string(), "admin": sidecar.admin().to_string()});
    if let Some(probe) = sidecar.probe() {
        json["probe"] = probe.to_string().into();
    }
    let partial = path.with_extension("partial");
    std::fs::write(&partial, json.to_string()).and_then(|()| std::fs::rename(&partial, path)).map_err(|error| {
        io::Error::new(error.kind(), format!("cannot write the ready file {}: {error}", path.display()))
    })
}

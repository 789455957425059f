//! What is seen of the sidecar at one time.

use std::{fs, net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use tokio::runtime::Runtime;

use super::counters::Counters;
use crate::bench::{contender::Contender, process, wire::Connection};

/// One look.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Sample {
    /// Since the first request.
    pub(super) seconds: f64,
    /// Answered so far.
    pub(super) requests: u64,
    /// Resident memory in KiB.
    pub(super) rss: f64,
    /// The part of it that is not mapped from files, in KiB.
    pub(super) anonymous: f64,
    /// Open file descriptors.
    pub(super) files: usize,
    pub(super) threads: usize,
    /// Policies written so far.
    pub(super) edits: u64,
    pub(super) counters: Counters,
}

/// Looks at a sidecar, from outside and at its own page.
#[derive(Debug)]
pub(super) struct Watch {
    pid: u32,
    runtime: Runtime,
    admin: SocketAddr,
    request: Vec<u8>,
}

/// A page of counters takes a millisecond; this is for a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(10);

impl Watch {
    pub(super) fn new(sidecar: &Contender) -> Result<Self> {
        let pid = sidecar.pid().context("the sidecar is no process of ours")?;
        let admin = sidecar.admin.context("no admin pages")?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let request = format!("GET /metrics HTTP/1.1\r\nhost: {admin}\r\n\r\n").into_bytes();
        Ok(Self { pid, runtime, admin, request })
    }

    pub(super) fn counters(&mut self) -> Result<Counters> {
        let mut body = Vec::new();
        let Self { runtime, admin, request, .. } = self;
        // Pages are answered once a connection (H6).
        let exchange = async {
            let mut connection = Connection::open(*admin).await?;
            connection.exchange(request, &mut body, |_, _| ()).await
        };
        let asked = async { tokio::time::timeout(PATIENCE, exchange).await };
        let status = runtime.block_on(asked).context("no counters in time")?.context("the sidecar's counters")?;
        if status != 200 {
            bail!("status {status} for the sidecar's counters");
        }
        Ok(Counters::read(&String::from_utf8_lossy(&body)))
    }

    pub(super) fn look(&mut self, seconds: f64, requests: u64, edits: u64) -> Result<Sample> {
        let pid = self.pid;
        let count = |what: &str| {
            let entries = fs::read_dir(format!("/proc/{pid}/{what}"));
            Ok::<_, anyhow::Error>(
                entries.with_context(|| format!("the sidecar's {what} are read from /proc"))?.count(),
            )
        };
        Ok(Sample {
            seconds,
            requests,
            rss: process::memory(pid, "VmRSS")?,
            anonymous: process::memory(pid, "RssAnon")?,
            files: count("fd")?,
            threads: count("task")?,
            edits,
            counters: self.counters()?,
        })
    }
}

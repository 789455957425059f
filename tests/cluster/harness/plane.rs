//! The real `outrigger-control-plane`, with whatever words make it read a cluster.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use serde_json::Value;
use tempfile::TempDir;

use super::{Client, Metrics, PushedSetup, Restarting, outrigger, wait_for};

/// A running control plane. Dropping it kills the process; its log is printed if the test has failed.
#[derive(Debug)]
pub struct Plane {
    program: Restarting,
    home: TempDir,
}

/// Starts one with these arguments, beside those that say where it listens, and waits until it does.
pub async fn control_plane(args: &[&str]) -> Plane {
    let home = tempfile::tempdir().expect("a temporary folder");
    let args: Vec<OsString> = args.iter().map(OsString::from).collect();
    let mut program = Restarting::new("outrigger-control-plane", home.path(), args);
    program.start().await;
    Plane { program, home }
}

/// The same of the ledger, whose books are a file that goes with it.
pub async fn ledger(args: &[&str]) -> Plane {
    let home = tempfile::tempdir().expect("a temporary folder");
    let store = format!("--store=sqlite:{}", home.path().join("ledger.db").display());
    let args = args.iter().map(OsString::from).chain([store.into()]).collect();
    let mut program = Restarting::new("outrigger-control-plane", home.path(), args).word("ledger");
    program.start().await;
    Plane { program, home }
}

impl Plane {
    /// Where sidecars find it.
    pub fn url(&self) -> String {
        format!("https://{}", self.program.listen())
    }

    /// A sidecar of it with this token, which knows it by the certificate in this file.
    pub fn sidecar(&self, token: impl Into<String>, ca_file: impl Into<PathBuf>) -> PushedSetup {
        PushedSetup::new(&self.url(), token.into(), Some(ca_file.into()))
    }

    /// Where people reach it who are on its machine.
    pub fn pages(&self) -> String {
        format!("http://{}", self.program.admin())
    }

    /// Where its webhook listens, if it was told to have one.
    pub fn webhook(&self) -> std::net::SocketAddr {
        let ready = std::fs::read(self.home.path().join("outrigger-control-plane.ready")).expect("a ready file");
        let ready: Value = serde_json::from_slice(&ready).expect("JSON");
        ready["webhook"].as_str().and_then(|it| it.parse().ok()).expect("a webhook")
    }

    /// What `outrigger` prints to these words: exit code, standard output, standard error. `bin`: more programs for it.
    pub async fn outrigger(&self, args: &[&str], bin: &std::path::Path) -> (i32, String, String) {
        outrigger(self.home.path(), args, Some(bin)).await
    }

    pub fn kill(&mut self) {
        self.program.kill();
    }

    /// Starts it again where it was.
    pub async fn start(&mut self) {
        self.program.start().await;
    }

    pub fn admin_client(&self) -> Client {
        Client::new(self.program.admin())
    }

    pub async fn metrics(&self) -> Metrics {
        Metrics::parse(&self.admin_client().get("/metrics").await.text())
    }

    pub async fn fleet(&self) -> Value {
        self.admin_client().get("/fleet").await.json()
    }

    /// Waits until `/readyz` is answered by 200.
    pub async fn wait_ready(&self, within: Duration) {
        wait_for("a control plane that is ready", within, async || {
            (self.admin_client().get("/readyz").await.status == 200).then_some(())
        })
        .await;
    }

    /// Resident memory. Linux only.
    pub fn rss_kib(&self) -> u64 {
        self.program.rss_kib()
    }

    /// Every line that it has written to its standard error so far, over all its lives.
    pub fn log(&self) -> Vec<String> {
        self.program.lines()
    }

    /// Waits for a line that contains the text, and returns it.
    pub async fn wait_log(&self, text: &str) -> String {
        self.program.wait_log(text).await
    }
}

//! The real `outrigger-sidecar`, which has its policy from a control plane.

use std::{
    ffi::OsString,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{Client, Metrics, PATIENCE, holds, restarting::Restarting};

/// A running sidecar. Dropping it kills the process.
#[derive(Debug)]
pub struct PushedSidecar {
    program: Restarting,
    home: TempDir,
    state: Option<TempDir>,
    pub listen: SocketAddr,
    pub admin: SocketAddr,
}

/// A sidecar to be started.
#[derive(Clone, Debug)]
pub struct PushedSetup {
    url: String,
    token: String,
    ca_file: Option<PathBuf>,
    keep: Keep,
    args: Vec<OsString>,
    within: Vec<OsString>,
    env: Vec<(&'static str, OsString)>,
}

/// Where a sidecar keeps its last good policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    Nowhere,
    /// Where keys may lie.
    InMemory,
    /// Where they may not.
    OnDisk,
}

impl PushedSetup {
    pub fn new(url: &str, token: String, ca_file: Option<PathBuf>) -> Self {
        Self {
            url: url.to_owned(),
            token,
            ca_file,
            keep: Keep::Nowhere,
            args: Vec::new(),
            within: Vec::new(),
            env: Vec::new(),
        }
    }

    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Started by these words, which stand before its own.
    pub fn within(mut self, words: Vec<OsString>) -> Self {
        self.within = words;
        self
    }

    /// It finds these in its environment.
    pub fn env(mut self, env: Vec<(&'static str, OsString)>) -> Self {
        self.env = env;
        self
    }

    /// Starts with what was left in `folder` for a pod of `namespace` with these labels.
    pub fn bootstrap(self, folder: &Path, namespace: &str, labels: &[(&str, &str)]) -> Self {
        let lines: String = labels.iter().map(|(key, value)| format!("{key}={value:?}\n")).collect();
        let file = folder.join("labels");
        fs::write(&file, lines).expect("write the labels");
        let told = self.arg("--bootstrap").arg(folder).arg("--pod-labels").arg(file);
        told.arg("--namespace").arg(namespace).arg("--service-account").arg("default")
    }

    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = token.into();
        self
    }

    pub fn ca_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(file.into());
        self
    }

    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = url.into();
        self
    }

    pub fn keep(mut self, keep: Keep) -> Self {
        self.keep = keep;
        self
    }

    /// Starts it and waits until it has a policy.
    pub async fn start(self) -> PushedSidecar {
        let mut sidecar = self.prepare();
        sidecar.start().await;
        sidecar.wait_ready().await;
        sidecar
    }

    /// Not started yet.
    pub fn prepare(self) -> PushedSidecar {
        let home = tempfile::tempdir().expect("a temporary folder");
        let state = match self.keep {
            Keep::Nowhere => None,
            Keep::InMemory => Some(tempfile::tempdir_in("/dev/shm").expect("a folder in memory")),
            // Where `/tmp` is may be memory; where things are built is a disk.
            Keep::OnDisk => Some(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on disk")),
        };
        let mut args: Vec<OsString> = vec!["--control-plane".into(), self.url.into()];
        args.extend(["--token-file".into(), home.path().join("token").into()]);
        match self.ca_file {
            Some(file) => args.extend(["--ca-file".into(), file.into()]),
            None => args.push("--insecure".into()),
        }
        if let Some(state) = &state {
            args.extend(["--state".into(), state.path().into()]);
        }
        args.extend(self.args);
        let program = Restarting::new("outrigger-sidecar", home.path(), args).within(self.within).env(self.env);
        let (listen, admin) = (program.listen(), program.admin());
        let sidecar = PushedSidecar { program, home, state, listen, admin };
        sidecar.write_token(&self.token);
        sidecar
    }
}

impl PushedSidecar {
    /// A client of the sidecar.
    pub fn client(&self) -> Client {
        Client::new(self.listen)
    }

    /// Its listener for probes, where it was told to have one.
    pub fn probe_client(&self) -> Client {
        let ready = fs::read(self.home.path().join("outrigger-sidecar.ready")).expect("a ready file");
        let ready: Value = serde_json::from_slice(&ready).expect("JSON");
        let port = ready["probe"].as_str().and_then(|at| at.rsplit_once(':')?.1.parse().ok()).expect("a port");
        Client::new(([127, 0, 0, 1], port).into())
    }

    /// A client of its admin pages.
    pub fn admin_client(&self) -> Client {
        Client::new(self.admin)
    }

    /// Replaces its token in one step, as a mounted volume would.
    pub fn write_token(&self, token: &str) {
        let draft = self.home.path().join("token.draft");
        fs::write(&draft, token).expect("write the token");
        fs::rename(draft, self.token_file()).expect("publish the token");
    }

    pub fn token_file(&self) -> PathBuf {
        self.home.path().join("token")
    }

    /// The folder with its last good policy.
    pub fn state(&self) -> &Path {
        self.state.as_ref().expect("a sidecar that keeps its policy").path()
    }

    /// Waits until the policy that it keeps holds the text: it serves first and writes then.
    pub async fn wait_kept(&self, text: &str) {
        let begun = Instant::now();
        while !holds(self.state(), text) {
            assert!(begun.elapsed() < PATIENCE, "{text} is not kept");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until it does not hold it any more.
    pub async fn wait_dropped(&self, text: &str) {
        let begun = Instant::now();
        while holds(self.state(), text) {
            assert!(begun.elapsed() < PATIENCE, "{text} is kept");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Asks it to leave, and waits until it has.
    pub async fn terminate(&mut self) -> std::process::ExitStatus {
        self.program.terminate().await
    }

    /// Has it do nothing until it is thawed.
    pub fn freeze(&self) {
        self.program.freeze();
    }

    pub fn thaw(&self) {
        self.program.thaw();
    }

    pub fn kill(&mut self) {
        self.program.kill();
    }

    /// Starts it where it was and waits until it listens, with a policy or without; answers how long that took.
    pub async fn start(&mut self) -> Duration {
        self.program.start().await
    }

    pub async fn restart(&mut self) -> Duration {
        self.kill();
        self.start().await
    }

    /// Waits until it has a policy.
    pub async fn wait_ready(&self) {
        let begun = Instant::now();
        while self.admin_client().get("/readyz").await.status != 200 {
            assert!(begun.elapsed() < PATIENCE, "not ready");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub async fn metrics(&self) -> Metrics {
        Metrics::parse(&self.admin_client().get("/metrics").await.text())
    }

    pub async fn config(&self) -> Value {
        self.admin_client().get("/config").await.json()
    }

    /// The hash of what it serves.
    pub async fn revision(&self) -> String {
        self.config().await["revision"].as_str().unwrap_or_default().to_owned()
    }

    /// Every line the process has written to its standard error so far.
    pub fn log(&self) -> Vec<String> {
        self.program.log().lines().clone()
    }

    /// Waits for a line that contains the text, and returns it.
    pub async fn wait_log(&self, text: &str) -> String {
        self.program.log().wait(text).await
    }

    /// The same, but for the first so many lines.
    pub async fn wait_log_behind(&self, first: usize, text: &str) -> String {
        self.program.log().wait_behind(first, text).await
    }
}

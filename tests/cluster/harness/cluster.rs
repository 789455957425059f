//! The API server that `cargo xtask kubernetes` runs for us, and who may stop it.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::sync::{OnceCell, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::{
    Namespace,
    kubectl::{Kubectl, text},
    wait_for,
};

/// Names the folder of the run.
const RUN: &str = "OUTRIGGER_TEST_CLUSTER";
const API_SERVER: &str = "kube-apiserver";
/// How long the API server may take to be there again.
const START: Duration = Duration::from_secs(60);

/// Stories share the API server, but for those that stop it.
static TURNS: RwLock<()> = RwLock::const_new(());
static CRDS: OnceCell<()> = OnceCell::const_new();

/// The API server, as its administrator. Other stories use it too: whatever has no namespace needs a name of its own.
#[derive(Debug)]
pub struct Cluster {
    run: PathBuf,
    server: String,
    bin: PathBuf,
    admin: Kubectl,
    turn: Turn,
}

/// What lets others in when it is dropped.
#[derive(Debug)]
enum Turn {
    Shared(RwLockReadGuard<'static, ()>),
    Alone(RwLockWriteGuard<'static, ()>),
}

impl Cluster {
    /// For stories that leave the API server running.
    pub async fn shared() -> Self {
        Self::found(Turn::Shared(TURNS.read().await))
    }

    /// For stories that stop it: no other story uses it meanwhile. It runs again at the end, whatever the story did.
    pub async fn alone() -> Self {
        Self::found(Turn::Alone(TURNS.write().await))
    }

    fn found(turn: Turn) -> Self {
        let run = env::var_os(RUN).unwrap_or_else(|| panic!("{RUN} names no cluster: cargo xtask kubernetes test"));
        let run = PathBuf::from(run);
        let ready =
            fs::read(run.join("ready.json")).unwrap_or_else(|_| panic!("no API server runs in {}", run.display()));
        let ready: Value = serde_json::from_slice(&ready).expect("JSON");
        let word = |name: &str| ready[name].as_str().expect("a word").to_owned();
        let bin = PathBuf::from(word("bin"));
        let admin = Kubectl::new(bin.join("kubectl"), run.join("admin.kubeconfig"));
        Self { run, server: word("server"), bin, admin, turn }
    }

    /// Runs kubectl, whatever comes of it.
    pub async fn kubectl(&self, args: &[&str]) -> Output {
        self.admin.run(args, "").await
    }

    /// The same with this input.
    pub async fn kubectl_with(&self, args: &[&str], input: &str) -> Output {
        self.admin.run(args, input).await
    }

    /// What kubectl prints; fails the test when it fails.
    pub async fn kubectl_ok(&self, args: &[&str]) -> String {
        self.admin.text(args).await
    }

    /// Objects as JSON: `get(&["pods", "--namespace", "x"])`.
    pub async fn get(&self, args: &[&str]) -> Value {
        self.admin.json(&[&["get"], args].concat(), "").await
    }

    /// Server-side apply. Answers what kubectl wrote to standard error: warnings, if any.
    pub async fn apply(&self, yaml: impl Into<String>) -> String {
        self.apply_with(&[], &yaml.into()).await
    }

    /// The same, whatever comes of it: for objects that are refused.
    pub async fn try_apply(&self, yaml: impl Into<String>) -> Output {
        self.admin.run(&apply_words(&[]), &yaml.into()).await
    }

    pub(super) async fn apply_with(&self, args: &[&str], yaml: &str) -> String {
        text(&self.admin.ok(&apply_words(args), yaml).await.stderr)
    }

    pub(super) async fn try_apply_with(&self, args: &[&str], yaml: &str) -> Output {
        self.admin.run(&apply_words(args), yaml).await
    }

    /// Installs the kinds of `deploy/kubernetes/crds.yaml`, once for all stories.
    pub async fn crds(&self) {
        CRDS.get_or_init(|| async {
            self.install_crds().await;
        })
        .await;
    }

    /// Installs them in any case and waits until they are served. Answers warnings, if any.
    pub async fn install_crds(&self) -> String {
        let warnings = self.apply(crds()).await;
        let selector = "--for=condition=Established";
        self.kubectl_ok(&["wait", selector, "--timeout=30s", "--filename", crds_file().to_str().expect("a path")])
            .await;
        warnings
    }

    /// A namespace for this story.
    pub async fn namespace(&self) -> Namespace<'_> {
        Namespace::new(self).await
    }

    /// What the API server says of a token: `status` of a TokenReview for this audience.
    pub async fn review(&self, token: &str, audience: &str) -> Value {
        let review = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": token, "audiences": [audience]},
        });
        self.admin.json(&["create", "--filename", "-"], &review.to_string()).await["status"].take()
    }

    /// `https://127.0.0.1:PORT`, the same after a restart.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// A file with which one is the administrator.
    pub fn kubeconfig(&self) -> &Path {
        self.admin.kubeconfig()
    }

    /// A file with which one is the user `stranger`, who may do nothing until a role is bound to that name.
    pub fn stranger_kubeconfig(&self) -> PathBuf {
        self.run.join("stranger.kubeconfig")
    }

    /// Without a runtime, for what is done when something is dropped.
    pub fn succeeds(&self, args: &[&str]) -> bool {
        self.admin.succeeds(args)
    }

    /// The folder of kubectl.
    pub fn bin(&self) -> &Path {
        self.admin.bin()
    }

    pub(super) fn ca(&self) -> PathBuf {
        self.run.join("pki/ca.crt")
    }

    pub(super) fn admin(&self) -> &Kubectl {
        &self.admin
    }

    /// Kills the API server, as the kernel does when memory is out: connections break. It stays away until
    /// [`Self::start_api`], and etcd keeps what it had. Only for stories that are [`Self::alone`].
    pub async fn kill_api(&self) {
        assert!(matches!(self.turn, Turn::Alone(_)), "other stories use the API server: Cluster::alone()");
        fs::write(self.hold(), "").expect("the folder of the run");
        let pid = fs::read_to_string(self.run.join("pid").join(API_SERVER)).expect("the folder of the run");
        let pid = pid.trim().parse().ok().and_then(Pid::from_raw).expect("the number of a process");
        kill_process(pid, Signal::KILL).expect("the API server runs");
        let port = self.server.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        wait_for("the end of the API server", START, async || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_err().then_some(())
        })
        .await;
    }

    /// Starts it where it was and waits until it is ready.
    pub async fn start_api(&self) {
        let _ = fs::remove_file(self.hold());
        wait_for("the API server", START, async || {
            assert!(self.run.exists(), "whoever ran the API server is gone");
            self.kubectl(&["get", "--raw", "/readyz"]).await.status.success().then_some(())
        })
        .await;
    }

    pub async fn restart_api(&self) {
        self.kill_api().await;
        self.start_api().await;
    }

    /// While this file is there the API server is not started.
    fn hold(&self) -> PathBuf {
        self.run.join("hold").join(API_SERVER)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A story that failed in between must not fail those that come next.
        if self.hold().exists() {
            let _ = fs::remove_file(self.hold());
            let begun = std::time::Instant::now();
            while self.run.exists() && begun.elapsed() < START && !self.admin.succeeds(&["get", "--raw", "/readyz"]) {
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }
}

/// The kinds as they are installed.
pub fn crds() -> String {
    fs::read_to_string(crds_file()).expect("the manifest of the kinds")
}

fn crds_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/kubernetes/crds.yaml")
}

fn apply_words<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [&["apply", "--server-side", "--field-manager", "outrigger-tests", "--filename", "-"], args].concat()
}

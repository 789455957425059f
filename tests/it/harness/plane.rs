//! The real `outrigger-control-plane` on a policy folder and a state folder of its own.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use super::{Client, Metrics, PushedSetup, process, restarting::Restarting, sidecar::write_policy};

const NAME: &str = "outrigger-control-plane";

/// A running control plane. Dropping it kills the process.
#[derive(Debug)]
pub struct ControlPlane {
    program: Restarting,
    home: Arc<TempDir>,
    secure: bool,
}

/// A control plane to be started.
#[derive(Clone, Debug)]
pub struct PlaneSetup {
    policy: String,
    args: Vec<OsString>,
    secure: bool,
}

impl ControlPlane {
    /// Starts one on a policy and waits until it listens.
    pub async fn with_policy(policy: impl Into<String>) -> Self {
        Self::setup(policy).start().await
    }

    pub fn setup(policy: impl Into<String>) -> PlaneSetup {
        PlaneSetup { policy: policy.into(), args: Vec::new(), secure: true }
    }

    /// Another one on the same two folders.
    pub async fn replica(&self) -> Self {
        self.replica_with(&[]).await
    }

    /// The same with more arguments.
    pub async fn replica_with(&self, more: &[&str]) -> Self {
        Self::on(self.home.clone(), more.iter().map(Into::into).collect(), self.secure).await
    }

    async fn on(home: Arc<TempDir>, more: Vec<OsString>, secure: bool) -> Self {
        // Their own ready files do not meet: each has a folder for it.
        let own = tempfile::tempdir_in(home.path()).expect("a folder").keep();
        let mut args: Vec<OsString> = vec!["--policy".into(), home.path().join("policy").into()];
        args.extend(["--state".into(), home.path().join("state").into()]);
        args.extend((!secure).then(|| "--insecure".into()));
        args.extend(more);
        let mut program = Restarting::new(NAME, &own, args);
        program.start().await;
        Self { program, home, secure }
    }

    /// A sidecar of it, with a token of the namespace `default`.
    pub fn sidecar(&self) -> PushedSetup {
        let ca = self.secure.then(|| self.ca_file());
        PushedSetup::new(&self.url(), self.token("default", &[]), ca)
    }

    /// Where sidecars find it.
    pub fn url(&self) -> String {
        self.url_at(self.program.listen())
    }

    /// The same by way of another address.
    pub fn url_at(&self, addr: std::net::SocketAddr) -> String {
        format!("{}://{addr}", if self.secure { "https" } else { "http" })
    }

    pub fn addr(&self) -> std::net::SocketAddr {
        self.program.listen()
    }

    /// Where its pages are.
    pub fn admin_addr(&self) -> std::net::SocketAddr {
        self.program.admin()
    }

    /// Issues a token for a workload of this namespace, with more arguments of `token`.
    pub fn token(&self, namespace: &str, args: &[&str]) -> String {
        self.run(&["token"], &[&["--namespace", namespace], args].concat())
    }

    /// Writes what pods of a namespace start with, as its ConfigMaps would be mounted, into a folder.
    pub fn bootstrap(&self, namespace: &str, args: &[&str]) -> TempDir {
        let out = tempfile::tempdir().expect("a temporary folder");
        let mut command = process::command(NAME, self.home.path());
        command.args(["bootstrap", "--namespace", namespace, "--policy"]).arg(self.policy_folder());
        let run = command.arg("--out").arg(out.path()).args(args).output().expect("the command starts");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        out
    }

    /// Takes a token back.
    pub fn revoke(&self, token: &str) {
        let file = self.home.path().join("revoked.jwt");
        fs::write(&file, token).expect("write the token");
        self.run(&["token", "revoke"], &["--token-file", file.to_str().expect("a plain path")]);
    }

    /// The file with the certificate by which it is known.
    pub fn ca_file(&self) -> PathBuf {
        let file = self.home.path().join("ca.pem");
        fs::write(&file, self.run(&["ca"], &[])).expect("write the certificate");
        file
    }

    /// What its command line says to these words about its state folder.
    fn run(&self, words: &[&str], args: &[&str]) -> String {
        let mut command = process::command(NAME, self.home.path());
        let command = command.args(words).arg("--state").arg(self.home.path().join("state")).args(args);
        let run = command.stdout(Stdio::piped()).output().expect("the command starts");
        assert!(run.status.success(), "{words:?}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8_lossy(&run.stdout).trim().to_owned()
    }

    /// Replaces the policy in one step, as an editor or a mounted volume would.
    pub fn edit(&self, policy: impl Into<String>) {
        write_policy(self.home.path(), &policy.into());
    }

    pub fn policy_folder(&self) -> PathBuf {
        self.home.path().join("policy")
    }

    /// Its keys, and the tokens it has issued.
    pub fn state_folder(&self) -> PathBuf {
        self.home.path().join("state")
    }

    pub fn kill(&mut self) {
        self.program.kill();
    }

    /// Starts it again where it was.
    pub async fn start(&mut self) {
        self.program.start().await;
    }

    pub async fn restart(&mut self) {
        self.kill();
        self.start().await;
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

    /// The same, for what stands behind the `?`.
    pub async fn fleet_of(&self, query: &str) -> Value {
        self.admin_client().get(&format!("/fleet?{query}")).await.json()
    }

    /// What `outrigger fleet` prints of it with these arguments, read from its pages unless they say otherwise: exit code,
    /// standard output, standard error.
    pub async fn fleet_command(&self, args: &[&str]) -> (i32, String, String) {
        self.command("fleet", args).await
    }

    /// The same of `outrigger top`.
    pub async fn top_command(&self, args: &[&str]) -> (i32, String, String) {
        self.command("top", args).await
    }

    async fn command(&self, word: &str, args: &[&str]) -> (i32, String, String) {
        let mut command = process::command("outrigger", self.home.path());
        let from = ["--from".to_owned(), format!("http://{}", self.program.admin())];
        let from = if args.contains(&"--from") { &[][..] } else { &from[..] };
        command.arg(word).args(args).args(from).stdout(Stdio::piped());
        let run = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic").expect("it starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (run.status.code().unwrap_or(-1), text(&run.stdout), text(&run.stderr))
    }

    /// Waits until `/fleet` shows what is looked for.
    pub async fn wait_fleet(&self, wanted: &str, look: impl Fn(&Value) -> bool) -> Value {
        let begun = std::time::Instant::now();
        loop {
            let fleet = self.fleet().await;
            if look(&fleet) {
                return fleet;
            }
            assert!(begun.elapsed() < super::PATIENCE, "waited for {wanted} in {fleet:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub fn rss_kib(&self) -> u64 {
        self.program.rss_kib()
    }

    pub fn log(&self) -> Vec<String> {
        self.program.log().lines().clone()
    }

    pub async fn wait_log(&self, text: &str) -> String {
        self.program.log().wait(text).await
    }
}

impl PlaneSetup {
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Without encryption, so that a story can speak to it by hand.
    pub fn insecure(mut self) -> Self {
        self.secure = false;
        self
    }

    pub async fn start(self) -> ControlPlane {
        let home = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(home.path().join("policy")).expect("a policy folder");
        write_policy(home.path(), &self.policy);
        ControlPlane::on(Arc::new(home), self.args, self.secure).await
    }
}

/// Whether a file or any file in a folder holds the text.
pub fn holds(path: &Path, text: &str) -> bool {
    if path.is_dir() {
        return fs::read_dir(path).expect("a folder").flatten().any(|entry| holds(&entry.path(), text));
    }
    let bytes = fs::read(path).unwrap_or_default();
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

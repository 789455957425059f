//! The real binary as a child process, on a policy folder of its own and free ports.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ExitStatus},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{
    Client,
    process::{self, Log, read_ready, wait},
};

/// Where what it prints goes, in its folder.
const PRINTED: &str = "printed";

/// How long the binary may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// A running sidecar. Dropping it kills the process.
#[derive(Debug)]
pub struct Sidecar {
    child: Child,
    folder: TempDir,
    log: Log,
    pub listen: SocketAddr,
    pub admin: SocketAddr,
}

/// A sidecar to be started; for stories that need settings of their own.
#[derive(Clone, Debug)]
pub struct Setup {
    policy: String,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    unread: bool,
}

/// How a process ended.
#[derive(Debug)]
pub struct Exit {
    pub status: ExitStatus,
    pub log: Vec<String>,
}

/// What `/metrics` said, by series: `name{label="value"}`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics(pub BTreeMap<String, f64>);

impl Sidecar {
    /// Starts a sidecar on a policy and waits until it is ready.
    pub async fn with_policy(policy: impl Into<String>) -> Self {
        Self::setup(policy).start().await
    }

    pub fn setup(policy: impl Into<String>) -> Setup {
        Setup { policy: policy.into(), args: Vec::new(), env: Vec::new(), unread: false }
    }

    /// A client of the sidecar.
    pub fn client(&self) -> Client {
        Client::new(self.listen)
    }

    /// A client of its admin pages.
    pub fn admin_client(&self) -> Client {
        Client::new(self.admin)
    }

    /// Replaces the policy in one step, as an editor or a mounted volume would.
    pub fn edit(&self, policy: impl Into<String>) {
        write_policy(self.folder.path(), &policy.into());
    }

    pub fn policy_folder(&self) -> PathBuf {
        self.folder.path().join("policy")
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks the process to drain and leave.
    pub fn sigterm(&self) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).expect("the process runs");
    }

    /// Tells it that its terminal is gone.
    pub fn sighup(&self) {
        kill_process(Pid::from_child(&self.child), Signal::HUP).expect("the process runs");
    }

    /// Kills the process as the kernel does when memory is out.
    pub fn sigkill(&mut self) {
        let _ = self.child.kill();
    }

    /// Waits until the process has ended.
    pub async fn wait(&mut self) -> ExitStatus {
        wait(&mut self.child).await
    }

    /// Whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    pub async fn metrics(&self) -> Metrics {
        Metrics::parse(&self.admin_client().get("/metrics").await.text())
    }

    /// Resident memory of the process. Linux only.
    pub fn rss_kib(&self) -> u64 {
        process::rss_kib(self.pid())
    }

    /// Every line the process has written to its standard error so far.
    pub fn log(&self) -> Vec<String> {
        self.log.lines().clone()
    }

    /// Every JSON object that it has printed, one a line, to its standard output.
    fn printed(&self) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.folder.path().join(PRINTED)).expect("what it printed");
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// Waits for so many of them, and returns all.
    pub async fn wait_printed(&self, lines: usize) -> Vec<serde_json::Value> {
        let begun = Instant::now();
        loop {
            let printed = self.printed();
            if printed.len() >= lines {
                return printed;
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "{lines} lines were to be printed: {printed:#?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits for a line that contains the text, and returns it.
    pub async fn wait_log(&self, text: &str) -> String {
        self.log.wait(text).await
    }
}

impl Drop for Sidecar {
    #[expect(clippy::print_stdout, reason = "shown by the test runner next to the failed assertion")]
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            println!("the sidecar's log:\n{}", self.log.dump());
        }
    }
}

impl Setup {
    /// One more argument of `outrigger run`.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// An environment variable. Nothing else is inherited but `PATH`.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Nobody reads its standard error, as where a node's collector of logs hangs.
    pub fn unread(mut self) -> Self {
        self.unread = true;
        self
    }

    pub async fn start(self) -> Sidecar {
        let (folder, child, log) = self.spawn();
        let ready = folder.path().join("ready.json");
        let begun = Instant::now();
        // From here on its drop ends the process, also where nobody waits for this any more.
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut sidecar = Sidecar { child, folder, log, listen: nowhere, admin: nowhere };
        loop {
            if let Some((listen, admin)) = read_ready(&ready) {
                (sidecar.listen, sidecar.admin) = (listen, admin);
                return sidecar;
            }
            let ended = sidecar.child.try_wait().ok().flatten();
            if ended.is_some() || begun.elapsed() > READY_WITHIN {
                let _ = sidecar.child.kill();
                let _ = sidecar.child.wait();
                let why = ended.map_or("was not ready in time".to_owned(), |status| format!("ended: {status}"));
                panic!("the sidecar {why}\n{}", std::mem::take(&mut sidecar.log).complete().join("\n"));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// For a sidecar that is expected to refuse to start.
    pub async fn run_to_exit(self) -> Exit {
        let (_folder, mut child, log) = self.spawn();
        let status = wait(&mut child).await;
        Exit { status, log: log.complete() }
    }

    fn spawn(self) -> (TempDir, Child, Log) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("policy")).expect("a policy folder");
        write_policy(folder.path(), &self.policy);
        let mut command = process::command("outrigger", folder.path());
        command
            .args(["run", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--policy"])
            .arg(folder.path().join("policy"))
            .arg("--ready-file")
            .arg(folder.path().join("ready.json"))
            .args(self.args)
            .envs(self.env);
        command.stdout(fs::File::create(folder.path().join(PRINTED)).expect("a file"));
        let mut child = process::spawn(&mut command);
        let log = match self.unread {
            true => Log::default(),
            false => Log::of(child.stderr.take().expect("a pipe")),
        };
        (folder, child, log)
    }
}

impl Metrics {
    /// Prometheus text.
    pub fn parse(text: &str) -> Self {
        let samples = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
            let name_end = line.rfind('}').map_or_else(|| line.find(' '), |at| Some(at + 1))?;
            let value = line[name_end..].split_whitespace().next()?.parse().ok()?;
            Some((line[..name_end].to_owned(), value))
        });
        Self(samples.collect())
    }

    /// The sum of all series of a family that have these labels; 0 when there is none.
    pub fn sum(&self, family: &str, labels: &[(&str, &str)]) -> f64 {
        self.matching(family, labels).map(|(_, value)| value).sum()
    }

    /// Whether any series of a family has these labels.
    pub fn has(&self, family: &str, labels: &[(&str, &str)]) -> bool {
        self.matching(family, labels).next().is_some()
    }

    fn matching(&self, family: &str, labels: &[(&str, &str)]) -> impl Iterator<Item = (&String, f64)> {
        let wanted = move |series: &str| {
            let (name, rest) = series.split_once('{').unwrap_or((series, ""));
            let rest = format!(",{rest}");
            name == family && labels.iter().all(|(label, value)| rest.contains(&format!(",{label}=\"{value}\"")))
        };
        self.0.iter().filter(move |(series, _)| wanted(series)).map(|(series, value)| (series, *value))
    }
}

/// Puts the policy into the folder `policy` of `folder`, in one step.
pub(super) fn write_policy(folder: &Path, policy: &str) {
    let draft = folder.join("policy.draft");
    fs::write(&draft, policy).expect("write the policy");
    fs::rename(draft, folder.join("policy").join("policy.yaml")).expect("publish the policy");
}

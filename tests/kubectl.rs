//! Calls of kubectl, which are processes: a story goes on answering as a provider meanwhile. Both kinds of cluster have it.

use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

/// kubectl as somebody.
#[derive(Clone, Debug)]
pub(super) struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
}

impl Kubectl {
    pub(super) fn new(program: PathBuf, kubeconfig: PathBuf) -> Self {
        Self { program, kubeconfig }
    }

    /// The folder that it is in.
    pub(super) fn bin(&self) -> &Path {
        self.program.parent().expect("a folder of programs")
    }

    pub(super) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Runs it with these words and this input, whatever comes of it.
    pub(super) async fn run(&self, args: &[&str], input: &str) -> Output {
        let mut command = self.command(args);
        let input = input.to_owned();
        let work = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().expect("kubectl starts");
            // It may end without having read everything.
            let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
            child.wait_with_output().expect("a child of ours")
        });
        work.await.expect("kubectl runs")
    }

    /// The same; fails the test when kubectl fails. What it wrote to standard error is in the message.
    pub(super) async fn ok(&self, args: &[&str], input: &str) -> Output {
        let output = self.run(args, input).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "kubectl {}: {said}", args.join(" "));
        output
    }

    pub(super) async fn text(&self, args: &[&str]) -> String {
        text(&self.ok(args, "").await.stdout)
    }

    pub(super) async fn json(&self, args: &[&str], input: &str) -> Value {
        let output = self.ok(&[args, &["--output", "json"]].concat(), input).await;
        serde_json::from_slice(&output.stdout).expect("kubectl prints JSON")
    }

    /// Without a runtime, for what is done when something is dropped.
    pub(super) fn succeeds(&self, args: &[&str]) -> bool {
        let output = self.command(args).arg("--request-timeout=5s").stdin(Stdio::null()).output();
        output.is_ok_and(|output| output.status.success())
    }

    /// All that it prints, whatever comes of it and without a runtime, for people.
    pub(super) fn said(&self, args: &[&str]) -> String {
        let output = self.command(args).arg("--request-timeout=10s").stdin(Stdio::null()).output();
        output.map_or_else(|error| error.to_string(), |output| [text(&output.stdout), text(&output.stderr)].join("\n"))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        let home = self.kubeconfig.parent().expect("a file in a folder");
        command
            .env_clear()
            // What it learns of the API's kinds is kept there.
            .env("HOME", home)
            .env("KUBECONFIG", &self.kubeconfig)
            // `kubectl diff` calls diff.
            .envs(env::var_os("PATH").map(|path| ("PATH", path)))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

/// Text without the white space around it.
pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

/// Writes a file that only we can read, for tokens.
pub(super) fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = fs::OpenOptions::new();
    let mut file = options.create(true).truncate(true).write(true).mode(0o600).open(path).expect("a file");
    file.write_all(text.as_bytes()).expect("write the file");
}

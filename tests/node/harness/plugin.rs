//! `kubectl outrigger`, as a person has it: the command line on the path under another name.

use std::{
    env,
    io::Write as _,
    os::unix::fs::symlink,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use super::story::run;

/// Names the program.
const CLI: &str = "OUTRIGGER_TEST_CLI";

/// Runs it with these words and this input, whatever comes of it.
pub async fn plugin(words: &[&str], input: &str) -> Output {
    let cli =
        PathBuf::from(env::var_os(CLI).unwrap_or_else(|| panic!("{CLI} names no program: cargo xtask cluster test")));
    let folder = tempfile::tempdir().expect("a folder");
    symlink(cli, folder.path().join("kubectl-outrigger")).expect("a link");
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([folder.path().to_owned()].into_iter().chain(env::split_paths(&path))).expect("a path");
    let mut command = Command::new("kubectl");
    command.arg("outrigger").args(words).env("PATH", path).env("KUBECONFIG", run().join("admin.kubeconfig"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let input = input.to_owned();
    let work = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().expect("kubectl starts");
        let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("a child of ours");
        drop(folder);
        output
    });
    work.await.expect("kubectl runs")
}

//! What other processes see of ours: nothing of the memory in which keys are, not even those of the same user.

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::harness::*;

/// `nobody`: a user that owns nothing.
const NOBODY: u32 = 65534;
const KEY: &str = "sk-private-0123456789";

/// Ends a process with the story, however that ends.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program as nobody, with a key in its environment.
fn start(program: &Path, words: &[&str], home: &Path) -> Option<Started> {
    let mut command = Command::new(program);
    command.env_clear().env("PROVIDER_KEY", KEY).env("HOME", home).args(words);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .uid(NOBODY)
        .gid(NOBODY)
        .spawn()
        .ok()
        .map(Started)
}

/// What another process of nobody reads of a file of `/proc/PID`.
fn seen(pid: u32, file: &str) -> (bool, String) {
    let out = Command::new("dd")
        .args([&format!("if=/proc/{pid}/{file}"), "bs=4096", "count=8"])
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    (out.status.success(), String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned())
}

async fn becomes(path: &Path) {
    for _ in 0..400 {
        if path.exists() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{} does not come", path.display());
}

#[tokio::test]
async fn nobody_of_the_same_user_sees_a_key() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let copy = |name: &str| {
        let own = dir.path().join(name);
        fs::copy(program(name), &own).unwrap();
        own
    };
    // That the story can fail: a program like any other shows all.
    let Some(other) = start(Path::new("/bin/sleep"), &["60"], dir.path()) else {
        return println!("skipped: this user may start nothing as another");
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    let shown = seen(other.0.id(), "environ");
    if !shown.1.contains(KEY) {
        return println!("skipped: here nobody sees another process at all: {shown:?}");
    }
    let listen = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let state = dir.path().join("state");
    let policy = dir.path().join("policy");
    fs::create_dir(&policy).unwrap();
    fs::write(policy.join("p.yaml"), Policy::new().provider("a", "http://127.0.0.1:1/v1").to_string()).unwrap();
    let (state, policy) = (state.to_str().unwrap(), policy.to_str().unwrap());
    for (name, words) in [
        ("outrigger", &["run"][..]),
        ("outrigger-sidecar", &["--control-plane", "http://127.0.0.1:1", "--insecure", "--token-file", "/dev/null"]),
        ("outrigger-control-plane", &["--policy", policy, "--state", state, "--insecure"]),
    ] {
        let ready = dir.path().join(format!("{name}.ready"));
        let words = [words, &listen, &["--ready-file", ready.to_str().unwrap()]].concat();
        let ours = start(&copy(name), &words, dir.path()).unwrap();
        becomes(&ready).await;
        let pid = ours.0.id();
        for file in ["environ", "mem", "maps", "auxv"] {
            let (read, said) = seen(pid, file);
            assert!(!read && !said.contains(KEY), "{name} {file}: {said}");
        }
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{name}");
        // What looks after it goes on: its status is for everybody.
        assert!(seen(pid, "status").1.contains("VmRSS"), "{name}");
    }
}

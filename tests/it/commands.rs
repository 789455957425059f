//! H21: what is written wrong on a command line is told, and nobody has to read what a command prints.

use std::{
    fs::{self, File},
    os::unix::{ffi::OsStrExt as _, net::UnixListener},
    path::Path,
    process::{Command, Output, Stdio},
};

use crate::harness::*;

const PROGRAMS: [&str; 3] = ["outrigger", "outrigger-sidecar", "outrigger-control-plane"];

fn command(name: &str, words: &[&str]) -> Command {
    let mut command = Command::new(program(name));
    command.env_clear().args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Its exit code and what it says on standard error; no panic is ever right.
#[track_caller]
fn ended(output: &Output) -> (i32, String) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let code = output.status.code().unwrap_or(-1);
    assert!(code != 101 && !said.contains("panicked"), "{code}: {said}");
    (code, said)
}

fn run(name: &str, words: &[&str]) -> (i32, String) {
    ended(&command(name, words).output().unwrap())
}

/// A policy that is well.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join("policy.yaml"),
        Policy::new().provider("a", "http://127.0.0.1:1/v1").route("r", &["a"]).to_string(),
    )
    .unwrap();
    dir
}

#[test]
fn a_bad_log_directive_is_an_error_of_every_program() {
    for name in PROGRAMS {
        let words: &[&str] = if name == "outrigger" { &["run"] } else { &[] };
        for bad in ["inof", "", "info,", "outrigger_proxy", "outrigger_proxy=verbose"] {
            let (code, said) = ended(&command(name, words).args(["--log", bad]).output().unwrap());
            assert!(code == 2 && said.contains("--log"), "{name} {bad:?}: {code} {said}");
            let (code, said) = ended(&command(name, words).env("OUTRIGGER_LOG", bad).output().unwrap());
            // An empty variable is no variable, where clap reads it.
            assert!(code == 2 && said.contains("--log"), "{name} {bad:?}: {code} {said}");
        }
    }
    let (code, said) = run("outrigger-control-plane", &["injector", "--image", "x", "--log", "inof"]);
    assert!(code == 2 && said.contains("is no level"), "{code} {said}");
}

#[test]
fn times_sizes_and_counts_have_one_grammar_and_bounds() {
    for (setting, bad, says) in [
        ("--drain-timeout", "18446744073709551615h", "such as 2s"),
        ("--drain-timeout", "1.5s", "such as 2s"),
        ("--drain-timeout", "25h", "at most 24h"),
        ("--keep-alive", "0s", "more than 0s"),
        ("--max-body", "18446744073709551615GiB", "not a size"),
        ("--max-body", "0", "at least 1 byte"),
        ("--buffer-budget", "65Gi", "at most 64Gi"),
        ("--answer-budget", "1MB", "use k, M, G, Ki, Mi or Gi"),
        ("--threads", "0", "1 to 1024"),
        ("--threads", "18446744073709551615", "1 to 1024"),
        ("--generations", "18446744073709551615", "0 to 1000000"),
    ] {
        for (name, words) in [("outrigger", &["run"][..]), ("outrigger-sidecar", &[])] {
            let (code, said) = ended(&command(name, words).args([setting, bad]).output().unwrap());
            assert!(code == 2 && said.contains(says), "{name} {setting} {bad}: {code} {said}");
        }
    }
}

#[test]
fn who_has_read_enough_may_go_and_a_full_disk_is_told() {
    let dir = folder();
    let path = dir.path().to_str().unwrap();
    let state = tempfile::tempdir().unwrap();
    let request = state.path().join("request.json");
    fs::write(&request, r#"{"model": "r", "messages": []}"#).unwrap();
    let explain = ["explain", "--policy", path, request.to_str().unwrap()];
    let ca = ["ca", "--state", state.path().to_str().unwrap()];
    let pod = dir.path().join("policy.yaml");
    for (name, words) in [
        ("outrigger", &["check", path][..]),
        ("outrigger", &explain),
        ("outrigger", &["completions", "bash"]),
        ("outrigger", &["inject", "--image", "x", "--filename", pod.to_str().unwrap()]),
        ("outrigger", &["--help"]),
        ("outrigger-control-plane", &ca),
        ("outrigger-control-plane", &["metrics", "ledger"]),
    ] {
        let mut closed = command(name, words).spawn().unwrap();
        drop(closed.stdout.take());
        let (code, said) = ended(&closed.wait_with_output().unwrap());
        assert_eq!(code, 0, "{name} {words:?}: {said}");
        let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
        let (code, said) = ended(&command(name, words).stdout(full()).output().unwrap());
        // What clap prints of itself, it prints as it likes.
        assert!(
            words == ["--help"] || code == 1 && said.contains("cannot write to standard output"),
            "{name} {words:?}: {code} {said}"
        );
        let (code, _) = ended(&command(name, words).stdout(full()).stderr(full()).output().unwrap());
        assert!(code == 1 || words == ["--help"], "{name} {words:?}: {code}");
    }
}

/// A sidecar serves, whoever reads its banner.
#[tokio::test]
async fn a_sidecar_starts_on_a_full_disk() {
    let dir = folder();
    let ready = dir.path().join("ready");
    let full = Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    let mut sidecar = command("outrigger", &["run", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .args([Path::new("--policy"), dir.path(), Path::new("--ready-file"), &ready])
        .stdout(full)
        .spawn()
        .unwrap();
    for _ in 0..200 {
        if ready.exists() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(ready.exists() && sidecar.try_wait().unwrap().is_none());
    sidecar.kill().unwrap();
    let (_, said) = ended(&sidecar.wait_with_output().unwrap());
    assert!(said.contains("cannot write to standard output"), "{said}");
}

/// The first command of an example does what it says: a file is a policy too.
#[tokio::test]
async fn the_first_command_of_the_quickstart_works() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join("deploy/examples/quickstart.yaml")).unwrap();
    let words = text.lines().find_map(|line| line.strip_prefix("#   OPENAI_API_KEY=... outrigger ")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let ready = dir.path().join("ready");
    let mut sidecar = command("outrigger", &words.split(' ').collect::<Vec<_>>())
        .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .args([Path::new("--ready-file"), &ready])
        .env("OPENAI_API_KEY", "sk-test-quickstart")
        .current_dir(root)
        .spawn()
        .unwrap();
    let mut bound = String::new();
    for _ in 0..400 {
        bound = fs::read_to_string(&ready).unwrap_or_default();
        if bound.trim_end().ends_with('}') || sidecar.try_wait().unwrap().is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let bound: serde_json::Value = serde_json::from_str(bound.trim()).expect("it listens");
    let client = Client::new(bound["listen"].as_str().unwrap().parse().unwrap());
    let models = client.get("/v1/models").await;
    sidecar.kill().unwrap();
    let (_, said) = ended(&sidecar.wait_with_output().unwrap());
    assert!(models.status == 200 && models.text().contains("assistant"), "{} {said}", models.text());
}

#[test]
fn a_folder_without_objects_is_no_policy() {
    let dir = tempfile::tempdir().unwrap();
    let check = || command("outrigger", &["check", dir.path().to_str().unwrap()]).output().unwrap();
    let (out, code) = (check(), 1);
    assert!(ended(&out).0 == code && String::from_utf8_lossy(&out.stdout).contains("error: "), "{out:?}");
    fs::write(dir.path().join("a.yaml"), "# nothing\n").unwrap();
    let out = check();
    assert!(
        ended(&out).0 == code && String::from_utf8_lossy(&out.stdout).contains("holds no object of ours"),
        "{out:?}"
    );
    fs::write(dir.path().join("a.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n").unwrap();
    assert_eq!(ended(&check()).0, code);
}

#[test]
fn what_is_no_file_is_named_and_not_opened() {
    let dir = folder();
    let at = |name: &[u8]| dir.path().join(std::ffi::OsStr::from_bytes(name));
    let made = Command::new("mkfifo").arg(at(b"pipe.yaml")).status().unwrap();
    assert!(made.success());
    let _socket = UnixListener::bind(at(b"socket.yaml")).unwrap();
    fs::write(at(b"odd\xff.yaml"), "").unwrap();
    let out = command("outrigger", &["check", dir.path().to_str().unwrap()]).output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    assert_eq!(ended(&out).0, 1, "{said}");
    for part in ["pipe.yaml:1:1: is a named pipe", "socket.yaml:1:1: is a socket", "has a name that is not UTF-8"] {
        assert!(said.contains(part), "{said}");
    }
}

//! A program under test as a child process: where it is, how it starts, what it says.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{BufRead as _, BufReader, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::PATIENCE;

/// A program under test by name: the one named by `OUTRIGGER_BIN` (for `outrigger-sidecar`, `OUTRIGGER_SIDECAR_BIN`), else
/// the one built last beside this test.
pub fn program(name: &str) -> PathBuf {
    if let Some(named) = env::var_os(variable(name)) {
        return named.into();
    }
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    // <target>/<profile>/deps/it-<hash>
    let own = env::current_exe().expect("the path of this test");
    let profile = own.ancestors().nth(2).expect("a profile folder");
    let beside = |profile: &str| own.ancestors().nth(3).map(|target| target.join(profile).join(&file));
    let candidates = [Some(profile.join(&file)), beside("debug"), beside("release")];
    let found = candidates.iter().flatten().find(|path| path.exists()).cloned();
    found.unwrap_or_else(|| panic!("no {file} in {}: build it first, or set {}", profile.display(), variable(name)))
}

fn variable(name: &str) -> String {
    format!("{}_BIN", name.to_uppercase().replace('-', "_"))
}

/// A call of it with nothing of the developer's environment: keys and proxies of one's own must not change a story.
pub fn command(name: &str, home: &Path) -> Command {
    let mut command = Command::new(program(name));
    command
        .env_clear()
        .envs(env::var_os("PATH").map(|path| ("PATH", path)))
        .env("HOME", home)
        .env("RUST_BACKTRACE", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// The same, started by other words before it.
pub(super) fn command_within(words: &[OsString], name: &str, home: &Path) -> Command {
    let own = command(name, home);
    let [first, rest @ ..] = words else { return own };
    let mut command = Command::new(first);
    command.env_clear().envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.args(rest).arg(own.get_program());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// What the command `outrigger` prints to these words: exit code, standard output, standard error. `bin`: where it finds
/// more programs.
pub async fn outrigger(home: &Path, args: &[&str], bin: Option<&Path>) -> (i32, String, String) {
    outrigger_as(command("outrigger", home), args, bin).await
}

/// The same of a program that is called otherwise, such as a link to it.
pub async fn outrigger_at(program: &Path, home: &Path, args: &[&str], bin: Option<&Path>) -> (i32, String, String) {
    let mut command = Command::new(program);
    command.env_clear().env("HOME", home).stdin(Stdio::null()).stderr(Stdio::piped());
    outrigger_as(command, args, bin).await
}

async fn outrigger_as(mut command: Command, args: &[&str], bin: Option<&Path>) -> (i32, String, String) {
    let own = env::var_os("PATH").unwrap_or_default();
    let path = bin.map(Path::to_owned).into_iter().chain(env::split_paths(&own));
    command.env("PATH", env::join_paths(path).expect("plain paths")).args(args).stdout(Stdio::piped());
    let run = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic").expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (run.status.code().unwrap_or(-1), text(&run.stdout), text(&run.stderr))
}

pub(super) fn spawn(command: &mut Command) -> Child {
    let name = command.get_program().to_owned();
    command.spawn().unwrap_or_else(|error| panic!("start {}: {error}", name.display()))
}

/// The two addresses in a ready file; `None` while it is absent or half-written.
pub(super) fn read_ready(path: &Path) -> Option<(SocketAddr, SocketAddr)> {
    let ready: Value = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    let addr = |name: &str| ready[name].as_str()?.parse().ok();
    Some((addr("listen")?, addr("admin")?))
}

/// Waits until the child has ended.
pub(super) async fn wait(child: &mut Child) -> ExitStatus {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child of ours") {
            return status;
        }
        if begun.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("the process did not end within {PATIENCE:?}");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Resident memory of a process. Linux only.
pub(super) fn rss_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line VmRSS");
    line.trim().trim_end_matches("kB").trim().parse().expect("a number of kilobytes")
}

/// The lines of a child's standard error, read by a thread of its own so that the child never blocks; of one child after
/// the other, where a program is started again.
#[derive(Debug, Default)]
pub(super) struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Log {
    pub(super) fn of(stderr: impl Read + Send + 'static) -> Self {
        let mut log = Self::default();
        log.follow(stderr);
        log
    }

    /// Goes on with the standard error of the next child.
    pub(super) fn follow(&mut self, stderr: impl Read + Send + 'static) {
        let into = Arc::clone(&self.lines);
        self.readers.push(std::thread::spawn(move || {
            for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                into.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        }));
    }

    pub(super) fn lines(&self) -> MutexGuard<'_, Vec<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn dump(&self) -> String {
        self.lines().join("\n")
    }

    /// Waits for a line that contains the text, and returns it.
    pub(super) async fn wait(&self, text: &str) -> String {
        self.wait_behind(0, text).await
    }

    /// The same, but for the first so many lines.
    pub(super) async fn wait_behind(&self, first: usize, text: &str) -> String {
        let begun = Instant::now();
        loop {
            if let Some(line) = self.lines().iter().skip(first).find(|line| line.contains(text)) {
                return line.clone();
            }
            assert!(begun.elapsed() < PATIENCE, "waited {PATIENCE:?} for {text:?} in the log:\n{}", self.dump());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Reads to the end; only when the child has ended.
    pub(super) fn finish(&mut self) {
        self.readers.drain(..).for_each(|reader| drop(reader.join()));
    }

    /// All of it; only when the child has ended.
    pub(super) fn complete(self) -> Vec<String> {
        self.readers.into_iter().for_each(|reader| drop(reader.join()));
        std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

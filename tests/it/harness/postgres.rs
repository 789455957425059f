//! A PostgreSQL that is killed and started again. `cargo xtask ledger` fetches its programs and says where they are.

use std::{
    fs,
    net::TcpListener,
    os::unix::{
        fs::{PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

use super::PATIENCE;

/// Where its programs are.
const PROGRAMS: &str = "OUTRIGGER_LEDGER_POSTGRES_PROGRAMS";
/// It does not run as root: whoever is root runs it as nobody.
const NOBODY: u32 = 65_534;

/// A server with a folder of its own. Dropping it stops it.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    child: Option<Child>,
}

impl Postgres {
    /// Makes a database, starts the server, and waits until it answers.
    pub async fn start() -> Self {
        let programs = std::env::var_os(PROGRAMS).unwrap_or_else(|| panic!("{PROGRAMS}: run `cargo xtask ledger`"));
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(folder.path().join("of")).unwrap();
        if geteuid().is_root() {
            chown(folder.path().join("of"), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free loopback port").port();
        let mut server = Self { programs: programs.into(), folder, port, child: None };
        let mut init = server.command("initdb");
        init.args(["-U", "outrigger", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"]).arg(server.data());
        let init = tokio::task::spawn_blocking(move || init.output()).await.unwrap().unwrap();
        assert!(init.status.success(), "{}", String::from_utf8_lossy(&init.stderr));
        server.run().await;
        server
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.env_clear().envs([("LC_ALL", "C"), ("TZ", "UTC")]).current_dir(self.folder.path().join("of"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("of/data")
    }

    /// Its one database.
    pub fn url(&self) -> String {
        format!("postgres://outrigger@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts it once more and waits until it answers. Those that a killed one left hold its memory for a moment.
    pub async fn run(&mut self) {
        let begun = Instant::now();
        loop {
            let ended = self.child.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some());
            if ended {
                let log = fs::File::options().create(true).append(true).open(self.folder.path().join("log")).unwrap();
                let mut command = self.command("postgres");
                command.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path().join("of"));
                command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-c", "fsync=off"]).stderr(log);
                self.child = Some(command.spawn().unwrap());
            }
            let pid = self.child.as_ref().map(|child| child.id().to_string());
            let told = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
            if told.lines().next() == pid.as_deref() && told.trim_end().ends_with("ready") {
                return;
            }
            let log = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(begun.elapsed() < PATIENCE, "PostgreSQL does not start:\n{}", log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Kills all of it at once, as a machine does that loses power: what it had not written is gone.
    pub fn kill(&mut self) {
        let backends = self.backends();
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        backends.into_iter().for_each(kill);
    }

    /// Kills one process that serves a ledger: the server takes that for memory that may be broken, drops everybody, and recovers.
    /// Answers whether there was any.
    pub fn kill_one(&self, which: u64) -> bool {
        let backends = self.backends();
        let one = (!backends.is_empty()).then(|| backends[which as usize % backends.len()]);
        one.map(kill).is_some()
    }

    /// Its processes that serve somebody.
    fn backends(&self) -> Vec<i32> {
        let Some(child) = &self.child else { return Vec::new() };
        let parent = format!("PPid:\t{}", child.id());
        let serves = |process: &Path| {
            let read = |name: &str| fs::read_to_string(process.join(name)).unwrap_or_default();
            read("status").lines().any(|line| line == parent) && read("cmdline").starts_with("postgres: outrigger ")
        };
        let all = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        all.filter(|it| serves(it)).filter_map(|it| it.file_name()?.to_str()?.parse().ok()).collect()
    }
}

fn kill(process: i32) {
    if let Some(pid) = Pid::from_raw(process) {
        // It may have ended by itself.
        let _ = kill_process(pid, Signal::KILL);
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
    }
}

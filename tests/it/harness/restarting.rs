//! A program that is killed and started again: the same words, the same ports, one log over all its lives.

use std::{
    ffi::OsString,
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, ExitStatus},
    time::{Duration, Instant},
};

use tokio::net::TcpSocket;

use super::{
    PATIENCE,
    process::{self, Log, read_ready},
};

/// Dropping it kills the process; the log is printed if the test has failed.
#[derive(Debug)]
pub struct Restarting {
    name: &'static str,
    /// What it is to do, before its arguments.
    word: Option<&'static str>,
    args: Vec<OsString>,
    /// Words that it is started by, and what it finds in its environment.
    within: Vec<OsString>,
    env: Vec<(&'static str, OsString)>,
    /// Its home, and where its ready file is.
    home: PathBuf,
    listen: Port,
    admin: Port,
    child: Option<Child>,
    log: Log,
}

impl Restarting {
    /// Not started yet.
    pub fn new(name: &'static str, home: &Path, args: Vec<OsString>) -> Self {
        let (listen, admin) = (Port::reserved(), Port::reserved());
        let (within, env) = (Vec::new(), Vec::new());
        let home = home.to_owned();
        Self { name, word: None, args, within, env, home, listen, admin, child: None, log: Log::default() }
    }

    /// It is started with this word first.
    pub fn word(mut self, word: &'static str) -> Self {
        self.word = Some(word);
        self
    }

    /// It is started by these words, which stand before its own.
    pub fn within(mut self, words: Vec<OsString>) -> Self {
        self.within = words;
        self
    }

    /// It finds these in its environment.
    pub fn env(mut self, env: Vec<(&'static str, OsString)>) -> Self {
        self.env = env;
        self
    }

    pub fn listen(&self) -> SocketAddr {
        self.listen.addr
    }

    pub fn admin(&self) -> SocketAddr {
        self.admin.addr
    }

    /// Starts it and waits until it listens; answers how long that took.
    pub async fn start(&mut self) -> Duration {
        assert!(self.child.is_none(), "{} runs already", self.name);
        let ready = self.home.join(format!("{}.ready", self.name));
        let _ = fs::remove_file(&ready);
        let mut command = process::command_within(&self.within, self.name, &self.home);
        command
            .envs(self.env.iter().cloned())
            .args(self.word)
            .args(["--listen", &self.listen.addr.to_string(), "--admin-listen", &self.admin.addr.to_string()])
            .arg("--ready-file")
            .arg(&ready)
            .args(&self.args);
        let begun = Instant::now();
        let mut child = process::spawn(&mut command);
        self.log.follow(child.stderr.take().expect("a pipe"));
        self.child = Some(child);
        while read_ready(&ready).is_none() {
            let ended = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            assert!(ended.is_none(), "{} ended: {ended:?}", self.name);
            assert!(begun.elapsed() < PATIENCE, "{} does not listen", self.name);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        begun.elapsed()
    }

    /// Kills it as the kernel does when memory is out.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Has it do nothing until it is thawed: what it listens on accepts, and nobody answers.
    pub fn freeze(&self) {
        self.signal(rustix::process::Signal::STOP);
    }

    pub fn thaw(&self) {
        self.signal(rustix::process::Signal::CONT);
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let child = self.child.as_ref().expect("it runs");
        let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a process");
        rustix::process::kill_process(pid, signal).expect("it can be told");
    }

    /// Asks it to leave, and waits until it has.
    pub async fn terminate(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it runs");
        let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a process");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it can be told");
        let begun = Instant::now();
        loop {
            if let Some(status) = child.try_wait().expect("its status") {
                self.log.finish();
                return status;
            }
            assert!(begun.elapsed() < super::PATIENCE, "{} does not leave", self.name);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub fn rss_kib(&self) -> u64 {
        process::rss_kib(self.child.as_ref().expect("it runs").id())
    }

    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    /// Every line that it has written to its standard error so far.
    pub fn lines(&self) -> Vec<String> {
        self.log.lines().clone()
    }

    /// Waits for a line that contains the text, and returns it.
    pub async fn wait_log(&self, text: &str) -> String {
        self.log.wait(text).await
    }
}

impl Drop for Restarting {
    #[expect(clippy::print_stdout, reason = "shown by the test runner next to the failed assertion")]
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            println!("the log of {}:\n{}", self.name, self.log.dump());
        }
    }
}

/// A port that is ours as long as this lives, whether a child listens on it or not: bound here too, so that nobody else is
/// given it, and not listened on, so that the child may.
#[derive(Debug)]
struct Port {
    addr: SocketAddr,
    _held: TcpSocket,
}

impl Port {
    fn reserved() -> Self {
        let held = TcpSocket::new_v4().expect("a socket");
        held.set_reuseaddr(true).expect("a socket that shares");
        held.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free loopback port");
        Self { addr: held.local_addr().expect("a bound address"), _held: held }
    }
}

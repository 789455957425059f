//! One process of the fleet: its log, whether it is there, how it ends.

use std::{
    env,
    fs::{self, OpenOptions},
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// How long one may take until it answers, on a machine that has other things to do.
const START: Duration = Duration::from_secs(20);
/// How long one may take to leave before it is killed.
const LEAVE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(20);

/// A process; it is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) log: PathBuf,
    command: Command,
    child: Child,
    ended: bool,
    /// Where it answers once it is there.
    address: SocketAddr,
    path: &'static str,
}

impl Member {
    /// Starts it, and waits until `path` at `address` is answered.
    pub(crate) fn start(
        name: &'static str,
        mut command: Command,
        log: PathBuf,
        address: SocketAddr,
        path: &'static str,
    ) -> Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(&log)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        // Settings of whoever started this are not the fleet's.
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("OUTRIGGER_")) {
            command.env_remove(name);
        }
        let child = spawn(&mut command)?;
        let mut member = Self { name, log, command, child, ended: false, address, path };
        member.there()?;
        Ok(member)
    }

    /// Starts it again if it has ended. Whether it had.
    pub(crate) fn again(&mut self) -> Result<bool> {
        if !self.ended {
            return Ok(false);
        }
        self.child = spawn(&mut self.command)?;
        self.ended = false;
        self.there()?;
        Ok(true)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended; once.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait().ok().flatten().filter(|_| !self.ended)?;
        self.ended = true;
        Some(status)
    }

    /// SIGTERM.
    pub(crate) fn ask_to_leave(&self) {
        // One that has ended and was waited for has no process id any more.
        if !self.ended {
            let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        }
    }

    /// Waits until it is gone, and not for ever.
    pub(crate) fn wait(&mut self) {
        let began = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && began.elapsed() < LEAVE {
            thread::sleep(LOOK);
        }
    }

    fn there(&mut self) -> Result<()> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                bail!("{} did not start ({status}); its log says:\n{}", self.name, self.said());
            }
            if answers(self.address, self.path) {
                return Ok(());
            }
            if began.elapsed() > START {
                let said = self.said();
                bail!("{} did not answer within {} s; its log says:\n{said}", self.name, START.as_secs());
            }
            thread::sleep(LOOK);
        }
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(command: &mut Command) -> Result<Child> {
    let program = command.get_program().to_owned();
    command.spawn().with_context(|| format!("cannot start {}", program.to_string_lossy()))
}

/// Whether a GET is answered by 200.
fn answers(address: SocketAddr, path: &str) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        std::io::Result::Ok(head == *b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}

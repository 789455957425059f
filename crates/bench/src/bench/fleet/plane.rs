//! The control plane under test: the real program, started, asked for tokens, and started again on what it left.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::policy::SYSTEM;
use crate::{
    bench::process::{self, Process, wait},
    tools,
};

/// What checking a token costs, in place of an authority that is far away.
const CHECK: &str = "5ms";
/// Tokens issued at one time.
const ISSUERS: usize = 2;

/// The control plane.
#[derive(Debug)]
pub(in crate::bench) struct Plane {
    binary: PathBuf,
    policy: PathBuf,
    state: PathBuf,
    ready: PathBuf,
    process: Option<Process>,
    /// For sidecars. The first start chooses it, every later one keeps it.
    pub(in crate::bench) listen: SocketAddr,
    admin: SocketAddr,
}

impl Plane {
    /// With `policy`, and everything else below `folder`. It does not run yet.
    pub(in crate::bench) fn new(binary: &Path, policy: &Path, folder: &Path) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            binary: binary.to_owned(),
            policy: policy.to_owned(),
            state: folder.join("state"),
            ready: folder.join("ready.json"),
            process: None,
            listen: any,
            admin: any,
        }
    }

    /// The certificate by which it is known.
    pub(in crate::bench) fn authority(&self) -> Result<String> {
        tools::succeed(Command::new(&self.binary).arg("ca").arg("--state").arg(&self.state))
    }

    /// One token for each namespace of the list: as people get them.
    pub(in crate::bench) fn tokens(&self, namespaces: &[String]) -> Result<Vec<String>> {
        let issue = |namespace: &String| {
            let mut command = Command::new(&self.binary);
            command.arg("token").arg("--state").arg(&self.state).args(["--namespace", namespace]);
            command.args(["--label", "app=assistant", "--label", "tier=web", "--team", namespace]);
            Ok(tools::succeed(&mut command)?.trim().to_owned())
        };
        // The first makes the key.
        let first = namespaces.first().map(issue).transpose()?;
        let rest = namespaces.get(1..).unwrap_or_default();
        let parts = thread::scope(|scope| {
            let parts: Vec<_> = rest
                .chunks(rest.len().div_ceil(ISSUERS).max(1))
                .map(|part| scope.spawn(move || part.iter().map(issue).collect::<Result<Vec<_>>>()))
                .collect();
            parts.into_iter().map(|part| part.join().unwrap_or_else(|_| bail!("a thread panicked"))).collect()
        });
        let parts: Result<Vec<_>> = parts;
        Ok(first.into_iter().chain(parts?.into_iter().flatten()).collect())
    }

    pub(in crate::bench) fn start(&mut self) -> Result<()> {
        let _ = fs::remove_file(&self.ready);
        let mut command = Command::new(&self.binary);
        command.arg("--policy").arg(&self.policy).arg("--state").arg(&self.state);
        command.arg("--listen").arg(self.listen.to_string()).arg("--admin-listen").arg(self.admin.to_string());
        command.arg("--ready-file").arg(&self.ready);
        command.args(["--system-namespace", SYSTEM, "--check-delay", CHECK, "--log", "error"]);
        // Nobody's settings but these; what it complains of is for whoever runs this.
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null());
        let mut process = Process::start(&mut command, None, None)?;
        let found = wait("the control plane to be ready", Duration::from_secs(60), || {
            let text = fs::read_to_string(&self.ready).ok()?;
            let json: Value = serde_json::from_str(&text).ok()?;
            let address = |name: &str| json[name].as_str()?.parse::<SocketAddr>().ok();
            Some((address("listen")?, address("admin")?))
        });
        if found.is_err() && process.ended() {
            bail!("the control plane ended at its start");
        }
        (self.listen, self.admin) = found?;
        self.process = Some(process);
        Ok(())
    }

    /// Ends it without a word, as a node does that is lost.
    pub(in crate::bench) fn kill(&mut self) {
        self.process = None;
    }

    fn pid(&self) -> Result<u32> {
        Ok(self.process.as_ref().context("the control plane does not run")?.pid())
    }

    /// Resident memory, in KiB.
    pub(super) fn resident(&self) -> Result<f64> {
        process::memory(self.pid()?, "VmRSS")
    }

    /// The highest it was since the last [`Plane::forget_peak`], in KiB.
    pub(super) fn peak(&self) -> Result<f64> {
        process::memory(self.pid()?, "VmHWM")
    }

    pub(super) fn forget_peak(&self) -> Result<()> {
        fs::write(format!("/proc/{}/clear_refs", self.pid()?), "5").context("cannot reset the peak of memory")
    }

    /// Seconds of CPU since its start, of all threads that it ever had.
    pub(super) fn cpu(&self) -> Result<f64> {
        process::cpu_with_dead_threads(self.pid()?)
    }

    /// The sum over the series of a metric.
    pub(super) fn metric(&self, name: &str) -> Result<f64> {
        let page = self.page("/metrics")?;
        let lines = page.lines().filter_map(|line| line.strip_prefix(name)).filter(|rest| rest.starts_with([' ', '{']));
        let values: Vec<f64> = lines.filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect();
        // A counter that has not counted is not there.
        Ok(values.iter().sum())
    }

    /// How many sidecars hold what they should, in the control plane's own opinion.
    pub(super) fn current(&self) -> Result<usize> {
        let fleet: Value = serde_json::from_str(&self.page("/fleet")?)?;
        let rows = fleet["sidecars"].as_array().context("no sidecars in /fleet")?;
        Ok(rows.iter().filter(|row| row["current"] == true).count())
    }

    fn page(&self, path: &str) -> Result<String> {
        let mut socket = TcpStream::connect(self.admin)?;
        // 1.0: what comes in parts is not cut into chunks, which nobody here puts together.
        write!(socket, "GET {path} HTTP/1.0\r\nhost: {}\r\n\r\n", self.admin)?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("half an answer")?;
        ensure!(head.starts_with("HTTP/1.0 200"), "{path}: {head}");
        Ok(body.to_owned())
    }
}

//! One real sidecar at a control plane: what it weighs, and how soon it serves what it kept when nobody answers.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::bench::{
    alone::Alone,
    built::release,
    figure::{Figures, Spread},
    fleet::{Folder, Plane, namespace},
    process::{self, Process, wait},
};

/// MiB.
const BINARY_REACH: f64 = 12.0;
const MEMORY_REACH: f64 = 7.0;
/// Milliseconds.
const READY_REACH: f64 = 50.0;
const STARTS: usize = 20;
/// Sidecars for each state. How many pages of its file an idle one has depends on where in memory the kernel put it.
const EACH: usize = 3;
/// What the start needed is given back two seconds after it.
const CALM: Duration = Duration::from_secs(5);
const MIB: f64 = 1024.0 * 1024.0;

pub(super) fn run(alone: &Alone, figures: &mut Figures) -> Result<()> {
    let binary = match &alone.outrigger_sidecar {
        Some(binary) => binary.clone(),
        None => release("outrigger-sidecar")?,
    };
    let here = tempfile::tempdir()?;
    let folder = Folder::create(here.path(), 1, 4)?;
    let mut plane = Plane::new(&alone.control_plane, folder.path(), here.path());
    let tokens = plane.tokens(&[namespace(0)])?;
    fs::write(here.path().join("token"), tokens.first().context("no token")?)?;
    fs::write(here.path().join("ca.pem"), plane.authority()?)?;
    figures.hold(SIDECAR, "size of the binary", "MiB", one(fs::metadata(&binary)?.len() as f64 / MIB), BINARY_REACH);

    let start = |to: SocketAddr, kept: &Path| Linked::start(&binary, here.path(), to, kept);
    // Nobody listens there.
    let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
    let unconnected = (0..EACH).map(|n| start(nobody, &here.path().join(format!("empty-{n}"))));
    let unconnected = unconnected.collect::<Result<Vec<_>>>()?;
    plane.start()?;
    let kept = |n: usize| here.path().join(format!("kept-{n}"));
    let connected = (0..EACH).map(|n| start(plane.listen, &kept(n))).collect::<Result<Vec<_>>>()?;
    for sidecar in &connected {
        sidecar.ready()?;
    }
    thread::sleep(CALM);
    let resident = |all: &[Linked]| {
        let each: Result<Vec<f64>> = all.iter().map(|one| Ok(one.memory("VmRSS")? / 1024.0)).collect();
        Ok::<_, anyhow::Error>(Spread::of(each?))
    };
    figures.hold(SIDECAR, "resident, nobody answers, no policy", "MiB", resident(&unconnected)?, MEMORY_REACH);
    figures.hold(SIDECAR, "resident, connected and idle", "MiB", resident(&connected)?, MEMORY_REACH);
    let own: Result<Vec<f64>> = connected.iter().map(|one| Ok(one.memory("RssAnon")? / 1024.0)).collect();
    figures.add(SIDECAR, "the same, less what is mapped from the binary", "MiB", Spread::of(own?));
    drop((unconnected, connected));

    plane.kill();
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let began = Instant::now();
        let sidecar = start(plane.listen, &kept(0))?;
        sidecar.ready()?;
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    figures.hold(SIDECAR, "spawn to /readyz on a kept policy, nobody answers", "ms", Spread::of(times), READY_REACH);
    Ok(())
}

const SIDECAR: &str = "outrigger-sidecar";

/// A real sidecar.
struct Linked {
    process: Process,
    admin: SocketAddr,
}

impl Linked {
    /// At the control plane `to`, with its last policy in `kept`.
    fn start(binary: &Path, here: &Path, to: SocketAddr, kept: &Path) -> Result<Self> {
        let ready = here.join("sidecar.json");
        let _ = fs::remove_file(&ready);
        let mut command = Command::new(binary);
        command.args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--log", "off"]);
        command.arg("--control-plane").arg(format!("https://{to}")).arg("--state").arg(kept);
        command.arg("--token-file").arg(here.join("token")).arg("--ca-file").arg(here.join("ca.pem"));
        command.arg("--ready-file").arg(&ready);
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = Process::start(&mut command, None, None)?;
        let admin = wait("the sidecar to listen", Duration::from_secs(10), || {
            let json: Value = serde_json::from_str(&fs::read_to_string(&ready).ok()?).ok()?;
            json["admin"].as_str()?.parse().ok()
        })?;
        Ok(Self { process, admin })
    }

    /// Waits until it says that it serves.
    fn ready(&self) -> Result<()> {
        wait("the sidecar to be ready", Duration::from_secs(10), || {
            let mut socket = TcpStream::connect(self.admin).ok()?;
            write!(socket, "GET /readyz HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.admin).ok()?;
            let mut answer = String::new();
            socket.read_to_string(&mut answer).ok()?;
            answer.starts_with("HTTP/1.1 200").then_some(())
        })
    }

    fn memory(&self, line: &str) -> Result<f64> {
        process::memory(self.process.pid(), line)
    }
}

fn one(value: f64) -> Option<Spread> {
    Spread::of([value])
}

//! Starting and ending the process that runs a cluster ([`super::serve`]).

use std::{
    fs,
    io::Read as _,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{build, pki, place::Place};

/// How long all may take to leave.
const LEAVE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(20);

/// A cluster that ends with this value, and with this process however that ends.
#[derive(Debug)]
pub(super) struct Running {
    launcher: Child,
    folder: TempDir,
}

impl Running {
    /// Starts one from the programs in `bin`, and waits until its controllers work: some 5 to 8 s.
    ///
    /// # Errors
    ///
    /// If it does not start; the words end with the last lines of the log of whatever did not.
    pub(super) fn start(bin: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("outrigger-kubernetes-").tempdir()?;
        let launcher = launch(&Place::at(folder.path()), bin, true)?;
        Ok(Self { launcher, folder })
    }

    /// For `OUTRIGGER_TEST_CLUSTER`.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The end of the pipe is what tells it to leave.
        drop(self.launcher.stdin.take());
        let began = Instant::now();
        while matches!(self.launcher.try_wait(), Ok(None)) && began.elapsed() < LEAVE {
            thread::sleep(LOOK);
        }
        let _ = self.launcher.kill();
        let _ = self.launcher.wait();
    }
}

/// `cargo xtask kubernetes up`.
pub(super) fn up(run: &Path) -> Result<()> {
    let place = Place::at(&std::path::absolute(run)?);
    if !place.runs() {
        let bin = build::ensure()?;
        let began = Instant::now();
        launch(&place, &bin, false)?;
        println!("an API server runs, ready after {:.1} s", began.elapsed().as_secs_f64());
    }
    let ready = place.read_ready().context("one is being started there")?;
    println!("export KUBECONFIG={}", place.kubeconfig(pki::ADMIN).display());
    println!("export PATH={}:$PATH", ready["bin"].as_str().unwrap_or_default());
    println!("export OUTRIGGER_TEST_CLUSTER={}", place.folder().display());
    Ok(())
}

/// `cargo xtask kubernetes down`.
pub(super) fn down(run: &Path) -> Result<()> {
    let place = Place::at(run);
    if !place.runs() {
        // What is there was left by one that was killed; a folder that never was one of ours is refused.
        if run.exists() {
            drop(place.claim()?);
            place.remove()?;
        }
        println!("none runs in {}", run.display());
        return Ok(());
    }
    let file = place.pid("launcher");
    let pid = fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok()).and_then(Pid::from_raw);
    let pid = pid.with_context(|| format!("no process is named in {}", file.display()))?;
    // It runs, since the folder is locked, so the number is its own.
    kill_process(pid, Signal::TERM)?;
    let began = Instant::now();
    while place.runs() || run.exists() {
        if began.elapsed() > LEAVE {
            bail!("process {pid} does not leave; its folder is {}", run.display());
        }
        thread::sleep(LOOK);
    }
    println!("ended, and removed {}", run.display());
    Ok(())
}

/// Starts the process and waits until all is there. With a leash it leaves when its standard input closes.
fn launch(place: &Place, bin: &Path, leash: bool) -> Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["kubernetes", "serve", "--run"]).arg(place.folder()).arg("--bin").arg(bin);
    command.args(leash.then_some("--leash")).stdin(if leash { Stdio::piped() } else { Stdio::null() });
    // Nobody's Ctrl-C but by way of the leash: what is told to leave takes its children with it, and in order.
    command.process_group(0).stdout(Stdio::null()).stderr(Stdio::piped()).env("RUST_BACKTRACE", "0");
    let mut launcher = command.spawn()?;
    let mut complaint = launcher.stderr.take().context("no pipe")?;
    while place.read_ready().is_none() {
        if let Some(status) = launcher.try_wait()? {
            let mut said = String::new();
            let _ = complaint.read_to_string(&mut said);
            bail!("no API server ({status}):\n{}", said.trim_end());
        }
        thread::sleep(LOOK);
    }
    Ok(launcher)
}

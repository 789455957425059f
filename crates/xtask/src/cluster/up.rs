//! Starting and ending the process that keeps a cluster ([`super::serve`]).

use std::{
    fs,
    io::Read as _,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{
    images, kit,
    left::{self, Spaces, Traces},
    needs,
};
use crate::kubernetes::place::Place;

/// How long all may take to leave: pods are killed, and the kernel has to forget them.
const LEAVE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);

/// A cluster that ends with this value, and with this process however that ends.
#[derive(Debug)]
pub(super) struct Running {
    launcher: Option<Child>,
    folder: TempDir,
}

impl Running {
    /// Starts one and waits until pods can run.
    ///
    /// # Errors
    ///
    /// If it does not start; the words end with the last lines of the log of whatever did not.
    pub(super) fn start(images: &[PathBuf]) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("outrigger-cluster-").tempdir()?;
        let run = folder.path().join("run");
        let launcher = launch(&Place::at(&run), images, true)?;
        Ok(Self { launcher: Some(launcher), folder })
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    /// Ends it, and says what it has left, one line each.
    pub(super) fn end(mut self) -> Result<Vec<String>> {
        let run = self.folder();
        let (before, spaces) = (Traces::kept(&run).context("nobody has looked before")?, Spaces::of(&run));
        self.leave();
        left::check(&run, &before, spaces.as_ref())
    }

    fn leave(&mut self) {
        let Some(mut launcher) = self.launcher.take() else { return };
        // The end of the pipe is what tells it to leave.
        drop(launcher.stdin.take());
        let began = Instant::now();
        while matches!(launcher.try_wait(), Ok(None)) && began.elapsed() < LEAVE {
            thread::sleep(LOOK);
        }
        let _ = launcher.kill();
        let _ = launcher.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.leave();
    }
}

/// `cargo xtask cluster up`.
pub(super) fn up(run: &Path) -> Result<()> {
    let place = Place::at(run);
    if !place.runs() {
        if let Some(why) = needs::missing() {
            bail!("no cluster here: {why}");
        }
        let kit = kit::ensure()?;
        let images = images::all(&kit)?;
        let began = Instant::now();
        launch(&place, &images, false)?;
        println!("a cluster runs, ready after {:.1} s", began.elapsed().as_secs_f64());
    }
    place.read_ready().context("one is being started there")?;
    println!("cargo xtask cluster kubectl get pods --all-namespaces");
    println!("cargo xtask cluster enter -- bash        # kubectl and helm are on its path");
    println!("cargo xtask cluster images               # after an edit: made and imported again");
    println!("cargo xtask cluster down");
    println!("  images, with imagePullPolicy Never or IfNotPresent: {}", images::names().join(" "));
    println!("  logs: {}", run.join("log").display());
    Ok(())
}

/// `cargo xtask cluster down`.
pub(super) fn down(run: &Path) -> Result<()> {
    let place = Place::at(run);
    let (before, spaces) = (Traces::kept(run), Spaces::of(run));
    if place.runs() {
        let file = place.pid("launcher");
        let pid = fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok()).and_then(Pid::from_raw);
        let pid = pid.with_context(|| format!("no process is named in {}", file.display()))?;
        // It runs, since the folder is locked, so the number is its own.
        kill_process(pid, Signal::TERM)?;
        let began = Instant::now();
        // Its folder is removed after its lock, and by it alone.
        let alive = || fs::read_link(format!("/proc/{}/exe", pid.as_raw_nonzero())).is_ok();
        while place.runs() || alive() {
            if began.elapsed() > LEAVE {
                bail!("process {pid} does not leave; its folder is {}", run.display());
            }
            thread::sleep(LOOK);
        }
        println!("ended in {:.1} s", began.elapsed().as_secs_f64());
    } else {
        println!("none runs in {}", run.display());
    }
    // What is there was left by one that was killed; a folder that never was one of ours is refused.
    super::cgroups::remove(&super::cgroups::name(run))?;
    if run.exists() {
        drop(place.claim()?);
        place.remove()?;
    }
    let Some(before) = before else { return Ok(()) };
    let left = left::check(run, &before, spaces.as_ref())?;
    if !left.is_empty() {
        bail!("something is left:\n  {}", left.join("\n  "));
    }
    println!("nothing is left: no process, mount, control group, network, rule, kernel setting or file");
    Ok(())
}

/// Starts the process and waits until all is there. With a leash it leaves when its standard input closes.
fn launch(place: &Place, images: &[PathBuf], leash: bool) -> Result<Child> {
    let run = place.folder();
    if let Some(hidden) = ["/run", "/var"].into_iter().find(|hidden| run.starts_with(hidden)) {
        bail!("{} is below {hidden}, which the node has of its own: use another folder (--run, TMPDIR)", run.display());
    }
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["cluster", "serve", "--run"]).arg(run);
    for image in images {
        command.arg("--image").arg(image);
    }
    command.args(leash.then_some("--leash")).stdin(if leash { Stdio::piped() } else { Stdio::null() });
    // Nobody's Ctrl-C but by way of the leash: what is told to leave takes its children with it, and in order.
    command.process_group(0).stdout(Stdio::null()).stderr(Stdio::piped()).env("RUST_BACKTRACE", "0");
    let mut launcher = command.spawn()?;
    let mut complaint = launcher.stderr.take().context("no pipe")?;
    let mut shown = 0;
    loop {
        let ready = place.read_ready().is_some();
        let said = fs::read_to_string(place.log("progress")).unwrap_or_default();
        let lines: Vec<&str> = said.lines().collect();
        lines.iter().skip(shown).for_each(|line| println!("{line}"));
        shown = lines.len();
        if ready {
            return Ok(launcher);
        }
        if let Some(status) = launcher.try_wait()? {
            let mut said = String::new();
            let _ = complaint.read_to_string(&mut said);
            bail!("no cluster ({status}); its logs are in {}\n{}", run.join("log").display(), said.trim_end());
        }
        thread::sleep(LOOK);
    }
}

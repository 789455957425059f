//! One program of a cluster: its log, whether it runs, how it ends.

use std::{
    fs::{self, OpenOptions},
    os::unix::process::CommandExt as _,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use super::place::Place;

/// One that ends sooner is not started again at once.
const SHORT_LIFE: Duration = Duration::from_secs(2);

/// What a program is started by: it asks the kernel to be killed with whoever started it, and becomes the program.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The process that starts it.
    #[arg(long)]
    parent: u32,
    /// Program and arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    words: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    // It may have gone before we asked.
    if std::os::unix::process::parent_id() != args.parent {
        bail!("whoever started this is gone");
    }
    let [program, words @ ..] = args.words.as_slice() else { bail!("no program is named") };
    Err(Command::new(program).args(words).exec()).with_context(|| format!("cannot start {program}"))
}

/// A program of a cluster; it is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    place: Place,
    command: Vec<String>,
    child: Child,
    started: Instant,
}

impl Member {
    pub(crate) fn start(name: &'static str, place: &Place, command: Vec<String>) -> Result<Self> {
        let child = spawn(name, place, &command)?;
        Ok(Self { name, place: place.clone(), command, child, started: Instant::now() })
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it has ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Whether it is to be started again now: nobody holds it, and it does not end again and again.
    pub(crate) fn due(&self) -> bool {
        !self.place.hold(self.name).exists() && self.started.elapsed() > SHORT_LIFE
    }

    pub(crate) fn again(&mut self) -> Result<()> {
        self.child = spawn(self.name, &self.place, &self.command)?;
        self.started = Instant::now();
        Ok(())
    }

    /// The last lines that it wrote.
    pub(crate) fn said(&self) -> String {
        let text = fs::read_to_string(self.place.log(self.name)).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        // Nothing that it holds is wanted: no reason to ask.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(name: &str, place: &Place, command: &[String]) -> Result<Child> {
    let log = OpenOptions::new().create(true).append(true).open(place.log(name))?;
    // Not by our name: a build may have replaced us since.
    let own = if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe()? };
    let child = Command::new(own)
        .args(["kubernetes", "member", "--parent", &std::process::id().to_string(), "--"])
        .args(command)
        .env("HOME", place.folder())
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    fs::write(place.pid(name), format!("{}\n", child.id()))?;
    Ok(child)
}

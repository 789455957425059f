//! The process of the sidecars, seen from the benchmark.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{ChildStdin, ChildStdout, Command as Program, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use serde::de::DeserializeOwned;

use super::words::{Command, Counts, Holdings, Setup};
use crate::bench::process::{self, Process};

/// How often they are asked while something is waited for: a look costs them next to nothing.
const EVERY: Duration = Duration::from_millis(5);

/// The sidecars.
#[derive(Debug)]
pub(super) struct Sidecars {
    process: Process,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Sidecars {
    /// They are there; none has connected.
    pub(super) fn start(program: &Path, setup: &Setup) -> Result<Self> {
        let mut command = Program::new(program);
        command.args(["bench-part", "sidecars"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::start(&mut command, None, None)?;
        let (commands, answers) = process.pipes().context("no pipes to the sidecars")?;
        let mut sidecars = Self { process, commands, answers: BufReader::new(answers) };
        sidecars.write(&serde_json::to_string(setup)?)?;
        Ok(sidecars)
    }

    pub(super) fn tell(&mut self, command: Command) -> Result<Counts> {
        self.ask(command)
    }

    pub(super) fn look(&mut self) -> Result<Holdings> {
        self.ask(Command::Look)
    }

    pub(super) fn counts(&mut self) -> Result<Counts> {
        self.ask(Command::Count)
    }

    /// Waits until `done`; answers the counts of then.
    pub(super) fn wait(
        &mut self,
        what: &str,
        limit: Duration,
        mut done: impl FnMut(&Counts) -> bool,
    ) -> Result<Counts> {
        let began = Instant::now();
        loop {
            let counts = self.counts()?;
            if done(&counts) {
                return Ok(counts);
            }
            if began.elapsed() > limit {
                bail!("waited {limit:?} for {what}: {counts:?}");
            }
            thread::sleep(EVERY);
        }
    }

    /// Seconds of CPU since the start.
    pub(super) fn cpu(&self) -> Result<f64> {
        process::cpu_with_dead_threads(self.process.pid())
    }

    fn ask<T: DeserializeOwned>(&mut self, command: Command) -> Result<T> {
        self.write(&serde_json::to_string(&command)?)?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        serde_json::from_str(&line).context("the sidecars reported nothing")
    }

    fn write(&mut self, line: &str) -> Result<()> {
        writeln!(self.commands, "{line}").and_then(|()| self.commands.flush()).context("the sidecars do not listen")
    }
}

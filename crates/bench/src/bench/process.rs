//! Child processes: where they run, what they use, and that none outlives a run.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use super::job::{Job, Outcome};

/// Which core does what. `None` where nothing is pinned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cores {
    pub(crate) proxy: Option<usize>,
    pub(crate) echo: Option<usize>,
    pub(crate) load: Option<usize>,
}

impl Cores {
    /// The proxy under test alone, and the others as far apart as there are cores.
    pub(super) fn of_this_machine() -> Self {
        let count = thread::available_parallelism().map_or(1, |count| count.get());
        match (cfg!(target_os = "linux"), count) {
            (false, _) | (_, 0 | 1) => Self { proxy: None, echo: None, load: None },
            (true, 2) => Self { proxy: Some(0), echo: Some(1), load: Some(1) },
            (true, _) => Self { proxy: Some(0), echo: Some(1), load: Some(2) },
        }
    }

    /// In words.
    pub(super) fn describe(self) -> String {
        match (self.proxy, self.echo, self.load) {
            (Some(proxy), Some(echo), Some(load)) if echo == load => format!(
                "core {proxy}: the proxy under test, alone of ours; core {echo}: upstream, callers and this program share it"
            ),
            (Some(proxy), Some(echo), Some(load)) => {
                format!(
                    "core {proxy}: the proxy under test; core {echo}: upstream; core {load}: callers and this program"
                )
            }
            _ => "nothing is pinned: one core, or not Linux".to_owned(),
        }
    }
}

/// Binds this thread, and every process it starts from now on, to one core.
#[cfg(target_os = "linux")]
pub(super) fn pin(core: Option<usize>) -> Result<()> {
    let Some(core) = core else { return Ok(()) };
    let mut set = rustix::thread::CpuSet::new();
    set.set(core);
    rustix::thread::sched_setaffinity(None, &set).with_context(|| format!("cannot run on core {core}"))
}

/// Elsewhere nothing is bound.
#[cfg(not(target_os = "linux"))]
pub(super) fn pin(_core: Option<usize>) -> Result<()> {
    Ok(())
}

/// A child process; killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts a command on `core`; the calling thread ends up on `back`.
    pub(crate) fn start(command: &mut Command, core: Option<usize>, back: Option<usize>) -> Result<Self> {
        let described = format!("{:?}", command.get_program());
        pin(core)?;
        let child = command.spawn().with_context(|| format!("cannot start {described}"));
        pin(back)?;
        Ok(Self { child: child? })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The address that the process writes first on its standard output.
    pub(crate) fn address(&mut self) -> Result<SocketAddr> {
        let mut line = String::new();
        let out = self.child.stdout.take().context("no pipe from the process")?;
        BufReader::new(out).read_line(&mut line)?;
        line.trim().parse().with_context(|| format!("{line:?} where an address was due"))
    }

    /// Its standard input and output, where they are pipes that nobody has taken yet.
    pub(super) fn pipes(&mut self) -> Option<(ChildStdin, ChildStdout)> {
        Some((self.child.stdin.take()?, self.child.stdout.take()?))
    }

    /// Whether the process has ended.
    pub(super) fn ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The process of the callers.
#[derive(Debug)]
pub(super) struct Callers {
    _process: Process,
    jobs: ChildStdin,
    outcomes: BufReader<ChildStdout>,
}

impl Callers {
    pub(super) fn start(program: &Path, cores: Cores) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(["bench-part", "load"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::start(&mut command, cores.load, cores.load)?;
        let jobs = process.child.stdin.take().context("no pipe to the callers")?;
        let outcomes = BufReader::new(process.child.stdout.take().context("no pipe from the callers")?);
        Ok(Self { _process: process, jobs, outcomes })
    }

    pub(super) fn perform(&mut self, job: &Job) -> Result<Outcome> {
        writeln!(self.jobs, "{}", serde_json::to_string(job)?)?;
        self.jobs.flush()?;
        let mut line = String::new();
        self.outcomes.read_line(&mut line)?;
        serde_json::from_str(&line).context("the callers reported nothing")
    }
}

/// CPU time of a process: the sum over its threads, to the nanosecond. Threads that have ended are not in it; none of
/// the processes under test ends one while it is measured.
pub(super) fn cpu(pid: u32) -> Result<Duration> {
    let mut nanos = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task")).context("CPU time is read from /proc")? {
        let text = fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
        nanos += text.split(' ').next().and_then(|nanos| nanos.parse::<u64>().ok()).unwrap_or_default();
    }
    Ok(Duration::from_nanos(nanos))
}

/// CPU time of a process in seconds, with that of threads that have ended, to the tick.
pub(super) fn cpu_with_dead_threads(pid: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("CPU time is read from /proc")?;
    // The name of the program, in parentheses, may hold anything; behind it are a letter and numbers.
    let numbers = stat.rsplit_once(')').map(|(_, numbers)| numbers.split_whitespace()).context("half a line")?;
    let ticks: u64 = numbers.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    // Of 10 ms on every Linux that is built as usual.
    Ok(ticks as f64 / 100.0)
}

/// A line of `/proc/PID/status` in KiB: `VmRSS`, or `VmHWM`, which is its peak.
pub(crate) fn memory(pid: u32, line: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("memory is read from /proc")?;
    let value = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    let value = value.and_then(|text| text.trim().trim_end_matches("kB").trim().parse().ok());
    value.with_context(|| format!("no {line} in /proc/{pid}/status"))
}

/// Ticks that a core was busy for anybody, and all its ticks.
pub(super) fn busy(core: usize) -> Option<(u64, u64)> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let line = stat.lines().find_map(|line| line.strip_prefix(&format!("cpu{core} ")))?.to_owned();
    let ticks: Vec<u64> = line.split_whitespace().take(8).filter_map(|tick| tick.parse().ok()).collect();
    let all: u64 = ticks.iter().sum();
    Some((all - ticks.get(3)? - ticks.get(4)?, all))
}

/// Waits until `look` finds something.
pub(crate) fn wait<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if begun.elapsed() > limit {
            bail!("waited {limit:?} for {what}");
        }
        thread::sleep(Duration::from_micros(200));
    }
}

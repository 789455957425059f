//! `cargo xtask bench`: what the sidecar adds to a request, on loopback, beside what a bare proxy of the same libraries
//! adds, in one run and in turns.

pub(crate) mod answers;
mod bare;
mod clock;
pub(crate) mod contender;
pub(crate) mod echo;
mod figure;
pub(crate) mod job;
mod lanes;
pub(crate) mod load;
pub(crate) mod part;
pub(crate) mod policy;
pub(crate) mod process;
mod report;
pub(crate) mod request;
mod stage;
pub(crate) mod wire;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setpriority_process, setrlimit};

use self::{
    contender::Contender,
    figure::Figures,
    lanes::{LANES, Lane},
    process::{Callers, Cores, Process},
    report::{LaneReport, Report},
    stage::{Foreign, Stage},
};
use crate::tools;

/// Measures what the sidecar adds to a request.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A smoke run of about a minute: its numbers are worth little.
    #[arg(long)]
    quick: bool,
    /// One lane alone; may be given more than once.
    #[arg(long = "lane", value_name = "NAME")]
    lanes: Vec<String>,
    /// Another proxy in front of the upstream; it runs already. May be given more than once.
    #[arg(long = "peer", value_name = "NAME=URL")]
    peers: Vec<String>,
    /// Port of the upstream, for peers that have to be told; a free one without it.
    #[arg(long, default_value_t = 0, value_name = "PORT")]
    echo_port: u16,
    /// Rounds of each contender in each lane.
    #[arg(long, value_name = "N")]
    repetitions: Option<usize>,
    /// Priority of all processes of the run, from -20 to 19, where others use the machine too; below 0 needs the right.
    #[arg(long, value_name = "NICE", allow_hyphen_values = true)]
    priority: Option<i32>,
    /// A release build of the sidecar; built from this tree without it.
    #[arg(long, value_name = "FILE")]
    outrigger: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let chosen = chosen(args)?;
    raise_open_files()?;
    let (program, binary) = built(args)?;
    let cores = Cores::of_this_machine();
    process::pin(cores.load)?;
    if let Some(nice) = args.priority {
        setpriority_process(None, nice).with_context(|| format!("cannot run at priority {nice}"))?;
    }
    let mut command = Command::new(&program);
    command.args(["bench-part", "echo", "--port", &args.echo_port.to_string()]).stdin(Stdio::null());
    let mut upstream = Process::start(command.stdout(Stdio::piped()), cores.echo, cores.load)?;
    let echo = upstream.address()?;
    let mut contenders = vec![Contender::direct(echo), Contender::bare(&program, echo, cores)?];
    let nginx = Contender::nginx(echo, cores)?;
    let versions = versions(&binary, nginx.is_some())?;
    contenders.extend(nginx);
    let mut stage = Stage {
        cores,
        repetitions: args.repetitions.unwrap_or(if args.quick { 3 } else { 7 }).max(1),
        seconds: if args.quick { 0.25 } else { 0.8 },
        quick: args.quick,
        echo,
        binary,
        callers: Callers::start(&program, cores)?,
        program,
        contenders,
        foreign: Foreign::default(),
    };
    let sidecar = stage.sidecar("sidecar", &["--log=warn"])?;
    stage.contenders.push(sidecar);
    for peer in &args.peers {
        stage.contenders.push(Contender::peer(peer)?);
    }
    for line in &versions {
        println!("{line}");
    }
    println!("{}", cores.describe());
    if let (false, Some(core)) = (args.peers.is_empty(), cores.proxy) {
        println!("peers are not ours to pin: one that was not started with `taskset -c {core}` is not comparable");
    }
    println!("median of {} repetitions (lowest .. highest), contenders in turns", stage.repetitions);

    let lanes = chosen.into_iter().map(|lane| measure(&mut stage, lane)).collect();
    let report = Report {
        versions,
        cores: cores.describe(),
        priority: args.priority,
        repetitions: stage.repetitions,
        quick: args.quick,
        foreign_share: stage.foreign.share(),
        lanes,
    };
    report.print_reach();
    let file = tools::target()?.join("bench.json");
    fs::write(&file, serde_json::to_vec_pretty(&report)?)
        .with_context(|| format!("cannot write {}", file.display()))?;
    println!("written to {}", file.display());
    if let Some(lane) = report.lanes.iter().find(|lane| lane.failure.is_some()) {
        bail!("lane {} failed", lane.lane);
    }
    Ok(())
}

/// Runs a lane; of one that fails, nothing is kept but the reason.
fn measure(stage: &mut Stage, lane: &Lane) -> LaneReport {
    let (begun, before) = (Instant::now(), stage.foreign);
    let mut figures = Figures::of(lane.name);
    let failure = (lane.run)(stage, &mut figures).err().map(|error| format!("{error:#}"));
    let Figures { mut all, mut notes, .. } = figures;
    if failure.is_some() {
        all.clear();
        notes.clear();
    }
    let report = LaneReport {
        lane: lane.name,
        about: lane.about,
        figures: all,
        notes,
        foreign_share: stage.foreign.since(before).share(),
        seconds: begun.elapsed().as_secs_f64(),
        failure,
    };
    report.print();
    report
}

fn chosen(args: &Args) -> Result<Vec<&'static Lane>> {
    if args.lanes.is_empty() {
        return Ok(LANES.iter().filter(|lane| !(args.quick && lane.slow)).collect());
    }
    let find = |name: &String| {
        let names = || LANES.iter().map(|lane| lane.name).collect::<Vec<_>>().join(", ");
        LANES.iter().find(|lane| lane.name == name).with_context(|| format!("no lane {name}; there are: {}", names()))
    };
    args.lanes.iter().map(find).collect()
}

/// This program and the sidecar, both optimized. Two builds: in one, the features of the chores would get into the
/// sidecar.
fn built(args: &Args) -> Result<(PathBuf, PathBuf)> {
    let release = tools::target()?.join("release");
    let program = if cfg!(debug_assertions) {
        tools::succeed(tools::cargo().args(["build", "--quiet", "--release", "-p", "xtask"]))?;
        release.join(format!("xtask{}", env::consts::EXE_SUFFIX))
    } else {
        env::current_exe()?
    };
    Ok((program, sidecar(args.outrigger.as_deref())?))
}

/// The sidecar that was given, or this tree's, built.
pub(crate) fn sidecar(given: Option<&Path>) -> Result<PathBuf> {
    if let Some(binary) = given {
        return Ok(binary.to_owned());
    }
    tools::succeed(tools::cargo().args(["build", "--quiet", "--release", "-p", "outrigger"]))?;
    Ok(tools::target()?.join("release").join(format!("outrigger{}", env::consts::EXE_SUFFIX)))
}

fn versions(binary: &Path, nginx: bool) -> Result<Vec<String>> {
    let mut versions = vec![tools::succeed(Command::new(binary).arg("--version"))?.trim().to_owned()];
    versions.push(tools::succeed(Command::new("rustc").arg("--version"))?.trim().to_owned());
    versions.push(if nginx {
        tools::capture(Command::new("nginx").arg("-v"))?.text.trim().to_owned()
    } else {
        "nginx is not installed: left out".to_owned()
    });
    Ok(versions)
}

/// As many connections as the kernel lets us have; child processes inherit it.
fn raise_open_files() -> Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
        .context("cannot raise the limit of open files")?;
    let files = maximum.unwrap_or(u64::MAX);
    if files < 8_000 {
        bail!("lanes with 1,500 callers need 8,000 open files; this process may have {files}: ulimit -n");
    }
    Ok(())
}

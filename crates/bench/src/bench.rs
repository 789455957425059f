//! `cargo xtask bench`: what the sidecar adds to a request, on loopback, beside what a bare proxy of the same libraries
//! adds, in one run and in turns.

mod alone;
pub(crate) mod answers;
mod bare;
mod built;
mod clock;
pub(crate) mod contender;
pub(crate) mod echo;
mod figure;
pub(crate) mod fleet;
pub(crate) mod job;
mod lanes;
mod listener;
pub(crate) mod load;
pub(crate) mod part;
pub(crate) mod policy;
pub(crate) mod process;
mod report;
pub(crate) mod request;
mod stage;
mod uploads;
pub(crate) mod wire;

use std::{
    cell::Cell,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setpriority_process, setrlimit};

pub(crate) use self::built::sidecar;
use self::{
    alone::Alone,
    built::{control_plane, this_program},
    contender::Contender,
    figure::Figures,
    lanes::{LANES, Lane, Run},
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
    /// A release build of the control plane; built from this tree without it.
    #[arg(long, value_name = "FILE")]
    control_plane: Option<PathBuf>,
    /// A release build of the sidecar that follows a control plane; built from this tree without it.
    #[arg(long, value_name = "FILE")]
    outrigger_sidecar: Option<PathBuf>,
    /// Sidecars of the fleet; 10,000 without it, 500 in a smoke run.
    #[arg(long, value_name = "N")]
    sidecars: Option<usize>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let (alone, staged): (Vec<&Lane>, Vec<&Lane>) =
        chosen(args)?.into_iter().partition(|lane: &&Lane| matches!(lane.run, Run::Alone(_)));
    let sidecars = args.sidecars.unwrap_or(if args.quick { 500 } else { 10_000 });
    raise_open_files(if alone.is_empty() { 0 } else { sidecars })?;
    let program = this_program()?;
    if let Some(nice) = args.priority {
        setpriority_process(None, nice).with_context(|| format!("cannot run at priority {nice}"))?;
    }
    let mut report = Report {
        versions: vec![tools::succeed(Command::new("rustc").arg("--version"))?.trim().to_owned()],
        cores: Cores::of_this_machine().describe(),
        priority: args.priority,
        repetitions: args.repetitions.unwrap_or(if args.quick { 3 } else { 7 }).max(1),
        quick: args.quick,
        foreign_share: None,
        lanes: Vec::new(),
    };
    if !alone.is_empty() {
        let control_plane = control_plane(args.control_plane.as_deref())?;
        report.versions.push(tools::succeed(Command::new(&control_plane).arg("--version"))?.trim().to_owned());
        let stage = Alone {
            program: program.clone(),
            control_plane,
            outrigger_sidecar: args.outrigger_sidecar.clone(),
            sidecars,
            quick: args.quick,
        };
        for lane in alone {
            let work = |figures: &mut Figures| match lane.run {
                Run::Alone(run) => run(&stage, figures),
                Run::Staged(_) => bail!("lane {} is among others", lane.name),
            };
            report.lanes.push(reported(lane, work, || None));
        }
    }
    if !staged.is_empty() {
        on_stage(args, program, staged, &mut report)?;
    }
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

/// The lanes that compare proxies.
fn on_stage(args: &Args, program: PathBuf, lanes: Vec<&'static Lane>, report: &mut Report) -> Result<()> {
    let binary = sidecar(args.outrigger.as_deref())?;
    let cores = Cores::of_this_machine();
    process::pin(cores.load)?;
    let mut command = Command::new(&program);
    command.args(["bench-part", "echo", "--port", &args.echo_port.to_string()]).stdin(Stdio::null());
    let mut upstream = Process::start(command.stdout(Stdio::piped()), cores.echo, cores.load)?;
    let echo = upstream.address()?;
    let mut contenders = vec![Contender::direct(echo), Contender::bare(&program, echo, cores)?];
    let nginx = Contender::nginx(echo, cores)?;
    report.versions.extend(versions(&binary, nginx.is_some())?);
    contenders.extend(nginx);
    let mut stage = Stage {
        cores,
        repetitions: report.repetitions,
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
    for line in &report.versions {
        println!("{line}");
    }
    println!("{}", cores.describe());
    if let (false, Some(core)) = (args.peers.is_empty(), cores.proxy) {
        println!("peers are not ours to pin: one that was not started with `taskset -c {core}` is not comparable");
    }
    println!("median of {} repetitions (lowest .. highest), contenders in turns", stage.repetitions);
    for lane in lanes {
        let before = stage.foreign;
        let (stage, foreign) = (&mut stage, Cell::new(None));
        let work = |figures: &mut Figures| {
            let done = match lane.run {
                Run::Staged(run) => run(stage, figures),
                Run::Alone(_) => bail!("lane {} has no stage", lane.name),
            };
            foreign.set(Some(stage.foreign.since(before).share()));
            done
        };
        report.lanes.push(reported(lane, work, || foreign.get()));
    }
    report.foreign_share = Some(stage.foreign.share());
    Ok(())
}

/// Runs a lane and prints what it found; of one that fails, nothing is kept but the reason.
fn reported(
    lane: &Lane,
    work: impl FnOnce(&mut Figures) -> Result<()>,
    foreign: impl FnOnce() -> Option<f64>,
) -> LaneReport {
    let begun = Instant::now();
    let mut figures = Figures::of(lane.name);
    let failure = work(&mut figures).err().map(|error| format!("{error:#}"));
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
        foreign_share: foreign(),
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

fn versions(binary: &Path, nginx: bool) -> Result<Vec<String>> {
    let mut versions = vec![tools::succeed(Command::new(binary).arg("--version"))?.trim().to_owned()];
    versions.push(if nginx {
        tools::capture(Command::new("nginx").arg("-v"))?.text.trim().to_owned()
    } else {
        "nginx is not installed: left out".to_owned()
    });
    Ok(versions)
}

/// As many connections as the kernel lets us have; child processes inherit it. A process of `sidecars` has one each.
pub(crate) fn raise_open_files(sidecars: usize) -> Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
        .context("cannot raise the limit of open files")?;
    let (files, needed) = (maximum.unwrap_or(u64::MAX), (sidecars as u64 + 500).max(8_000));
    if files < needed {
        bail!("{needed} open files are needed in a process; this one may have {files}: ulimit -n");
    }
    Ok(())
}

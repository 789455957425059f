//! `cargo xtask soak`: a million requests with faults mixed in, every answer checked, and whether the sidecar is
//! afterwards what it was before: the test of K6.

mod ask;
mod callers;
mod check;
mod counters;
mod draw;
mod fit;
mod kind;
mod policy;
mod report;
mod sample;
mod verdict;

use std::{
    env, fs,
    net::SocketAddr,
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use tokio::net::TcpSocket;

use self::{
    ask::Asks,
    callers::Progress,
    report::{Count, Report},
    sample::{Sample, Watch},
    verdict::{Seen, judge},
};
use crate::{
    bench::{
        self,
        contender::{Contender, Setup},
        process::{Cores, Process, wait},
    },
    tools,
};

/// Sends many requests with faults mixed in and looks for what the sidecar keeps of them (K6).
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Requests to send.
    #[arg(long, default_value_t = 1_000_000, value_name = "N")]
    requests: u64,
    /// Sends nothing more after so many minutes; what was sent until then is judged.
    #[arg(long, default_value_t = 20.0, value_name = "MINUTES")]
    minutes: f64,
    /// The same seed sends the same requests.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Requests at one time.
    #[arg(long, default_value_t = 32, value_name = "N")]
    connections: usize,
    /// Seconds between two looks at the sidecar; half of one without it, or less where fewer than 100,000 requests
    /// are sent, down to a tenth.
    #[arg(long, value_name = "SECONDS")]
    every: Option<f64>,
    /// Seconds between two edits of policy.
    #[arg(long, default_value_t = 2.0, value_name = "SECONDS")]
    edit_every: f64,
    /// A release build of the sidecar; built from this tree without it.
    #[arg(long, value_name = "FILE")]
    outrigger: Option<PathBuf>,
}

/// How long the sidecar has to notice an edit, and that its last callers have left.
const SOON: Duration = Duration::from_secs(10);
/// Edits before the first request: each of the further routes has been there once.
const EDITS_BEFORE: u64 = 4;

pub(crate) fn run(args: &Args) -> Result<()> {
    let (passed, failed) = soak(args)?;
    println!("{passed} passed, {failed} failed");
    if failed > 0 {
        // All child processes have ended; nothing comes behind the last line, not even an error in words.
        std::process::exit(1);
    }
    Ok(())
}

/// How many checks passed, and how many failed.
fn soak(args: &Args) -> Result<(usize, usize)> {
    let binary = bench::sidecar(args.outrigger.as_deref())?;
    let version = tools::succeed(Command::new(&binary).arg("--version"))?.trim().to_owned();
    let free = Cores { proxy: None, echo: None, load: None };
    let mut command = Command::new(env::current_exe()?);
    command.args(["bench-part", "echo"]).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut upstream = Process::start(&mut command, None, None)?;
    let upstream_addr = upstream.address()?;
    // Bound, so that nobody else can, and not listening, so that whoever connects is refused.
    let refusing = TcpSocket::new_v4()?;
    refusing.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let closed = refusing.local_addr()?;
    let policy = |edits| policy::text(upstream_addr, closed, edits);
    let setup = Setup { name: "sidecar", binary: &binary, policy: &policy(0), args: &["--log=off"] };
    let sidecar = Contender::sidecar(&setup, free)?;
    println!("{version}: {} requests, seed {}", args.requests, args.seed);

    let mut watch = Watch::new(&sidecar)?;
    let mut editor = Editor { sidecar: &sidecar, policy: &policy, edits: 0 };
    for _ in 0..EDITS_BEFORE {
        editor.edit_and_wait(&mut watch)?;
    }
    let before = watch.look(0.0, 0, editor.edits)?;
    let progress = Arc::new(Progress::new(args.seed, args.requests));
    let (asks, addr, connections) = (Asks::new(&sidecar)?, sidecar.addr, args.connections);
    let calling = {
        let progress = progress.clone();
        thread::spawn(move || callers::run(progress, asks, addr, connections))
    };
    let begun = Instant::now();
    let watched = watch_over(args, &progress, &mut watch, &mut editor, || calling.is_finished());
    progress.stop();
    calling.join().map_err(|_| anyhow::anyhow!("the callers panicked"))??;
    let mut samples = watched?;
    let seconds = begun.elapsed().as_secs_f64();
    // Whoever left is noticed when the sidecar next writes or reads.
    let _ =
        wait("the last request to end", SOON, || watch.counters().ok().filter(|counters| counters.in_flight == 0.0));
    let after = watch.look(begun.elapsed().as_secs_f64(), progress.all_done(), editor.edits)?;

    let (wrong, told) = progress.wrong();
    let done = progress.done();
    let checks = judge(&Seen { before: &before, samples: &samples, after: &after, done, wrong, connections });
    samples.insert(0, before);
    samples.push(after);
    let (requests, kinds, seed) = (done.iter().sum(), Count::of(done), args.seed);
    let report = Report { version, seed, connections, requests, seconds, kinds, samples, wrong: told, checks };
    report.print();
    let file = tools::target()?.join("soak.json");
    fs::write(&file, serde_json::to_vec_pretty(&report)?)
        .with_context(|| format!("cannot write {}", file.display()))?;
    println!("written to {}", file.display());
    Ok(report.count())
}

/// Looks and edits until all requests are done or the time is up.
fn watch_over(
    args: &Args,
    progress: &Progress,
    watch: &mut Watch,
    editor: &mut Editor<'_>,
    finished: impl Fn() -> bool,
) -> Result<Vec<Sample>> {
    let every = args.every.unwrap_or((args.requests as f64 / 200_000.0).clamp(0.1, 0.5));
    let begun = Instant::now();
    let (mut samples, mut next_edit) = (Vec::new(), args.edit_every);
    loop {
        thread::sleep(Duration::from_secs_f64(every.max(0.01)));
        let seconds = begun.elapsed().as_secs_f64();
        if finished() {
            return Ok(samples);
        }
        samples.push(watch.look(seconds, progress.all_done(), editor.edits)?);
        if seconds >= next_edit {
            editor.edit()?;
            next_edit = seconds + args.edit_every;
        }
        if seconds > args.minutes * 60.0 {
            println!("the time is up");
            return Ok(samples);
        }
    }
}

/// Writes one policy after the other.
struct Editor<'a> {
    sidecar: &'a Contender,
    policy: &'a dyn Fn(u64) -> String,
    /// So far.
    edits: u64,
}

impl Editor<'_> {
    fn edit(&mut self) -> Result<()> {
        self.edits += 1;
        self.sidecar.rewrite_policy(&(self.policy)(self.edits))
    }

    fn edit_and_wait(&mut self, watch: &mut Watch) -> Result<()> {
        let former = watch.counters()?;
        self.edit()?;
        let served = wait("an edit of policy to be served", SOON, || {
            watch.counters().ok().filter(|now| now.revision != former.revision || now.policy_problems > 0)
        })?;
        if served.policy_problems > 0 {
            bail!("the sidecar found {} problems in the policy of this soak", served.policy_problems);
        }
        Ok(())
    }
}

//! Where lanes are run: processes, cores, repetitions, and turns.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use anyhow::{Result, bail};

use super::{
    contender::{Contender, Setup},
    figure::Spread,
    job::{Job, Outcome},
    policy, process,
    process::{Callers, Cores},
};

/// Everything a lane needs.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) cores: Cores,
    pub(super) repetitions: usize,
    /// Of one round in lanes that are measured by time.
    pub(super) seconds: f64,
    pub(super) quick: bool,
    pub(super) echo: SocketAddr,
    pub(super) binary: PathBuf,
    /// This program, built for speed.
    pub(super) program: PathBuf,
    pub(super) callers: Callers,
    /// `direct`, `bare`, `nginx` where it is installed, `sidecar`, peers.
    pub(super) contenders: Vec<Contender>,
    pub(super) foreign: Foreign,
}

/// What others did on the core of the proxy while something was measured.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Foreign {
    /// Ticks of anybody, less the CPU time of the proxy, in seconds.
    busy: f64,
    all: f64,
}

impl Foreign {
    /// What came after `earlier`.
    pub(super) fn since(self, earlier: Self) -> Self {
        Self { busy: self.busy - earlier.busy, all: self.all - earlier.all }
    }

    /// Part of the core's time.
    pub(super) fn share(self) -> f64 {
        if self.all > 0.0 { (self.busy / self.all).max(0.0) } else { 0.0 }
    }
}

/// One round of one contender.
#[derive(Clone, Debug, Default)]
pub(super) struct Sample {
    pub(super) outcome: Outcome,
    /// CPU of the proxy per request, in microseconds.
    pub(super) cpu: f64,
    /// CPU of the proxy by wall time of the round: 1 is a core.
    pub(super) load: f64,
    /// Highest resident memory of the proxy that was seen, in KiB.
    pub(super) rss: f64,
}

/// Rounds by contender, in the order they were run.
pub(super) type Rounds = BTreeMap<String, Vec<Sample>>;

impl Stage {
    /// A sidecar on the plain policy.
    pub(super) fn sidecar(&self, name: &str, args: &[&str]) -> Result<Contender> {
        self.sidecar_with(name, &policy::plain(self.echo), args)
    }

    pub(super) fn sidecar_with(&self, name: &str, policy: &str, args: &[&str]) -> Result<Contender> {
        Contender::sidecar(&Setup { name, binary: &self.binary, policy, args }, self.cores)
    }

    /// Contenders that forward as they are told, in turns: A B C, B C A, ...
    pub(super) fn alternate(&mut self, job: impl Fn(&Contender) -> Job) -> Result<Rounds> {
        let contenders = std::mem::take(&mut self.contenders);
        let rounds = self.turns(&contenders.iter().collect::<Vec<_>>(), job);
        self.contenders = contenders;
        rounds
    }

    /// The same with contenders of the lane's own.
    pub(super) fn turns(&mut self, contenders: &[&Contender], job: impl Fn(&Contender) -> Job) -> Result<Rounds> {
        let jobs: Vec<Job> = contenders.iter().map(|contender| job(contender)).collect();
        let mut rounds = Rounds::new();
        for repetition in 0..self.repetitions {
            for turn in 0..contenders.len() {
                let which = (repetition + turn) % contenders.len();
                let sample = self.round(contenders[which], &jobs[which])?;
                rounds.entry(contenders[which].name.clone()).or_default().push(sample);
            }
        }
        Ok(rounds)
    }

    /// One job.
    ///
    /// # Errors
    ///
    /// When a single request was not answered as it should be.
    pub(super) fn round(&mut self, contender: &Contender, job: &Job) -> Result<Sample> {
        let pid = contender.pid();
        let cpu = || pid.map_or(Ok(Duration::ZERO), process::cpu);
        let busy = || self.cores.proxy.and_then(process::busy);
        let over = AtomicBool::new(false);
        let (cpu_before, busy_before, begun) = (cpu()?, busy(), std::time::Instant::now());
        let callers = &mut self.callers;
        let (outcome, rss) = thread::scope(|scope| {
            let over = &over;
            let watch = scope.spawn(move || {
                let mut peak: f64 = 0.0;
                while let Some(pid) = pid.filter(|_| !over.load(Ordering::Relaxed)) {
                    peak = peak.max(process::memory(pid, "VmRSS").unwrap_or_default());
                    thread::sleep(Duration::from_millis(20));
                }
                peak
            });
            let outcome = callers.perform(job);
            over.store(true, Ordering::Relaxed);
            (outcome, watch.join().unwrap_or_default())
        });
        let outcome = outcome?;
        let (cpu, wall) = ((cpu()?.saturating_sub(cpu_before)).as_secs_f64(), begun.elapsed().as_secs_f64());
        if let (Some((before, all_before)), Some((after, all_after))) = (busy_before, busy()) {
            // Ticks are of 10 ms on every Linux that is built as usual.
            self.foreign.busy += (after - before) as f64 / 100.0 - cpu;
            self.foreign.all += (all_after - all_before) as f64 / 100.0;
        }
        if outcome.failed > 0 {
            let why = outcome.first_failure.unwrap_or_default();
            bail!("{}: {} of {} failed: {why}", contender.name, outcome.failed, outcome.failed + outcome.answered);
        }
        if outcome.answered == 0 {
            bail!("{}: nothing was answered", contender.name);
        }
        let requests = (outcome.answered + outcome.warmed) as f64;
        Ok(Sample { cpu: cpu / requests * 1e6, load: cpu / wall, rss, outcome })
    }
}

/// A quantity of a contender's rounds.
pub(super) fn spread(rounds: &Rounds, of: &str, quantity: impl Fn(&Sample) -> f64) -> Option<Spread> {
    Spread::of(rounds.get(of)?.iter().map(quantity))
}

/// What a contender adds to going there directly, round by round.
pub(super) fn added(rounds: &Rounds, of: &str, quantity: impl Fn(&Sample) -> f64) -> Vec<f64> {
    let (Some(ours), Some(direct)) = (rounds.get(of), rounds.get("direct")) else { return Vec::new() };
    ours.iter().zip(direct).map(|(ours, direct)| quantity(ours) - quantity(direct)).collect()
}

/// Round by round. What is not above `least` is no measure for anything.
pub(super) fn ratio(above: &[f64], below: &[f64], least: f64) -> Option<Spread> {
    Spread::of(above.iter().zip(below).map(|(a, b)| if *b > least { a / b } else { f64::NAN }))
}

//! M2: over all replicas the sums are what was seen, each increase once, and never fall.

use std::collections::BTreeMap;

use fastrand::Rng;

use super::*;

const MODELS: u32 = 4;
const SIDECARS: usize = 6;
const REPLICAS: usize = 2;

/// A sidecar as it is, and what its replica has seen of it: the first page and the last.
struct Sidecar {
    process: Process,
    starts: u64,
    streams: u64,
    /// The stream of the last page that was counted.
    paged: u64,
    /// A replica that has not noticed that its stream is over.
    ghost: Option<usize>,
    counts: BTreeMap<u32, u64>,
    at: Option<usize>,
    seen: Option<(BTreeMap<u32, u64>, BTreeMap<u32, u64>)>,
}

impl Sidecar {
    fn new(number: usize) -> Self {
        let process = Process { whose: format!("pod-{number}").into(), instance: "0".into(), started_at_ms: 0 };
        Self { process, starts: 0, streams: 0, paged: 0, ghost: None, counts: BTreeMap::new(), at: None, seen: None }
    }

    fn page(&self) -> String {
        let counts: String = self.counts.iter().map(|(model, count)| unpriced(&format!("m{model}"), *count)).collect();
        let replica = self.at.map_or("none".to_owned(), |at| at.to_string());
        format!("outrigger_link_info{{replica=\"{replica}\",stream=\"{}\"}} 1\n{counts}", self.streams)
    }

    /// What has been seen of it since it was seen first, and is so no more.
    fn close(&mut self) -> u64 {
        let Some((first, last)) = self.seen.take() else { return 0 };
        last.iter().map(|(model, count)| count - first.get(model).unwrap_or(&0)).sum()
    }
}

/// One life of a fleet: what was seen is what stands on the pages of the replicas, after every step.
fn live(seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let mut replicas: Vec<Fleet> = (0..REPLICAS).map(|at| Fleet::new(Limits::default(), &at.to_string())).collect();
    let mut sidecars: Vec<Sidecar> = (0..SIDECARS).map(Sidecar::new).collect();
    let owners = [owner("a"), owner("b")];
    let (mut truth, mut before) = (0, 0.0);
    for step in 0..400 {
        let now = Duration::from_secs(step);
        let number = rng.usize(..SIDECARS);
        let sidecar = &mut sidecars[number];
        let owner = &owners[number % 2];
        match rng.u32(..20) {
            // Traffic.
            0..=7 => *sidecar.counts.entry(rng.u32(..MODELS)).or_default() += rng.u64(1..50),
            // A page.
            8..=14 => {
                let Some(at) = sidecar.at else { continue };
                if let Some(ghost) = sidecar.ghost {
                    // Whoever has not noticed looks as well.
                    see(&mut replicas[ghost], &sidecar.process, &sidecar.page(), now);
                }
                see(&mut replicas[at], &sidecar.process, &sidecar.page(), now);
                if std::mem::replace(&mut sidecar.paged, sidecar.streams) + 1 < sidecar.streams {
                    // For all that anybody here knows another replica had it in between.
                    truth += sidecar.close();
                }
                match &mut sidecar.seen {
                    Some((_, last)) => last.clone_from(&sidecar.counts),
                    None => sidecar.seen = Some((sidecar.counts.clone(), sidecar.counts.clone())),
                }
            }
            // It comes to a replica, or moves to one, which may be the same. The one before may notice late, or remember it.
            15 | 16 => {
                let to = rng.usize(..REPLICAS);
                let before = sidecar.at.replace(to);
                sidecar.streams += 1;
                // One that comes back where it is remembered has been counted elsewhere in between.
                if let Some(ghost) = sidecar.ghost.take().filter(|ghost| *ghost != to) {
                    replicas[ghost].leave(&sidecar.process, now);
                }
                match (before, rng.u32(..3)) {
                    // What it said last is known there, and nobody else has counted.
                    (Some(at), 0) if at == to => replicas[at].away(&sidecar.process),
                    (Some(at), 1) if at != to => {
                        sidecar.ghost = Some(at);
                        truth += sidecar.close();
                    }
                    (Some(at), 2) if at != to => {
                        sidecar.ghost = Some(at);
                        replicas[at].away(&sidecar.process);
                        truth += sidecar.close();
                    }
                    (before, _) => {
                        if let Some(at) = before {
                            replicas[at].leave(&sidecar.process, now);
                        }
                        truth += sidecar.close();
                    }
                }
                replicas[to].join(&sidecar.process, owner, "1", now);
            }
            // Its stream ends.
            17 => {
                if let Some(ghost) = sidecar.ghost.take() {
                    replicas[ghost].leave(&sidecar.process, now);
                }
                if let Some(at) = sidecar.at.take() {
                    replicas[at].leave(&sidecar.process, now);
                }
                truth += sidecar.close();
            }
            // Another process in the same pod.
            18 => {
                if let Some(ghost) = sidecar.ghost.take() {
                    replicas[ghost].leave(&sidecar.process, now);
                }
                sidecar.streams = 0;
                truth += sidecar.close();
                if let Some(at) = sidecar.at.take() {
                    replicas[at].leave(&sidecar.process, now);
                }
                sidecar.starts += 1;
                sidecar.counts.clear();
                sidecar.process.instance = sidecar.starts.to_string().into();
            }
            // The same process counts from nothing, which no sidecar does: what it has come to by the next page is less.
            _ => {
                let Some(at) = sidecar.at else { continue };
                if sidecar.counts.values().all(|count| *count == 0) {
                    continue;
                }
                sidecar.counts.values_mut().for_each(|count| *count = 0);
                let fell = sidecar.seen.as_ref().is_some_and(|(_, last)| last.values().any(|count| *count > 0));
                see(&mut replicas[at], &sidecar.process, &sidecar.page(), now);
                sidecar.paged = sidecar.streams;
                if fell {
                    truth += sidecar.close();
                }
                sidecar.seen = Some((sidecar.counts.clone(), sidecar.counts.clone()));
            }
        }
        let open: u64 = sidecars
            .iter()
            .filter_map(|sidecar| sidecar.seen.as_ref())
            .flat_map(|(first, last)| last.iter().map(|(model, count)| count - first.get(model).unwrap_or(&0)))
            .sum();
        replicas.iter_mut().for_each(|fleet| fleet.expire(now));
        let sum: f64 = replicas.iter().filter_map(|fleet| shown(fleet, UNPRICED, "")).sum();
        assert_eq!(sum, (truth + open) as f64, "seed {seed}, step {step}");
        assert!(sum >= before, "seed {seed}, step {step}");
        before = sum;
    }
    assert!(before > 0.0, "seed {seed}: nothing was added up");
}

/// M2: with sidecars that come, go, start anew, move between two replicas and count from nothing again.
#[test]
fn the_sum_over_replicas_is_what_was_seen_and_never_falls() {
    (0..60).for_each(live);
}

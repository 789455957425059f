use std::{collections::BTreeMap, time::SystemTime};

use outrigger_catalog::Catalog;
use outrigger_compile::{Workload, World};

use super::*;
use crate::{fleet::Fleet, identity::Account, metrics::Metrics, publish::Publisher};

const INTERVAL: Duration = Duration::from_secs(16);

/// A fleet whose sidecars come and go, and the rows of it.
struct Plane {
    fleet: Arc<Fleet>,
    publisher: Publisher,
    rows: Rows,
}

impl Plane {
    fn new() -> Self {
        let (fleet, metrics) = (Arc::new(Fleet::default()), Arc::new(Metrics::new().unwrap()));
        let publisher = Publisher::new(Arc::new(Catalog::embedded()), fleet.clone(), metrics);
        publisher.publish(Arc::new(World::default()));
        Self { fleet, publisher, rows: Rows::new(INTERVAL) }
    }

    fn sidecar(&self, instance: &str) -> Arc<Connection> {
        let (namespace, service_account) = ("shop".to_owned(), "default".to_owned());
        let workload = Workload { namespace, service_account, labels: BTreeMap::new() };
        let subscription = self.publisher.subscribe(workload).unwrap();
        let now = SystemTime::UNIX_EPOCH;
        let token = Token { expires: now, id: "t".into(), stands: Stands::Key("k".into()) };
        let connection = self.fleet.join(token, Seat { subscription, account: Account::default() }, None);
        let (instance_id, version) = (instance.to_owned(), "1".to_owned());
        connection.introduce(Hello { instance_id, version, started_at_ms: 0, probe_port: None }, now);
        connection
    }

    /// A round: how many are news, and who has left.
    fn round(&mut self, now: u64) -> (usize, Left) {
        let now = Duration::from_secs(now);
        self.rows.begin();
        let news = |it: &Arc<Connection>| self.rows.see(it, now, || 1.0).is_some();
        let news = self.fleet.connections().iter().map(news).filter(|news| *news).count();
        (news, self.rows.end(now))
    }

    /// Whose turn it is.
    fn turns(&mut self, now: u64) -> Vec<Process> {
        self.rows.line_up(Duration::from_secs(now));
        std::iter::from_fn(|| self.rows.next()).map(|due| due.process).collect()
    }

    fn done(&mut self, process: &Process, outcome: Outcome, now: u64) -> bool {
        self.rows.done(process, outcome, Duration::from_secs(now), 1.0)
    }
}

#[test]
fn each_is_asked_soon_and_then_once_in_an_interval() {
    let mut plane = Plane::new();
    let (_a, _b) = (plane.sidecar("a"), plane.sidecar("b"));
    assert_eq!(plane.round(0).0, 2);
    assert_eq!((plane.turns(0).len(), plane.turns(1).len()), (0, 2));
    // Nobody is asked twice at one time.
    assert_eq!(plane.turns(1).len(), 0);
    let all: Vec<Process> = plane.rows.rows.keys().cloned().collect();
    all.iter().for_each(|process| assert!(!plane.done(process, Outcome::Ok, 1)));
    assert_eq!((plane.round(2).0, plane.turns(16).len(), plane.turns(17).len()), (0, 0, 2));
}

#[test]
fn one_that_fails_is_asked_less_and_less_and_is_not_known_after_three_times() {
    let mut plane = Plane::new();
    let _a = plane.sidecar("a");
    plane.round(0);
    let process = plane.turns(1).remove(0);
    let (mut now, mut waits, mut silent) = (1, Vec::new(), Vec::new());
    for _ in 0..6 {
        silent.push(plane.done(&process, Outcome::Late, now));
        let begun = now;
        while plane.turns(now).is_empty() {
            now += 1;
        }
        waits.push(now - begun);
    }
    assert_eq!(waits, [16, 32, 64, 128, 128, 128]);
    assert_eq!(silent, [false, false, true, false, false, false]);
    // It answers again, and is one like the others.
    assert!(!plane.done(&process, Outcome::Ok, now));
    assert!(plane.turns(now + 15).is_empty() && plane.turns(now + 16).len() == 1);
}

#[test]
fn one_that_has_not_heard_yet_that_it_is_ours_is_asked_again_soon() {
    let mut plane = Plane::new();
    let _a = plane.sidecar("a");
    plane.round(0);
    let process = plane.turns(1).remove(0);
    assert!(!plane.done(&process, Outcome::Elsewhere, 1));
    assert_eq!(plane.turns(2).len(), 1);
    assert!(!plane.done(&process, Outcome::Elsewhere, 2));
    assert_eq!(plane.turns(3).len(), 0);
}

#[test]
fn one_that_leaves_is_remembered_for_a_minute_and_two_streams_of_one_process_are_one() {
    let mut plane = Plane::new();
    let a = plane.sidecar("a");
    plane.round(0);
    drop(a);
    let left = plane.round(1).1;
    assert_eq!((left.away.len(), left.gone.len(), plane.turns(2).len()), (1, 0, 0));
    // It comes back by two streams, of which one is over and nobody has noticed.
    let both = [plane.sidecar("a"), plane.sidecar("a")];
    assert_eq!(plane.round(3).0, 1);
    let due = {
        plane.rows.line_up(Duration::from_secs(9));
        plane.rows.next().unwrap()
    };
    assert_eq!((due.connection.id, plane.turns(9).len()), (both[1].id, 0));
    drop((due, both));
    assert_eq!(plane.round(10).1.away.len(), 1);
    assert_eq!(plane.round(70).1.gone.len(), 0);
    assert_eq!((plane.round(71).1.gone.len(), plane.rows.rows.len()), (1, 0));
}

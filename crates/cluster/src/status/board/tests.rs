//! Hours of a cluster's life, by a clock of their own.

use outrigger_compile::{Cause, Severity, Unreadable};
use outrigger_crd::ModelRoute;

use super::{
    super::counts::{Counts, Reach},
    *,
};

/// An API server, and the replica that writes.
struct Cluster {
    board: Board,
    world: World,
    observed: Vec<Observed>,
    problems: Vec<Problem>,
    version: u64,
    /// In tenths of a second.
    now: u64,
    /// Of each object, when it was written and what `Programmed` said.
    patches: Vec<(String, u64, String)>,
    /// How many tenths of a second the watch is behind.
    behind: u64,
}

fn route(name: &str) -> ObjectRef {
    ObjectRef { kind: Kind::ModelRoute, namespace: "demo".to_owned(), name: name.to_owned() }
}

fn counts(generation: i64, total: u32, current: u32) -> Counts {
    Counts { generation: Some(generation), total, current, ..Counts::default() }
}

fn tally(all: &[(&str, Counts)]) -> Tally {
    let mut tally = Tally::default();
    all.iter().for_each(|(name, counts)| tally.add([(&route(name), counts)]));
    tally
}

impl Cluster {
    fn new(routes: &[&str]) -> Self {
        let of = |name: &&str| {
            let mut route = ModelRoute::new(name, outrigger_crd::ModelRouteSpec::default());
            route.metadata.namespace = Some("demo".to_owned());
            route.metadata.generation = Some(1);
            route
        };
        let seen = |name: &&str| Observed {
            object: route(name),
            uid: format!("uid-{name}"),
            generation: 1,
            version: "1".to_owned(),
            manager: String::new(),
            status: Status::default(),
        };
        let world = World { routes: routes.iter().map(of).collect(), ..World::default() };
        let mut new = Self {
            board: Board::default(),
            world,
            observed: routes.iter().map(seen).collect(),
            problems: Vec::new(),
            version: 1,
            now: 0,
            patches: Vec::new(),
            behind: 3,
        };
        new.compiled();
        new.watched();
        new
    }

    fn time(&self) -> (Duration, Timestamp) {
        let now = Duration::from_millis(100 * self.now);
        (now, Timestamp::new(1_800_000_000, 0).unwrap() + now)
    }

    /// What the objects mean is known.
    fn compiled(&mut self) {
        let (now, wall) = self.time();
        self.board.set_world(Arc::new(self.world.clone()), self.problems.clone(), now, wall);
    }

    /// What the watch brings.
    fn watched(&mut self) {
        let (now, wall) = self.time();
        self.board.set_observed(&self.observed, now, wall);
    }

    fn edit(&mut self, name: &str) {
        self.version += 1;
        let route = self.world.routes.iter_mut().find(|it| it.metadata.name.as_deref() == Some(name)).unwrap();
        route.metadata.generation = route.metadata.generation.map(|it| it + 1);
        let seen = self.observed.iter_mut().find(|it| it.object.name == name).unwrap();
        seen.generation += 1;
        seen.version = self.version.to_string();
        self.watched();
        self.compiled();
    }

    fn tell(&mut self, tally: Tally) {
        let (now, wall) = self.time();
        self.board.set_tally(Arc::new(tally), now, wall);
    }

    /// A tenth of a second.
    fn tick(&mut self) {
        let (now, wall) = self.time();
        let stale = self.observed.clone();
        for Job { object, uid, before, status } in self.board.due(now, wall) {
            let seen = self.observed.iter_mut().find(|it| it.object == object).unwrap();
            assert_ne!(seen.status, status, "a patch that changes nothing");
            assert_eq!((&seen.status, &seen.uid), (&before, &uid));
            self.version += 1;
            seen.version = self.version.to_string();
            seen.status = status.clone();
            let programmed = status.conditions.iter().find(|it| it.type_ == "Programmed");
            let said = programmed.map_or_else(String::new, |it| format!("{}: {}", it.reason, it.message));
            self.patches.push((object.name.clone(), self.now, said));
            let seen = seen.clone();
            self.board.done(&object, Outcome::Written, Some(seen), (now, wall), 0.5);
        }
        // The watch is behind: it brings what was before the write.
        if stale != self.observed {
            self.board.set_observed(&stale, now, wall);
        }
        if self.now.is_multiple_of(self.behind) {
            self.watched();
        }
        self.now += 1;
    }

    fn run(&mut self, seconds: u64) {
        (0..10 * seconds).for_each(|_| self.tick());
    }

    fn said(&self) -> Vec<&str> {
        self.patches.iter().map(|(_, _, said)| said.as_str()).collect()
    }
}

#[test]
fn pods_that_come_and_go_for_an_hour_are_at_most_sixty_patches() {
    let mut cluster = Cluster::new(&["r"]);
    for at in 0..3600 {
        // Now and then the counts are taken while somebody has not answered yet.
        let total = 400 + u32::try_from(at * 7 % 23).unwrap();
        let current = if at % 5 == 0 { total - 1 } else { total };
        cluster.tell(tally(&[("r", counts(1, total, current))]));
        cluster.run(1);
    }
    assert!((30..=60).contains(&cluster.patches.len()), "{}", cluster.patches.len());
}

#[test]
fn only_the_counts_of_pods_that_come_and_go_are_at_most_sixty_patches() {
    let mut cluster = Cluster::new(&["r"]);
    for at in 0..3600 {
        let total = 400 + u32::try_from(at * 7 % 23).unwrap();
        cluster.tell(tally(&[("r", counts(1, total, total))]));
        cluster.run(1);
    }
    assert!((50..=60).contains(&cluster.patches.len()), "{}", cluster.patches.len());
}

#[test]
fn ten_thousand_sidecars_that_take_an_edit_are_at_most_four_patches() {
    for took in [2, 10, 30, 55] {
        let mut cluster = Cluster::new(&["r"]);
        cluster.tell(tally(&[("r", counts(1, 10_000, 10_000))]));
        cluster.run(120);
        cluster.patches.clear();
        // The replica sees the edit first, then its sidecars take it one after the other.
        cluster.edit("r");
        cluster.tick();
        for at in 0..=10 * took {
            let current = u32::try_from(10_000 * at / (10 * took)).unwrap();
            cluster.tell(tally(&[("r", counts(2, 10_000, current))]));
            cluster.tick();
        }
        cluster.run(60);
        let said = cluster.said();
        assert!(said.len() <= 4, "{took} s: {said:?}");
        assert_eq!(said.last(), Some(&"Programmed: 10000 of 10000 sidecars"), "{took} s: {said:?}");
        // Said within two seconds of its being so.
        let last = cluster.patches.last().unwrap().1;
        assert!(last <= 1200 + 10 * took + 25, "{took} s: {last}");
    }
}

#[test]
fn what_is_rejected_is_said_within_seconds() {
    let mut cluster = Cluster::new(&["r"]);
    cluster.tell(tally(&[("r", counts(1, 3, 3))]));
    cluster.run(600);
    cluster.patches.clear();
    let rejected = Counts { rejected: 1, rejection: "malformed".to_owned(), ..counts(1, 3, 2) };
    cluster.tell(tally(&[("r", rejected)]));
    cluster.run(3);
    assert_eq!(cluster.said(), ["Rejected: 1 of 3 sidecars: malformed"]);
}

#[test]
fn who_leads_next_writes_nothing_that_is_there() {
    let mut cluster = Cluster::new(&["r", "s"]);
    let told = || tally(&[("r", counts(1, 3, 3)), ("s", counts(1, 3, 2))]);
    cluster.tell(told());
    cluster.run(10);
    assert_eq!(cluster.patches.len(), 2);
    // Another replica, which knows nothing of its sidecars for a moment.
    let mut next = Cluster { board: Board::default(), patches: Vec::new(), ..cluster };
    next.tell(Tally::new(Reach::Settling));
    next.watched();
    next.compiled();
    next.run(10);
    next.tell(told());
    next.run(300);
    assert_eq!(next.said(), [""; 0]);
}

#[test]
fn what_is_deleted_or_made_anew_is_no_trouble() {
    let mut cluster = Cluster::new(&["r", "s"]);
    cluster.tell(tally(&[("r", counts(1, 3, 3)), ("s", counts(1, 3, 3))]));
    cluster.tick();
    cluster.world.routes.retain(|it| it.metadata.name.as_deref() != Some("r"));
    cluster.observed.retain(|it| it.object.name != "r");
    cluster.watched();
    cluster.compiled();
    cluster.run(10);
    assert_eq!(cluster.patches.len(), 1);
    // Another of the same name has no status yet, whatever was written of the first.
    let again = Cluster::new(&["s"]).observed.pop().unwrap();
    cluster.observed = vec![Observed { uid: "another".to_owned(), ..again }];
    cluster.watched();
    cluster.run(10);
    assert_eq!(cluster.patches.len(), 2);
}

#[test]
fn what_could_not_be_read_is_told_by_its_own_generation() {
    let mut cluster = Cluster::new(&["r"]);
    let unread = Unreadable { object: route("r"), reason: "unknown field".to_owned(), aliases: Vec::new() };
    cluster.world = World { unreadable: vec![unread], ..World::default() };
    cluster.observed[0].generation = 7;
    cluster.watched();
    cluster.compiled();
    cluster.tell(tally(&[("r", Counts { generation: None, held: 2, ..counts(0, 2, 0) })]));
    cluster.run(5);
    let status = &cluster.observed[0].status;
    assert_eq!(status.observed_generation, Some(7));
    assert_eq!(status.conditions[0].message, "it cannot be read: unknown field");
    assert_eq!(status.conditions[1].reason, "Held");
}

/// What a problem says of one object is said of that one.
#[test]
fn problems_are_told_to_their_objects() {
    let mut cluster = Cluster::new(&["r", "s"]);
    cluster.problems = vec![Problem {
        object: route("s"),
        field: "spec.targets".to_owned(),
        reason: "is empty".to_owned(),
        severity: Severity::Error,
        cause: Cause::Spec,
    }];
    cluster.compiled();
    cluster.tell(tally(&[("r", counts(1, 1, 1)), ("s", counts(1, 1, 1))]));
    cluster.run(5);
    let accepted = |at: usize| cluster.observed[at].status.conditions[0].message.clone();
    assert_eq!((accepted(0).as_str(), accepted(1).as_str()), ("the spec is valid", "spec.targets: is empty"));
}

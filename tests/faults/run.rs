//! One misbehaviour on all its surfaces: a sidecar, a provider for each surface with and without a second one, all at once,
//! and what holds when they are through.

use std::{
    io,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    aftermath::aftermath,
    harness::{Answer, MODEL, Policy, Provider, Route, Sidecar, UPSTREAM_MODEL},
    misbehaviours::Row,
    peer::{Asked, KEY, LONG, Peer, authority},
    report::{self, Cell, Verdict},
    surfaces::{SURFACES, Surface},
    verdict::{Class, Saw, judge},
};

/// The limits of routes: far above what an answer takes, on a busy machine too; and that which a row waits for, in seconds.
fn timeouts(row: &Row) -> String {
    let limit = |code: &str, due: u32, else_: u32| if row.waits_for(code) { due } else { else_ };
    let (connect, idle) = (limit("connect_timeout", 1, 6), limit("idle_timeout", 1, 6));
    let first = limit("first_token_timeout", 2, 8);
    format!("connect: {connect}s, firstToken: {first}s, answer: {first}s, idle: {idle}s, total: 15s")
}

/// The longest that any answer may take: less than the limit of all of it.
const BOUND: Duration = Duration::from_secs(14);

/// One surface with or without a second target.
pub struct Place {
    pub surface: Surface,
    class: Class,
    pub second: bool,
    pub route: String,
    pub bad: Peer,
}

/// Runs a row on every surface; `place` and `name` are those of its test.
pub async fn on_every_surface(place: &str, name: &str, row: Row) {
    let mut places = Vec::new();
    let mut fine = Vec::new();
    for surface in SURFACES {
        fine.push(Peer::good(*surface).await);
        let class = row.class(surface);
        for second in [true, false].into_iter().filter(|_| class != Class::Absent) {
            let route = format!("r{}", places.len());
            let bad = Peer::start(row.door, row.when, row.play, Asked { surface: *surface, who: "bad" }).await;
            places.push(Place { surface: *surface, class, second, route, bad });
        }
    }
    let (folder, setup) = trusting(policy(&row, &places, &fine));
    let mut sidecar = setup.start().await;
    let asking: Vec<_> =
        places.iter().map(|place| tokio::spawn(ask(sidecar.client(), row.clone(), place.request(&row)))).collect();
    let mut cells = Vec::new();
    for (asked, place) in asking.into_iter().zip(&places) {
        cells.push(place.cell(&row, asked.await.unwrap()));
    }
    let left = aftermath(&mut sidecar, &places, &cells, row.load * row.turns).await;
    // With its log, which is long: what went wrong is told below.
    drop((sidecar, folder));
    report::write(place, name, &cells);
    let mut failed: Vec<String> = left;
    for cell in &cells {
        if let Verdict::Failed(why) = &cell.verdict {
            failed.push(format!("{}, {}: {}: {why}", cell.surface, company(cell.second), cell.saw));
        }
    }
    assert!(!cells.is_empty(), "{name} meets no surface");
    assert!(failed.is_empty(), "{name}:\n{}", failed.join("\n"));
}

/// Whether another target stood ready, in words.
pub fn company(second: bool) -> &'static str {
    if second { "with a second" } else { "alone" }
}

/// A sidecar that trusts our authority, and says all that it has to say.
fn trusting(policy: Policy) -> (TempDir, crate::harness::Setup) {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, &authority().pem).unwrap();
    let setup = Sidecar::setup(policy).arg("--upstream-ca").arg(ca).arg("--log").arg("debug");
    (folder, setup)
}

/// A provider and a route for each place; for each surface a provider `f0`, `f1` ... that is good, and a route `g0` to it.
fn policy(row: &Row, places: &[Place], fine: &[Peer]) -> Policy {
    let route = |route: Route, targets: &[&str]| {
        // One call of each target: what is asked again is another story.
        let failover = format!("attempts: {}, maxWait: 50ms", targets.len());
        let targets = targets.iter().enumerate();
        let route = targets.fold(route, |route, (priority, provider)| {
            route.target(&format!("model: {MODEL}, provider: {provider}, priority: {priority}"))
        });
        route.timeouts(&timeouts(row)).failover(&failover).spec("stickiness: {mode: Off}")
    };
    let provider = |surface: &Surface| {
        let preset = surface.spoken.preset();
        move |provider: Provider| {
            let prices = "prices: {input: \"1\", output: \"2\"}";
            let model = format!("model: {MODEL}, upstreamName: {UPSTREAM_MODEL}, {prices}");
            provider.preset(preset).credential("main", KEY, 1).model_spec(&model)
        }
    };
    let mut policy = Policy::new();
    for (at, (surface, peer)) in SURFACES.iter().zip(fine).enumerate() {
        let name = format!("f{at}");
        policy = policy.provider_with(&name, peer.base_url(), provider(surface));
        policy = policy.route_with(&format!("g{at}"), &[], |empty| route(empty, &[&name]));
    }
    for place in places {
        let name = format!("b{}", place.route);
        let at = SURFACES.iter().position(|surface| surface.name == place.surface.name).unwrap();
        let second = format!("f{at}");
        policy = policy.provider_with(&name, place.bad.base_url(), provider(&place.surface));
        let targets: &[&str] = if place.second { &[&name, &second] } else { &[&name] };
        policy = policy.route_with(&place.route, &[], |empty| route(empty, targets));
    }
    policy
}

/// A request ready to be sent: path, content type, body.
type Request = (&'static str, String, String);

/// What came of each of the requests of a place, and how long the longest took.
type Asking = (Vec<io::Result<Answer>>, Duration);

async fn ask(client: crate::harness::Client, row: Row, (path, kind, body): Request) -> Asking {
    let begun = Instant::now();
    let client = client.header("content-type", &kind);
    let mut answers = Vec::new();
    for _ in 0..row.turns {
        let calls: Vec<_> = (0..row.load)
            .map(|_| {
                let (client, body) = (client.clone(), body.clone());
                tokio::spawn(async move {
                    let answer = tokio::time::timeout(LONG, client.try_post(path, body)).await;
                    answer.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
                })
            })
            .collect();
        for call in calls {
            answers.push(call.await.unwrap_or_else(|error| Err(io::Error::other(error))));
        }
    }
    (answers, begun.elapsed())
}

impl Place {
    fn request(&self, row: &Row) -> Request {
        let (kind, body) = self.surface.caller.request(&self.route, self.surface.streamed, row.upload);
        (self.surface.caller.path(), kind, body)
    }

    fn cell(&self, row: &Row, (answers, took): Asking) -> Cell {
        let mut faults = Vec::new();
        let (mut words, mut attempts) = (Vec::new(), 0);
        for answer in answers {
            match answer {
                Err(error) => faults.push(format!("no answer: {error}")),
                Ok(answer) => {
                    let judged = |class| judge(class, &self.surface, self.second, &answer);
                    let mut saw: Saw = judged(self.class);
                    if let Some(other) = row.or.filter(|_| !saw.faults.is_empty()) {
                        let other = judged(other);
                        saw = if other.faults.is_empty() { other } else { saw };
                    }
                    attempts += saw.attempts;
                    if !saw.faults.is_empty() {
                        faults.push(format!("{}: {}", saw.faults.join("; "), excerpt(&answer.text())));
                    }
                    if !words.contains(&saw.words) {
                        words.push(saw.words);
                    }
                }
            }
        }
        if took > BOUND {
            faults.push(format!("it took {took:?}"));
        }
        let known = row.known(&self.surface);
        let verdict = match (faults.is_empty(), known) {
            (true, None) => Verdict::Passed,
            (false, Some(why)) => Verdict::Known(why),
            (true, Some(why)) => Verdict::Failed(format!("it is as it should be: strike out what is known: {why}")),
            (false, None) => Verdict::Failed(faults.join("; ")),
        };
        let saw = words.join(", ");
        Cell { surface: self.surface.name, second: self.second, saw, attempts, took, verdict }
    }
}

/// The beginning of a text.
fn excerpt(text: &str) -> String {
    text.chars().take(700).collect()
}

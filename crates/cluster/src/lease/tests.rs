//! Two replicas and an API server, by a clock that can be waited for.

use super::*;
use crate::testing::{Gate, Server, Way};

struct Replica {
    lease: Option<Lease>,
    leading: watch::Receiver<bool>,
    gate: Gate,
}

impl Replica {
    fn new(server: &Server, name: &str) -> Self {
        let gate = Gate::default();
        let lease = Lease::contend(server.client_behind(gate.clone()), "system", CONTROL_PLANE, holder(name, 7));
        Self { leading: lease.leading(), lease: Some(lease), gate }
    }

    fn leads(&self) -> bool {
        self.lease.is_some() && *self.leading.borrow()
    }
}

/// Who leads in each tenth of a second: never two.
async fn watch(replicas: &[&Replica], time: Duration) -> Vec<Option<usize>> {
    let mut seen = Vec::new();
    for _ in 0..time.as_millis() / 100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let leading: Vec<usize> = (0..replicas.len()).filter(|at| replicas[*at].leads()).collect();
        assert!(leading.len() < 2, "two lead");
        seen.push(leading.first().copied());
    }
    seen
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Tenths of a second in which nobody leads.
fn nobody(seen: &[Option<usize>]) -> usize {
    seen.iter().filter(|one| one.is_none()).count()
}

#[tokio::test(start_paused = true)]
async fn one_leads_and_goes_on_leading() {
    let server = Server::default();
    let (first, second) = (Replica::new(&server, "a"), Replica::new(&server, "b"));
    let seen = watch(&[&first, &second], seconds(600)).await;
    assert!(nobody(&seen) < 20, "{}", nobody(&seen));
    let leader = seen.last().unwrap();
    assert!(seen[20..].iter().all(|one| one == leader));
    // One call in five seconds of one, in two of the other.
    let calls = [http::Method::PUT, http::Method::GET].map(|method| server.calls(&method).len());
    assert!(calls[0] <= 140 && calls[1] <= 310, "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn the_other_takes_over_from_one_that_died() {
    let server = Server::default();
    let mut first = Replica::new(&server, "a");
    watch(&[&first], seconds(3)).await;
    let second = Replica::new(&server, "b");
    watch(&[&first, &second], seconds(60)).await;
    assert!(first.leads());
    drop(first.lease.take());
    let seen = watch(&[&first, &second], seconds(20)).await;
    assert!((100..=180).contains(&nobody(&seen)), "{}", nobody(&seen));
    assert!(second.leads());
}

#[tokio::test(start_paused = true)]
async fn the_other_takes_over_at_once_from_one_that_leaves() {
    let server = Server::default();
    let mut first = Replica::new(&server, "a");
    watch(&[&first], seconds(3)).await;
    let second = Replica::new(&server, "b");
    watch(&[&first, &second], seconds(60)).await;
    first.lease.take().unwrap().release().await;
    let seen = watch(&[&first, &second], seconds(10)).await;
    assert!(nobody(&seen) <= 30 && second.leads(), "{}", nobody(&seen));
}

/// It stops before another may begin, whether its calls get lost or the answers do.
#[tokio::test(start_paused = true)]
async fn one_that_is_cut_off_stops_before_another_begins() {
    for way in [Way::Shut, Way::Mute] {
        let server = Server::default();
        let first = Replica::new(&server, "a");
        watch(&[&first], seconds(3)).await;
        let second = Replica::new(&server, "b");
        watch(&[&first, &second], seconds(60)).await;
        first.gate.set(way);
        let seen = watch(&[&first, &second], seconds(60)).await;
        let gap = nobody(&seen);
        // Of a renewal that arrives it does not know the version, so that there is no second one.
        assert!((30..=140).contains(&gap) && second.leads(), "{way:?}: {gap}");
        // Back again, it does not take it away from another.
        first.gate.set(Way::Open);
        let seen = watch(&[&first, &second], seconds(60)).await;
        assert!(nobody(&seen) == 0 && second.leads(), "{way:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_refuses_for_a_while_costs_the_lead_and_no_more() {
    let server = Server::default();
    let first = Replica::new(&server, "a");
    watch(&[&first], seconds(30)).await;
    server.fail(Some(http::StatusCode::FORBIDDEN));
    let seen = watch(&[&first], seconds(60)).await;
    assert!((40..=110).contains(&seen.iter().filter(|one| one.is_some()).count()));
    server.fail(None);
    watch(&[&first], seconds(5)).await;
    assert!(first.leads());
}

use std::time::Duration;

use outrigger_route::{
    Ask, Standing, Target,
    plan::plan,
    snapshot::{Operations, Provider, RouteTarget},
    words::{Modalities, Parameters, Quantization},
};
use outrigger_wire::{AuthScheme, Dialect, Dialects};

use super::*;
use crate::metrics::Metrics;

struct Unmeasured;

impl outrigger_route::Signals for Unmeasured {
    fn standing(&self, _: &Target, _: Duration) -> Standing {
        Standing::default()
    }
}

fn target(slot: u32, model: &str) -> Arc<Target> {
    let provider = Provider {
        name: "ns/p".into(),
        slug: "p".into(),
        short_name: "p".into(),
        display: "P".into(),
        dialects: Dialects::only(Dialect::ChatCompletions),
        base_url: "http://localhost".into(),
        authorities: None,
        auth: AuthScheme::None,
        credentials: [].into(),
        region: None,
        trains: None,
        retention: None,
        requests_per_minute: None,
        tokens_per_minute: None,
        headers: Vec::new(),
    };
    Arc::new(Target {
        slot,
        id: slot.into(),
        provider: Arc::new(provider),
        model: model.into(),
        upstream_name: model.into(),
        operations: Operations::of_dialects(&Dialects::only(Dialect::ChatCompletions)),
        quantization: Quantization::Unknown,
        prices: None,
        context_length: None,
        max_output: None,
        input_modalities: Modalities::default(),
        parameters: Parameters::default(),
    })
}

fn route(name: &str, slots: &[u32]) -> Arc<Route> {
    let line = |slot: &u32| RouteTarget { slot: *slot, priority: 0, weight: 1, parameters: Arc::new([]) };
    Arc::new(Route { name: name.into(), targets: slots.iter().map(line).collect(), ..Route::default() })
}

/// Three models, and two routes over some of them; the first has two names.
fn snapshot() -> Snapshot {
    let mut snapshot =
        Snapshot { targets: vec![target(0, "m0"), target(1, "m1"), target(2, "m2")], ..Snapshot::default() };
    snapshot.models = (0..3).map(|slot| (format!("m{slot}").into(), Arc::from([slot]))).collect();
    let (a, b) = (route("ns/a", &[2, 0]), route("ns/b", &[1]));
    snapshot.routes =
        [("a", &a), ("ns/a", &a), ("b", &b)].map(|(name, route)| (name.into(), route.clone())).into_iter().collect();
    snapshot
}

fn asked(snapshot: &Snapshot, names: &[&str]) -> Plan {
    let mut ask = Ask::of(Operation::ChatCompletions, "");
    ask.names = names.iter().map(|name| (*name).into()).collect();
    plan(snapshot, &ask, &Unmeasured, Duration::ZERO, 1).unwrap()
}

fn handles(snapshot: &Snapshot, metrics: &Metrics) -> Vec<Arc<TargetMetrics>> {
    snapshot.targets.iter().map(|target| TargetMetrics::register(&metrics.registry, target)).collect()
}

/// `route model` of every counter of attempts, in order.
fn counted(metrics: &Metrics) -> Vec<String> {
    let value = |line: &str, label: &str| {
        line.split_once(&format!("{label}=\"")).unwrap().1.split('"').next().unwrap().to_owned()
    };
    let page = metrics.registry.render();
    let lines = page.lines().filter(|line| line.starts_with("outrigger_attempts_total{"));
    let mut found: Vec<_> = lines.map(|line| format!("{} {}", value(line, "route"), value(line, "model"))).collect();
    found.sort();
    found
}

#[test]
fn a_candidate_is_counted_under_the_route_that_names_it() {
    let (snapshot, metrics) = (snapshot(), Metrics::new(false).unwrap());
    let (routes, targets) = (Routes::of_policy(&snapshot), handles(&snapshot, &metrics));
    assert!(counted(&metrics).is_empty(), "nothing is registered that no request needed");
    for names in [&["a"][..], &["ns/a"], &["b", "m2"], &["m0", "b"]] {
        let plan = asked(&snapshot, names);
        for candidate in &plan.candidates {
            let counters = routes.of_candidate(&plan, candidate, &targets, &metrics.registry);
            assert_eq!(counters.target.model, candidate.target.model, "{names:?}");
            let again = routes.of_candidate(&plan, candidate, &targets, &metrics.registry);
            assert!(Arc::ptr_eq(&counters, &again), "registered once");
        }
    }
    assert_eq!(counted(&metrics), ["direct m0", "direct m2", "ns/a m0", "ns/a m2", "ns/b m1"]);
}

#[test]
fn a_continuation_counts_under_its_route() {
    let (snapshot, metrics) = (snapshot(), Metrics::new(false).unwrap());
    let (routes, targets) = (Routes::of_policy(&snapshot), handles(&snapshot, &metrics));
    for name in ["a", "m1"] {
        let plan = asked(&snapshot, &[name]);
        let mut copy = plan.clone();
        copy.route = Arc::new(Route::clone(&plan.route));
        let of = |plan: &Plan| routes.of_candidate(plan, &plan.candidates[0], &targets, &metrics.registry);
        assert!(Arc::ptr_eq(&of(&plan), &of(&copy)), "{name}");
    }
}

#[test]
fn a_request_is_counted_under_its_route_or_none() {
    let (snapshot, metrics) = (snapshot(), Metrics::new(false).unwrap());
    let routes = Routes::of_policy(&snapshot);
    let count = |route: Option<&RouteCounters>, outcome, code| {
        metrics.request(Operation::ChatCompletions, route, outcome, code, Duration::ZERO);
    };
    for name in ["a", "a", "m1"] {
        count(Some(routes.of(&asked(&snapshot, &[name]).route)), Outcome::Ok, "ok");
    }
    count(Some(routes.of(&snapshot.routes["b"])), Outcome::Error, "timeout");
    count(Some(routes.of(&snapshot.routes["b"])), Outcome::Cancelled, "cancelled");
    count(None, Outcome::Error, "model_not_found");
    let page = metrics.registry.render();
    let mut lines: Vec<_> =
        page.lines().filter_map(|line| line.strip_prefix("outrigger_requests_total{operation=\"chat\",")).collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            r#"route="direct",outcome="ok",code="ok"} 1"#,
            r#"route="none",outcome="error",code="model_not_found"} 1"#,
            r#"route="ns/a",outcome="ok",code="ok"} 2"#,
            r#"route="ns/b",outcome="cancelled",code="cancelled"} 1"#,
            r#"route="ns/b",outcome="error",code="timeout"} 1"#,
        ]
    );
}

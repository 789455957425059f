//! What is added up, and what is not.

mod bounds;
mod truth;

use std::{fmt::Write as _, sync::Arc, time::Duration};

use crate::{FAMILIES, Fleet, Limits, Owner, Page, Process};

const LATER: Duration = Duration::from_secs(10);

fn process(instance: &str) -> Process {
    Process { whose: "pod".into(), instance: instance.into(), started_at_ms: 1 }
}

fn owner(workload: &str) -> Arc<Owner> {
    Arc::new(Owner { namespace: "shop".into(), workload: workload.into(), team: "t".into() })
}

/// A fleet of one process that has joined.
fn one() -> (Fleet, Process) {
    let (mut fleet, process) = (Fleet::new(Limits::default(), "here"), process("a"));
    fleet.join(&process, &owner("Deployment/web"), "1.0", Duration::ZERO);
    (fleet, process)
}

fn see(fleet: &mut Fleet, process: &Process, page: &str, now: Duration) {
    fleet.see(process, &Page::read(page).unwrap(), now);
}

/// The sum of a name's series that hold this text; `None`: there is none.
fn shown(fleet: &Fleet, name: &str, with: &str) -> Option<f64> {
    let mut page = String::new();
    fleet.show(&mut page);
    let of = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with('{') && rest.contains(with));
    page.lines().filter(of).filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).reduce(|a, b| a + b)
}

fn unpriced(model: &str, count: u64) -> String {
    format!("outrigger_unpriced_total{{provider=\"p\",model=\"{model}\"}} {count}\n")
}

const UNPRICED: &str = "outrigger_fleet_unpriced_total";

/// What is added up is what sidecars have: names, kinds and labels, as their inventory says.
#[test]
fn every_family_is_one_of_a_sidecar() {
    let inventory = include_str!("../../../docs/reference.md");
    for family in FAMILIES {
        let labels: Vec<String> = family.labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = if labels.is_empty() { "-".to_owned() } else { labels.join(", ") };
        let cells =
            |line: &str| line.split(" | ").map(|cell| cell.trim_matches(['|', ' ']).to_owned()).collect::<Vec<_>>();
        let wanted = [format!("`{}`", family.of), family.kind.word().to_owned(), labels];
        // Name, kind, unit, labels.
        let is_it = |row: &[String]| {
            row.first() == wanted.first() && row.get(1) == wanted.get(1) && row.get(3) == wanted.get(2)
        };
        assert!(inventory.lines().any(|line| is_it(&cells(line))), "no sidecar has {wanted:?}");
        let own = family.of.replace("outrigger_", "outrigger_fleet_");
        assert!(family.name == own || family.of == "process_resident_memory_bytes", "{}", family.name);
    }
}

#[test]
fn a_first_page_adds_nothing_and_the_next_its_increase() {
    let (mut fleet, process) = one();
    see(&mut fleet, &process, &unpriced("m", 100), Duration::ZERO);
    assert_eq!(shown(&fleet, UNPRICED, ""), Some(0.0));
    see(&mut fleet, &process, &(unpriced("m", 103) + &unpriced("n", 4)), LATER);
    // What was not on the page before was nothing then.
    assert_eq!((shown(&fleet, UNPRICED, "\"m\""), shown(&fleet, UNPRICED, "\"n\"")), (Some(3.0), Some(4.0)));
    let mut page = String::new();
    fleet.show(&mut page);
    let line = r#"outrigger_fleet_unpriced_total{namespace="shop",workload="Deployment/web",team="t",provider="p",model="m"} 3"#;
    assert!(page.lines().any(|it| it == line), "{page}");
    let sidecars = r#"outrigger_fleet_sidecars{namespace="shop",workload="Deployment/web",team="t",version="1.0"} 1"#;
    assert!(page.lines().any(|it| it == sidecars), "{page}");
}

#[test]
fn a_page_on_which_anything_has_fallen_is_a_first_one() {
    let (mut fleet, process) = one();
    see(&mut fleet, &process, &(unpriced("m", 5) + &unpriced("n", 5)), Duration::ZERO);
    // One has come past where it was, one has not: both began again.
    see(&mut fleet, &process, &(unpriced("m", 7) + &unpriced("n", 2) + &unpriced("o", 9)), LATER);
    assert_eq!(shown(&fleet, UNPRICED, ""), Some(0.0));
    see(&mut fleet, &process, &(unpriced("m", 8) + &unpriced("n", 2) + &unpriced("o", 10)), LATER * 2);
    assert_eq!(shown(&fleet, UNPRICED, ""), Some(2.0));
}

#[test]
fn one_that_leaves_takes_its_gauges_and_no_counter() {
    let (mut fleet, process) = one();
    let gauge = "outrigger_fleet_requests_in_flight";
    for (count, live) in [(1, 2), (4, 3)] {
        see(&mut fleet, &process, &format!("{}outrigger_requests_in_flight {live}\n", unpriced("m", count)), LATER);
        assert_eq!(shown(&fleet, gauge, ""), Some(f64::from(live)));
    }
    fleet.silent(&process);
    assert_eq!(shown(&fleet, gauge, ""), Some(0.0));
    see(&mut fleet, &process, &(unpriced("m", 5) + "outrigger_requests_in_flight 1\n"), LATER);
    assert_eq!(shown(&fleet, gauge, ""), Some(1.0));
    fleet.leave(&process, LATER);
    assert_eq!((shown(&fleet, gauge, ""), shown(&fleet, UNPRICED, "")), (None, Some(4.0)));
    assert_eq!(shown(&fleet, "outrigger_fleet_sidecars", ""), None);
    // For an hour; then nobody has been there for long.
    let hour = Duration::from_secs(3600);
    fleet.expire(LATER + hour);
    assert_eq!((shown(&fleet, UNPRICED, ""), fleet.series()), (Some(4.0), 1));
    fleet.expire(LATER * 2 + hour);
    assert_eq!((shown(&fleet, UNPRICED, ""), fleet.series()), (None, 0));
}

#[test]
fn histograms_are_added_up_bucket_by_bucket() {
    let mut fleet = Fleet::new(Limits::default(), "here");
    let page = |low: u32, all: u32, sum: f64| {
        let name = "outrigger_proxy_overhead_seconds";
        let mut page = String::new();
        for (le, count) in [("0.005", low), ("+Inf", all)] {
            let _ = writeln!(page, "{name}_bucket{{le=\"{le}\"}} {count}");
        }
        let _ = writeln!(page, "{name}_sum {sum}\n{name}_count {all}");
        page
    };
    for (instance, more) in [("a", 1), ("b", 2)] {
        let process = process(instance);
        fleet.join(&process, &owner("w"), "1", Duration::ZERO);
        see(&mut fleet, &process, &page(5, 6, 0.5), Duration::ZERO);
        see(&mut fleet, &process, &page(5 + more, 6 + 2 * more, 1.5), LATER);
    }
    let name = "outrigger_fleet_proxy_overhead_seconds";
    let of = |suffix: &str, with: &str| shown(&fleet, &format!("{name}{suffix}"), with);
    assert_eq!((of("_bucket", "le=\"0.005\""), of("_bucket", "+Inf")), (Some(3.0), Some(6.0)));
    assert_eq!((of("_sum", ""), of("_count", ""), fleet.series()), (Some(2.0), Some(6.0), 4));
}

#[test]
fn one_that_becomes_another_s_is_seen_for_the_first_time() {
    let (mut fleet, process) = one();
    see(&mut fleet, &process, &unpriced("m", 1), Duration::ZERO);
    see(&mut fleet, &process, &unpriced("m", 3), LATER);
    fleet.join(&process, &owner("Deployment/other"), "1.0", LATER);
    see(&mut fleet, &process, &unpriced("m", 9), LATER * 2);
    see(&mut fleet, &process, &unpriced("m", 10), LATER * 3);
    assert_eq!(shown(&fleet, UNPRICED, "Deployment/web"), Some(2.0));
    assert_eq!(shown(&fleet, UNPRICED, "Deployment/other"), Some(1.0));
}

#[test]
fn people_are_told_how_fast_it_goes() {
    let (mut fleet, process) = one();
    let page = |requests: u32, cost: u64| {
        format!(
            "outrigger_requests_total{{outcome=\"ok\"}} {requests}\noutrigger_requests_in_flight 3\n\
             outrigger_fallbacks_total{{reason=\"x\"}} {requests}\noutrigger_cost_nano_usd_total {cost}\n"
        )
    };
    see(&mut fleet, &process, &page(100, 0), Duration::ZERO);
    see(&mut fleet, &process, &page(150, 2_000_000_000), LATER);
    let top = fleet.top();
    let row = &top[&owner("Deployment/web")];
    assert_eq!((row.sidecars, row.seen, row.live), (1, 1, 3.0));
    assert_eq!((row.requests_per_second, row.failovers_per_second, row.usd_per_second), (5.0, 5.0, 0.2));
    assert_eq!((row.requests, row.failovers, row.usd), (50.0, 50.0, 2.0));
}

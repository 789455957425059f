//! Everything that is remembered has a bound.

use super::*;

fn limited(limits: Limits) -> (Fleet, Process) {
    let (mut fleet, process) = (Fleet::new(limits, "here"), process("a"));
    fleet.join(&process, &owner("w"), "1", Duration::ZERO);
    (fleet, process)
}

fn models(range: std::ops::Range<u32>, count: u64) -> String {
    range.map(|model| unpriced(&format!("m{model:03}"), count)).collect()
}

#[test]
fn series_beyond_the_bound_are_dropped_and_counted_and_come_in_without_their_past() {
    let (mut fleet, process) = limited(Limits { series: 3, ..Limits::default() });
    see(&mut fleet, &process, &models(0..5, 1), Duration::ZERO);
    assert_eq!((fleet.series(), fleet.dropped()), (3, 2));
    see(&mut fleet, &process, &models(0..5, 2), LATER);
    // Told once.
    assert_eq!((fleet.series(), fleet.dropped(), shown(&fleet, UNPRICED, "")), (3, 2, Some(3.0)));
    // Another leaves for good, whose series were the first: there is room, and what was counted meanwhile was not seen.
    let (mut fleet, process) = limited(Limits { series: 2, ..Limits::default() });
    let other = Process { instance: "b".into(), ..process.clone() };
    fleet.join(&other, &owner("gone"), "1", Duration::ZERO);
    see(&mut fleet, &other, &models(0..2, 1), Duration::ZERO);
    see(&mut fleet, &process, &models(0..2, 10), Duration::ZERO);
    assert_eq!((fleet.series(), fleet.dropped()), (2, 2));
    fleet.leave(&other, Duration::ZERO);
    fleet.expire(Duration::from_secs(7200));
    see(&mut fleet, &process, &models(0..2, 20), LATER);
    see(&mut fleet, &process, &models(0..2, 21), LATER * 2);
    assert_eq!((fleet.series(), fleet.dropped(), shown(&fleet, UNPRICED, "")), (2, 2, Some(2.0)));
}

#[test]
fn a_histogram_comes_in_whole_or_not_at_all() {
    let (mut fleet, process) = limited(Limits { series: 21, ..Limits::default() });
    let page: String = ["p", "q"]
        .iter()
        .flat_map(|provider| {
            (0..30).map(move |le| {
                format!("outrigger_inter_token_seconds_bucket{{provider=\"{provider}\",model=\"m\",le=\"{le}\"}} 1\n")
            })
        })
        .collect();
    see(&mut fleet, &process, &page, Duration::ZERO);
    // Eighteen buckets of the first, beside its sum and its count; nothing of the second.
    assert_eq!((fleet.series(), fleet.dropped()), (20, 12 + 30));
}

#[test]
fn last_values_are_bounded_for_each_process_and_for_all() {
    let limits = Limits { points_each: 3, points: 5, ..Limits::default() };
    let (mut fleet, process) = limited(limits);
    see(&mut fleet, &process, &models(0..10, 1), Duration::ZERO);
    assert_eq!((fleet.members[&process].points(), fleet.dropped()), (3, 1));
    let other = Process { instance: "b".into(), ..process.clone() };
    fleet.join(&other, &owner("w"), "1", Duration::ZERO);
    see(&mut fleet, &other, &models(0..10, 1), Duration::ZERO);
    assert_eq!((fleet.members[&other].points(), fleet.dropped()), (2, 2));
    // Of what was not kept nobody knows what it was: it adds nothing when there is room for it.
    fleet.leave(&process, LATER);
    see(&mut fleet, &other, &models(0..10, 5), LATER);
    assert_eq!((fleet.members[&other].points(), shown(&fleet, UNPRICED, "")), (3, Some(8.0)));
}

#[test]
fn versions_that_sidecars_say_are_bounded() {
    let mut fleet = Fleet::new(Limits { versions: 2, ..Limits::default() }, "here");
    for version in ["1", "2", "3", "4"] {
        fleet.join(&process(version), &owner("w"), version, Duration::ZERO);
    }
    let of = |version: &str| shown(&fleet, "outrigger_fleet_sidecars", &format!("version=\"{version}\""));
    assert_eq!((of("4"), of("3"), of("2"), of("other")), (Some(1.0), Some(1.0), None, Some(2.0)));
}

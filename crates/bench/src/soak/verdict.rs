//! What a soak must show, judged on what it saw.

use serde::Serialize;

use super::{
    fit::{Slope, median},
    kind::{KINDS, Outcome},
    sample::Sample,
};

/// Part of the requests after which memory is held to be level.
const WARM_UP: f64 = 0.2;
/// KiB by which memory may grow in a million requests, or in fewer: what it is at its lowest differs by half of that from
/// one short span to the next.
const GROWTH: f64 = 2.0 * 1024.0;
/// Fewer millions of requests after the warm-up say nothing of a slope: the first of everything still comes.
const LEAST_FOR_SLOPE: f64 = 0.1;
/// Spans of a run whose lowest memory the slope is taken of: so long that each holds a time between two edits.
const SPANS: usize = 24;
/// File descriptors by which two looks at equal load may differ: connections that are just being replaced.
const FILES: f64 = 8.0;
/// Threads that come and go with edits of policy.
const THREADS: f64 = 2.0;
/// Part of the faults that have to happen: the others meet a target that cools, and is not asked.
const HAPPENED: f64 = 0.7;
/// Lines on the page of counters for what happens seldom.
const SERIES: usize = 32;

/// What a run has left behind.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    /// Before the first request.
    pub(super) before: &'a Sample,
    /// While requests were under way.
    pub(super) samples: &'a [Sample],
    /// When nothing was under way any more and the callers' connections were closed.
    pub(super) after: &'a Sample,
    /// Requests by kind.
    pub(super) done: [u64; KINDS.len()],
    pub(super) wrong: u64,
    pub(super) connections: usize,
}

/// One thing that was checked.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    pub(super) passed: bool,
    pub(super) what: String,
}

/// K6: everything that is checked at the end.
pub(super) fn judge(seen: &Seen<'_>) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut check = |passed, what| checks.push(Check { passed, what });
    let sent: u64 = seen.done.iter().sum();
    check(seen.wrong == 0 && sent > 0, format!("answers: {} of {sent} are not what was expected", seen.wrong));
    let counters = &seen.after.counters;
    for outcome in Outcome::ALL {
        let rows = KINDS.iter().zip(seen.done).filter(|(row, _)| row.outcome == outcome);
        let due: u64 = rows.map(|(_, done)| done).sum();
        let counted = counters.requests(outcome);
        check(counted == due, format!("counters: {counted} requests {}, {due} sent", outcome.label()));
    }
    let left = (counters.in_flight, counters.buffered, counters.panics);
    check(
        left == (0.0, 0.0, 0),
        format!("left at the end: {} requests in flight, {} bytes of bodies, {} panics", left.0, left.1, left.2),
    );
    let served = seen.samples.windows(2).filter(|pair| pair[0].counters.revision != pair[1].counters.revision).count();
    let edits = seen.after.edits - seen.before.edits;
    check(
        counters.policy_problems == 0 && (served > 0 || edits < 2),
        format!("policy: {edits} edits, {served} looks found another revision, {} problems", counters.policy_problems),
    );
    let faults: u64 =
        KINDS.iter().zip(seen.done).filter(|(row, _)| row.kind.fails_upstream()).map(|(_, done)| done).sum();
    let failed = counters.failed_calls();
    check(
        failed as f64 >= faults as f64 * HAPPENED,
        format!(
            "faults: {failed} upstream calls failed, {faults} were told to; the others met a target that cools, and was not asked"
        ),
    );
    let level = level(seen.samples);
    memory(level, &mut check);
    at_equal_load(seen, level, &mut check);
    checks
}

/// The looks after the warm-up.
fn level(samples: &[Sample]) -> &[Sample] {
    let all = samples.last().map_or(0, |last| last.requests);
    let warm = samples.partition_point(|sample| (sample.requests as f64) < all as f64 * WARM_UP);
    &samples[warm..]
}

/// The first and the last third of these, at least one of each.
fn ends(level: &[Sample]) -> (&[Sample], &[Sample]) {
    let part = level.len().div_ceil(3);
    (&level[..part], &level[level.len() - part..])
}

/// The lowest memory of each of so many spans of looks at most, and when it was: millions of requests, KiB. Between the
/// lowest there are edits of policy, which take some MiB for a moment.
fn lows(level: &[Sample], spans: usize) -> Vec<(f64, f64)> {
    let low = |span: &[Sample]| {
        let lowest = span.iter().min_by(|a, b| a.rss.total_cmp(&b.rss))?;
        Some((lowest.requests as f64 / 1e6, lowest.rss))
    };
    level.chunks(level.len().div_ceil(spans).max(1)).filter_map(low).collect()
}

fn memory(level: &[Sample], check: &mut impl FnMut(bool, String)) {
    let (Some((first, was)), Some((last, is))) = (lows(ends(level).0, 1).pop(), lows(ends(level).1, 1).pop()) else {
        return check(false, "memory: it was never looked at after the warm-up; make --every shorter".to_owned());
    };
    let (growth, bound) = (is - was, bound(last - first));
    let (lowest, requests) = (format!("{was:.0} KiB at lowest after the warm-up"), (last - first) * 1e6);
    check(
        growth <= bound,
        format!("memory: {lowest}, {growth:+.0} {requests:.0} requests later, {bound:.0} more at most"),
    );
    let points = lows(level, SPANS);
    let millions = points.last().map_or(0.0, |last| last.0) - points.first().map_or(0.0, |first| first.0);
    if millions < LEAST_FOR_SLOPE {
        return;
    }
    let (passed, what) = match Slope::of(&points) {
        Some(fit) => {
            let (slope, reach) = (fit.slope, fit.reach());
            (fit.may_be_flat(), format!("{slope:+.0} KiB for a million requests, zero within {reach:.0} KiB"))
        }
        None => (false, "too few looks; make --every shorter".to_owned()),
    };
    check(passed, format!("memory: slope of {what}"));
}

/// KiB that memory may grow by in so many millions of requests.
fn bound(millions: f64) -> f64 {
    GROWTH * millions.max(1.0)
}

fn at_equal_load(seen: &Seen<'_>, level: &[Sample], check: &mut impl FnMut(bool, String)) {
    let (first, last) = ends(level);
    for (name, of, spare) in [
        ("file descriptors", (|sample| sample.files as f64) as fn(&Sample) -> f64, FILES),
        ("threads", |sample| sample.threads as f64, THREADS),
    ] {
        let (was, is) = (median(first.iter().map(of)), median(last.iter().map(of)));
        check(is <= was + spare, format!("{name}: {was} after the warm-up, {is} at the end, {spare} more at most"));
    }
    // Connections to upstreams are kept for 50 s, those of callers are gone.
    let (before, after) = (seen.before.files, seen.after.files);
    let most = before + seen.connections + FILES as usize;
    check(
        after <= most,
        format!("file descriptors: {before} before, {after} when all callers have left, {most} at most"),
    );
    let series = |sample: Option<&Sample>| sample.map_or(0, |sample| sample.counters.series);
    let (was, is) = (series(first.first()), seen.after.counters.series);
    check(
        is <= was + SERIES,
        format!("lines of counters: {was} after the warm-up, {is} at the end, {SERIES} more at most"),
    );
    let (revisions, edits) = (seen.after.counters.revisions, seen.after.edits);
    check(revisions == 1, format!("lines of revisions: {revisions} after {edits} edits, one is served"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::soak::counters::Counters;

    fn sample(requests: u64, rss: f64) -> Sample {
        let counters = Counters { revision: requests.to_string(), revisions: 1, ..Counters::default() };
        let (seconds, edits) = (requests as f64 / 1e3, 0);
        Sample { seconds, requests, rss, anonymous: rss, files: 40, threads: 3, edits, counters }
    }

    /// Verdicts on a run with this memory after so many requests, and this sample at the end.
    fn failed(rss: impl Fn(u64) -> f64, change: impl Fn(&mut Sample)) -> Vec<String> {
        let samples: Vec<_> = (1..=100).map(|at| sample(at * 10_000, rss(at))).collect();
        let mut done = [0; KINDS.len()];
        done[0] = 1_000_000;
        let mut after = sample(1_000_000, rss(100));
        after.counters.requests.insert("ok".to_owned(), 1_000_000);
        change(&mut after);
        let before = &sample(0, 1.0);
        let seen = Seen { before, samples: &samples, after: &after, done, wrong: 0, connections: 32 };
        judge(&seen).into_iter().filter(|check| !check.passed).map(|check| check.what).collect()
    }

    /// KiB of a level that breathes.
    fn breathing(at: u64) -> f64 {
        20_000.0 + (at * 7919 % 101) as f64 * 5.0
    }

    #[test]
    fn a_level_run_passes() {
        assert_eq!(failed(breathing, |_| ()), Vec::<String>::new());
        // What grows while it warms up is no leak.
        assert_eq!(failed(|at| breathing(at) - 9_000.0 / at.pow(2) as f64, |_| ()), Vec::<String>::new());
    }

    #[test]
    fn a_leak_fails_twice() {
        let failed = failed(|at| breathing(at) + at as f64 * 50.0, |_| ());
        assert!(failed.len() == 2 && failed.iter().all(|what| what.starts_with("memory")), "{failed:?}");
    }

    #[test]
    fn what_is_left_behind_fails() {
        for (what, change) in [
            (
                "counters",
                (|after| *after.counters.requests.entry("ok".to_owned()).or_default() -= 1) as fn(&mut Sample),
            ),
            ("left", |after| after.counters.in_flight = 1.0),
            ("left", |after| after.counters.panics = 1),
            ("file", |after| after.files = 400),
            ("lines of counters", |after| after.counters.series = 1_000),
            ("lines of revisions", |after| after.counters.revisions = 2),
        ] {
            let failed = failed(breathing, change);
            assert!(failed.len() == 1 && failed[0].starts_with(what), "{what}: {failed:?}");
        }
    }
}

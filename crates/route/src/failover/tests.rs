use proptest::prelude::*;

use super::*;
use crate::testing::{decide, seconds_of, world};

/// Plays `script` and insists on every step of it.
///
/// `targets` are `a b c`, each with words of [`world`] behind it (`a cooling=30, b`). `policy` holds `attempts=4
/// also=not_found max_wait=10 deadline=60 nofallback`. The script is `try a`, then what happened (a status, a kind's
/// code, `ok`, each with `after 3s` for a `Retry-After` or `other key`), `wait 3s`, `10s later`, `give up`.
#[track_caller]
fn story(targets: &str, policy: &str, script: &str) {
    let (mut failover, names) = start(targets, policy);
    let mut now = Duration::ZERO;
    let mut tried = 0;
    for said in script.split(" -> ") {
        let context = format!("at `{said}` of `{script}`");
        let words: Vec<&str> = said.split_whitespace().collect();
        match words[..] {
            ["try", name] => {
                tried = names.iter().position(|one| one == name).unwrap();
                assert_eq!(failover.next(now), Step::Try(tried), "{context}");
            }
            ["wait"] | ["wait", _] => {
                let Step::Wait(wait) = failover.next(now) else { panic!("no wait {context}") };
                if let Some(wanted) = words.get(1).map(|text| seconds_of(text)) {
                    assert!(wait >= wanted && wait <= wanted + BACKOFF_CAP / 4, "{wait:?} {context}");
                }
                now += wait;
            }
            ["give", "up"] => assert_eq!(failover.next(now), Step::GiveUp, "{context}"),
            [time, "later"] => now += seconds_of(time),
            ["ok"] => {}
            [what, ..] => {
                let mut failure = Failure::local(kind(what), "");
                failure.retry_after =
                    words.iter().position(|word| *word == "after").map(|at| seconds_of(words[at + 1]));
                failover.failed(tried, &failure, said.ends_with("other key"), now, 1 << 62);
            }
            [] => {}
        }
    }
}

fn start(targets: &str, policy: &str) -> (Failover, Vec<String>) {
    let lines: Vec<String> = targets
        .split([','])
        .flat_map(|text| {
            // `a b c` without words, or `a word=1` after a comma.
            let text = text.trim();
            if text.contains(['=', '$']) { vec![text.to_owned()] } else { text.split(' ').map(str::to_owned).collect() }
        })
        .collect();
    let world = world(&lines.iter().map(|line| format!("m@{line}")).collect::<Vec<_>>().join("; "));
    let request = if policy.contains("nofallback") { "m nofallback" } else { "m" };
    let mut plan = decide(&world, request).unwrap();
    let mut rules = FailoverPolicy::default();
    let mut deadline = Duration::from_secs(3600);
    for word in policy.split_whitespace() {
        match word.split_once('=').unwrap_or((word, "")) {
            ("attempts", count) => rules.attempts = count.parse().unwrap(),
            ("also", kinds) => rules.also_on = kinds.split(',').map(kind).collect(),
            ("max_wait", time) => rules.max_wait = seconds_of(time),
            ("deadline", time) => deadline = seconds_of(time),
            ("nofallback", _) => {}
            _ => panic!("{word}?"),
        }
    }
    let mut route = (*plan.route).clone();
    route.failover = rules;
    plan.route = std::sync::Arc::new(route);
    let names = plan.candidates.iter().map(|candidate| candidate.target.provider.slug.to_string()).collect();
    (Failover::new(&plan, deadline), names)
}

fn kind(word: &str) -> Kind {
    word.parse()
        .map(Kind::from_status)
        .unwrap_or_else(|_| Kind::ALL.into_iter().find(|kind| kind.code() == word).unwrap_or_else(|| panic!("{word}?")))
}

/// F1: the budget counts calls, whatever they are retries of.
#[test]
fn three_dead_targets_are_called_no_more_often_than_the_budget_says() {
    for attempts in 0..=9 {
        let (mut failover, _) = start("a b c", &format!("attempts={attempts}"));
        let (mut now, mut calls) = (Duration::ZERO, 0);
        loop {
            match failover.next(now) {
                Step::Try(at) => {
                    calls += 1;
                    failover.failed(at, &Failure::local(Kind::ServerError, ""), false, now, 7);
                }
                Step::Wait(wait) => now += wait,
                Step::GiveUp => break,
            }
        }
        assert_eq!((calls, failover.calls()), (attempts, attempts));
    }
}

/// F1
#[test]
fn every_target_is_asked_once_before_any_is_asked_again() {
    story(
        "a b c",
        "attempts=6",
        "try a -> 503 -> try b -> 500 -> try c -> 502 -> wait -> try a -> 503 -> try b -> 503 -> try c -> 503 -> give up",
    );
    story("a b", "", "try a -> 503 -> try b -> ok");
}

/// F1: keys and hedges count too.
#[test]
fn keys_and_hedges_are_calls_like_any_other() {
    story("a b", "attempts=3", "try a -> 429 other key -> try a -> 429 other key -> try a -> 429 other key -> give up");
    let (mut failover, _) = start("a b c", "attempts=2");
    assert_eq!(failover.next(Duration::ZERO), Step::Try(0));
    assert_eq!(failover.hedge(Duration::ZERO), Some(1));
    assert_eq!(failover.hedge(Duration::ZERO), None);
    assert_eq!(failover.calls(), 2);
}

/// F2: the request's own fault is told to the caller.
#[test]
fn a_fault_of_the_request_stops_at_once() {
    for status in [400, 404, 413, 422] {
        story("a b", "", &format!("try a -> {status} -> give up"));
    }
    story("a b", "", "try a -> context_length_exceeded -> give up");
    story("a b", "", "try a -> content_policy_violation -> give up");
}

/// F2: each trigger has a switch of its own.
#[test]
fn also_on_moves_on_for_that_kind_alone() {
    story("a b", "also=context_length_exceeded", "try a -> context_length_exceeded -> try b -> ok");
    story("a b", "also=context_length_exceeded", "try a -> content_policy_violation -> give up");
    story("a b", "also=content_policy_violation", "try a -> content_policy_violation -> try b -> ok");
    story("a b", "also=content_policy_violation", "try a -> context_length_exceeded -> give up");
    story("a b", "also=invalid_request", "try a -> 400 -> try b -> 422 -> give up");
    story("a b", "also=not_found,payload_too_large", "try a -> 404 -> try b -> 413 -> give up");
    story("a", "also=invalid_request", "try a -> 400 -> give up");
}

/// F3
#[test]
fn limits_refusals_overloads_and_broken_connections_move_on() {
    for what in [
        "429",
        "403",
        "529",
        "401",
        "402",
        "500",
        "503",
        "connect_failed",
        "connect_timeout",
        "proxy_unreachable",
        "first_token_timeout",
        "truncated",
        "malformed_answer",
        "408",
    ] {
        story("a b", "", &format!("try a -> {what} -> try b -> ok"));
        story("a b", "also=context_length_exceeded", &format!("try a -> {what} -> try b -> ok"));
    }
}

/// What nobody was asked uses up no call, and it is not tried again.
#[test]
fn a_target_without_words_for_the_request_is_passed_by() {
    story("a b", "attempts=1", "try a -> untranslatable -> try b -> 503 -> give up");
    story("a b", "", "try a -> untranslatable -> try b -> untranslatable -> give up");
}

/// C6: who is not let through to a target that recovers goes on to another, or tries again; it costs no call, and it ends.
#[test]
fn a_target_that_recovers_is_waited_for_without_using_up_a_call() {
    story("a b", "attempts=1", "try a -> recovering -> try b -> ok");
    story("a", "attempts=1", "try a -> recovering -> wait -> try a -> recovering -> wait -> try a -> ok");
    story("a", "max_wait=10", "try a -> recovering after 3s -> wait 3s -> try a -> ok");
    story("a", "max_wait=10", "try a -> recovering -> 11s later -> try a -> recovering -> give up");
    story("a", "max_wait=10", "try a -> recovering after 11s -> try a -> ok");
}

/// F4: a target that said when to come back is not asked before.
#[test]
fn a_retry_after_is_honoured_before_the_same_target_is_asked_again() {
    story("a", "", "try a -> 503 after 3s -> wait 3s -> try a -> ok");
    story("a b", "", "try a -> 429 after 5s -> try b -> 503 after 2s -> wait 2s -> try b -> ok");
    story("a b", "", "try a -> 503 after 2s -> try b -> 503 after 8s -> wait 2s -> try a -> ok");
}

/// F4: a wait that does not fit is no reason to wait at all.
#[test]
fn a_wait_longer_than_the_deadline_moves_to_the_next_target_at_once() {
    story("a b", "deadline=10", "try a -> 503 after 60s -> try b -> ok");
    story("a", "deadline=5 max_wait=60", "try a -> 503 after 6s -> give up");
    story("a", "max_wait=10", "try a -> 503 after 11s -> give up");
    story("a b", "", "try a -> 503 after 99999s -> try b -> 503 -> wait -> try b -> ok");
    story("a b", "deadline=10", "try a -> 503 -> 10s later -> give up");
}

/// F4: an absurd wait is no overflow.
#[test]
fn the_longest_wait_there_is_does_not_crash() {
    let (mut failover, _) = start("a b", "");
    failover.next(Duration::ZERO);
    let failure = Failure { retry_after: Some(Duration::MAX), ..Failure::local(Kind::Overloaded, "") };
    failover.failed(0, &failure, false, Duration::from_secs(1), u64::MAX);
    assert_eq!(failover.next(Duration::from_secs(1)), Step::Try(1));
}

/// F4: jitter never takes more than half away, grows with each try and has a cap.
#[test]
fn the_back_off_doubles_with_jitter_up_to_its_cap() {
    for (draw, share) in [(0, 0.5), (u64::MAX, 1.0)] {
        let (mut failover, _) = start("a", "attempts=9");
        let mut now = Duration::ZERO;
        for ceiling in [0.25, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0] {
            assert_eq!(failover.next(now), Step::Try(0));
            failover.failed(0, &Failure::local(Kind::ServerError, ""), false, now, draw);
            let Step::Wait(wait) = failover.next(now) else { panic!("no wait") };
            assert!((wait.as_secs_f64() - ceiling * share).abs() < 1e-6, "{wait:?} for {ceiling}");
            now += wait;
        }
    }
}

/// F6: another key needs no wait, and no leave to ask again.
#[test]
fn another_key_is_tried_at_once() {
    for what in ["429 after 60s", "401", "402", "403", "quota_exhausted"] {
        story("a b", "", &format!("try a -> {what} other key -> try a -> ok"));
        story("a b", "", &format!("try a -> {what} other key -> try a -> {what} -> try b -> ok"));
    }
    story("a", "attempts=9", "try a -> 401 other key -> try a -> 402 other key -> try a -> 403 -> give up");
    story("a b", "", "try a -> 503 other key -> try b -> ok");
}

/// F6: a dead key is not asked again, a limited one is.
#[test]
fn a_limited_key_recovers_and_a_dead_one_does_not() {
    story("a", "", "try a -> 429 after 1s -> wait 1s -> try a -> ok");
    story("a", "", "try a -> 401 -> give up");
    story("a b", "attempts=9", "try a -> 403 -> try b -> 503 -> wait -> try b -> 402 -> give up");
}

/// F9: what may have been executed goes to one other target, once.
#[test]
fn a_reset_is_repeated_once_on_another_target() {
    story("a b c", "", "try a -> connection_reset -> try b -> ok");
    story("a b c", "", "try a -> connection_reset -> try b -> connection_reset -> give up");
    story("a", "", "try a -> connection_reset -> give up");
    story("a b", "", "try a -> connection_reset -> try b -> 503 -> wait -> try b -> ok");
}

/// F9: nothing was sent, so the same target may be asked again.
#[test]
fn a_failed_connect_may_be_repeated() {
    story("a", "", "try a -> connect_failed -> wait -> try a -> ok");
}

/// C4
#[test]
fn when_all_are_cooling_the_first_to_recover_is_awaited_or_asked() {
    story("a cooling=8, b cooling=3", "", "wait 3s -> try b -> ok");
    story("a cooling=90, b cooling=60", "", "try b -> 503 -> give up");
    story("a cooling=60", "deadline=5", "try a -> ok");
    story("a cooling=5, b", "", "try b -> 503 -> wait -> try b -> ok");
}

/// S6
#[test]
fn without_fallback_there_is_one_call() {
    for what in ["503", "429 after 1s", "connect_failed", "400", "connection_reset"] {
        story("a b", "nofallback", &format!("try a -> {what} -> give up"));
    }
    let (mut failover, _) = start("a b", "nofallback");
    failover.next(Duration::ZERO);
    assert_eq!(failover.hedge(Duration::ZERO), None);
}

/// X2, T1: nobody waits for the answer any more.
#[test]
fn a_cancelled_request_and_one_out_of_time_stop() {
    story("a b", "", "try a -> cancelled -> give up");
    story("a b", "", "try a -> total_timeout -> give up");
}

/// C5, F6, X2: the fault lies where the table says, and with nobody for the caller's own.
#[test]
fn blame_falls_on_whoever_is_at_fault() {
    for kind in Kind::ALL {
        let rule = rule(kind);
        let goes_on = matches!(kind, Kind::TryAgain | Kind::ProxyUnreachable | Kind::Recovering | Kind::Untranslatable);
        assert_eq!(rule.then == Then::Stop, rule.blame == Blame::Nobody && !goes_on, "{kind:?}");
        assert_eq!(rule.then == Then::NextKey, rule.blame == Blame::Credential, "{kind:?}");
        assert!(!(rule.then == Then::Stop && rule.again), "{kind:?}");
    }
    assert_eq!(rule(Kind::Connect).blame, Blame::Provider);
    assert_eq!(rule(Kind::ProxyUnreachable).blame, Blame::Nobody);
}

/// One failure of a random run: its kind, `Retry-After`, how long the call took, whether another key is at hand.
type Blow = (Kind, Option<u64>, u64, bool);

fn blows() -> impl Strategy<Value = Vec<Blow>> {
    let kinds = prop::sample::select(Kind::ALL.to_vec());
    prop::collection::vec((kinds, prop::option::of(0..20_000_u64), 0..3_000_u64, any::<bool>()), 1..30)
}

fn plans() -> impl Strategy<Value = (String, String)> {
    let target = prop::option::of(1..40_u32);
    let policy = (
        0..12_u32,
        prop::bool::ANY,
        prop::sample::select(vec!["", "also=invalid_request,not_found", "also=context_length_exceeded"]),
        1..120_u32,
    );
    (prop::collection::vec(target, 1..6), policy).prop_map(|(coolings, (attempts, strict, also, deadline))| {
        let targets: Vec<String> = coolings
            .iter()
            .zip("abcdef".chars())
            .map(|(cooling, name)| cooling.map_or(name.to_string(), |seconds| format!("{name} cooling={seconds}")))
            .collect();
        let strict = if strict { " nofallback" } else { "" };
        (targets.join(", "), format!("attempts={attempts} deadline={deadline} {also}{strict}"))
    })
}

proptest! {
    /// F1, F4, S6: whatever fails and however, the budget holds, nobody is asked twice without the wait that is due
    /// unless by another key, and an end is an end.
    #[test]
    fn whatever_fails_the_budget_and_the_waits_hold((targets, policy) in plans(), blows in blows(), draw: u64) {
        let (mut failover, names) = start(&targets, &policy);
        let budget: u32 = policy.split_whitespace().find_map(|word| word.strip_prefix("attempts=")).unwrap().parse().unwrap();
        let deadline = failover.deadline;
        let mut now = Duration::ZERO;
        let mut due: Vec<Option<Duration>> = vec![None; names.len()];
        let mut trail = Vec::new();
        let mut calls = 0;
        let mut blows = blows.iter().cycle();
        for _ in 0..1000 {
            let step = failover.next(now);
            trail.push(step);
            match step {
                Step::Wait(wait) => {
                    prop_assert!(!wait.is_zero() && wait <= failover.policy.max_wait);
                    now += wait;
                }
                Step::Try(at) => {
                    prop_assert!(now < deadline);
                    if let Some(due) = due[at] {
                        prop_assert!(now >= due, "asked again too early");
                    }
                    let (kind, after, took, key) = *blows.next().unwrap();
                    calls += u32::from(!matches!(kind, Kind::Untranslatable | Kind::Recovering));
                    now += Duration::from_millis(took);
                    let failure = Failure { retry_after: after.map(Duration::from_millis), ..Failure::local(kind, "") };
                    failover.failed(at, &failure, key, now, draw);
                    let other_key = key && rule(kind).then == Then::NextKey;
                    let wait = failure.retry_after.unwrap_or(BACKOFF_BASE / 2);
                    // A wait that does not fit makes a probe of one that was not let through.
                    due[at] = if other_key || kind == Kind::Recovering { None } else { Some(now + wait) };
                    if policy.contains("nofallback") && !other_key {
                        prop_assert_eq!(failover.next(now), Step::GiveUp);
                    }
                }
                Step::GiveUp => break,
            }
        }
        prop_assert_eq!(trail.last(), Some(&Step::GiveUp), "no end");
        prop_assert!(calls <= budget && failover.calls() == calls);
        for later in [0, 1, 10, 100, 100_000] {
            prop_assert_eq!(failover.next(now + Duration::from_secs(later)), Step::GiveUp);
        }
        prop_assert_eq!(failover.hedge(now), None);
    }
}

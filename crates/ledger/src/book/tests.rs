use outrigger_api::ledger::{Payer, Target};

use super::*;

fn target(provider: &str) -> Option<Target> {
    Some(Target { provider: format!("models/{provider}"), vendor: provider.into(), model: "m".into() })
}

fn priced(nano_usd: u64, source: CostSource) -> Option<Cost> {
    Some(Cost { nano_usd, source: source.into(), ..Cost::default() })
}

fn attempt(provider: &str, status: u32, code: &str) -> Attempt {
    Attempt { target: target(provider), status, code: code.into(), ..Attempt::default() }
}

fn served(attempts: Vec<Attempt>) -> Record {
    let last = attempts.len() as u32 - 1;
    Record { attempts, served: Some(last), outcome: Outcome::Ok.into(), took_us: 5_999, ..Record::default() }
}

#[test]
fn an_attempt_that_failed_and_was_billed_is_counted_where_it_went_and_the_request_where_it_was_served() {
    let tokens = Some(Tokens { input: Some(10), output: Some(0), ..Tokens::default() });
    let first =
        Attempt { blamed: true, tokens, cost: priced(7, CostSource::Catalog), ..attempt("a", 200, "truncated") };
    let second = Attempt { tokens, cost: priced(5, CostSource::Upstream), ..attempt("b", 200, "ok") };
    let parts = parts("team-a", &served(vec![first, second]));
    let told: Vec<_> = parts
        .iter()
        .map(|part| {
            (part.series.vendor.as_str(), part.series.source, part.delta.requests, part.delta.saved, part.delta.nano)
        })
        .collect();
    assert_eq!(told, [("a", "catalog", 0, 1, 7), ("b", "upstream", 1, 0, 5)]);
    assert_eq!(parts[1].delta.took_ms, 5);
    assert_eq!(parts.iter().map(|part| part.delta.input).sum::<i64>(), 20);
}

/// U6: what has no price is never zero.
#[test]
fn what_nobody_can_price_is_counted_apart_and_what_cannot_be_billed_is_not() {
    let tokens = Some(Tokens { input: Some(10), ..Tokens::default() });
    for (attempt, expected) in [
        (Attempt { tokens, ..attempt("a", 200, "ok") }, Source::Unpriced),
        (attempt("a", 200, "ok"), Source::Unpriced),
        (Attempt { tokens, ..attempt("a", 500, "server_error") }, Source::Unpriced),
        (Attempt { cost: priced(3, CostSource::Unspecified), ..attempt("a", 200, "ok") }, Source::Unpriced),
        (Attempt { cost: priced(u64::MAX, CostSource::Upstream), ..attempt("a", 200, "ok") }, Source::Unpriced),
        (Attempt { cost: priced(0, CostSource::Upstream), ..attempt("a", 200, "ok") }, Source::Upstream),
        (attempt("a", 0, "connection_reset"), Source::Unknown),
        (attempt("a", 0, "first_token_timeout"), Source::Unknown),
        (attempt("a", 0, "connect_failed"), Source::Unbilled),
        (attempt("a", 429, "rate_limited"), Source::Unbilled),
    ] {
        assert_eq!(source(&attempt), expected, "{attempt:?}");
        let nano = parts("n", &served(vec![attempt]))[0].delta.nano;
        assert!(nano == 0, "{nano}");
    }
}

#[test]
fn a_request_without_attempts_is_a_request_and_one_of_no_team_is_unassigned() {
    let record = Record { outcome: Outcome::Error.into(), payer: Some(Payer::default()), ..Record::default() };
    let parts = parts("n", &record);
    assert_eq!(parts.len(), 1);
    assert_eq!((parts[0].delta.requests, parts[0].delta.attempts), (1, 0));
    assert_eq!(
        (parts[0].series.team.as_str(), parts[0].series.outcome, parts[0].series.source),
        ("unassigned", "error", "unbilled")
    );
}

#[test]
fn names_are_cut_between_letters_and_hold_nothing_that_a_store_refuses() {
    let payer = Payer { team: format!("a\0b{}", "é".repeat(400)), ..Payer::default() };
    let series = Series::new("n", Some(&payer), "", None, "ok", Source::Unbilled);
    assert!(series.team.starts_with("abé") && series.team.len() <= 320);
    assert_ne!(series.key(), series.folded().key());
    assert_eq!(series.folded().namespace, "n");
}

#[test]
fn a_request_counts_as_saved_only_if_the_caller_got_the_whole_answer() {
    let blamed = || Attempt { blamed: true, ..attempt("a", 500, "server_error") };
    let saved = |record: &Record| parts("n", record).iter().map(|part| part.delta.saved).sum::<i64>();
    let record = served(vec![blamed(), blamed(), attempt("b", 200, "ok")]);
    assert_eq!(saved(&record), 1);
    assert_eq!(saved(&Record { outcome: Outcome::Broken.into(), ..record.clone() }), 0);
    assert_eq!(saved(&Record { served: None, ..record.clone() }), 0);
    assert_eq!(saved(&served(vec![attempt("a", 429, "rate_limited"), attempt("b", 200, "ok")])), 0);
}

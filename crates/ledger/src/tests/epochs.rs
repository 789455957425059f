//! What is booked once, what is unknown, and what is missing.

use super::{
    place::{Place, on_both},
    small::{DAY, HOUR, NOON, all, attempt, batch, begun, record, stamp, told},
};
use crate::{Dimension, Error, Query, Settings, Stamp};

on_both! {
    /// Kill -9 of a process loses no begun attempt: it is booked as unknown, and never as nothing.
    async fn what_began_and_never_ended_is_unknown_once_its_epoch_is_over(place) {
        let ledger = place.open().await;
        let mut first = batch(1, NOON, vec![begun(1, "gen-1", 0, NOON), begun(2, "gen-2", 0, NOON)]);
        ledger.append(stamp("apps", NOON), first.clone()).await.unwrap();
        assert_eq!(all(&ledger).await.unknown.attempts, 0, "it may still end");
        first.entries = vec![told(3, record("gen-2", NOON, vec![attempt("gpt-5", Some(7))]))];
        (first.issued, first.closed) = (3, true);
        assert_eq!(ledger.append(stamp("apps", NOON), first).await.unwrap().through, 3);
        let figures = all(&ledger).await;
        assert_eq!((figures.unknown.attempts, figures.unknown.requests), (1, 1));
        assert_eq!((figures.booked.requests, figures.booked.attempts, figures.booked.nano), (2, 2, 7));
        let by = ledger.usage(&Query::between(NOON, NOON + HOUR).by([Dimension::Outcome, Dimension::Source])).await.unwrap();
        let names: Vec<_> = by.rows.iter().map(|row| row.names.join(" ")).collect();
        assert_eq!(names, ["ok catalog", "unknown unknown"]);
        ledger.shut().await;
    }

    async fn an_epoch_that_is_silent_is_given_up_and_a_late_record_is_believed_all_the_same(place) {
        let ledger = place.open().await;
        let silent = Settings::default().silent_ms;
        let entries = vec![begun(1, "gen-1", 0, NOON), begun(2, "gen-1", 1, NOON)];
        ledger.append(stamp("apps", NOON), batch(1, NOON, entries)).await.unwrap();
        assert_eq!(ledger.settle(NOON + silent).await.unwrap(), 0);
        assert_eq!(ledger.settle(NOON + silent + 1).await.unwrap(), 2);
        assert_eq!(ledger.settle(NOON + silent + 1).await.unwrap(), 0);
        let figures = all(&ledger).await;
        assert_eq!((figures.unknown.attempts, figures.unknown.requests), (2, 1));
        // The record lost its last attempt, as there was no room: that one stays unknown, the request does not.
        let late = NOON + 2 * DAY;
        let mut batch = batch(1, late, vec![told(3, record("gen-1", NOON, vec![attempt("gpt-5", Some(9))]))]);
        batch.started_at_ms = (NOON - DAY) as u64;
        ledger.append(stamp("apps", late), batch).await.unwrap();
        let figures = all(&ledger).await;
        assert_eq!((figures.unknown.attempts, figures.unknown.requests), (1, 0));
        assert_eq!((figures.booked.requests, figures.booked.attempts, figures.booked.nano), (1, 2, 9));
        ledger.shut().await;
    }

    async fn a_begun_attempt_that_comes_after_its_record_is_no_second_one(place) {
        let ledger = place.open().await;
        let told = told(2, record("gen-1", NOON, vec![attempt("gpt-5", Some(7))]));
        ledger.append(stamp("apps", NOON), batch(1, NOON, vec![told])).await.unwrap();
        let mut late = batch(1, NOON, vec![begun(1, "gen-1", 0, NOON)]);
        (late.issued, late.closed) = (2, true);
        assert_eq!(ledger.append(stamp("apps", NOON), late).await.unwrap().through, 2);
        let figures = all(&ledger).await;
        assert_eq!((figures.booked.attempts, figures.unknown.attempts), (1, 0));
        ledger.shut().await;
    }

    async fn what_is_missing_is_listed_with_whose_it_is_and_how_much(place) {
        let ledger = place.open().await;
        let silent = Settings::default().silent_ms;
        let one = |sequence| told(sequence, record(&format!("gen-{sequence}"), NOON, vec![attempt("gpt-5", Some(1))]));
        let mut hole = batch(1, NOON, vec![one(1), one(4)]);
        hole.issued = 6;
        assert_eq!(ledger.append(stamp("apps", NOON), hole.clone()).await.unwrap().through, 1);
        assert!(ledger.gaps(None, NOON + HOUR).await.unwrap().is_empty(), "the rest may be under way");
        // What the sidecar has not got any more is lost, whatever else comes.
        hole = batch(1, NOON, vec![]);
        hole.dropped_below = 4;
        assert_eq!(ledger.append(stamp("apps", NOON), hole).await.unwrap().through, 4);
        let gaps = ledger.gaps(None, NOON + HOUR).await.unwrap();
        assert_eq!((gaps[0].missing.clone(), gaps[0].entries, gaps[0].open), (vec![(2, 3)], 2, false));
        // A pod that is lost: nobody knows how far its numbers went.
        let gaps = ledger.gaps(Some(&["apps".into()]), NOON + silent + 1).await.unwrap();
        assert_eq!((gaps[0].missing.clone(), gaps[0].entries, gaps[0].open), (vec![(2, 3), (5, 6)], 4, true));
        assert_eq!((gaps[0].namespace.as_str(), gaps[0].pod.as_str(), gaps[0].node.as_str()), ("apps", "web-1", "node-1"));
        assert!(ledger.gaps(Some(&["other".into()]), NOON + silent + 1).await.unwrap().is_empty());
        assert!(ledger.gaps(Some(&[]), NOON + silent + 1).await.unwrap().is_empty());
        // Found in the log of the pod, and read in: nothing is missing.
        let mut found = batch(1, NOON, vec![one(2), one(3), one(5), one(6)]);
        found.closed = true;
        assert_eq!(ledger.append(stamp("apps", NOON), found).await.unwrap().through, 6);
        assert!(ledger.gaps(None, NOON + silent + 1).await.unwrap().is_empty());
        assert_eq!(all(&ledger).await.booked.requests, 6);
        ledger.shut().await;
    }

    /// Books that were lost are asked for again in vain: what is told that it is not there any more is missing, and what follows
    /// is booked.
    async fn an_epoch_goes_on_behind_what_was_in_books_that_are_lost(place) {
        let ledger = place.open().await;
        let one = |sequence| told(sequence, record(&format!("gen-{sequence}"), NOON, vec![attempt("gpt-5", Some(1))]));
        // 1 to 4 were acknowledged by the books before these.
        let mut next = batch(1, NOON, vec![one(5), one(6)]);
        assert_eq!(ledger.append(stamp("apps", NOON), next.clone()).await.unwrap().through, 0);
        next.dropped_below = 5;
        assert_eq!(ledger.append(stamp("apps", NOON), next).await.unwrap().through, 6);
        let gaps = ledger.gaps(None, NOON + HOUR).await.unwrap();
        assert_eq!((gaps[0].missing.clone(), gaps[0].open), (vec![(1, 4)], false));
        assert_eq!(all(&ledger).await.booked.requests, 2);
        ledger.shut().await;
    }

    async fn an_epoch_is_its_service_accounts_and_nobody_elses(place) {
        let ledger = place.open().await;
        let entry = || told(1, record("gen-1", NOON, vec![attempt("gpt-5", Some(1))]));
        ledger.append(stamp("apps", NOON), batch(1, NOON, vec![entry()])).await.unwrap();
        let why = ledger.append(stamp("other", NOON), batch(1, NOON, vec![entry()])).await.unwrap_err();
        assert!(matches!(why, Error::NotYours(_)), "{why}");
        // Whatever the record says, it is the token's namespace that is charged.
        let usage = ledger.usage(&Query::between(0, NOON + DAY).by([Dimension::Namespace])).await.unwrap();
        assert_eq!(usage.rows.iter().map(|row| row.names[0].as_str()).collect::<Vec<_>>(), ["apps"]);
        for (epoch, entries) in [(vec![1; 15], vec![]), (vec![1; 16], vec![told(0, record("x", NOON, vec![]))])] {
            let wrong = outrigger_api::ledger::AppendRequest { epoch, entries, ..batch(1, NOON, vec![]) };
            assert!(matches!(ledger.append(stamp("apps", NOON), wrong).await.unwrap_err(), Error::Invalid(_)));
        }
        ledger.shut().await;
    }

    async fn what_an_operator_told_stays_the_sidecars_who_tells_more_of_it(place) {
        let ledger = place.open().await;
        let one = |at: u64| told(at, record(&format!("gen-{at}"), NOON, vec![attempt("gpt-5", Some(1))]));
        let of = |account: Option<&str>| Stamp { service_account: account.map(str::to_owned), ..stamp("apps", NOON) };
        ledger.append(of(None), batch(1, NOON, vec![one(1)])).await.unwrap();
        // Nor does an operator take it from anybody.
        assert_eq!(ledger.append(of(Some("web")), batch(1, NOON, vec![one(1), one(2)])).await.unwrap().through, 2);
        assert_eq!(ledger.append(of(None), batch(1, NOON, vec![one(2), one(3)])).await.unwrap().through, 3);
        let found = ledger.generation("gen-1", None).await.unwrap().unwrap();
        assert_eq!((found.service_account.as_str(), all(&ledger).await.booked.requests), ("web", 3));
        for stranger in [of(Some("job")), Stamp { namespace: "other".into(), ..of(None) }] {
            let why = ledger.append(stranger, batch(1, NOON, vec![one(4)])).await.unwrap_err();
            assert!(matches!(why, Error::NotYours(_)), "{why}");
        }
        ledger.shut().await;
    }

    async fn a_clock_that_is_off_is_booked_at_receipt_and_marked(place) {
        let ledger = place.open().await;
        let day_before = NOON - DAY;
        let entry = |id: &str| vec![told(1, record(id, day_before, vec![attempt("gpt-5", Some(1))]))];
        ledger.append(stamp("apps", NOON), batch(1, day_before + HOUR, entry("gen-off"))).await.unwrap();
        // Late, and right.
        ledger.append(stamp("apps", NOON), batch(2, NOON, entry("gen-late"))).await.unwrap();
        let off = ledger.generation("gen-off", None).await.unwrap().unwrap();
        let late = ledger.generation("gen-late", None).await.unwrap().unwrap();
        assert_eq!((off.clock_off, off.record.at_ms), (true, NOON as u64));
        assert_eq!((late.clock_off, late.record.at_ms), (false, day_before as u64));
        ledger.shut().await;
    }

    async fn names_beyond_the_bound_of_an_hour_are_others_and_no_figure_is_lost(place) {
        let ledger = place.open_with(Settings { hourly: 3, ..Settings::default() }).await;
        let entries = (1..=8).map(|at| {
            let mut record = record(&format!("gen-{at}"), NOON, vec![attempt(&format!("model-{at}"), Some(1))]);
            record.payer.as_mut().unwrap().team = format!("team-{at}");
            told(at, record)
        });
        ledger.append(stamp("apps", NOON), batch(1, NOON, entries.collect())).await.unwrap();
        let by = [Dimension::Namespace, Dimension::Team, Dimension::Model, Dimension::Vendor];
        let usage = ledger.usage(&Query::between(NOON, NOON + 1).by(by)).await.unwrap();
        let names: Vec<_> = usage.rows.iter().map(|row| (row.names.join(" "), row.figures.booked.requests)).collect();
        assert_eq!(names[0], ("apps other other openai".to_owned(), 5));
        assert_eq!(names.len(), 4);
        assert_eq!(usage.total.booked.nano, 8);
        // The bound is one of the hour, not of the process.
        ledger.shut().await;
        let ledger = place.open_with(Settings { hourly: 3, ..Settings::default() }).await;
        let late = told(9, record("gen-9", NOON, vec![attempt("model-9", Some(1))]));
        ledger.append(stamp("apps", NOON), batch(1, NOON, vec![late])).await.unwrap();
        let usage = ledger.usage(&Query::between(NOON, NOON + 1).by([Dimension::Model])).await.unwrap();
        assert_eq!((usage.groups, usage.total.booked.requests), (4, 9));
        ledger.shut().await;
    }
}

//! Closed periods, other prices, people who are forgotten, and what is removed.

use outrigger_api::ledger::{Attempt, Target, Tokens};

use super::{
    place::{Place, on_both},
    small::{DAY, HOUR, NOON, all, attempt, batch, begun, record, stamp, told},
};
use crate::{Dimension, Period, Priced, Pricer, Query};

/// So many nano-dollars a token, whatever it is.
struct Flat(u64);

impl Pricer for Flat {
    fn price(&self, target: &Target, tokens: &Tokens, _at_ms: i64) -> Option<Priced> {
        let count = tokens.input.unwrap_or(0) + tokens.output.unwrap_or(0);
        (target.model == "gpt-5").then(|| Priced {
            nano: self.0 * count,
            row: format!("openai/gpt-5@{}", self.0),
            partial: false,
        })
    }
}

on_both! {
    async fn a_closed_period_never_changes_and_what_is_late_stands_beside_it(place) {
        let ledger = place.open().await;
        let september: Period = "2026-09".parse().unwrap();
        let after = september.end_ms() + HOUR;
        let entries = vec![told(1, record("gen-1", NOON, vec![attempt("gpt-5", Some(5))])), begun(2, "gen-2", 0, NOON)];
        ledger.append(stamp("apps", NOON), batch(1, NOON, entries)).await.unwrap();
        assert!(ledger.close(september, september.end_ms() - 1).await.is_err(), "it is not over");
        let closed = ledger.close("2026-Q3".parse().unwrap(), after).await.unwrap();
        assert_eq!(closed.iter().map(|month| (month.month.as_str(), month.nano)).collect::<Vec<_>>(), [
            ("2026-07", 0),
            ("2026-08", 0),
            ("2026-09", 5)
        ]);
        let before = ledger.usage(&Query::of(september)).await.unwrap().total;
        // Late, by a clock that is right.
        let mut late = batch(1, after, vec![told(3, record("gen-3", NOON, vec![attempt("gpt-5", Some(7))]))]);
        (late.started_at_ms, late.closed) = ((NOON - DAY) as u64, true);
        ledger.append(stamp("apps", after), late).await.unwrap();
        ledger.reprice(0, after, &Flat(1), after).await.unwrap();
        let figures = ledger.usage(&Query::of(september)).await.unwrap().total;
        assert_eq!(figures.booked, before.booked);
        assert_eq!((figures.adjusted.requests, figures.unknown.attempts), (2, 1));
        // 110 tokens at one nano-dollar each, twice.
        assert_eq!((figures.booked.nano, figures.nano()), (5, 220));
        // Closed again: it is what it was.
        let again = ledger.close(september, after + DAY).await.unwrap();
        assert_eq!((again[0].nano, again[0].closed_at_ms), (5, after));
        assert_eq!(ledger.closed().await.unwrap().len(), 3);
        ledger.shut().await;
    }

    async fn another_price_keeps_the_old_figure_and_what_had_none_has_one(place) {
        let ledger = place.open().await;
        let said = Attempt {
            cost: Some(outrigger_api::ledger::Cost { nano_usd: 3, source: 1, ..Default::default() }),
            ..attempt("gpt-5", None)
        };
        let entries = vec![
            told(1, record("gen-1", NOON, vec![attempt("gpt-5", Some(5))])),
            told(2, record("gen-2", NOON, vec![attempt("gpt-5", None)])),
            told(3, record("gen-3", NOON, vec![said])),
            told(4, record("gen-4", NOON, vec![attempt("unheard-of", None)])),
        ];
        ledger.append(stamp("apps", NOON), batch(1, NOON, entries)).await.unwrap();
        let before = all(&ledger).await;
        assert_eq!((before.nano(), before.unpriced.requests, before.unpriced.tokens), (8, 2, 220));
        let done = ledger.reprice(0, NOON + DAY, &Flat(2), NOON + HOUR).await.unwrap();
        assert_eq!((done.changed, done.before_nano, done.after_nano), (2, 5, 440));
        let after = all(&ledger).await;
        assert_eq!(after.booked, before.booked, "what was booked stays");
        assert_eq!((after.nano(), after.unpriced.requests, after.unpriced.tokens), (443, 1, 110));
        assert_eq!(after.sums().requests, 4);
        let by = ledger.usage(&Query::between(NOON, NOON + HOUR).by([Dimension::Source])).await.unwrap();
        let costs: Vec<_> = by.rows.iter().map(|row| (row.names[0].as_str(), row.figures.sums().requests, row.figures.nano())).collect();
        assert_eq!(costs, [("catalog", 2, 440), ("unpriced", 1, 0), ("upstream", 1, 3)]);
        // The records themselves say the same.
        let by_code = ledger.usage(&Query::between(NOON, NOON + HOUR).by([Dimension::Code])).await.unwrap();
        assert_eq!(by_code.total, after);
        // The same price once more changes nothing; another one builds on the last.
        assert_eq!(ledger.reprice(0, NOON + DAY, &Flat(2), NOON + HOUR).await.unwrap().changed, 0);
        let done = ledger.reprice(0, NOON + DAY, &Flat(1), NOON + HOUR).await.unwrap();
        assert_eq!((done.changed, done.before_nano, done.after_nano), (2, 440, 220));
        assert_eq!(all(&ledger).await.nano(), 223);
        ledger.shut().await;
    }

    async fn a_user_who_is_forgotten_is_in_no_record_and_sums_stay(place) {
        let ledger = place.open().await;
        let mut one = record("gen-1", NOON, vec![attempt("gpt-5", Some(5))]);
        let user = format!("h:0123{}", "0".repeat(28));
        (one.user, one.session) = (user.clone(), "h:abcd".into());
        let mut two = record("gen-2", NOON, vec![attempt("gpt-5", Some(6))]);
        two.user = "h:4567".into();
        ledger.append(stamp("apps", NOON), batch(1, NOON, vec![told(1, one), told(2, two)])).await.unwrap();
        let by_user = Query::between(NOON, NOON + HOUR).by([Dimension::User]);
        assert_eq!(ledger.usage(&by_user).await.unwrap().groups, 2);
        assert_eq!(ledger.forget(&user, None).await.unwrap().records, 1);
        assert_eq!(ledger.forget(&user, None).await.unwrap().records, 0);
        assert!(ledger.forget("", None).await.is_err());
        let found = ledger.generation("gen-1", None).await.unwrap().unwrap().record;
        assert_eq!((found.user.as_str(), found.session.as_str()), ("", ""));
        assert_eq!(ledger.generation("gen-2", None).await.unwrap().unwrap().record.user, "h:4567");
        let usage = ledger.usage(&by_user).await.unwrap();
        assert_eq!(usage.rows.iter().map(|row| row.names[0].as_str()).collect::<Vec<_>>(), ["", "h:4567"]);
        assert_eq!(all(&ledger).await.nano(), 11);
        ledger.shut().await;
    }

    /// Raw records are kept for 90 days, sums for 36 months, and what came of an epoch for as long: a late duplicate is booked
    /// by nobody.
    async fn records_go_after_90_days_and_a_duplicate_of_one_is_still_no_second_one(place) {
        let ledger = place.open().await;
        let entries: Vec<_> = (1..=60)
            .map(|at| told(at, record(&format!("gen-{at:02}"), NOON, vec![attempt("gpt-5", Some(at))])))
            .collect();
        let batch = batch(1, NOON, entries);
        ledger.append(stamp("apps", NOON), batch.clone()).await.unwrap();
        let before = all(&ledger).await;
        assert_eq!(ledger.retain(NOON + 89 * DAY).await.unwrap(), 0);
        let later = NOON + 92 * DAY;
        assert_eq!(ledger.retain(later).await.unwrap(), 10, "the 50 dearest of the month stay");
        assert!(ledger.generation("gen-10", None).await.unwrap().is_none());
        assert!(ledger.generation("gen-11", None).await.unwrap().is_some());
        assert_eq!(ledger.append(stamp("apps", later), batch.clone()).await.unwrap().through, 60);
        assert_eq!(all(&ledger).await, before);
        let dearest = ledger.most_expensive(NOON - DAY, NOON + DAY, None, 2).await.unwrap();
        assert_eq!(dearest.iter().map(|found| found.nano).collect::<Vec<_>>(), [60, 59]);
        // 36 months later there is nothing left.
        let end: Period = "2029-11".parse().unwrap();
        assert!(ledger.retain(end.start_ms()).await.unwrap() > 0);
        assert_eq!(all(&ledger).await, crate::Figures::default());
        assert!(ledger.generation("gen-60", None).await.unwrap().is_none());
        assert_eq!(ledger.retain(end.start_ms()).await.unwrap(), 0);
        ledger.shut().await;
    }
}

//! A month of traffic with known totals.

use super::{
    place::{Place, on_both},
    traffic::{Books, Known, Shape, sidecar},
};
use crate::{Dimension, Query, Stamp};

const START: u64 = 1_788_220_800_000; // 2026-09-01
const SHAPE: Shape = Shape { seed: 7, sidecars: 60, requests: 80, start_ms: START, length_ms: 30 * 86_400_000 };

on_both! {
    /// U5, U6: what is asked is what was made: each team and model, to the token and the nano-dollar.
    async fn a_month_is_what_was_made_of_it(place) {
        let ledger = place.open().await;
        let mut books = Books::new();
        let end = SHAPE.start_ms + SHAPE.length_ms;
        for number in 0..SHAPE.sidecars {
            let sidecar = sidecar(&SHAPE, number, &mut books);
            let chunks: Vec<_> = sidecar.entries.chunks(100).collect();
            for (at, chunk) in chunks.iter().enumerate() {
                let batch = sidecar.batch(chunk.to_vec(), end, at + 1 == chunks.len());
                let stamp = Stamp {
                    namespace: sidecar.namespace.clone(),
                    service_account: Some("default".into()),
                    received_at_ms: end as i64,
                };
                let through = ledger.append(stamp, batch).await.unwrap().through;
                assert_eq!(through, chunk.last().unwrap().sequence);
            }
        }
        let period = "2026-09".parse().unwrap();
        let usage = ledger.usage(&Query::of(period).by([Dimension::Team, Dimension::Model])).await.unwrap();
        let found: Books = usage
            .rows
            .iter()
            .map(|row| {
                let sums = row.figures.booked;
                let known = Known {
                    requests: sums.requests,
                    attempts: sums.attempts,
                    input: sums.input,
                    output: sums.output,
                    nano: sums.nano,
                    unpriced: row.figures.unpriced.attempts,
                    unknown: row.figures.unknown.attempts,
                    saved: sums.saved,
                };
                ((row.names[0].clone(), row.names[1].clone()), known)
            })
            .collect();
        assert_eq!(found, books);
        assert!(ledger.gaps(None, end as i64).await.unwrap().is_empty());
        // Told apart otherwise, it is the same in all.
        for by in ["day", "hour", "quarter,outcome", "month,source,route", "workload,namespace", "user,tag:job"] {
            let mut query = Query::of(period).by(crate::query::dimensions(by).unwrap());
            query.limit = 10_000;
            let other = ledger.usage(&query).await.unwrap();
            let mut total = usage.total;
            if query.needs_records() {
                // Of what only began there is no record.
                total.booked.attempts -= total.unknown.attempts;
                total.booked.requests -= total.unknown.requests;
                total.unknown = crate::Apart::default();
            }
            assert_eq!(other.total, total, "{by}");
        }
        ledger.shut().await;
    }

    async fn an_odd_stretch_is_the_sum_of_its_hours(place) {
        let ledger = place.open().await;
        let end = SHAPE.start_ms + SHAPE.length_ms;
        let mut books = Books::new();
        for number in 0..5 {
            let sidecar = sidecar(&SHAPE, number, &mut books);
            for chunk in sidecar.entries.chunks(200) {
                let stamp = Stamp { namespace: "n".into(), service_account: Some("s".into()), received_at_ms: end as i64 };
                ledger.append(stamp, sidecar.batch(chunk.to_vec(), end, false)).await.unwrap();
            }
        }
        let hour = 3_600_000;
        for (from, to) in [(5, 17), (5, 24 * 9 + 3), (0, 24 * 30), (24 * 29, 24 * 40), (7, 8)] {
            let (from, to) = (START as i64 + from * hour, START as i64 + to * hour);
            let whole = ledger.usage(&Query::between(from, to)).await.unwrap().total;
            let by_hour = ledger.usage(&Query::between(from, to).by([Dimension::Hour])).await.unwrap().total;
            let by_day = ledger.usage(&Query::between(from, to).by([Dimension::Day, Dimension::Month])).await.unwrap().total;
            assert_eq!(whole, by_hour);
            assert_eq!(whole, by_day);
        }
        ledger.shut().await;
    }
}

//! What whoever asks is shown.

use super::{
    place::{Place, on_both},
    small::{DAY, HOUR, NOON, attempt, batch, record, stamp, told},
};
use crate::{Dimension, Error, Order, Query};

async fn filled(place: &Place) -> crate::Ledger {
    let ledger = place.open().await;
    for (epoch, namespace, team, model, nano) in [
        (1, "apps", "a", "gpt-5", 5),
        (2, "apps", "b", "claude", 50),
        (3, "labs", "a", "gpt-5", 7),
        (4, "labs", "Ä, \"x\"", "é", 1),
    ] {
        let mut one = record(&format!("gen-{epoch}"), NOON, vec![attempt(model, Some(nano))]);
        one.payer.as_mut().unwrap().team = team.into();
        ledger.append(stamp(namespace, NOON), batch(epoch, NOON, vec![told(1, one)])).await.unwrap();
    }
    ledger
}

fn rows(usage: &crate::Usage) -> Vec<(String, i128)> {
    usage.rows.iter().map(|row| (row.names.join("/"), row.figures.nano())).collect()
}

on_both! {
    async fn a_question_is_answered_in_groups_filtered_ordered_and_paged(place) {
        let ledger = filled(&place).await;
        let query = |text: &str| {
            let pairs: Vec<(&str, &str)> = text.split('&').map(|pair| pair.split_once('=').unwrap()).collect();
            Query::parse(pairs, NOON + HOUR).unwrap()
        };
        let ask = async |text: &str| rows(&ledger.usage(&query(text)).await.unwrap());
        // The same order in both stores: that of the bytes.
        assert_eq!(
            ask("since=1d&by=team,model").await,
            [("a/gpt-5".into(), 12), ("b/claude".into(), 50), ("Ä, \"x\"/é".into(), 1)]
        );
        assert_eq!(ask("since=1d&by=team&where=model=gpt-5&where=model=claude&order=cost").await, [("b".into(), 50), ("a".into(), 12)]);
        assert_eq!(ask("since=1d&by=namespace&where=model!=claude&where=team=a").await, [("apps".into(), 5), ("labs".into(), 7)]);
        assert_eq!(ask("since=1d&by=team&where=code=ok&where=namespace=labs").await, [("a".into(), 7), ("Ä, \"x\"".into(), 1)]);
        assert_eq!(ask("since=1d&by=team&where=code!=ok").await, []);
        assert_eq!(ask("since=2026-09-16&until=2026-09-17&by=team").await, []);
        assert_eq!(ask("period=2026-Q3&by=quarter,month,day").await, [("2026-Q3/2026-09/2026-09-15".into(), 63)]);
        assert_eq!(ask("since=1d&by=hour").await, [("2026-09-15T12:00Z".into(), 63)]);
        let page = ledger.usage(&query("since=1d&by=team&limit=1&offset=1")).await.unwrap();
        assert_eq!((rows(&page), page.groups, page.total.nano()), (vec![("b".into(), 50)], 3, 63));
        let wide = Query::between(0, NOON).by([Dimension::Hour]);
        assert!(matches!(ledger.usage(&wide).await.unwrap_err(), Error::TooMuch(_)));
        ledger.shut().await;
    }

    async fn whoever_may_see_a_namespace_sees_nothing_of_another(place) {
        let ledger = filled(&place).await;
        let labs = vec!["labs".to_owned()];
        let seen = |by: Dimension, namespaces: &[String]| Query {
            namespaces: Some(namespaces.to_vec()),
            order: Order::Names,
            ..Query::between(NOON - DAY, NOON + DAY).by([by])
        };
        assert_eq!(rows(&ledger.usage(&seen(Dimension::Team, &labs)).await.unwrap()), [("a".into(), 7), ("Ä, \"x\"".into(), 1)]);
        assert_eq!(rows(&ledger.usage(&seen(Dimension::Code, &labs)).await.unwrap()), [("ok".into(), 8)]);
        assert_eq!(ledger.usage(&seen(Dimension::Team, &[])).await.unwrap().groups, 0);
        assert_eq!(ledger.usage(&seen(Dimension::Code, &[])).await.unwrap().groups, 0);
        assert!(ledger.generation("gen-1", Some(&labs)).await.unwrap().is_none());
        assert_eq!(ledger.generation("gen-3", Some(&labs)).await.unwrap().unwrap().namespace, "labs");
        let dearest = ledger.most_expensive(NOON - DAY, NOON + DAY, Some(&labs), 5).await.unwrap();
        assert_eq!(dearest.iter().map(|found| found.nano).collect::<Vec<_>>(), [7, 1]);
        let activity = ledger.activity(NOON - DAY, NOON + DAY, Some(&labs)).await.unwrap();
        let told: Vec<_> = activity.iter().map(|one| (one.date.as_str(), one.model.as_str(), one.requests, one.prompt_tokens)).collect();
        assert_eq!(told, [("2026-09-15", "gpt-5", 1, 100), ("2026-09-15", "é", 1, 100)]);
        ledger.shut().await;
    }

    async fn what_a_sidecar_told_is_given_back_whole(place) {
        let ledger = place.open().await;
        let mut whole = record("gen-1", NOON, vec![attempt("gpt-5", Some(5))]);
        (whole.user, whole.session, whole.finish) = ("c:me".into(), "h:ff".into(), "stop".into());
        ledger.append(stamp("apps", NOON + 5), batch(1, NOON, vec![told(1, whole.clone())])).await.unwrap();
        let found = ledger.generation("gen-1", None).await.unwrap().unwrap();
        assert_eq!(found.record, whole);
        assert_eq!((found.service_account.as_str(), found.received_at_ms, found.clock_off), ("default", NOON + 5, false));
        assert!(ledger.generation("gen-2", None).await.unwrap().is_none());
        ledger.shut().await;
    }

    /// Money beyond what the store's numbers hold is still a sum.
    async fn a_sum_larger_than_the_stores_largest_number_is_right(place) {
        let ledger = place.open().await;
        let most = 10_000 * 1_000_000_000;
        for epoch in 0..4_u8 {
            let entries = (1..=500).map(|at| told(at, record(&format!("gen-{epoch}-{at}"), NOON, vec![attempt("gpt-5", Some(most))])));
            ledger.append(stamp(&format!("n-{epoch}"), NOON), batch(epoch, NOON, entries.collect())).await.unwrap();
        }
        ledger.inflate(500).await;
        let usage = ledger.usage(&Query::between(NOON, NOON + HOUR)).await.unwrap();
        assert_eq!(usage.total.nano(), 4 * 500 * 500 * i128::from(most));
        assert!(usage.total.nano() > i128::from(i64::MAX));
        ledger.shut().await;
    }
}

//! How SQLite goes about a question: by an index, however much there is beside what is asked for.

use super::{
    place::Place,
    small::{HOUR, NOON},
};
use crate::{Query, usage::statement};

/// What SQLite says that it does, of tables that grow.
async fn plan(ledger: &crate::Ledger, question: &str) -> Vec<String> {
    let pairs = question.split('&').filter_map(|pair| pair.split_once('='));
    let query = Query::parse(pairs, NOON + HOUR).unwrap();
    let (sql, values) = statement(&query).unwrap();
    let mut tx = ledger.store().read().await.unwrap();
    let mut plan = Vec::new();
    for mut row in tx.fetch(&format!("EXPLAIN QUERY PLAN {sql}"), &values).await.unwrap() {
        let (_id, _parent, _unused) = (row.int().unwrap(), row.int().unwrap(), row.int().unwrap());
        plan.push(row.text().unwrap());
    }
    plan
}

/// The rows of other times are passed over: sums are found by their key, records by their day, or by whose they are.
#[tokio::test]
async fn no_question_looks_at_what_it_does_not_ask_for() {
    let place = Place::sqlite();
    let ledger = place.open().await;
    for question in [
        "since=90d",
        "since=90d&by=team,route,model",
        "since=90d&by=day,model&where=team=a",
        "since=4w&by=hour&where=namespace=apps",
        "since=1000d&by=quarter,vendor",
        "since=36h&by=hour,outcome&where=outcome!=ok",
    ] {
        let plan = plan(&ledger, question).await;
        assert!(!plan.iter().any(|step| step.starts_with("SCAN rollups")), "{question}: {plan:#?}");
        let by_key = "SEARCH rollups USING PRIMARY KEY (span=? AND start>? AND start<?)";
        assert!(plan.iter().any(|step| step == by_key), "{question}: {plan:#?}");
    }
    for (question, index) in [
        ("since=1h&by=user", "records_day (day>? AND day<?)"),
        ("since=1d&by=tag:job,team&where=team=a", "records_day (day>? AND day<?)"),
        ("since=90d&by=day&where=code=ok&where=namespace=apps", "records_day (day>? AND day<?)"),
        ("since=90d&by=day&where=user=h:0011", "records_person (person=?)"),
    ] {
        let plan = plan(&ledger, question).await;
        assert!(!plan.iter().any(|step| step.starts_with("SCAN r ")), "{question}: {plan:#?}");
        assert!(plan.contains(&format!("SEARCH r USING INDEX {index}")), "{question}: {plan:#?}");
    }
    ledger.shut().await;
}

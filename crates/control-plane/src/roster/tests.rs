use std::{collections::BTreeMap, time::SystemTime};

use http_body_util::BodyExt as _;
use outrigger_api::v1::Rejection;
use outrigger_catalog::Catalog;
use outrigger_compile::{Workload, World};
use serde_json::json;

use super::*;
use crate::{
    fleet::{Hello, Seat},
    identity::{Account, Stands, Token},
    metrics::Metrics,
    publish::Publisher,
};

struct Plane {
    fleet: Arc<Fleet>,
    publisher: Publisher,
    roster: Roster,
}

fn plane() -> Plane {
    let (fleet, metrics) = (Arc::new(Fleet::default()), Arc::new(Metrics::new().unwrap()));
    let publisher = Publisher::new(Arc::new(Catalog::embedded()), fleet.clone(), metrics);
    publisher.publish(Arc::new(World::default()));
    let fingerprints = Arc::new(Fingerprints::of_secret(b"s"));
    let roster = Roster::new(fleet.clone(), Arc::new(Standing::new()), fingerprints);
    Plane { fleet, publisher, roster }
}

impl Plane {
    /// A sidecar that holds what it should.
    fn sidecar(&self, namespace: &str, instance: usize) -> Arc<Connection> {
        let workload = Workload {
            namespace: namespace.to_owned(),
            service_account: "default".to_owned(),
            labels: BTreeMap::new(),
        };
        let subscription = self.publisher.subscribe(workload).unwrap();
        let now = SystemTime::UNIX_EPOCH;
        let token = Token { expires: now, id: "t".into(), stands: Stands::Key("k".into()) };
        let connection = self.fleet.join(token, Seat { subscription, account: Account::default() }, None);
        let hello = Hello {
            instance_id: format!("i{instance:05}"),
            version: "1".to_owned(),
            started_at_ms: 0,
            probe_port: None,
        };
        connection.introduce(hello, now);
        connection
    }

    async fn read(&self, query: &str) -> Value {
        let page = self.roster.page(Some(query)).into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&page).unwrap()
    }
}

fn instances(page: &Value) -> Vec<&str> {
    page["sidecars"].as_array().unwrap().iter().map(|row| row["instance"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn nobody_is_shown_as_well() {
    let page = plane().read("").await;
    assert_eq!((&page["sidecars"], &page["total"], &page["more"]), (&json!([]), &json!(0), &json!(0)));
}

/// Whoever reads on with what an answer gives sees each sidecar once, in order.
#[tokio::test]
async fn a_large_fleet_is_read_in_parts() {
    let plane = plane();
    let all: Vec<_> = (0..250).map(|n| plane.sidecar(if n % 2 == 0 { "even" } else { "odd" }, n)).collect();
    let whole = plane.read("").await;
    assert_eq!((whole["total"].as_u64(), whole["more"].as_u64()), (Some(250), Some(0)));
    assert!(whole.get("continue").is_none() && whole.get("unsure").is_none());
    let (mut seen, mut query) = (Vec::new(), "limit=100".to_owned());
    for left in [150, 50, 0] {
        let part = plane.read(&query).await;
        assert_eq!((part["total"].as_u64(), part["more"].as_u64()), (Some(250), Some(left)));
        seen.extend(instances(&part).into_iter().map(str::to_owned));
        query = format!("limit=100&continue={}", part["continue"].as_str().unwrap_or_default());
    }
    assert_eq!(seen, instances(&whole));
    assert_eq!(plane.read("namespace=odd").await["total"], 125);
    drop(all);
    assert_eq!(plane.read("").await["total"], 0);
}

/// What is in memory of an answer is a piece of it; the sidecars that are to be shown are kept by nobody.
#[tokio::test]
async fn an_answer_is_made_as_it_is_taken() {
    let plane = plane();
    let mut all: Vec<_> = (0..1_000).map(|n| plane.sidecar("a", n)).collect();
    let mut body = plane.roster.page(None).into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.len() < 48 << 10, "{}", first.len());
    all.truncate(500);
    let mut text = first.to_vec();
    text.extend_from_slice(&body.collect().await.unwrap().to_bytes());
    let page: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(instances(&page).len(), 500);
}

#[tokio::test]
async fn only_so_many_read_at_one_time() {
    let plane = plane();
    let mut reading: Vec<_> = (0..AT_ONCE).map(|_| plane.roster.page(None)).collect();
    assert!(reading.iter().all(|page| page.status() == StatusCode::OK));
    let refused = plane.roster.page(None);
    assert_eq!(
        (refused.status(), refused.headers()["retry-after"].to_str().unwrap()),
        (StatusCode::SERVICE_UNAVAILABLE, "1")
    );
    reading.pop();
    assert_eq!(plane.roster.page(None).status(), StatusCode::OK);
    assert_eq!(plane.roster.page(Some("namespaces=a")).status(), StatusCode::BAD_REQUEST);
}

/// Since when it is behind: from its coming to its first acknowledgement of what it should hold, and again from an edit.
#[tokio::test]
async fn a_sidecar_is_behind_until_it_holds_what_it_should() {
    let plane = plane();
    let connection = plane.sidecar("a", 0);
    let row = async || plane.read("").await["sidecars"][0].clone();
    let before = row().await;
    assert_eq!((&before["current"], &before["behindSinceUnix"]), (&json!(false), &json!(0)));
    assert_eq!((&before["revision"], &before["credentials"]), (&json!(""), &Value::Null));
    assert_eq!(plane.read("credential=a/p/main").await["unsure"], 1);
    let view = connection.seat().subscription.view();
    connection.acknowledge(&view, Vec::new());
    let after = row().await;
    assert_eq!((&after["current"], &after["behindSinceUnix"]), (&json!(true), &Value::Null));
    assert_eq!((&after["credentials"], &after["kept"]), (&json!({}), &json!([])));
    let page = plane.read("credential=a/p/main").await;
    assert_eq!((&page["total"], &page["unsure"]), (&json!(0), &json!(0)));
    // Woken for nothing, it is not behind.
    plane.fleet.wake(|_| true, SystemTime::now());
    assert_eq!(row().await["behindSinceUnix"], Value::Null);
    let rejection = Rejection { key: "credentials/a/p".into(), code: "malformed".into(), reason: "r".into() };
    connection.acknowledge(&view, vec![rejection]);
    let row = row().await;
    assert_eq!((&row["kept"], &row["rejections"][0]["code"]), (&json!(["a/p"]), &json!("malformed")));
}

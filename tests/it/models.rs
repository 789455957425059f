//! The catalogue as callers see it.

use serde_json::{Value, json};

use crate::harness::*;

const CHAT: &str = "/v1/chat/completions";

async fn two() -> (Upstream, Sidecar) {
    let a = Upstream::start([chat_ok("a")]).await;
    let policy = Policy::new()
        .provider("a", a.base_url())
        .provider_with("b", a.base_url(), |provider| provider.priced(MODEL, "m-b", "0.5", "4"))
        .route("r", &["a", "b"]);
    (a, Sidecar::with_policy(policy).await)
}

/// Models and routes are listed in one shape for every client, and nobody is asked for them.
#[tokio::test]
async fn models_and_routes_are_listed() {
    let (a, sidecar) = two().await;
    for path in ["/v1/models", "/models", "/api/v1/models"] {
        let answer = sidecar.client().get(path).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{path}");
        let list = answer.json();
        assert_eq!((&list["object"], &list["has_more"]), (&json!("list"), &json!(false)));
        let data = list["data"].as_array().unwrap();
        let of = |id: &str| data.iter().find(|model| model["id"] == id).unwrap_or_else(|| panic!("{id} in {list}"));
        assert_eq!((&of(MODEL)["owned_by"], &of("r")["owned_by"]), (&json!("test"), &json!("outrigger")));
        let cheapest = &of(MODEL)["pricing"];
        assert_eq!((&cheapest["prompt"], &cheapest["completion"]), (&json!("0.0000005"), &json!("0.000004")));
        assert_eq!(data.iter().filter(|model| model["id"] == MODEL).count(), 1, "once, whoever serves it");
        for model in data {
            let named = ["id", "object", "type", "name", "display_name", "created_at", "owned_by"];
            assert!(named.iter().all(|field| model[field].is_string()) && model["created"].is_u64(), "{model}");
        }
    }
    let one = sidecar.client().get(&format!("/v1/models/{MODEL}")).await;
    assert_eq!((one.status, &one.json()["id"]), (200, &json!(MODEL)));
    assert_eq!(a.hits(), 0);
}

/// Every provider of a model is told with its price and how it fared.
#[tokio::test]
async fn the_endpoints_of_a_model_are_listed() {
    let (_a, sidecar) = two().await;
    assert_eq!(sidecar.client().post(CHAT, chat("r")).await.status, 200);
    let answer = sidecar.client().get(&format!("/v1/models/{MODEL}/endpoints")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let data = &answer.json()["data"];
    assert_eq!(data["id"], MODEL);
    let endpoints = data["endpoints"].as_array().unwrap();
    let prices: Vec<&Value> = endpoints.iter().map(|endpoint| &endpoint["pricing"]["prompt"]).collect();
    assert_eq!(prices, [&json!("0.000001"), &json!("0.0000005")], "{data}");
    assert!(endpoints.iter().all(|endpoint| endpoint["model_id"] == MODEL && endpoint["status"] == 0), "{data}");
    for endpoint in endpoints {
        assert_eq!((&endpoint["health"], &endpoint["uptime"]), (&json!("good"), &Value::Null), "{endpoint}");
        for window in ["uptime_last_5m", "uptime_last_30m", "uptime_last_1d"] {
            assert_eq!(endpoint.get(window), Some(&Value::Null), "nothing is counted by that clock");
        }
    }
    let text = answer.text();
    assert!(!text.contains("sk-test"), "{text}");
}

/// What is not there is not found, with a code, and what cannot be done with a list says what can.
#[tokio::test]
async fn what_is_not_in_the_catalogue_is_not_found() {
    let (_a, sidecar) = two().await;
    for path in ["/v1/models/no/such", "/v1/models/no/such/endpoints", "/v1/models/no/such/more/parts"] {
        let answer = sidecar.client().get(path).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        assert!(answer.header("x-outrigger-error").is_some() && answer.json()["error"]["code"].is_string(), "{path}");
    }
    for id in ["gen-none", "", "a%20b", &"x".repeat(4_000)] {
        let answer = sidecar.client().get(&format!("/v1/generation?id={id}")).await;
        assert_eq!((answer.status, answer.header("x-outrigger-error")), (404, Some("generation_not_found")), "{id}");
        assert_eq!(answer.json()["error"]["code"], "generation_not_found");
    }
    let posted = sidecar.client().post("/v1/models", "{}").await;
    assert_eq!((posted.status, posted.header("allow")), (405, Some("GET")));
}

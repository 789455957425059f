//! Edits that cannot be meant, and what goes on meanwhile.

use super::*;

/// What `r` looks like when nobody can mean it, and a word by which that is said.
const BAD: [(&str, &str, &str); 2] =
    [("semantic", "failover: {attempts: 99}", "attempts"), ("schema", "failover: {attemps: 2}", "attemps")];

fn policy(upstream: &Upstream, r: &str) -> Policy {
    Policy::new()
        .provider("a", upstream.base_url())
        .route("other", &["a"])
        .route_with("r", &["a"], |route| route.spec(r).spec(&format!("aliases: [{ALIAS}]")))
}

/// A name of the route that is a bare model's too: it must not fall through to the model.
const ALIAS: &str = UPSTREAM_MODEL;

async fn is_said_everywhere(plane: &ControlPlane, sidecar: &PushedSidecar, word: &str) {
    plane.wait_fleet(word, |fleet| fleet["policy"]["problems"].to_string().contains(word)).await;
    let line = sidecar.wait_log("policy_problem").await;
    assert!(line.contains("default/r") && line.contains(word), "{line}");
    let problems = sidecar.config().await["problems"].to_string();
    assert!(problems.contains("default/r") && problems.contains(word), "{problems}");
}

async fn a_bad_edit_keeps_the_last_good_value(bad: &str, word: &str) {
    let a = Upstream::start([chat_ok("a")]).await;
    let mut plane = ControlPlane::with_policy(policy(&a, "failover: {attempts: 2}")).await;
    let mut old = plane.sidecar().keep(Keep::InMemory).start().await;
    plane.edit(policy(&a, bad).route("new", &["a"]));
    becomes(&old.client(), "new", "a", AT_ONCE).await;
    assert_eq!(told(&old.client(), "r").await, "a", "its last good value is served");
    assert_eq!(
        old.config().await["routes"].as_array().unwrap().iter().find(|r| r["name"] == "default/r").unwrap()["attempts"],
        2
    );
    is_said_everywhere(&plane, &old, word).await;

    old.wait_kept(word).await;
    plane.restart().await;
    old.restart().await;
    let new = plane.sidecar().start().await;
    plane.wait_fleet("both", |fleet| fleet["sidecars"].as_array().is_some_and(|all| all.len() == 2)).await;
    for (name, wanted) in [("other", "a"), ("new", "a"), ("r", "a"), (ALIAS, "a")] {
        assert_eq!(told(&old.client(), name).await, wanted, "{name}");
    }
    let before = a.hits();
    for name in ["r", "default/r"] {
        let answer = new.client().post(CHAT, chat(name)).await;
        assert_eq!((answer.status, answer.header("x-outrigger-error")), (503, Some("policy_broken")), "{name}");
        assert!(answer.text().contains("default/r") && answer.text().contains(word), "{}", answer.text());
    }
    assert_ne!(told(&new.client(), ALIAS).await, "a", "the bare model is not what was meant");
    assert_eq!(a.hits(), before);
    assert_eq!(told(&new.client(), "other").await, "a", "good siblings are there");

    plane.edit(Policy::new().provider("a", a.base_url()).route("other", &["a"]).route("new", &["a"]));
    for sidecar in [&old, &new] {
        becomes(&sidecar.client(), "r", "model_not_found", AT_ONCE).await;
        assert_eq!(sidecar.config().await["problems"], serde_json::json!([]));
    }
    plane.wait_fleet("no problem", |fleet| fleet["policy"]["problems"] == serde_json::json!([])).await;
}

/// R-CFG-5: a provider that cannot be meant goes on as it was, with its keys, also over a restart of everything.
#[tokio::test]
async fn a_broken_provider_goes_on_with_its_keys() {
    let a = Upstream::start([chat_ok("a")]).await;
    let of = |spec: &str| {
        let policy = Policy::new().provider_with("a", a.base_url(), |provider| provider.spec(spec));
        policy.route("r", &["a"])
    };
    for (bad, word) in [("headers: [{name: a b, value: c}]", "spec.headers[0]"), ("regoin: eu", "regoin")] {
        let mut plane = ControlPlane::with_policy(of("region: eu")).await;
        let mut sidecar = plane.sidecar().keep(Keep::InMemory).start().await;
        plane.edit(of(bad).route("new", &["a"]));
        becomes(&sidecar.client(), "new", "a", AT_ONCE).await;
        plane.wait_fleet(word, |fleet| fleet["policy"]["problems"].to_string().contains(word)).await;
        sidecar.wait_kept(word).await;
        plane.restart().await;
        sidecar.restart().await;
        plane.wait_fleet("it", |fleet| fleet["sidecars"][0]["current"] == true).await;
        for name in ["r", "new", MODEL] {
            assert_eq!(told(&sidecar.client(), name).await, "a", "{name} with {word}");
        }
        assert_eq!(a.last().header("authorization"), Some("Bearer sk-test-a"));
        plane.edit(of("region: us").route("new", &["a"]));
        let mended = async || sidecar.config().await["providers"][0]["region"] == "us";
        until("the mended one", AT_ONCE, mended).await;
        assert_eq!(told(&sidecar.client(), "r").await, "a");
    }
}

/// R-CFG-5, K2: an edit with a value that makes no sense.
#[tokio::test]
async fn a_value_that_makes_no_sense_keeps_the_last_good_one() {
    a_bad_edit_keeps_the_last_good_value(BAD[0].1, BAD[0].2).await;
}

/// R-CFG-5, K2: an edit with a field that nobody knows.
#[tokio::test]
async fn a_field_that_nobody_knows_keeps_the_last_good_value() {
    a_bad_edit_keeps_the_last_good_value(BAD[1].1, BAD[1].2).await;
}

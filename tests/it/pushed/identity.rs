//! Tokens and certificates: whose policy it is, and who says so.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr},
};

use super::*;

fn policy(upstream: &Upstream) -> Policy {
    Policy::new().provider("a", upstream.base_url()).route("r", &["a"])
}

/// A provider with a key and a route in a namespace.
fn of_namespace(namespace: &str, upstream: &Upstream) -> String {
    format!(
        r#"
apiVersion: outrigger.dev/v1alpha1
kind: ModelProvider
metadata: {{name: vendor, namespace: {namespace}}}
spec:
  preset: openai
  baseURL: "{}"
  credentials: [{{name: main, secretKeyRef: {{name: keys, key: main}}}}]
  models: [{{model: {MODEL}, upstreamName: {UPSTREAM_MODEL}}}]
---
apiVersion: v1
kind: Secret
metadata: {{name: keys, namespace: {namespace}}}
stringData: {{main: sk-of-{namespace}}}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelRoute
metadata: {{name: route-of-{namespace}, namespace: {namespace}}}
spec: {{targets: [{{model: {MODEL}, provider: vendor}}]}}
---
"#,
        upstream.base_url()
    )
}

/// R-ID-1: a token of one namespace yields nothing of another, neither route nor key, on the wire, on a page or on disk; and
/// a sidecar that is given another's token keeps nothing of what it had.
#[tokio::test]
async fn a_token_yields_its_own_namespace_alone() {
    let upstream = Upstream::start([chat_ok("ok")]).await;
    let plane = ControlPlane::with_policy(of_namespace("one", &upstream) + &of_namespace("two", &upstream)).await;
    let of = |namespace| plane.sidecar().token(plane.token(namespace, &[])).keep(Keep::InMemory).start();
    let (mut one, two) = (of("one").await, of("two").await);
    let has_only = async |sidecar: &PushedSidecar, own: &str, other: &str| {
        assert_eq!(told(&sidecar.client(), &format!("route-of-{own}")).await, "ok");
        assert_eq!(upstream.last().header("authorization"), Some(&*format!("Bearer sk-of-{own}")));
        for name in [format!("route-of-{other}"), format!("{other}/route-of-{other}")] {
            assert_eq!(told(&sidecar.client(), &name).await, "model_not_found");
        }
        let config = sidecar.config().await.to_string();
        assert!(config.contains(&format!("{own}/vendor")) && !config.contains(&format!("{other}/")), "{config}");
        sidecar.wait_kept(&format!("sk-of-{own}")).await;
        for word in [format!("sk-of-{other}"), format!("route-of-{other}")] {
            sidecar.wait_dropped(&word).await;
        }
    };
    has_only(&one, "one", "two").await;
    has_only(&two, "two", "one").await;
    one.write_token(&plane.token("two", &[]));
    one.restart().await;
    becomes(&one.client(), "route-of-two", "ok", AT_ONCE).await;
    has_only(&one, "two", "one").await;
}

/// R-ID-1: what lies on disk is one workload's: another's token serves nothing of it, also while nobody can be asked.
#[tokio::test]
async fn what_lies_on_disk_is_one_workloads() {
    let upstream = Upstream::start([chat_ok("ok")]).await;
    let mut plane = ControlPlane::with_policy(of_namespace("one", &upstream) + &of_namespace("two", &upstream)).await;
    let mut sidecar = plane.sidecar().token(plane.token("one", &[])).keep(Keep::InMemory).start().await;
    sidecar.wait_kept("sk-of-one").await;
    let other = plane.token("two", &[]);
    plane.kill();
    sidecar.write_token(&other);
    sidecar.restart().await;
    sidecar.wait_log("another workload's").await;
    for name in ["route-of-one", "one/route-of-one", MODEL] {
        assert_eq!(told(&sidecar.client(), name).await, "policy_pending");
    }
    assert_eq!(upstream.hits(), 0);
    plane.restart().await;
    becomes(&sidecar.client(), "route-of-two", "ok", PATIENCE).await;
    assert_eq!(told(&sidecar.client(), "route-of-one").await, "model_not_found");
    sidecar.wait_dropped("sk-of-one").await;
}

/// R-ID-1: a sidecar that becomes another workload while it runs forgets the one it was, before anything new has come.
#[tokio::test]
async fn a_sidecar_that_becomes_another_workload_forgets_the_first() {
    let upstream = Upstream::start([chat_ok("ok")]).await;
    let plane = ControlPlane::with_policy(of_namespace("one", &upstream) + &of_namespace("two", &upstream)).await;
    let token = plane.token("one", &[]);
    let sidecar = plane.sidecar().token(token.clone()).keep(Keep::InMemory).start().await;
    assert_eq!(told(&sidecar.client(), "route-of-one").await, "ok");
    sidecar.write_token(&plane.token("two", &[]));
    plane.revoke(&token);
    becomes(&sidecar.client(), "route-of-two", "ok", PATIENCE).await;
    assert_eq!(told(&sidecar.client(), "route-of-one").await, "model_not_found");
    assert_eq!(upstream.last().header("authorization"), Some("Bearer sk-of-two"));
    sidecar.wait_dropped("sk-of-one").await;
}

/// R-ID-1: a stream ends with its token, what was served goes on, and a new token in the file is taken at the next connect.
#[tokio::test]
async fn a_stream_ends_with_its_token_and_begins_with_the_next() {
    let a = Upstream::start([chat_ok("a")]).await;
    let plane = ControlPlane::with_policy(policy(&a)).await;
    let sidecar = plane.sidecar().token(plane.token("default", &["--lifetime", "2s"])).start().await;
    let line = sidecar.wait_log("token_expired").await;
    assert!(line.contains("control_plane_lost"), "{line}");
    assert_eq!(told(&sidecar.client(), "r").await, "a");
    plane.wait_fleet("nobody", |fleet| fleet["sidecars"] == serde_json::json!([])).await;
    assert!(sidecar.client().post(CHAT, chat("r")).await.header("x-outrigger-policy-age").is_some());
    sidecar.write_token(&plane.token("default", &[]));
    plane.edit(policy(&a).route("new", &["a"]));
    becomes(&sidecar.client(), "new", "a", PATIENCE).await;
}

/// R-ID-1: a token that is taken back ends its stream within two seconds and no other.
#[tokio::test]
async fn a_token_that_is_taken_back_ends_its_stream() {
    let a = Upstream::start([chat_ok("a")]).await;
    let plane = ControlPlane::with_policy(policy(&a)).await;
    let token = plane.token("default", &[]);
    let (sidecar, other) = (plane.sidecar().token(&token).start().await, plane.sidecar().start().await);
    plane.revoke(&token);
    let ended = async || plane.fleet().await["sidecars"].as_array().is_some_and(|all| all.len() == 1);
    until("the end of its stream", AT_ONCE, ended).await;
    sidecar.wait_log("token_revoked").await;
    assert_eq!(told(&sidecar.client(), "r").await, "a", "what it has goes on");
    assert!(!other.log().iter().any(|line| line.contains("control_plane_lost")));
    let refused =
        async || plane.metrics().await.sum("outrigger_control_plane_refused_total", &[("code", "token_revoked")]) > 0.0;
    until("a refusal", AT_ONCE, refused).await;
}

/// A token whose signature is of something else.
fn tampered(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{signed}.{first}{}", &signature[1..])
}

/// R-ID-1, R-ID-2, K1: whatever is wrong with who says what to whom, a sidecar serves what it has, gets nothing new and says
/// why.
#[tokio::test]
async fn whatever_is_wrong_with_identity_the_last_good_policy_serves() {
    let a = Upstream::start([chat_ok("a")]).await;
    let plane = ControlPlane::with_policy(policy(&a)).await;
    let other = ControlPlane::with_policy(policy(&a)).await;
    // Another address of this machine, for which there is no certificate.
    let elsewhere = Relay::at(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)), plane.addr()).await;
    let good = plane.sidecar().keep(Keep::InMemory).start().await;
    good.wait_kept("sk-test-a").await;
    let token = plane.token("default", &[]);
    let setup = || plane.sidecar().keep(Keep::InMemory);
    let cases = [
        (setup().token(tampered(&token)), "token_wrong_key"),
        (setup().token(&token[..token.len() - 9]), "token_malformed"),
        (setup().token("words"), "token_malformed"),
        (setup().token(""), "token_missing"),
        (setup().token("without a file"), "cannot read the token"),
        (setup().token(other.token("default", &[])), "token_wrong_key"),
        (setup().ca_file(other.ca_file()), "UnknownIssuer"),
        (setup().ca_file("/nowhere"), "cannot read /nowhere"),
        (setup().url(plane.url_at(elsewhere.addr)), "not valid for name"),
    ];
    let mut sidecars = Vec::new();
    for (setup, why) in cases {
        let mut sidecar = setup.prepare();
        fs::copy(good.state().join("policy"), sidecar.state().join("policy")).unwrap();
        if why == "cannot read the token" {
            fs::remove_file(sidecar.token_file()).unwrap();
        }
        sidecar.start().await;
        sidecars.push((sidecar, why));
    }
    plane.edit(policy(&a).route("new", &["a"]));
    becomes(&good.client(), "new", "a", AT_ONCE).await;
    for (sidecar, why) in &sidecars {
        let line = sidecar.wait_log("control_plane_lost").await;
        assert!(line.contains(why), "{why}: {line}");
        assert_eq!(told(&sidecar.client(), "r").await, "a", "{why}");
        assert_eq!(told(&sidecar.client(), "new").await, "model_not_found", "{why}");
    }
    assert_eq!(plane.fleet().await["sidecars"].as_array().unwrap().len(), 1);
    // Put right, it is as if nothing had been.
    let (sidecar, _) = &sidecars[0];
    sidecar.write_token(&token);
    becomes(&sidecar.client(), "new", "a", PATIENCE).await;
}

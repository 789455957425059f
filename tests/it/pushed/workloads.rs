//! Who may call what: by the labels of a workload, and by policy.

use super::*;

const POLICY: &str = "
apiVersion: outrigger.dev/v1alpha1
kind: ModelPolicy
metadata: {name: limits, namespace: default}
spec:
";

fn under(policy: &Policy, limits: &str) -> Policy {
    policy.clone().document(&format!("{POLICY}  {limits}"))
}

/// R-ID-1: a route for one workload is closed to the other, by name and with the reason, and does not fall through to the
/// model of its name.
#[tokio::test]
async fn a_route_for_some_workloads_is_closed_to_the_others() {
    let a = Upstream::start([chat_ok("a")]).await;
    let selects = "workloads: {selector: {matchLabels: {app: billing}}}";
    let policy = Policy::new()
        .provider("a", a.base_url())
        .route_with(UPSTREAM_MODEL, &["a"], |route| route.spec(selects))
        .route("open", &["a"]);
    let plane = ControlPlane::with_policy(policy).await;
    let of = |app: &str| plane.sidecar().token(plane.token("default", &["--label", &format!("app={app}")])).start();
    let (billing, web) = (of("billing").await, of("web").await);
    assert_eq!(told(&billing.client(), UPSTREAM_MODEL).await, "a");
    for name in [UPSTREAM_MODEL, "default/m-up"] {
        let answer = web.client().post(CHAT, chat(name)).await;
        assert_eq!(
            (answer.status, answer.header("x-outrigger-error")),
            (403, Some("route_not_for_workload")),
            "{name}"
        );
        assert!(answer.text().contains("default/m-up"), "{}", answer.text());
    }
    for sidecar in [&billing, &web] {
        assert_eq!(told(&sidecar.client(), "open").await, "a");
    }
    assert_eq!(a.hits(), 3);
}

/// K2: a policy closes a route within two seconds and names itself; without it the route is open again.
#[tokio::test]
async fn a_policy_closes_a_route_and_its_removal_opens_it() {
    let a = Upstream::start([chat_ok("a")]).await;
    let policy = Policy::new().provider("a", a.base_url()).route("r", &["a"]);
    let plane = ControlPlane::with_policy(&policy).await;
    let sidecar = plane.sidecar().keep(Keep::InMemory).start().await;
    assert_eq!(told(&sidecar.client(), "r").await, "a");

    plane.edit(under(&policy, &format!("models: {{deny: [{MODEL}]}}")));
    becomes(&sidecar.client(), "r", "policy_forbidden", AT_ONCE).await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!(answer.status, 403);
    let explained = sidecar.admin_client().post("/explain", chat("r")).await.text();
    for said in [answer.text(), explained] {
        assert!(said.contains("default/limits") && said.contains("models.deny"), "{said}");
    }
    // What may not be used is nobody's business.
    sidecar.wait_dropped("sk-test-a").await;

    plane.edit(&policy);
    becomes(&sidecar.client(), "r", "a", AT_ONCE).await;
}

/// A policy that cannot be meant closes what it may have forbidden to whoever knows nothing else, and changes nothing for
/// whoever does (R-CFG-5).
#[tokio::test]
async fn a_broken_policy_never_opens_anything() {
    let a = Upstream::start([chat_ok("a")]).await;
    let policy = Policy::new().provider("a", a.base_url()).route("r", &["a"]);
    let plane = ControlPlane::with_policy(under(&policy, &format!("models: {{deny: [{MODEL}]}}"))).await;
    let mut closed = plane.sidecar().keep(Keep::InMemory).start().await;
    assert_eq!(told(&closed.client(), "r").await, "policy_forbidden");
    plane.edit(under(&policy, "models: {denied: []}"));
    closed.wait_log("policy_problem").await;
    assert_eq!(told(&closed.client(), "r").await, "policy_forbidden", "what was forbidden still is");
    closed.wait_kept("denied").await;
    closed.restart().await;
    assert_eq!(told(&closed.client(), "r").await, "policy_forbidden");
    let new = plane.sidecar().start().await;
    for name in ["r", MODEL, UPSTREAM_MODEL] {
        let answer = new.client().post(CHAT, chat(name)).await;
        assert_eq!((answer.status, answer.header("x-outrigger-error")), (503, Some("policy_broken")), "{name}");
        assert!(answer.text().contains("default/limits"), "{}", answer.text());
    }
    assert_eq!(a.hits(), 0);
}

/// `bareModels: Deny` leaves routes alone, on every path.
#[tokio::test]
async fn only_routes_may_be_named_where_bare_models_are_denied() {
    let a = Upstream::start([chat_ok("a")]).await;
    let policy = Policy::new().provider("a", a.base_url()).route("r", &["a"]);
    let plane = ControlPlane::with_policy(&policy).await;
    let sidecar = plane.sidecar().start().await;
    let client = sidecar.client();
    assert_eq!(told(&client, UPSTREAM_MODEL).await, "a");
    plane.edit(under(&policy, "bareModels: Deny"));
    becomes(&client, UPSTREAM_MODEL, "bare_model_denied", AT_ONCE).await;
    let hits = a.hits();
    for name in [MODEL, UPSTREAM_MODEL, "openai/m-up", "openai/gpt-4o"] {
        assert_ne!(told(&client, name).await, "a", "{name}");
    }
    let entries = serde_json::json!({"models": [MODEL, UPSTREAM_MODEL], "messages": chat("x")["messages"]});
    let input = serde_json::json!({"model": UPSTREAM_MODEL, "input": "words"});
    for (path, body) in [
        (CHAT, entries),
        ("/v1/embeddings", input.clone()),
        ("/v1/responses", input),
        ("/v1/messages", message(UPSTREAM_MODEL)),
        ("/v1/messages/count_tokens", message(MODEL)),
    ] {
        let answer = client.post(path, body).await;
        assert_eq!((answer.status, answer.header("x-outrigger-error")), (403, Some("bare_model_denied")), "{path}");
    }
    assert_eq!(a.hits(), hits);
    assert_eq!(told(&client, "r").await, "a");
    let listed = client.get("/v1/models").await.json();
    let names: Vec<_> = listed["data"].as_array().unwrap().iter().map(|model| model["id"].clone()).collect();
    assert!(!names.is_empty() && names.iter().all(|name| name == "r" || name == "default/r"), "{names:?}");
}

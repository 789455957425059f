//! A pod that starts while the control plane is down, and never had one.

use super::*;

const MESSAGES: &str = "/v1/messages";

/// `keyed` waits for its key, `free` needs none, `both` has either.
fn policy(keyed: &Upstream, free: &Upstream) -> Policy {
    let free = format!(
        "apiVersion: outrigger.dev/v1alpha1\nkind: ModelProvider\nmetadata: {{name: free, namespace: default}}\nspec: \
         {{dialects: [ChatCompletions, Responses], baseURL: {:?}, models: [{{model: {MODEL}, upstreamName: m}}]}}",
        free.base_url()
    );
    let routes = Policy::new().provider("keyed", keyed.base_url()).route("keyed", &["keyed"]);
    routes.route("free", &["free"]).route("both", &["keyed", "free"]).document(&free)
}

/// K1: what was left for its namespace serves within a second, but for what needs a key; with a control plane it is sent what
/// is missing and nothing else.
#[tokio::test]
async fn a_pod_starts_while_the_control_plane_is_down() {
    let (keyed, free) = (Upstream::with(|_, _| chat_ok("keyed")).await, Upstream::with(|_, _| chat_ok("free")).await);
    let mut plane = ControlPlane::with_policy(policy(&keyed, &free)).await;
    let left = plane.bootstrap("default", &[]);
    let setup = plane.sidecar().keep(Keep::InMemory).bootstrap(left.path(), "default", &[("never", "seen")]);
    let mut sidecar = setup.arg("--probe-listen").arg("*:0").prepare();
    plane.kill();
    let took = quickest(async |_| {
        sidecar.kill();
        let begun = Instant::now();
        sidecar.start().await;
        assert_eq!(told(&sidecar.client(), "free").await, "free");
        begun.elapsed()
    });
    let took = took.await;
    assert!(took < Duration::from_secs(1), "{took:?}");
    for (name, wanted) in [("keyed", "credentials_pending"), ("both", "free")] {
        assert_eq!(told(&sidecar.client(), name).await, wanted, "{name}");
    }
    for (path, shape) in [(CHAT, "error"), (MESSAGES, "type")] {
        let body =
            serde_json::json!({"model": "keyed", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]});
        let answer = sidecar.client().post(path, body).await;
        assert_eq!((answer.status, answer.header("x-outrigger-error")), (503, Some("credentials_pending")), "{path}");
        assert!(answer.header("retry-after").is_some() && answer.header("x-outrigger-policy-age").is_some(), "{path}");
        assert!(answer.json().get(shape).is_some(), "{path}: {}", answer.text());
    }
    let probe = sidecar.probe_client();
    assert_eq!((probe.get("/readyz").await.status, probe.get("/config").await.status), (200, 404));
    assert_eq!(keyed.hits(), 0);
    let behind = sidecar.log().len();
    plane.start().await;
    becomes(&sidecar.client(), "keyed", "keyed", AT_ONCE).await;
    assert_eq!(keyed.last().header("authorization"), Some("Bearer sk-test-keyed"));
    // The keys of one provider, and that the other has none.
    let applied = sidecar.wait_log_behind(behind, "policy applied").await;
    assert!(applied.contains("parts=2"), "{applied}");
    assert_eq!(sidecar.client().post(CHAT, chat("free")).await.header("x-outrigger-policy-age"), None);
}

/// What is restricted stays restricted: a pod that another policy selects has no bootstrap rather than a wider one, and says
/// why where a cluster looks.
#[tokio::test]
async fn a_pod_that_more_policy_selects_starts_with_nothing() {
    let a = Upstream::with(|_, _| chat_ok("a")).await;
    let limit = "apiVersion: outrigger.dev/v1alpha1\nkind: ModelPolicy\nmetadata: {name: eu, namespace: default}\nspec:\n  \
                 workloads: {selector: {matchExpressions: [{key: region, operator: In, values: [eu]}]}}\n  constraints: \
                 {regions: [eu]}";
    let mut plane = ControlPlane::with_policy(policy(&a, &a).document(limit)).await;
    let (left, known) = (plane.bootstrap("default", &[]), plane.bootstrap("default", &["--label", "region=eu"]));
    plane.kill();
    for (folder, labels, code) in [
        (&left, &[("region", "us")][..], "a"),
        (&left, &[("region", "eu")], "policy_pending"),
        (&known, &[("region", "eu")], "policy_forbidden"),
    ] {
        let setup = plane.sidecar().bootstrap(folder.path(), "default", labels);
        let mut sidecar = setup.arg("--probe-listen").arg("127.0.0.1:0").prepare();
        sidecar.start().await;
        assert_eq!(told(&sidecar.client(), "free").await, code, "{labels:?}");
        let ready = sidecar.probe_client().get("/readyz").await;
        if code == "policy_pending" {
            assert_eq!(ready.status, 503);
            assert!(ready.text().contains("bootstrap_not_for_pod"), "{}", ready.text());
            sidecar.wait_log("bootstrap_not_for_pod").await;
        } else {
            assert_eq!(ready.status, 200);
        }
    }
}

/// A bad bootstrap is said, and is no reason not to start; what was kept is served.
#[tokio::test]
async fn a_bootstrap_that_is_broken_stops_nobody() {
    let a = Upstream::with(|_, _| chat_ok("a")).await;
    let mut plane = ControlPlane::with_policy(policy(&a, &a)).await;
    let left = plane.bootstrap("default", &[]);
    std::fs::write(left.path().join("0").join("index.gz"), "no gzip").expect("spoil it");
    let mut sidecar = plane.sidecar().keep(Keep::InMemory).bootstrap(left.path(), "default", &[]).start().await;
    sidecar.wait_log("bootstrap_broken").await;
    becomes(&sidecar.client(), "keyed", "a", AT_ONCE).await;
    sidecar.wait_kept("sk-test-keyed").await;
    plane.kill();
    sidecar.restart().await;
    assert_eq!(told(&sidecar.client(), "keyed").await, "a");
}

/// An edit while the sidecar was away, and the control plane is too: the newer bootstrap counts, with the keys that were kept.
#[tokio::test]
async fn a_newer_bootstrap_takes_the_place_of_what_was_kept() {
    let (a, free) = (Upstream::with(|_, _| chat_ok("a")).await, Upstream::with(|_, _| chat_ok("free")).await);
    let mut plane = ControlPlane::with_policy(policy(&a, &free)).await;
    let folder = plane.bootstrap("default", &[]);
    let setup = plane.sidecar().keep(Keep::InMemory).bootstrap(folder.path(), "default", &[]);
    let mut sidecar = setup.start().await;
    becomes(&sidecar.client(), "keyed", "a", AT_ONCE).await;
    sidecar.wait_kept("sk-test-keyed").await;
    plane.kill();
    sidecar.kill();
    plane.edit(policy(&a, &free).route("new", &["keyed"]));
    let newer = plane.bootstrap("default", &[]);
    for at in ["0", "1", "2", "3"] {
        std::fs::remove_dir_all(folder.path().join(at)).expect("the old one");
        std::fs::rename(newer.path().join(at), folder.path().join(at)).expect("the new one");
    }
    sidecar.start().await;
    assert_eq!(
        (told(&sidecar.client(), "new").await, told(&sidecar.client(), "keyed").await),
        ("a".into(), "a".into())
    );
}

/// R-CFG-8: an empty policy is one: a sidecar without anything to serve is ready, says what is missing, and serves the first
/// route without another start.
#[tokio::test]
async fn an_empty_policy_is_a_policy() {
    let a = Upstream::with(|_, _| chat_ok("a")).await;
    let elsewhere = policy(&a, &a).to_string().replace("namespace: default", "namespace: other");
    let plane = ControlPlane::with_policy(elsewhere.as_str()).await;
    let sidecar = plane.sidecar().start().await;
    let answer = sidecar.client().post(CHAT, chat("keyed")).await;
    assert_eq!((answer.status, answer.header("x-outrigger-error")), (404, Some("no_route")), "{}", answer.text());
    assert!(answer.text().contains("ModelProvider") && answer.text().contains("ModelRoute"), "{}", answer.text());
    assert_eq!(sidecar.admin_client().get("/readyz").await.status, 200);
    plane.edit(format!("{elsewhere}\n---\n{}", policy(&a, &a)));
    becomes(&sidecar.client(), "keyed", "a", AT_ONCE).await;
}

/// A provider of another namespace whom this one may use, with its key.
fn elsewhere(far: &Upstream) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: far, namespace: other}}\nstringData: {{key: sk-test-far}}\n---\n\
         apiVersion: outrigger.dev/v1alpha1\nkind: ModelProvider\nmetadata: {{name: far, namespace: other}}\nspec: \
         {{dialects: [ChatCompletions, Responses], baseURL: {:?}, allowedNamespaces: {{from: All}}, models: [{{model: {MODEL}, upstreamName: m}}], \
         credentials: [{{name: main, secretKeyRef: {{name: far, key: key}}}}]}}",
        far.base_url()
    )
}

/// R-CFG-7: with the keys of its own namespace mounted a pod that starts while the control plane is down serves their providers;
/// a rotated file is used, another namespace's key is waited for and said to be, and what the control plane says wins.
#[tokio::test]
async fn mounted_keys_serve_until_the_control_plane_speaks() {
    let (keyed, free) = (Upstream::with(|_, _| chat_ok("keyed")).await, Upstream::with(|_, _| chat_ok("free")).await);
    let far = Upstream::with(|_, _| chat_ok("far")).await;
    let route = format!(
        "apiVersion: outrigger.dev/v1alpha1\nkind: ModelRoute\nmetadata: {{name: far, namespace: default}}\nspec: {{targets: \
         [{{model: {MODEL}, provider: other/far}}]}}"
    );
    let policy = policy(&keyed, &free).document(&elsewhere(&far)).document(&route);
    let mut plane = ControlPlane::with_policy(policy).await;
    let left = plane.bootstrap("default", &[]);
    let files = tempfile::tempdir().expect("a folder");
    // As a Secret and its entry.
    let file = files.path().join("keys").join("keyed");
    std::fs::create_dir_all(files.path().join("keys")).expect("a folder");
    std::fs::write(&file, "sk-mounted-1\n").expect("a key");
    let setup = plane.sidecar().keep(Keep::InMemory).bootstrap(left.path(), "default", &[]);
    let mut sidecar = setup.arg("--bootstrap-secrets").arg(files.path()).prepare();
    plane.kill();
    sidecar.start().await;
    assert_eq!(told(&sidecar.client(), "keyed").await, "keyed");
    assert_eq!(keyed.last().header("authorization"), Some("Bearer sk-mounted-1"));
    let waits = sidecar.client().post(CHAT, chat("far")).await;
    assert_eq!((waits.status, waits.header("x-outrigger-error")), (503, Some("credentials_pending")));
    assert!(waits.header("retry-after").is_some() && waits.text().contains("its own namespace"), "{}", waits.text());
    let config = sidecar.admin_client().get("/config").await.text();
    assert!(config.contains("ModelProvider other/far lie in another namespace"), "{config}");
    // A kubelet puts another one there.
    std::fs::write(&file, "sk-mounted-2").expect("another key");
    until("the rotated key", PATIENCE, async || {
        told(&sidecar.client(), "keyed").await;
        keyed.last().header("authorization") == Some("Bearer sk-mounted-2")
    })
    .await;
    plane.start().await;
    // It asks again less and less often, the longer nobody answers.
    becomes(&sidecar.client(), "far", "far", Duration::from_secs(40)).await;
    assert_eq!(told(&sidecar.client(), "keyed").await, "keyed");
    assert_eq!(keyed.last().header("authorization"), Some("Bearer sk-test-keyed"));
    // From then on no file is looked at, control plane or not.
    std::fs::write(&file, "sk-mounted-3").expect("one more key");
    plane.kill();
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(told(&sidecar.client(), "keyed").await, "keyed");
    assert_eq!(keyed.last().header("authorization"), Some("Bearer sk-test-keyed"));
    assert_eq!(far.hits(), 1);
    let log = sidecar.log().join("\n");
    assert!(log.contains("key_not_mounted") && !log.contains("sk-mounted"), "{log}");
}

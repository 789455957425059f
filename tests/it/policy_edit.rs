//! Policy changes under traffic.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use crate::harness::*;

const CHAT: &str = "/v1/chat/completions";
/// How often a file is saved under traffic.
const SAVES: u32 = 20;

/// K2: an edit is served within a second.
#[tokio::test]
async fn an_edit_applies_within_a_second() {
    let names = ["r0", "r1", "r2", "r3"];
    let a = Upstream::with(|_, _| chat_ok("a")).await;
    let policy = |many: usize| {
        let policy = Policy::new().provider("a", a.base_url());
        names[..=many].iter().fold(policy, |policy, name| policy.route(name, &["a"]))
    };
    let sidecar = Sidecar::with_policy(policy(0)).await;
    let took = quickest(async |number| {
        let begun = Instant::now();
        sidecar.edit(policy(number + 1));
        while sidecar.client().post(CHAT, chat(names[number + 1])).await.status != 200 {
            assert!(begun.elapsed() < AT_ONCE, "not applied");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        begun.elapsed()
    });
    let took = took.await;
    assert!(took < Duration::from_millis(1200), "{took:?}");
}

/// K3: a stream that began before an edit ends under the old policy.
#[tokio::test]
async fn an_edit_drops_no_stream() {
    let a = Upstream::start([chat_stream(["x"; 20]).every(100)]).await;
    let b = Upstream::start([chat_ok("b")]).await;
    let sidecar = Sidecar::with_policy(Policy::new().provider("a", a.base_url()).route("r", &["a"])).await;
    let mut streaming = sidecar.client().open(CHAT, chat_streamed("r")).await;
    streaming.next().await;
    let begun = Instant::now();
    sidecar.edit(Policy::new().provider("b", b.base_url()).route("r", &["b"]));
    while b.hits() == 0 {
        assert!(begun.elapsed() < AT_ONCE, "not applied");
        let _ = tokio::time::timeout(Duration::from_millis(50), sidecar.client().post(CHAT, chat("r"))).await;
    }
    let streamed = streaming.collect().await;
    assert_eq!((streamed.is_done(), streamed.end), (true, End::Clean));
}

/// K2, R-CFG-5: a bad edit is reported by object, field and reason while the old one serves and good siblings apply.
#[tokio::test]
async fn a_bad_edit_is_reported_while_the_old_one_serves() {
    let a = Upstream::start([chat_ok("a")]).await;
    let good = Policy::new().provider("a", a.base_url()).route("r", &["a"]);
    let sidecar = Sidecar::with_policy(&good).await;
    let bad = Policy::new().provider("a", a.base_url()).route("new", &["a"]);
    sidecar.edit(bad.route_with("r", &["a"], |route| route.failover("attempts: many")));
    let line = sidecar.wait_log("attempts").await;
    assert!(line.contains("default/r") || line.contains("ModelRoute"), "{line}");
    for route in ["r", "new"] {
        assert_eq!(sidecar.client().post(CHAT, chat(route)).await.status, 200, "{route}");
    }
    assert!(sidecar.admin_client().get("/config").await.text().contains("attempts"));
}

/// A provider in a namespace of its own that allows these namespaces, and a route of another namespace over it.
fn shared(upstream: &Upstream, allowed: &str) -> Policy {
    let url = upstream.base_url();
    Policy::new().document(&format!(
        r#"
apiVersion: outrigger.dev/v1alpha1
kind: ModelProvider
metadata: {{name: main, namespace: platform}}
spec:
  preset: openai
  baseURL: "{url}"
  allowedNamespaces: {{from: {allowed}}}
  credentials:
  - {{name: main, secretKeyRef: {{name: shared, key: main}}}}
  models:
  - {{model: {MODEL}, upstreamName: {UPSTREAM_MODEL}}}
---
apiVersion: v1
kind: Secret
metadata: {{name: shared, namespace: platform}}
stringData: {{main: sk-shared}}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelRoute
metadata: {{name: r, namespace: team}}
spec:
  targets:
  - {{model: {MODEL}, provider: platform/main}}
"#
    ))
}

/// A provider of another namespace serves whom it allows, and nobody else learns of it.
#[tokio::test]
async fn a_provider_of_another_namespace_serves_whom_it_allows() {
    let a = Upstream::start([chat_ok("a")]).await;
    let of = |allowed: &str| Sidecar::setup(shared(&a, allowed)).arg("--namespace").arg("team");
    let sidecar = of("All").start().await;
    for name in ["r", MODEL] {
        let answer = sidecar.client().post(CHAT, chat(name)).await;
        assert_eq!((answer.status, answer.said().as_str()), (200, "a"), "{name}: {}", answer.text());
    }
    assert_eq!(a.last().header("authorization"), Some("Bearer sk-shared"));

    let served = a.hits();
    let sidecar = of("Same").start().await;
    for name in ["r", "team/r", MODEL] {
        let answer = sidecar.client().post(CHAT, chat(name)).await;
        assert!((400..500).contains(&answer.status), "{name}: {} {}", answer.status, answer.text());
    }
    assert!(sidecar.wait_log("allowedNamespaces").await.contains("team"));
    let listed = sidecar.client().get("/v1/models").await.text();
    assert!(!listed.contains(MODEL), "{listed}");
    assert_eq!(a.hits(), served);
}

/// What a provider no longer allows ends with the edit that says so: a last good value is no right.
#[tokio::test]
async fn a_namespace_that_is_no_longer_allowed_is_refused() {
    let a = Upstream::start([chat_ok("a")]).await;
    let sidecar = Sidecar::setup(shared(&a, "All")).arg("--namespace").arg("team").start().await;
    assert_eq!(sidecar.client().post(CHAT, chat("r")).await.status, 200);
    sidecar.edit(shared(&a, "Same"));
    sidecar.wait_log("allowedNamespaces").await;
    let begun = Instant::now();
    while sidecar.client().post(CHAT, chat("r")).await.status == 200 {
        assert!(begun.elapsed() < AT_ONCE, "still served");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Saves as most programs do: the file is emptied, then filled, here slowly and in two parts.
async fn save_in_place(path: &Path, text: &str) {
    let mut file = File::create(path).unwrap();
    let (first, second) = text.split_at(text.len() / 2);
    for part in [first, second] {
        tokio::time::sleep(Duration::from_millis(50)).await;
        file.write_all(part.as_bytes()).unwrap();
    }
}

/// H9: a file that is being saved is now empty and now cut, and no request notices; a file that stays away takes its
/// objects with it.
#[tokio::test]
async fn saving_a_policy_file_fails_no_request_and_removing_one_ends_its_route() {
    let a = Upstream::start([chat_ok("a")]).await;
    let policy = Policy::new().provider("a", a.base_url()).route("other", &["a"]).route("r", &["a"]);
    let sidecar = Sidecar::with_policy(&policy).await;
    let folder = sidecar.policy_folder();
    let saving = tokio::spawn({
        let (path, text) = (folder.join("policy.yaml"), policy.to_string());
        async move {
            for at in 0..SAVES {
                save_in_place(&path, &format!("# saved {at}\n{text}")).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    });
    let mut asked = 0;
    while !saving.is_finished() {
        for name in ["r", "other", MODEL] {
            let answer = sidecar.client().post(CHAT, chat(name)).await;
            assert_eq!((answer.status, answer.said().as_str()), (200, "a"), "{name}: {}", answer.text());
            asked += 1;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    saving.await.unwrap();
    assert!(asked > 2 * SAVES, "{asked}");

    let extra = folder.join("extra.yaml");
    let route = format!(
        "apiVersion: outrigger.dev/v1alpha1\nkind: ModelRoute\nmetadata: {{name: extra, namespace: default}}\n\
         spec: {{targets: [{{model: {MODEL}, provider: a}}]}}\n"
    );
    fs::write(&extra, route).unwrap();
    let of_extra = async |status: u16| {
        let begun = Instant::now();
        while sidecar.client().post(CHAT, chat("extra")).await.status != status {
            assert!(begun.elapsed() < AT_ONCE, "not yet {status}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        begun.elapsed()
    };
    of_extra(200).await;
    fs::remove_file(&extra).unwrap();
    let gone = of_extra(400).await;
    assert!(gone > Duration::from_millis(900), "nobody could have saved it in {gone:?}");
    assert_eq!(sidecar.client().post(CHAT, chat("r")).await.status, 200);
}

/// H9: a folder without policy is none: the last one is served, and that is said.
#[tokio::test]
async fn a_folder_that_is_emptied_is_served_as_it_was() {
    let a = Upstream::start([chat_ok("a")]).await;
    let policy = Policy::new().provider("a", a.base_url()).route("r", &["a"]);
    let sidecar = Sidecar::with_policy(&policy).await;
    fs::remove_file(sidecar.policy_folder().join("policy.yaml")).unwrap();
    sidecar.wait_log("holds no ModelProvider").await;
    assert_eq!(sidecar.client().post(CHAT, chat("r")).await.status, 200);
    assert!(sidecar.admin_client().get("/config").await.text().contains("holds no ModelProvider"));
    sidecar.edit(policy.route("new", &["a"]));
    sidecar.wait_log("policy applied").await;
    assert_eq!(sidecar.client().post(CHAT, chat("new")).await.status, 200);
    assert!(!sidecar.admin_client().get("/config").await.text().contains("holds no ModelProvider"));
}

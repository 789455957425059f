//! Who is connected and holds what, as a page and as `outrigger fleet`.

use std::fs;

use serde_json::{Value, json};

use super::*;

/// Words that are nowhere else.
const OLD: &str = "sk-canary-fleet-old";
const NEW: &str = "sk-canary-fleet-new";

/// A provider with a key and a route in a namespace.
fn of_namespace(namespace: &str, upstream: &Upstream, key: &str) -> String {
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
stringData: {{main: {key}}}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelRoute
metadata: {{name: r, namespace: {namespace}}}
spec: {{targets: [{{model: {MODEL}, provider: vendor}}]}}
---
"#,
        upstream.base_url()
    )
}

/// Two namespaces with one key, one sidecar in the first and two in the second.
async fn fleet(upstream: &Upstream) -> (ControlPlane, Vec<PushedSidecar>) {
    let policy = of_namespace("one", upstream, OLD) + &of_namespace("two", upstream, OLD);
    let plane = ControlPlane::with_policy(policy).await;
    let mut sidecars = Vec::new();
    for namespace in ["one", "two", "two"] {
        sidecars.push(plane.sidecar().token(plane.token(namespace, &["--label", "app=web"])).start().await);
    }
    plane.wait_fleet("three that are current", all_current).await;
    (plane, sidecars)
}

fn rows(fleet: &Value) -> &Vec<Value> {
    fleet["sidecars"].as_array().unwrap()
}

fn all_current(fleet: &Value) -> bool {
    rows(fleet).len() == 3 && rows(fleet).iter().all(|row| row["current"] == true)
}

fn key<'a>(row: &'a Value, credential: &str) -> &'a str {
    row["credentials"][credential].as_str().unwrap()
}

/// The page tells which version of a key each sidecar holds, so that one can see who still has the old one, and never the
/// key or anything that a key could be tried out with.
#[tokio::test]
async fn the_page_tells_who_holds_which_key() {
    let upstream = Upstream::start([chat_ok("ok")]).await;
    let (plane, _sidecars) = fleet(&upstream).await;
    let before = plane.fleet().await;
    assert_eq!((&before["total"], &before["more"]), (&json!(3), &json!(0)));
    let [one, two, other] = &rows(&before)[..] else { panic!("{before:#}") };
    let old = key(one, "one/vendor/main").to_owned();
    assert_eq!(old.len(), 16);
    assert_eq!((key(two, "two/vendor/main"), key(other, "two/vendor/main")), (&*old, &*old), "equal keys look equal");
    assert_eq!(one["credentials"].as_object().unwrap().len(), 1, "of another namespace it holds nothing");
    assert_eq!((&one["behindSinceUnix"], &one["kept"]), (&Value::Null, &json!([])));

    plane.edit(of_namespace("one", &upstream, NEW) + &of_namespace("two", &upstream, OLD));
    let changed = |fleet: &Value| all_current(fleet) && key(&rows(fleet)[0], "one/vendor/main") != old;
    let after = plane.wait_fleet("another key", changed).await;
    assert_eq!(key(&rows(&after)[1], "two/vendor/main"), old);
    // Broken, its keys are what they were, whatever that was.
    plane.edit(of_namespace("one", &upstream, NEW).replace("preset: openai", "preset: nothing"));
    let kept = |fleet: &Value| rows(fleet)[0]["kept"] == json!(["one/vendor"]);
    let broken = plane.wait_fleet("a provider that is kept", kept).await;
    assert_eq!(rows(&broken)[0]["credentials"], json!({}));
    let asked = plane.fleet_of("credential=one/vendor/main").await;
    assert_eq!((&asked["total"], &asked["unsure"]), (&json!(0), &json!(1)));

    for page in [before, after, broken] {
        let text = page.to_string();
        assert!(!text.contains("sk-canary") && !text.contains("sk-test"), "{text}");
    }
    // Another control plane shows the same key in another way: nothing can be tried out without the key of this one.
    let other = ControlPlane::with_policy(of_namespace("one", &upstream, OLD)).await;
    let _sidecar = other.sidecar().token(other.token("one", &[])).start().await;
    let shown = other.wait_fleet("its sidecar", |fleet| fleet["sidecars"][0]["current"] == true).await;
    assert_ne!(key(&rows(&shown)[0], "one/vendor/main"), old);
}

/// The page is read by namespace, by key and in parts, and what makes no sense is told.
#[tokio::test]
async fn the_page_is_read_in_parts() {
    let upstream = Upstream::start([chat_ok("ok")]).await;
    let (mut plane, _sidecars) = fleet(&upstream).await;
    let namespaces = |fleet: &Value| -> Vec<String> {
        rows(fleet).iter().map(|row| row["namespace"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(namespaces(&plane.fleet_of("namespace=two").await), ["two", "two"]);
    assert_eq!(namespaces(&plane.fleet_of("credential=one%2Fvendor%2Fmain").await), ["one"]);
    assert_eq!(namespaces(&plane.fleet_of("namespace=two&credential=one/vendor/main").await), [""; 0]);
    let first = plane.fleet_of("limit=2").await;
    assert_eq!((&first["total"], &first["more"], namespaces(&first).len()), (&json!(3), &json!(1), 2));
    let rest = plane.fleet_of(&format!("limit=2&continue={}", first["continue"].as_str().unwrap())).await;
    assert_eq!(
        (&rest["more"], &namespaces(&rest)[..], rest.get("continue")),
        (&json!(0), &["two".to_owned()][..], None)
    );
    for query in ["credential=a/b", "limit=0", "continue=!", "namespaces=a"] {
        let answer = plane.admin_client().get(&format!("/fleet?{query}")).await;
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (400, &json!("bad_query")), "{query}");
    }
    // The same key looks the same to the next process.
    let key_before = key(&rows(&first)[0], "one/vendor/main").to_owned();
    plane.restart().await;
    let again = plane.wait_fleet("three that have come back", all_current).await;
    assert_eq!(key(&rows(&again)[0], "one/vendor/main"), key_before);
}

/// `outrigger fleet` prints who is there, who has a key, and whether all is well.
#[tokio::test]
async fn the_command_prints_the_fleet() {
    let upstream = Upstream::start([chat_ok("ok")]).await;
    let (plane, _sidecars) = fleet(&upstream).await;
    let (code, table, summary) = plane.fleet_command(&["--check"]).await;
    assert_eq!(code, 0, "{summary}");
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("NAMESPACE  WORKLOAD") && lines.len() == 4, "{table}");
    assert!(lines[1].starts_with("one        ServiceAccount/default") && lines[1].contains("  yes"), "{table}");
    assert_eq!(summary.trim(), "3 sidecars, 0 not current, 0 with rejections");

    let (_, wide, _) = plane.fleet_command(&["-o", "wide", "--namespace", "one"]).await;
    let hash = key(&rows(&plane.fleet().await)[0], "one/vendor/main").to_owned();
    assert!(wide.lines().count() == 2 && wide.contains("app=web"), "{wide}");
    assert!(wide.contains(&format!("one/vendor/main={hash}")), "{wide}");

    let (_, holders, summary) = plane.fleet_command(&["--credential", "two/vendor/main"]).await;
    let lines: Vec<&str> = holders.lines().collect();
    assert!(lines[0].starts_with("KEY ") && lines.len() == 3 && lines[1].starts_with(&hash), "{holders}");
    assert_eq!(summary.trim(), format!("1 version of two/vendor/main: {hash} by 2"));

    let (_, printed, _) = plane.fleet_command(&["-o", "json"]).await;
    let value: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((rows(&value).len(), &value["sidecars"][0]["namespace"]), (3, &json!("one")));
    let (_, yaml, _) = plane.fleet_command(&["-o", "yaml"]).await;
    assert!(yaml.contains("namespace: one") && yaml.contains(&hash), "{yaml}");
    for text in [table, wide, holders, printed, yaml] {
        assert!(!text.contains("sk-canary"), "{text}");
    }
}

/// A sidecar that does not hear of an edit is behind since then, and `--check` is an exit code.
#[tokio::test]
async fn a_sidecar_that_is_behind_is_seen() {
    let upstream = Upstream::start([chat_ok("ok")]).await;
    let plane = ControlPlane::with_policy(of_namespace("one", &upstream, OLD)).await;
    let relay = Relay::to(plane.addr()).await;
    let token = plane.token("one", &[]);
    let sidecar = plane.sidecar().token(token).url(plane.url_at(relay.addr)).start().await;
    plane.wait_fleet("one that is current", |fleet| fleet["sidecars"][0]["current"] == true).await;
    let old = key(&rows(&plane.fleet().await)[0], "one/vendor/main").to_owned();
    relay.freeze();
    plane.edit(of_namespace("one", &upstream, NEW));
    let behind = |fleet: &Value| fleet["sidecars"][0]["behindSinceUnix"].is_u64();
    let fleet = plane.wait_fleet("one that is behind", behind).await;
    let row = &rows(&fleet)[0];
    assert_eq!((&row["current"], key(row, "one/vendor/main")), (&json!(false), &*old), "it has the old key");
    let (code, table, summary) = plane.fleet_command(&["--check"]).await;
    assert!(code == 1 && table.contains("  no ") && summary.contains("1 not current"), "{table}{summary}");
    let (code, ..) = plane.fleet_command(&[]).await;
    assert_eq!(code, 0, "nobody asked");
    drop(sidecar);
}

/// Every error says what to do.
#[tokio::test]
async fn the_command_tells_what_is_wrong() {
    let upstream = Upstream::start([chat_ok("ok")]).await;
    let (mut plane, _sidecars) = fleet(&upstream).await;
    let token = plane.policy_folder().with_file_name("token");
    fs::write(&token, "a.b.c").unwrap();
    let (url, ca, token) = (plane.url(), plane.ca_file(), token.to_str().unwrap().to_owned());
    let ca = ca.to_str().unwrap();
    // Outside Kubernetes nobody says who may read it on the port for sidecars.
    let secure = ["--from", &url, "--ca-file", ca, "--token-file", &token];
    let (code, _, told) = plane.fleet_command(&secure).await;
    assert!(code == 1 && told.contains("404") && told.contains("outside Kubernetes"), "{told}");
    let elsewhere = ControlPlane::with_policy(of_namespace("one", &upstream, OLD)).await;
    let (another, mut strange) = (elsewhere.ca_file(), secure);
    strange[3] = another.to_str().unwrap();
    let (code, _, told) = plane.fleet_command(&strange).await;
    assert!(code == 1 && told.contains("--ca-file") && !told.contains("a.b.c"), "{told}");
    let (code, _, told) = plane.fleet_command(&["--credential", "one/vendor"]).await;
    assert!(code == 1 && told.contains("namespace/provider/name"), "{told}");
    plane.kill();
    let (code, _, told) = plane.fleet_command(&[]).await;
    assert!(code == 1 && told.contains("port-forward") && told.contains("--from"), "{told}");
}

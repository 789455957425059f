//! What an edit means: told by the webhook as it is applied, and by the command line before.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::*;

/// How long an API server may take to take notice of a webhook.
const NOTICED: Duration = Duration::from_secs(30);

/// A control plane whose webhook the API server asks.
async fn warning(installed: &Installed<'_>) -> Plane {
    let here = &installed.namespace;
    let name = here.webhook();
    let plane = installed.replica(&["--webhook-listen", "127.0.0.1:0", "--webhook-configuration", &name]).await;
    here.install_webhook(plane.webhook()).await;
    let misspelt =
        Policy::new().route_with("probe", &[], |route| route.target("model: openai/gpt-4o-mimi")).to_string();
    let path = here.home().join("probe.yaml");
    std::fs::write(&path, misspelt.replace("namespace: default", &format!("namespace: {}", here.name))).unwrap();
    // What is not kept is told all the same.
    wait_for("a warning", NOTICED, async || {
        let dry = ["apply", "--server-side", "--dry-run=server", "--filename", path.to_str().unwrap()];
        let said = here.kubectl(&dry).await;
        String::from_utf8_lossy(&said.stderr).contains("openai/gpt-4o-mini").then_some(())
    })
    .await;
    plane
}

/// The objects without the Secret, and the Secret, which stands at their end.
fn apart(policy: Policy) -> (String, String) {
    let text = policy.to_string();
    let (objects, secret) = text.rsplit_once("---\n").expect("a Secret at the end");
    (objects.to_owned(), secret.to_owned())
}

fn in_region(policy: Policy, name: &str, upstream: &Upstream, region: &str) -> Policy {
    policy.provider_with(name, upstream.base_url(), |it| it.spec(&format!("region: {region}")))
}

/// What is wrong, closed, opened, and broken is told; all of it is applied. With the webhook away, it is applied in silence.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn an_edit_is_applied_and_what_it_means_is_told() {
    let a = Upstream::with(|_, _| chat_ok("a")).await;
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    let mut plane = warning(&installed).await;

    // Secret, provider and route in one file, faster than any watch: nothing is missing.
    let (objects, secret) = apart(in_region(Policy::new(), "us", &a, "us").route("far", &["us"]));
    assert_eq!(here.apply(format!("{secret}---\n{objects}")).await, "");
    let pod = here.pod("web-0", &[], "default").await;
    let sidecar = installed.sidecar(&plane, &pod).await.start().await;
    becomes(&sidecar.client(), "far", "a").await;

    let (misspelt, _) = apart(Policy::new().route_with("bad", &[], |it| it.target("model: openai/gpt-4o-mimi")));
    let said = here.apply(misspelt.as_str()).await;
    println!("a misspelt model:\n{said}");
    assert!(said.contains("Warning: ModelRoute") && said.contains("openai/gpt-4o-mini"), "{said}");
    assert_eq!(here.get(&["modelroute", "bad"]).await["spec"]["targets"][0]["model"], "openai/gpt-4o-mimi");

    let missing = "apiVersion: outrigger.dev/v1alpha1\nkind: ModelProvider\nmetadata: {name: lost, namespace: default}\n\
                   spec: {preset: openai, credentials: [{name: main, secretKeyRef: {name: keys, key: mian}}]}\n";
    let said = here.apply(missing).await;
    println!("a missing key:\n{said}");
    assert!(said.contains("has no such key") && !said.contains("sk-test"), "{said}");

    let eu = "apiVersion: outrigger.dev/v1alpha1\nkind: ModelPolicy\nmetadata: {name: eu, namespace: default}\n\
              spec: {constraints: {regions: [eu]}}\n";
    let said = here.apply(eu).await;
    println!("EU only:\n{said}");
    let closes = format!("closes ModelRoute {}/far for 1 workload with 1 sidecar", here.name);
    assert!(said.contains(&closes) && said.contains("(data_region)"), "{said}");
    // And left behind: what, by whose hand, and what it stopped.
    let audit = plane.wait_log(&format!("ModelPolicy {}/eu added (generation 1, by outrigger-tests", here.name)).await;
    assert!(audit.contains("policy_changed") && audit.contains(&closes) && !audit.contains("sk-test"), "{audit}");
    wait_for("the policy to hold", SOON, async || {
        (code(&sidecar.client().post(CHAT, chat("far")).await) == "policy_forbidden").then_some(())
    })
    .await;
    let deleted = here.kubectl(&["delete", "modelpolicy", "eu"]).await;
    let said = String::from_utf8_lossy(&deleted.stderr).into_owned();
    println!("the policy deleted:\n{said}");
    assert!(deleted.status.success() && said.contains("opens: regions eu -> any"), "{said}");
    becomes(&sidecar.client(), "far", "a").await;

    let deleted = here.kubectl(&["delete", "modelprovider", "us"]).await;
    let said = String::from_utf8_lossy(&deleted.stderr).into_owned();
    println!("the provider deleted:\n{said}");
    assert!(deleted.status.success() && said.contains(&closes) && said.contains("is gone"), "{said}");
    assert!(plane.metrics().await.sum("outrigger_control_plane_admissions_total", &[("outcome", "warned")]) >= 5.0);

    plane.kill();
    let begun = Instant::now();
    let said = here.apply(misspelt.replace("mimi", "mimo")).await;
    assert_eq!(said, "", "nobody is there to say anything");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

/// The bundle is put in, put back when somebody takes it away, and left to whoever injects it otherwise.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn the_bundle_of_the_webhook_is_kept() {
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    let name = here.webhook();
    let plane = installed.replica(&["--webhook-listen", "127.0.0.1:0", "--webhook-configuration", &name]).await;
    // It is not there, which is fine; and comes.
    here.install_webhook(plane.webhook()).await;
    let bundle = wait_for("the bundle", SOON, async || here.webhook_bundle().await).await;
    let taken = r#"[{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]"#;
    let patch = ["patch", "validatingwebhookconfiguration", &name, "--type=json", "--patch", taken];
    here.kubectl_ok(&patch).await;
    let again = wait_for("the bundle again", SOON, async || here.webhook_bundle().await).await;
    assert_eq!(again, bundle);
    here.kubectl_ok(&["delete", "validatingwebhookconfiguration", &name]).await;
    here.install_webhook(plane.webhook()).await;
    wait_for("the bundle of a new one", SOON, async || here.webhook_bundle().await).await;
    here.kubectl_ok(&["annotate", "validatingwebhookconfiguration", &name, "cert-manager.io/inject-ca-from=a/b"]).await;
    here.kubectl_ok(&patch).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(here.webhook_bundle().await, None, "it is cert-manager's");
}

/// 200 objects in a row, with the webhook and without.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn two_hundred_objects_are_admitted_quickly() {
    let a = Upstream::with(|_, _| chat_ok("a")).await;
    // Others would be measured, too.
    let cluster = Cluster::alone().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    let plane = warning(&installed).await;
    here.apply(Policy::new().provider("a", a.base_url()).to_string()).await;
    let routes = |alias: &str| {
        let all = (0..200).fold(Policy::new(), |policy, at| {
            policy.route_with(&format!("r{at:03}"), &["a"], |it| it.spec(&format!("aliases: [{alias}{at}]")))
        });
        apart(all).0
    };
    let asked = async || {
        let metrics = plane.metrics().await;
        let of = |name: &str| metrics.sum(&format!("outrigger_control_plane_admission_seconds_{name}"), &[]);
        (of("count"), of("sum"))
    };
    let (begun, before) = (Instant::now(), asked().await);
    assert_eq!(here.apply(routes("a")).await, "");
    let (with, after) = (begun.elapsed(), asked().await);
    here.kubectl_ok(&["delete", "validatingwebhookconfiguration", &here.webhook()]).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let begun = Instant::now();
    here.apply(routes("b")).await;
    let without = begun.elapsed();
    let (count, seconds) = (after.0 - before.0, after.1 - before.1);
    println!(
        "200 routes: {with:?} with the webhook, {without:?} without; {count} reviews of {:.1} ms",
        1e3 * seconds / count
    );
    assert!(count >= 200.0 && seconds / count < 1.0, "{count} reviews in {seconds} s");
}

/// `outrigger policy what-changes` asks the control plane as whoever a kubeconfig says, and says who would be touched.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn what_an_edit_would_change_is_told_before() {
    let a = Upstream::with(|_, _| chat_ok("a")).await;
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    here.apply(in_region(Policy::new(), "us", &a, "us").route("far", &["us"]).to_string()).await;
    let plane = installed.plane().await;
    let pod = here.pod("web-0", &[], "default").await;
    let sidecar = installed.sidecar(&plane, &pod).await.start().await;
    becomes(&sidecar.client(), "far", "a").await;
    installed.ca_file(here).await;

    let file = here.home().join("new.yaml");
    let eu = "apiVersion: outrigger.dev/v1alpha1\nkind: ModelPolicy\nmetadata: {name: eu}\n\
              spec: {constraints: {regions: [eu]}}\n";
    std::fs::write(&file, eu).unwrap();
    here.account("ann").await;
    let (kubeconfig, from) = (here.kubeconfig("ann").await, plane.url());
    let file = file.to_str().unwrap();
    let base = ["policy", "what-changes", "-f", file, "-n", &here.name, "--from", &from, "--kubeconfig", &kubeconfig];
    let base = [&base[..], &["--system-namespace", &here.name]].concat();
    let ask = async |more: &[&str]| plane.outrigger(&[&base, more].concat(), cluster.bin()).await;

    // First she may read the bundle alone.
    here.allow("ann", r#"- {apiGroups: [""], resources: [configmaps], resourceNames: [outrigger-ca], verbs: [get]}"#)
        .await;
    let (code, _, said) = ask(&[]).await;
    assert!(code == 1 && said.contains("/policy/changes") && said.contains("nonResourceURLs"), "{code} {said}");
    here.allow_everywhere("ann", r#"- {nonResourceURLs: ["/policy/changes"], verbs: [get]}"#).await;
    // What was said of a token holds for ten seconds.
    let table = wait_for("the right", Duration::from_secs(30), async || {
        let (code, table, _) = ask(&[]).await;
        (code == 3).then_some(table)
    })
    .await;
    println!("{table}");
    assert!(table.contains(&format!("closes  ModelRoute {}/far", here.name)), "{table}");
    assert!(table.contains("(1 workload, 1 sidecar)") && table.contains("Pod/web-0"), "{table}");
    let (code, json, _) = ask(&["-o", "json"]).await;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, &json["touched"][0]["sidecars"]), (3, &1.into()), "{json:#}");

    // Nothing was applied.
    becomes(&sidecar.client(), "far", "a").await;
    here.apply(eu).await;
    wait_for("nothing that changes", SOON, async || (ask(&[]).await.0 == 0).then_some(())).await;
}

/// `outrigger explain --workload` decides as the sidecars of a workload would, with no key.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn a_decision_is_explained_for_a_workload() {
    let a = Upstream::with(|_, _| chat_ok("a")).await;
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    let only = "workloads: {selector: {matchLabels: {tier: gold}}}";
    let policy = Policy::new().provider("a", a.base_url()).route_with("r", &["a"], |route| route.spec(only));
    here.apply(policy.to_string()).await;
    let plane = installed.plane().await;
    let mut sidecars = Vec::new();
    for (name, tier) in [("web-0", "gold"), ("job-0", "lead")] {
        let pod = here.pod(name, &[("tier", tier)], "default").await;
        sidecars.push(installed.sidecar(&plane, &pod).await.start().await);
    }
    becomes(&sidecars[0].client(), "r", "a").await;
    installed.ca_file(here).await;
    here.account("ann").await;
    here.allow("ann", r#"- {apiGroups: [""], resources: [configmaps], resourceNames: [outrigger-ca], verbs: [get]}"#)
        .await;
    here.allow_everywhere("ann", &format!(r#"- {{nonResourceURLs: ["/views/{}/*"], verbs: [get]}}"#, here.name)).await;
    let (kubeconfig, from) = (here.kubeconfig("ann").await, plane.url());
    let request = here.home().join("request.json");
    std::fs::write(&request, r#"{"model": "r", "messages": [{"role": "user", "content": "hi"}]}"#).unwrap();
    let explain = async |workload: &str| {
        let words = ["explain", "--workload", workload, "--from", &from, "--kubeconfig", &kubeconfig];
        let words = [&words[..], &["--system-namespace", &here.name, request.to_str().unwrap()]].concat();
        plane.outrigger(&words, cluster.bin()).await
    };
    let (code, told, said) = explain(&format!("{}/Pod/web-0", here.name)).await;
    assert_eq!(code, 0, "{told}{said}");
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["attempts"][0]["provider"], format!("{}/a", here.name), "{told:#}");
    assert!(told["decided_for"]["signals"].as_str().unwrap().contains("neutral"), "{told:#}");
    assert_eq!(told["decided_for"]["workload"]["labels"]["tier"], "gold");
    let (code, told, _) = explain(&format!("{}/Pod/job-0", here.name)).await;
    assert!(code == 1 && told.contains("route_not_for_workload"), "{told}");
    let (code, _, said) = explain(&format!("{}/web", here.name)).await;
    assert!(code == 1 && said.contains("Pod/web-0"), "{said}");
    let (code, _, said) = explain("elsewhere/web").await;
    assert!(code == 1 && said.contains("/views/elsewhere"), "{said}");
    let page = plane.admin_client().get(&format!("/views/{}/Pod/web-0", here.name)).await.text();
    assert!(page.contains("resources") && !page.contains("sk-test"), "{page}");
}

//! `outrigger check`: what would hinder an install, what is well after it, and each thing that is broken, named. There is no
//! node, so the programs run beside the API server, with the accounts of the chart, and their Services lead to them by name.

mod installed;

use std::path::Path;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use installed::{Running, replicas_are_ready};
use serde_json::{Value, json};

use super::{
    helm::helms,
    kinds::{Again, crds},
};
use crate::harness::{Cluster, Namespace, outrigger, wait_for};

/// How long the programs may take to write what they keep.
const SOON: std::time::Duration = std::time::Duration::from_secs(60);
const MUTATING: [&str; 2] = ["mutatingwebhookconfiguration", "outrigger-injector"];
/// A certificate that has ended on 2021-01-01.
const ENDED: &str = include_str!("checked/ended.pem");

/// What the command says of an installation.
#[derive(Debug)]
struct Told {
    exit: i32,
    findings: Vec<Value>,
    /// Every byte of it.
    text: String,
}

impl Told {
    fn codes(&self) -> Vec<&str> {
        self.findings.iter().filter_map(|it| it["code"].as_str()).collect()
    }

    fn of(&self, code: &str) -> &Value {
        self.findings.iter().find(|it| it["code"] == code).unwrap_or_else(|| panic!("no {code}: {:?}", self.codes()))
    }
}

/// Checks, as whoever this kubeconfig is.
async fn checked(cluster: &Cluster, namespace: &Namespace<'_>, kubeconfig: &Path) -> Told {
    let kubeconfig = kubeconfig.to_str().expect("a plain path");
    let words = ["check", "--kubeconfig", kubeconfig, "--system-namespace", &namespace.name, "--output", "json"];
    let (exit, text, said) = outrigger(&namespace.home(), &words, Some(cluster.bin())).await;
    let read: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{exit}: {text}{said}"));
    let mut findings = read["findings"].as_array().unwrap().clone();
    // What other stories are leaving behind is nothing of this one.
    findings.retain(|it| it["code"] != "leftover" || it["what"].as_str().unwrap().contains(&namespace.name));
    Told { exit, findings, text }
}

/// Until it says these codes, and no other.
async fn becomes(cluster: &Cluster, namespace: &Namespace<'_>, expected: &[&str]) -> Told {
    let mut last = Vec::new();
    let begun = std::time::Instant::now();
    loop {
        let told = checked(cluster, namespace, cluster.kubeconfig()).await;
        if told.codes() == expected {
            println!("{expected:?} after {:?}", begun.elapsed());
            return told;
        }
        assert!(begun.elapsed() < SOON, "expected {expected:?}; last, of {}: {:#?}", last.len(), told.findings);
        last.push(told);
    }
}

#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn before_an_install_it_says_what_would_hinder_it() {
    let cluster = Cluster::alone().await;
    let namespace = cluster.namespace().await;
    let again = Again(&cluster);
    cluster.kubectl_ok(&["delete", "--ignore-not-found", "--filename", crds()]).await;
    let told = checked(&cluster, &namespace, cluster.kubeconfig()).await;
    assert_eq!((told.exit, told.codes()), (0, vec![]), "{:#?}", told.findings);

    // A Secret of an earlier installation hinders nothing, and is told of.
    namespace.kubectl_ok(&["create", "secret", "generic", "outrigger-ca", "--from-literal=authorities.json={}"]).await;
    let told = checked(&cluster, &namespace, cluster.kubeconfig()).await;
    assert_eq!((told.exit, told.codes()), (0, vec!["leftover"]));
    namespace.kubectl_ok(&["delete", "secret", "outrigger-ca"]).await;

    // Who may do nothing is told so, and what it cannot look at.
    let told = checked(&cluster, &namespace, &cluster.stranger_kubeconfig()).await;
    assert_eq!(told.exit, 1);
    assert!(told.codes().contains(&"not_looked"), "{:?}", told.codes());
    let next = told.of("right_to_install_missing")["next"].as_str().unwrap();
    assert!(next.starts_with("kubectl auth can-i "), "{next}");

    // Of an installation that went without its webhook: pods that ask for a sidecar would be refused.
    let [helm, _] = helms(&cluster, &namespace);
    let webhook =
        helm.ok(&["template", "outrigger", "charts/outrigger", "-s", "templates/injector/webhook.yaml"]).await;
    cluster.apply(webhook).await;
    let told = becomes(&cluster, &namespace, &["webhook_stale"]).await;
    assert_eq!(told.exit, 1);
    let next = told.of("webhook_stale")["next"].as_str().unwrap();
    let words: Vec<&str> = next.strip_prefix("kubectl ").unwrap().split(' ').collect();
    cluster.kubectl_ok(&words).await;
    assert_eq!(becomes(&cluster, &namespace, &[]).await.exit, 0, "what it says to paste is what helps");

    // Kinds by kubectl: Helm would refuse them. Nothing is wrong with them, so scripts go on.
    cluster.install_crds().await;
    let told = becomes(&cluster, &namespace, &["kind_without_owner"; 4]).await;
    assert_eq!(told.exit, 0);
    let notes = "meta.helm.sh/release-namespace=somewhere-else";
    cluster.kubectl_ok(&["annotate", "customresourcedefinition", "modelroutes.outrigger.dev", notes]).await;
    let told = checked(&cluster, &namespace, cluster.kubeconfig()).await;
    assert_eq!((told.exit, told.codes().contains(&"kind_of_other_owner")), (1, true));
    let none = "meta.helm.sh/release-namespace-";
    cluster.kubectl_ok(&["annotate", "customresourcedefinition", "modelroutes.outrigger.dev", none]).await;

    let words = ["check", "--context", "nobody", "--kubeconfig", cluster.kubeconfig().to_str().unwrap()];
    let (exit, out, said) = outrigger(&namespace.home(), &words, Some(cluster.bin())).await;
    assert_eq!((exit, out.as_str()), (2, ""), "{said}");
    drop(again);
    cluster.install_crds().await;
}

#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn each_thing_that_is_broken_is_named() {
    let cluster = Cluster::alone().await;
    cluster.install_crds().await;
    let (namespace, shop) = (cluster.namespace().await, cluster.namespace().await);
    cluster.kubectl_ok(&["label", "namespace", &shop.name, "outrigger.dev/inject=enabled"]).await;
    let [helm, _] = helms(&cluster, &namespace);
    let gone = super::release::Gone(&cluster);
    let replicas = "controlPlane.replicas=1,injector.replicas=1";
    helm.ok(&["install", "outrigger", "charts/outrigger", "--set", replicas]).await;

    // Installed, and no node runs it.
    let told = checked(&cluster, &namespace, cluster.kubeconfig()).await;
    assert_eq!(told.exit, 1);
    for code in ["replicas_not_ready", "authority_missing", "webhook_service_not_ready", "bundle_missing"] {
        told.of(code);
    }
    let running = Running::start(&cluster, &namespace).await;
    replicas_are_ready(&namespace, 2).await;
    let told = becomes(&cluster, &namespace, &[]).await;
    assert_eq!(told.exit, 0, "{:#?}", told.findings);
    let tried = told.findings.iter().filter(|it| it["object"].as_str().unwrap().ends_with(", tried"));
    assert_eq!(tried.count(), 2, "the API server asked both webhooks, and believed them: {:#?}", told.findings);
    nothing_secret(&namespace, &told).await;

    // A right, by whose lack the next things stay broken.
    let role = cluster.get(&["clusterrole", "outrigger-injector"]).await;
    let mut less = role.clone();
    let rules = less["rules"].as_array_mut().unwrap();
    rules.retain(|rule| rule["resources"][0] != "mutatingwebhookconfigurations");
    replace(&cluster, &less).await;
    let told = becomes(&cluster, &namespace, &["right_missing"]).await;
    let what = told.of("right_missing")["what"].as_str().unwrap();
    assert!(what.contains("mutatingwebhookconfigurations.admissionregistration.k8s.io"), "{what}");

    bundle(&cluster, None).await;
    becomes(&cluster, &namespace, &["webhook_bundle_empty", "right_missing"]).await;
    bundle(&cluster, Some(ENDED)).await;
    becomes(&cluster, &namespace, &["webhook_bundle_expired", "right_missing"]).await;
    let other = namespace.get(&["secret", "outrigger-ca"]).await["data"]["ca.crt"].as_str().unwrap().to_owned();
    let other = String::from_utf8(BASE64_STANDARD.decode(other).unwrap()).unwrap();
    bundle(&cluster, Some(&other)).await;
    becomes(&cluster, &namespace, &["webhook_bundle_foreign", "right_missing"]).await;
    replace(&cluster, &role).await;
    becomes(&cluster, &namespace, &[]).await;

    cluster.kubectl_ok(&["delete", "customresourcedefinition", "sidecarprofiles.outrigger.dev"]).await;
    let told = becomes(&cluster, &namespace, &["kind_missing"]).await;
    assert!(told.of("kind_missing")["object"].as_str().unwrap().contains("sidecarprofiles"));
    cluster.install_crds().await;

    cluster.kubectl_ok(&["label", "namespace", &shop.name, "outrigger.dev/inject=yes", "--overwrite"]).await;
    let told = becomes(&cluster, &namespace, &["label_not_understood"]).await;
    let next = told.of("label_not_understood")["next"].as_str().unwrap();
    cluster.kubectl_ok(&next.split(' ').skip(1).collect::<Vec<_>>()).await;
    becomes(&cluster, &namespace, &[]).await;

    // The server is another than its certificate says: whoever is behind the Service is not the injector.
    running.lead_elsewhere(&cluster).await;
    let told = becomes(&cluster, &namespace, &["webhook_not_called"]).await;
    println!("{}", told.of("webhook_not_called")["what"]);
    running.lead_here(&cluster, &namespace).await;
    becomes(&cluster, &namespace, &[]).await;

    namespace.kubectl_ok(&["delete", "service", "outrigger-injector"]).await;
    becomes(&cluster, &namespace, &["webhook_service_missing"]).await;
    drop(running);
    // Only what has no namespace is left, as of an installation whose namespace was deleted.
    namespace.kubectl_ok(&["delete", "deployments,services", "--all"]).await;
    let told = checked(&cluster, &namespace, cluster.kubeconfig()).await;
    let stale = told.codes().into_iter().filter(|it| *it == "webhook_stale").count();
    assert_eq!((told.exit, stale), (1, 2), "{:?}", told.codes());
    drop(gone);
}

/// Where a ledger is switched on it is looked at as the others are: that it is there and ready, and what it may do.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn the_ledger_is_looked_at_where_there_is_one() {
    let cluster = Cluster::alone().await;
    cluster.install_crds().await;
    let namespace = cluster.namespace().await;
    let [helm, _] = helms(&cluster, &namespace);
    let gone = super::release::Gone(&cluster);
    let values = "controlPlane.replicas=1,injector.replicas=1,ledger.enabled=true";
    helm.ok(&["install", "outrigger", "charts/outrigger", "--set", values]).await;
    let told = checked(&cluster, &namespace, cluster.kubeconfig()).await;
    let object = format!("StatefulSet {}/outrigger-ledger", namespace.name);
    let ledger = told.findings.iter().find(|it| it["object"] == object.as_str()).unwrap();
    assert_eq!((told.exit, &ledger["code"]), (1, &json!("replicas_not_ready")), "{ledger}");

    let running = Running::start(&cluster, &namespace).await;
    replicas_are_ready(&namespace, 3).await;
    // Its pod is said to run, and there is no node on which anybody would reach it.
    let told = becomes(&cluster, &namespace, &["probe_not_reached"]).await;
    let well = told.findings.iter().find(|it| it["object"] == object.as_str()).unwrap();
    assert_eq!(well["what"], "1 of 1 replicas ready");
    let role = cluster.get(&["clusterrole", "outrigger-ledger"]).await;
    let mut less = role.clone();
    less["rules"].as_array_mut().unwrap().retain(|rule| rule["resources"][0] != "tokenreviews");
    replace(&cluster, &less).await;
    let told = becomes(&cluster, &namespace, &["right_missing", "probe_not_reached"]).await;
    let missing = told.of("right_missing");
    assert_eq!(missing["object"], format!("ServiceAccount {}/outrigger-ledger", namespace.name));
    assert!(missing["what"].as_str().unwrap().contains("create tokenreviews"), "{missing}");
    replace(&cluster, &role).await;
    becomes(&cluster, &namespace, &["probe_not_reached"]).await;
    namespace.kubectl_ok(&["delete", "statefulset", "outrigger-ledger"]).await;
    let told = becomes(&cluster, &namespace, &["program_missing"]).await;
    assert!(told.of("program_missing")["next"].as_str().unwrap().starts_with("helm upgrade outrigger"));
    drop((running, gone));
}

/// Lines for people hold no key, no colour, and a command for whatever is not well; nor is a key in what scripts read.
async fn nothing_secret(namespace: &Namespace<'_>, told: &Told) {
    let secret = namespace.get(&["secret", "outrigger-ca"]).await;
    let all = BASE64_STANDARD.decode(secret["data"]["authorities.json"].as_str().unwrap()).unwrap();
    let all: Value = serde_json::from_slice(&all).unwrap();
    let key = all["signing"]["key"].as_str().unwrap();
    let line = key.lines().nth(1).unwrap();
    assert!(line.len() > 30 && !told.text.contains(line) && !told.text.contains("PRIVATE KEY"));
    let seed = all["seed"].as_str().unwrap();
    assert!(!told.text.contains(seed) && !told.text.contains('\u{1b}'));
}

async fn replace(cluster: &Cluster, object: &Value) {
    let mut object = object.clone();
    object["metadata"].as_object_mut().unwrap().remove("resourceVersion");
    let output = cluster.kubectl_with(&["replace", "--filename", "-"], &object.to_string()).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Puts these certificates into every entry of the injector's configuration, or none.
async fn bundle(cluster: &Cluster, pem: Option<&str>) {
    let bundle = pem.map(|pem| BASE64_STANDARD.encode(pem));
    let found = cluster.get(&MUTATING).await;
    let entry = |it: &Value| json!({"name": it["name"], "clientConfig": {"caBundle": bundle}});
    let entries: Vec<Value> = found["webhooks"].as_array().unwrap().iter().map(entry).collect();
    let patch = json!({"webhooks": entries}).to_string();
    cluster.kubectl_ok(&["patch", MUTATING[0], MUTATING[1], "--type=strategic", "--patch", &patch]).await;
    wait_for("the caBundle", SOON, async || {
        let found = cluster.get(&MUTATING).await;
        (found["webhooks"][0]["clientConfig"]["caBundle"].as_str().map(str::to_owned) == bundle).then_some(())
    })
    .await;
}

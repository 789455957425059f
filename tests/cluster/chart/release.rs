//! A release: installed, upgraded, and what an upgrade leaves alone.

use serde_json::{Value, json};

use super::{
    helm::{Helm, helms},
    uninstall,
};
use crate::harness::{Cluster, Namespace};

/// Something that decodes: whether it is a certificate is nobody's business before it is called.
const BUNDLE: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1BPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=";
const WEBHOOKS: [(&str, &str); 2] =
    [("mutatingwebhookconfiguration", "outrigger-injector"), ("validatingwebhookconfiguration", "outrigger-policy")];

/// How whoever leads may write it: any way of writing has to survive.
#[derive(Clone, Copy, Debug)]
enum Leader {
    Patches,
    Applies,
}

#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn helm_3_installs_upgrades_and_leaves_nothing() {
    let cluster = Cluster::alone().await;
    let namespace = cluster.namespace().await;
    let [three, _] = helms(&cluster, &namespace);
    whole_life(&cluster, &namespace, &three, &three, Leader::Patches).await;
}

#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn helm_4_installs_upgrades_and_leaves_nothing() {
    let cluster = Cluster::alone().await;
    let namespace = cluster.namespace().await;
    let [_, four] = helms(&cluster, &namespace);
    whole_life(&cluster, &namespace, &four, &four, Leader::Applies).await;
}

#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn what_helm_3_installed_is_upgraded_and_removed_by_helm_4() {
    let cluster = Cluster::alone().await;
    let namespace = cluster.namespace().await;
    let [three, four] = helms(&cluster, &namespace);
    whole_life(&cluster, &namespace, &three, &four, Leader::Applies).await;
}

async fn whole_life(cluster: &Cluster, namespace: &Namespace<'_>, first: &Helm, then: &Helm, leader: Leader) {
    let gone = Gone(cluster);
    let words = ["outrigger", "charts/outrigger"];
    let said = first.ok(&[&["install"], &words[..]].concat()).await;
    assert!(said.contains("kubectl label namespace demo outrigger.dev/inject=enabled"), "{said}");
    lead(cluster, leader).await;

    let changes = "injector.failurePolicy=Ignore,controlPlane.replicas=3,injector.excludedNamespaces={x}";
    then.ok(&[&["upgrade"], &words[..], &["--set", changes]].concat()).await;
    let injector = bundles(cluster, WEBHOOKS[0], BUNDLE).await;
    assert_eq!(injector["webhooks"][0]["failurePolicy"], "Ignore", "the upgrade did come");
    assert_eq!(namespace.get(&["deployment", "outrigger-control-plane"]).await["spec"]["replicas"], 3);
    bundles(cluster, WEBHOOKS[1], BUNDLE).await;

    // Back again is an upgrade too.
    then.ok(&["rollback", "outrigger", "1"]).await;
    let injector = bundles(cluster, WEBHOOKS[0], BUNDLE).await;
    assert_eq!(injector["webhooks"][0]["failurePolicy"], "Fail");

    // By whichever it was installed, so once of each.
    if first.is(then) {
        second_is_refused(cluster, then).await;
    }
    uninstall::leaves_nothing(cluster, namespace, then).await;
    drop(gone);
}

/// One installation in a cluster: what has no namespace belongs to the first, and Helm says to which.
async fn second_is_refused(cluster: &Cluster, helm: &Helm) {
    let other = cluster.namespace().await;
    let elsewhere = helm.of(&other.name);
    let said = elsewhere.refusal(&["install", "second", "charts/outrigger"]).await;
    assert!(said.contains("outrigger-control-plane") && said.contains("release-namespace"), "{said}");
    let made = other.kubectl_ok(&["get", "deployments,services,serviceaccounts,roles", "--output", "name"]).await;
    assert_eq!(made, "serviceaccount/default", "it was refused as a whole");
}

/// Writes the bundle into every entry, as a manager of its own.
async fn lead(cluster: &Cluster, leader: Leader) {
    for (kind, name) in WEBHOOKS {
        let found = cluster.get(&[kind, name]).await;
        let entries = found["webhooks"].as_array().unwrap();
        match leader {
            Leader::Patches => {
                let add = |index| json!({"op": "add", "path": format!("/webhooks/{index}/clientConfig/caBundle"), "value": BUNDLE});
                let patch: Vec<Value> = (0..entries.len()).map(add).collect();
                let words = ["patch", kind, name, "--field-manager=outrigger-leader", "--type=json", "--patch"];
                cluster.kubectl_ok(&[&words[..], &[&Value::from(patch).to_string()]].concat()).await;
            }
            Leader::Applies => {
                let entry = |entry: &Value| json!({"name": entry["name"], "clientConfig": {"caBundle": BUNDLE}});
                let own = json!({
                    "apiVersion": "admissionregistration.k8s.io/v1",
                    "kind": found["kind"],
                    "metadata": {"name": name},
                    "webhooks": entries.iter().map(entry).collect::<Vec<_>>(),
                });
                let words = ["apply", "--server-side", "--field-manager=outrigger-leader", "--filename", "-"];
                let output = cluster.kubectl_with(&words, &own.to_string()).await;
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            }
        }
        bundles(cluster, (kind, name), BUNDLE).await;
    }
}

/// The configuration, of which every entry has this bundle.
async fn bundles(cluster: &Cluster, (kind, name): (&str, &str), bundle: &str) -> Value {
    let found = cluster.get(&[kind, name]).await;
    for entry in found["webhooks"].as_array().unwrap() {
        assert_eq!(entry["clientConfig"]["caBundle"], bundle, "{kind} {}", entry["name"]);
    }
    found
}

/// A story that failed in between must not keep those that come next from making pods.
pub(super) struct Gone<'a>(pub(super) &'a Cluster);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        let kinds = "clusterrole,clusterrolebinding,mutatingwebhookconfiguration,validatingwebhookconfiguration,\
                     validatingadmissionpolicy,validatingadmissionpolicybinding";
        self.0.succeeds(&["delete", kinds, "--selector", "app.kubernetes.io/name=outrigger"]);
    }
}

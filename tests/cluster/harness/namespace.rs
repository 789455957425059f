//! A namespace for one story: its objects, its pods, and who may do what.

use std::{
    env, fs,
    path::PathBuf,
    process::Output,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    Cluster,
    kubectl::{text, write_private},
    wait_for,
};

/// Marks what has no namespace, so that it goes with the story.
const STORY: &str = "outrigger.dev/story";

/// A namespace with a name that was never used before. Dropping it deletes it and what [`Self::allow_everywhere`] has made;
/// nobody waits for the end of that.
#[derive(Debug)]
pub struct Namespace<'a> {
    cluster: &'a Cluster,
    pub name: String,
    home: TempDir,
    wide: AtomicUsize,
}

/// A pod that no node runs: it is `Pending` for ever, and has an identity all the same.
#[derive(Clone, Debug)]
pub struct Pod {
    pub name: String,
    pub uid: String,
    /// Its service account.
    pub account: String,
}

impl<'a> Namespace<'a> {
    pub(super) async fn new(cluster: &'a Cluster) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let name = format!("story-{now}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        cluster.kubectl_ok(&["create", "namespace", &name]).await;
        let home = tempfile::tempdir().expect("a temporary folder");
        let namespace = Self { cluster, name, home, wide: AtomicUsize::new(0) };
        // No pod can be made before its service account is there, and a controller makes it.
        wait_for("the default service account", Duration::from_secs(30), async || {
            namespace.kubectl(&["get", "serviceaccount", "default"]).await.status.success().then_some(())
        })
        .await;
        namespace
    }

    /// Where it is.
    pub(super) fn cluster(&self) -> &Cluster {
        self.cluster
    }

    /// Runs kubectl in this namespace, whatever comes of it.
    pub async fn kubectl(&self, args: &[&str]) -> Output {
        self.cluster.kubectl(&self.here(args)).await
    }

    /// What kubectl prints; fails the test when it fails.
    pub async fn kubectl_ok(&self, args: &[&str]) -> String {
        self.cluster.kubectl_ok(&self.here(args)).await
    }

    /// Objects of this namespace as JSON.
    pub async fn get(&self, args: &[&str]) -> Value {
        self.cluster.get(&self.here(args)).await
    }

    /// Server-side apply in this namespace: `namespace: default` in the text means this one, so that a `Policy` can be
    /// applied as it is. Answers what kubectl wrote to standard error: warnings, if any.
    pub async fn apply(&self, yaml: impl Into<String>) -> String {
        self.cluster.apply_with(&self.here(&[]), &self.moved(&yaml.into())).await
    }

    /// The same, whatever comes of it: for objects that are refused.
    pub async fn try_apply(&self, yaml: impl Into<String>) -> Output {
        self.cluster.try_apply_with(&self.here(&[]), &self.moved(&yaml.into())).await
    }

    /// Applies objects that say themselves where they belong, or belong nowhere.
    pub(super) async fn apply_everywhere(&self, yaml: &str) {
        self.cluster.apply_with(&[], yaml).await;
    }

    /// Creates a pod of this service account. It stays `Pending`.
    pub async fn pod(&self, name: &str, labels: &[(&str, &str)], account: &str) -> Pod {
        let labels: serde_json::Map<String, Value> =
            labels.iter().map(|(label, value)| ((*label).to_owned(), Value::from(*value))).collect();
        let pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "labels": labels},
            "spec": {"serviceAccountName": account, "containers": [{"name": "app", "image": "nobody.runs.this"}]},
        });
        let made = self.cluster.admin().json(&self.here(&["create", "--filename", "-"]), &pod.to_string()).await;
        let uid = made["metadata"]["uid"].as_str().expect("a uid").to_owned();
        Pod { name: name.to_owned(), uid, account: account.to_owned() }
    }

    /// Creates objects that say themselves where they belong, without looking for any of them first.
    pub async fn create(&self, yaml: &str) {
        self.cluster.admin().ok(&["create", "--filename", "-"], yaml).await;
    }

    /// A pod that is there.
    pub async fn found_pod(&self, name: &str, account: &str) -> Pod {
        let found = self.get(&["pod", name]).await;
        let uid = found["metadata"]["uid"].as_str().expect("a uid").to_owned();
        Pod { name: name.to_owned(), uid, account: account.to_owned() }
    }

    /// Deletes a pod and waits until it is gone.
    pub async fn delete_pod(&self, pod: &Pod) {
        self.kubectl_ok(&["delete", "pod", &pod.name, "--grace-period=0", "--force"]).await;
    }

    /// A token like the one that is mounted into a pod: of its service account, bound to the pod, for one audience.
    pub async fn pod_token(&self, pod: &Pod, audience: &str) -> String {
        let bound = ["--bound-object-kind", "Pod", "--bound-object-name", &pod.name, "--bound-object-uid", &pod.uid];
        self.kubectl_ok(&[&["create", "token", &pod.account, "--audience", audience][..], &bound].concat()).await
    }

    /// Makes a service account.
    pub async fn account(&self, name: &str) {
        self.kubectl_ok(&["create", "serviceaccount", name]).await;
    }

    /// Lets a service account do this in this namespace. Rules are YAML:
    /// `- {apiGroups: [""], resources: [pods], verbs: [get, list, watch]}`.
    pub async fn allow(&self, account: &str, rules: &str) {
        let metadata = format!("{{name: {}}}", self.next(account));
        self.apply(self.role("Role", &metadata, account, rules)).await;
    }

    /// Lets it do this in every namespace, until the story ends.
    pub async fn allow_everywhere(&self, account: &str, rules: &str) {
        let name = format!("{}-{}", self.name, self.next(account));
        let metadata = format!("{{name: {name}, labels: {{{STORY}: {}}}}}", self.name);
        self.cluster.apply(self.role("ClusterRole", &metadata, account, rules)).await;
    }

    /// A file with which one is this service account, for an hour.
    pub async fn kubeconfig(&self, account: &str) -> String {
        let token = self.kubectl_ok(&["create", "token", account, "--duration", "1h"]).await;
        let ca = fs::read(self.cluster.ca()).expect("the folder of the run");
        let server = self.cluster.server();
        let cluster = json!({"server": server, "certificate-authority-data": BASE64_STANDARD.encode(ca)});
        let text = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "cluster", "cluster": cluster}],
            "users": [{"name": account, "user": {"token": token}}],
            "contexts": [{"name": "own", "context": {"cluster": "cluster", "user": account, "namespace": self.name}}],
            "current-context": "own",
        });
        let path = self.home.path().join(format!("{account}.kubeconfig"));
        write_private(&path, &text.to_string());
        path.to_str().expect("a plain path").to_owned()
    }

    /// A folder that goes with the story.
    pub fn home(&self) -> PathBuf {
        self.home.path().to_owned()
    }

    fn here<'b>(&'b self, args: &[&'b str]) -> Vec<&'b str> {
        [args, &["--namespace", &self.name]].concat()
    }

    fn moved(&self, yaml: &str) -> String {
        yaml.replace("namespace: default", &format!("namespace: {}", self.name))
    }

    /// Each set of rules has a name of its own.
    fn next(&self, account: &str) -> String {
        format!("{account}-{}", self.wide.fetch_add(1, Ordering::Relaxed))
    }

    /// A role and its binding to a service account of ours.
    fn role(&self, kind: &str, metadata: &str, account: &str, rules: &str) -> String {
        let role = metadata.trim_start_matches("{name: ").split([',', '}']).next().unwrap_or_default();
        let group = "rbac.authorization.k8s.io";
        format!(
            "apiVersion: {group}/v1\nkind: {kind}\nmetadata: {metadata}\nrules:\n{rules}\n---\n\
             apiVersion: {group}/v1\nkind: {kind}Binding\nmetadata: {metadata}\n\
             roleRef: {{apiGroup: {group}, kind: {kind}, name: {role}}}\n\
             subjects: [{{kind: ServiceAccount, name: {account}, namespace: {}}}]\n",
            self.name
        )
    }
}

impl Drop for Namespace<'_> {
    fn drop(&mut self) {
        let kubectl = self.cluster.admin();
        let selector = format!("{STORY}={}", self.name);
        kubectl.succeeds(&[
            "delete",
            "clusterrole,clusterrolebinding,validatingwebhookconfiguration",
            "--selector",
            &selector,
            "--wait=false",
        ]);
        kubectl.succeeds(&["delete", "namespace", &self.name, "--wait=false"]);
    }
}

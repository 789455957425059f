//! A control plane with no more rights than it is meant to have, in a namespace of its story.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::{Answer, Client, Cluster, Namespace, Plane, Pod, PushedSetup, chat, control_plane, ledger, wait_for};

/// The service account of the control plane.
pub const ACCOUNT: &str = "outrigger-control-plane";
/// That of the ledger.
pub const LEDGER: &str = "outrigger-ledger";
/// Whom tokens of sidecars are for.
pub const AUDIENCE: &str = "outrigger-control-plane";
/// Where chats are asked for.
pub const CHAT: &str = "/v1/chat/completions";
/// How long anything may take that is promised within two seconds, on a machine that does other things too.
pub const SOON: Duration = Duration::from_secs(10);
/// How long a status may take.
pub const TOLD: Duration = Duration::from_secs(25);

/// A namespace that is the control plane's own and its workloads' too.
#[derive(Debug)]
pub struct Installed<'a> {
    pub namespace: Namespace<'a>,
    kubeconfig: String,
}

impl<'a> Installed<'a> {
    /// Installs the kinds, the account and its rights.
    pub async fn new(cluster: &'a Cluster) -> Self {
        cluster.crds().await;
        let namespace = cluster.namespace().await;
        namespace.permit_control_plane().await;
        // It has sidecars, whatever policy there is.
        cluster.kubectl_ok(&["label", "namespace", &namespace.name, "outrigger.dev/inject=enabled"]).await;
        let kubeconfig = namespace.kubeconfig(ACCOUNT).await;
        Self { namespace, kubeconfig }
    }

    /// Starts a replica that keeps to this namespace, with more words.
    pub async fn replica(&self, more: &[&str]) -> Plane {
        let name = self.namespace.name.as_str();
        let words = ["--kubeconfig", &self.kubeconfig, "--system-namespace", name, "--watch-namespace", name];
        // A second in place of half a minute, in which others might still come.
        let words = [&words[..], &["--settle", "1s", "--secret-retry", "3s"], more].concat();
        let plane = control_plane(&words).await;
        plane.wait_ready(Duration::from_secs(30)).await;
        plane
    }

    /// The only replica.
    pub async fn plane(&self) -> Plane {
        self.replica(&[]).await
    }

    /// A ledger with the chart's rights for it, and no others. It is ready once there is an authority.
    pub async fn ledger(&self) -> Plane {
        self.namespace.permit_ledger().await;
        let kubeconfig = self.namespace.kubeconfig(LEDGER).await;
        ledger(&["--kubeconfig", &kubeconfig, "--system-namespace", &self.namespace.name]).await
    }

    /// The certificates by which sidecars of a namespace know it, as they are mounted there.
    pub async fn ca_file(&self, namespace: &Namespace<'_>) -> PathBuf {
        let bundle = wait_for("the bundle", Duration::from_secs(30), async || {
            let found = namespace.kubectl(&["get", "configmap", "outrigger-ca", "--output", "json"]).await;
            let found: Value = serde_json::from_slice(&found.stdout).ok()?;
            Some(found["data"]["ca.crt"].as_str()?.to_owned())
        });
        let path = namespace.home().join("ca.crt");
        fs::write(&path, bundle.await).expect("write the bundle");
        path
    }

    /// A sidecar of this pod, to be started.
    pub async fn sidecar(&self, plane: &Plane, pod: &Pod) -> PushedSetup {
        let token = self.namespace.pod_token(pod, AUDIENCE).await;
        plane.sidecar(token, self.ca_file(&self.namespace).await)
    }

    /// The condition of an object, as soon as it says this: `status reason`.
    pub async fn condition(&self, object: &str, kind: &str, says: &str) -> Value {
        self.condition_within(object, kind, says, TOLD).await
    }

    /// The same, for what takes longer.
    pub async fn condition_within(&self, object: &str, kind: &str, says: &str, within: Duration) -> Value {
        condition_in_within(&self.namespace, object, kind, says, within).await
    }
}

/// The condition of an object of any namespace.
pub async fn condition_in(namespace: &Namespace<'_>, object: &str, kind: &str, says: &str) -> Value {
    condition_in_within(namespace, object, kind, says, TOLD).await
}

async fn condition_in_within(
    namespace: &Namespace<'_>,
    object: &str,
    kind: &str,
    says: &str,
    within: Duration,
) -> Value {
    let mut last = Value::Null;
    let what = format!("{object}: {kind} {says}");
    let begun = std::time::Instant::now();
    loop {
        let found = namespace.get(&[object]).await;
        let conditions = found["status"]["conditions"].as_array().cloned().unwrap_or_default();
        if let Some(condition) = conditions.into_iter().find(|it| it["type"] == kind) {
            let said = format!("{} {}", text(&condition["status"]), text(&condition["reason"]));
            if said == says && condition["observedGeneration"] == found["metadata"]["generation"] {
                return condition;
            }
            last = condition;
        }
        assert!(begun.elapsed() < within, "waited {within:?} for {what}; last: {last}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Why the sidecar refused; empty if it did not.
pub fn code(answer: &Answer) -> &str {
    answer.header("x-outrigger-error").unwrap_or_default()
}

/// Whom route `name` is answered by; empty if by nobody.
pub async fn told(client: &Client, name: &str) -> String {
    let answer = client.post(CHAT, chat(name)).await;
    if answer.status == 200 { answer.said() } else { String::new() }
}

/// Asks route `name` until this provider answers.
pub async fn becomes(client: &Client, name: &str, says: &str) {
    wait_for(&format!("{name} to be answered by {says}"), SOON, async || {
        (told(client, name).await == says).then_some(())
    })
    .await;
}

/// What `deploy/kubernetes/rbac.yaml` holds, which is what the chart renders: read once, by kubectl.
static RIGHTS: OnceCell<Vec<Value>> = OnceCell::const_new();
/// The same of `ledger.yaml`.
static LEDGER_RIGHTS: OnceCell<Vec<Value>> = OnceCell::const_new();
/// What accounts and their rights are made of.
const KINDS: [&str; 5] = ["ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"];
/// The namespace that it is written for.
const SYSTEM: &str = "outrigger-system";

impl Namespace<'_> {
    /// The name of the ValidatingWebhookConfiguration of this story.
    pub fn webhook(&self) -> String {
        format!("{}-policy", self.name)
    }

    /// Installs it for a control plane whose webhook is here. No node leads to a Service, so it is reached by its address.
    pub async fn install_webhook(&self, address: std::net::SocketAddr) {
        let rule = "{apiGroups: [outrigger.dev], apiVersions: [v1alpha1], operations: [CREATE, UPDATE, DELETE], \
                    resources: [modelproviders, modelroutes, modelpolicies]}";
        let yaml = format!(
            "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\n\
             metadata: {{name: {}, labels: {{outrigger.dev/story: {1}}}}}\n\
             webhooks:\n- name: policy.outrigger.dev\n  clientConfig: {{url: 'https://{address}/validate'}}\n  \
             rules: [{rule}]\n  failurePolicy: Ignore\n  sideEffects: None\n  admissionReviewVersions: [v1]\n  \
             timeoutSeconds: 5\n  namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {1}}}}}\n",
            self.webhook(),
            self.name
        );
        self.apply_everywhere(&yaml).await;
    }

    /// The bundle that stands in it.
    pub async fn webhook_bundle(&self) -> Option<String> {
        let name = self.webhook();
        let found = self.kubectl(&["get", "validatingwebhookconfiguration", &name, "--output", "json"]).await;
        let found: Value = serde_json::from_slice(&found.stdout).ok()?;
        Some(found["webhooks"][0]["clientConfig"]["caBundle"].as_str()?.to_owned())
    }

    /// What `deploy/kubernetes/rbac.yaml` gives the control plane, with this namespace as its own.
    pub async fn permit_control_plane(&self) {
        let rights = RIGHTS.get_or_init(|| self.read("deploy/kubernetes/rbac.yaml")).await;
        let ours = rights.iter().filter(|object| object["metadata"]["name"] == ACCOUNT);
        let ours: Vec<Value> = ours.cloned().map(|object| self.of_this_story(object)).collect();
        assert!(ours.len() >= 5, "an account, two roles and their bindings: {}", ours.len());
        self.apply_everywhere(&json!({"apiVersion": "v1", "kind": "List", "items": ours}).to_string()).await;
    }

    /// What `deploy/kubernetes/ledger.yaml` gives the ledger, and the ClusterRole for its readers as [`Self::reader`] calls it.
    async fn permit_ledger(&self) {
        let rights = LEDGER_RIGHTS.get_or_init(|| self.read("deploy/kubernetes/ledger.yaml")).await;
        let ours = rights.iter().filter(|object| KINDS.iter().any(|kind| object["kind"] == *kind));
        let ours: Vec<Value> = ours.cloned().map(|object| self.of_this_story(object)).collect();
        assert!(ours.len() >= 6, "an account, two roles, their bindings and a role for readers: {}", ours.len());
        self.apply_everywhere(&json!({"apiVersion": "v1", "kind": "List", "items": ours}).to_string()).await;
    }

    /// This story's ClusterRole of those who may read usage.
    pub fn reader(&self) -> String {
        format!("{}-outrigger-usage-reader", self.name)
    }

    /// The objects of a manifest of the repository.
    async fn read(&self, path: &str) -> Vec<Value> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
        let path = path.to_str().expect("a plain path");
        let read =
            self.cluster().kubectl_ok(&["create", "--dry-run=client", "--output=json", "--filename", path]).await;
        let objects = serde_json::Deserializer::from_str(&read).into_iter::<Value>();
        objects.map(|object| object.expect("kubectl prints JSON")).collect()
    }

    /// What has no namespace is this story's alone, and goes with it.
    fn of_this_story(&self, mut object: Value) -> Value {
        if object["metadata"]["namespace"] == SYSTEM {
            object["metadata"]["namespace"] = json!(self.name);
        } else {
            let name = format!("{}-{}", self.name, text(&object["metadata"]["name"]));
            object["metadata"]["name"] = json!(name);
            object["metadata"]["labels"]["outrigger.dev/story"] = json!(self.name);
            // What it may do to one object of the cluster, it may do to this story's.
            for rule in object.get_mut("rules").and_then(Value::as_array_mut).into_iter().flatten() {
                for named in rule.get_mut("resourceNames").and_then(Value::as_array_mut).into_iter().flatten() {
                    if *named == "outrigger-policy" {
                        *named = json!(self.webhook());
                    }
                }
            }
            if object["kind"] == "ClusterRoleBinding" {
                object["roleRef"]["name"] = json!(name);
            }
        }
        let subjects = object.get_mut("subjects").and_then(Value::as_array_mut);
        for subject in subjects.into_iter().flatten() {
            subject["namespace"] = json!(self.name);
        }
        object
    }
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

//! What the chart permits where keys are mounted, and from whom it keeps what says which.

use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

use super::{helm::helms, release::Gone};
use crate::harness::*;

/// Who may write what a pod mounts.
const CONTROL_PLANE: &str = "outrigger-control-plane";
const INJECTOR: &str = "outrigger-injector";

/// R-CFG-6, least privilege: the injector may get ConfigMaps of one name, only where that is permitted, and no Secret.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn the_injector_may_look_up_which_keys_and_nothing_else() {
    let cluster = Cluster::alone().await;
    let _gone = Gone(&cluster);
    let (namespace, other) = (cluster.namespace().await, cluster.namespace().await);
    let who = format!("--as=system:serviceaccount:{}:{INJECTOR}", namespace.name);
    let can = async |words: &str| {
        let words: Vec<&str> = words.split(' ').chain(["-n", &other.name, who.as_str()]).collect();
        let output = cluster.kubectl(&[&["auth", "can-i"], &words[..]].concat()).await;
        String::from_utf8_lossy(&output.stdout).trim() == "yes"
    };
    for permitted in [false, true] {
        rendered(&cluster, &namespace, &RIGHTS, permitted).await;
        assert_eq!(can("get configmaps/outrigger-bootstrap").await, permitted);
        for words in [
            "get configmaps",
            "list configmaps",
            "watch configmaps/outrigger-bootstrap",
            "patch configmaps/outrigger-bootstrap",
            "get configmaps/other",
            "get configmaps/outrigger-bootstrap-1",
            "get secrets",
            "get secrets/openai",
            "list secrets",
            "get modelproviders.outrigger.dev",
            "get modelroutes.outrigger.dev",
            "get modelpolicies.outrigger.dev",
        ] {
            assert!(!can(words).await, "{words}");
        }
    }
}

/// Whoever may write ConfigMaps of a namespace does not say which keys its pods mount, nor where they are sent.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn only_the_control_plane_says_which_keys_are_mounted() {
    let cluster = Cluster::alone().await;
    let _gone = Gone(&cluster);
    let (namespace, other) = (cluster.namespace().await, cluster.namespace().await);
    rendered(&cluster, &namespace, &[&RIGHTS[..], &[KEPT]].concat(), true).await;
    let control_plane = format!("--as=system:serviceaccount:{}:{CONTROL_PLANE}", namespace.name);
    let map = |name: &str, index: &str| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": other.name},
            "binaryData": {"index.gz": index}, "data": {"written": "1"},
        })
        .to_string()
    };
    let write = async |words: &[&str], object: &str| {
        let output = cluster.kubectl_with(&[words, &["--filename", "-"]].concat(), object).await;
        output.status.success().then_some(()).ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())
    };
    const NAMES: [&str; 5] = [
        "outrigger-ca",
        "outrigger-bootstrap",
        "outrigger-bootstrap-1",
        "outrigger-bootstrap-2",
        "outrigger-bootstrap-3",
    ];
    // An API server takes a moment to know of a policy.
    wait_for("the policy to hold", SOON, async || {
        write(&["create", "--dry-run=server"], &map(NAMES[1], "AQ==")).await.is_err().then_some(())
    })
    .await;
    let apply = ["apply", "--server-side", "--field-manager=outrigger.dev/bootstrap", &control_plane];
    for name in NAMES {
        let said = write(&["create"], &map(name, "AQ==")).await.unwrap_err();
        assert!(said.contains("the control plane of Outrigger alone writes it"), "{name}: {said}");
        // By whom it should be, as it does it.
        for index in ["AQ==", "Ag=="] {
            assert_eq!(write(&apply, &map(name, index)).await, Ok(()), "{name}");
        }
        let forged = ["apply", "--server-side", "--force-conflicts", "--field-manager=outrigger.dev/bootstrap"];
        let said = write(&forged, &map(name, "Aw==")).await.unwrap_err();
        assert!(said.contains("the control plane of Outrigger alone writes it"), "{name}: {said}");
        let said = write(&["replace"], &map(name, "Aw==")).await.unwrap_err();
        assert!(said.contains("edit ModelProviders and ModelRoutes instead"), "{name}: {said}");
        // What it holds stays: a label is anybody's, and so is its end.
        other.kubectl_ok(&["label", "configmap", name, "team=shop"]).await;
        other.kubectl_ok(&["delete", "configmap", name]).await;
    }
    assert_eq!(write(&["create"], &map("other", "AQ==")).await, Ok(()), "any other is nobody's business");
}

/// R-INJ-9: what the control plane has left is what a pod mounts, with the control plane gone too: of its own namespace what its own
/// policy uses. Where that is not permitted it starts without, and whoever creates it is told.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn a_pod_mounts_what_its_own_policy_uses() {
    let a = Upstream::with(|_, _| chat_ok("a")).await;
    let cluster = Cluster::alone().await;
    let _gone = Gone(&cluster);
    let installed = Installed::new(&cluster).await;
    let (here, shop) = (&installed.namespace, cluster.namespace().await);
    cluster.kubectl_ok(&["label", "namespace", &shop.name, "outrigger.dev/inject=enabled"]).await;
    rendered(&cluster, here, &[RIGHTS[0], KEPT], true).await;
    let role = ["create", "role", "keys", "--verb=get,list,watch", "--resource=secrets", "--resource-name=keys"];
    shop.kubectl_ok(&role).await;
    let account = format!("--serviceaccount={}:{ACCOUNT}", here.name);
    shop.kubectl_ok(&["create", "rolebinding", "keys", "--role=keys", &account]).await;
    let shared = "allowedNamespaces: {from: All}";
    here.apply(Policy::new().provider_with("far", a.base_url(), |it| it.spec(shared)).to_string()).await;
    // The key of `web` is for pods of that label; another lies beside them, for nobody.
    let other =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: other, namespace: default}\nstringData: {key: sk-test-other}";
    let limit = "apiVersion: outrigger.dev/v1alpha1\nkind: ModelPolicy\nmetadata: {name: eu, namespace: default}\nspec: \
                 {workloads: {selector: {matchLabels: {app: eu}}}, constraints: {regions: [eu]}}";
    let policy = Policy::new().provider_with("us", a.base_url(), |it| it.spec("region: us")).provider_with(
        "eu",
        a.base_url(),
        |it| it.spec("region: eu"),
    );
    shop.apply(policy.document(other).document(limit).to_string()).await;
    // One of each view is there, so that both are known.
    shop.pod("known", &[("app", "eu")], "default").await;
    let mut plane = installed.replica(&["--watch-namespace", &shop.name]).await;
    wait_for("what pods start with", TOLD, async || {
        shop.kubectl(&["get", "configmap", "outrigger-bootstrap"]).await.status.success().then_some(())
    })
    .await;
    // A map is changed at most once in ten seconds.
    tokio::time::sleep(std::time::Duration::from_secs(12)).await;
    let kubeconfig = here.kubeconfig(INJECTOR).await;
    let _injector = Injector::start(&cluster, here, &shop, &kubeconfig).await;
    let made = async |app: &str| {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "new", "namespace": shop.name, "labels": {"app": app}},
            "spec": {"containers": [{"name": "app", "image": "nobody.runs.this"}]},
        });
        let words = ["create", "--dry-run=server", "--output=json", "--filename", "-"];
        let output = cluster.kubectl_with(&words, &pod.to_string()).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (serde_json::from_slice::<Value>(&output.stdout).unwrap_or_default(), said)
    };
    let mounted = |pod: &Value| {
        let volume = pod["spec"]["volumes"].as_array()?.iter().find(|it| it["name"] == "outrigger-keys")?;
        let sources = volume["projected"]["sources"].as_array()?.iter();
        let paths = sources.flat_map(|it| it["secret"]["items"].as_array().cloned().unwrap_or_default());
        Some(paths.map(|it| text(&it["path"]).to_owned()).collect::<Vec<_>>())
    };
    let (pod, said) = wait_for("the injector to be asked", TOLD, async || {
        let (pod, said) = made("web").await;
        pod["spec"]["initContainers"].is_array().then_some((pod, said))
    })
    .await;
    assert_eq!((mounted(&pod), said.as_str()), (None, ""), "nobody has said that it mounts any");
    let profile = "apiVersion: outrigger.dev/v1alpha1\nkind: SidecarProfile\nmetadata: {name: default, namespace: default}\n\
                   spec: {bootstrapSecrets: Mount}\n";
    shop.apply(profile).await;
    let own = async |app: &str| wait_for("keys to be mounted", TOLD, async || mounted(&made(app).await.0)).await;
    assert_eq!((own("web").await, own("eu").await), (vec!["keys/eu".into(), "keys/us".into()], vec!["keys/eu".into()]));
    plane.kill();
    let (pod, said) = made("web").await;
    assert_eq!((mounted(&pod).map(|it| it.len()), said.as_str()), (Some(2), ""));
    let app = &pod["spec"]["containers"][0];
    assert!(!app.to_string().contains("outrigger-keys") && !pod.to_string().contains("sk-test"), "{app}");
    // Without the right to look nobody is kept from starting.
    rendered(&cluster, here, &RIGHTS[..1], false).await;
    let said = wait_for("the right to be gone", SOON, async || {
        let (pod, said) = made("web").await;
        assert!(pod["spec"]["initContainers"].is_array(), "{said}");
        mounted(&pod).is_none().then_some(said)
    })
    .await;
    assert!(said.contains("set injector.bootstrapSecrets.enabled"), "{said}");
}

/// The real injector, which an API server asks about the pods of one namespace.
struct Injector(Child);

impl Injector {
    async fn start(cluster: &Cluster, system: &Namespace<'_>, of: &Namespace<'_>, kubeconfig: &str) -> Self {
        let ready = system.home().join("injector.ready");
        let mut command = Command::new(program(CONTROL_PLANE));
        command.args(["injector", "--listen=127.0.0.1:0", "--tls-name=127.0.0.1", "--image=outrigger-sidecar:1"]);
        command.args(["--kubeconfig", kubeconfig, "--system-namespace", &system.name]);
        command.args(["--ca-settle=1s", "--log=warn", "--ready-file"]).arg(&ready);
        command.env_clear().env("HOME", system.home()).stdin(Stdio::null()).stdout(Stdio::null());
        let injector = Self(command.spawn().expect("the injector starts"));
        let listen: SocketAddr = wait_for("the injector", SOON, async || {
            let ready: Value = serde_json::from_slice(&std::fs::read(&ready).ok()?).ok()?;
            text(&ready["listen"]).parse().ok()
        })
        .await;
        let webhook = json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": INJECTOR, "labels": {"app.kubernetes.io/name": "outrigger"}},
            "webhooks": [{
                "name": "namespace.injector.outrigger.dev",
                "clientConfig": {"url": format!("https://{listen}/mutate/namespace")},
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
                "failurePolicy": "Fail",
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
                "timeoutSeconds": 5,
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": of.name}},
            }],
        });
        let words = ["apply", "--server-side", "--filename", "-"];
        let output = cluster.kubectl_with(&words, &webhook.to_string()).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        injector
    }
}

impl Drop for Injector {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The injector's, before those of the control plane.
const RIGHTS: [&str; 2] = ["templates/injector/rbac.yaml", "templates/control-plane/rbac.yaml"];
/// From whom ConfigMaps are kept.
const KEPT: &str = "templates/injector/bootstrap.yaml";

/// Parts of an installation in `namespace`.
async fn rendered(cluster: &Cluster, namespace: &Namespace<'_>, templates: &[&str], permitted: bool) {
    let [helm, _] = helms(cluster, namespace);
    let switch = format!("injector.bootstrapSecrets.enabled={permitted}");
    let mut words = vec!["template", "outrigger", "charts/outrigger", "--set", &switch];
    words.extend(templates.iter().flat_map(|template| ["--show-only", *template]));
    let output = cluster.kubectl_with(&["apply", "--server-side", "--filename", "-"], &helm.ok(&words).await).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

//! Keys: who may read them, and what changes.

use crate::harness::*;

/// R-CFG-6, least privilege: a Secret of a namespace for which nobody gave the right is told with the line to paste; others
/// are not affected; with the right it is used, and without it again it goes on.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn a_secret_without_the_right_to_it_says_what_to_paste() {
    let (a, b) = (Upstream::start([chat_ok("a")]).await, Upstream::start([chat_ok("b")]).await);
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    let prod = cluster.namespace().await;
    here.apply(Policy::new().provider("a", a.base_url()).route("r", &["a"]).to_string()).await;
    prod.apply(Policy::new().provider("b", b.base_url()).route("r", &["b"]).to_string()).await;
    let plane = installed.replica(&["--watch-namespace", &prod.name]).await;
    installed.condition("modelprovider/a", "ResolvedRefs", "True ResolvedRefs").await;
    let refused = condition_in(&prod, "modelprovider/b", "ResolvedRefs", "False NotPermitted").await;
    let line = text(&refused["message"]).to_owned();
    let paste = line.split("to permit it: ").nth(1).expect("what to paste");
    for command in paste.split(" && ") {
        let words: Vec<&str> = command.trim_start_matches("kubectl ").split_whitespace().collect();
        cluster.kubectl_ok(&words).await;
    }
    condition_in(&prod, "modelprovider/b", "ResolvedRefs", "True ResolvedRefs").await;

    let pod = prod.pod("web-0", &[], "default").await;
    let token = prod.pod_token(&pod, AUDIENCE).await;
    let sidecar = plane.sidecar(token, installed.ca_file(&prod).await).start().await;
    becomes(&sidecar.client(), "r", "b").await;
    assert_eq!(b.last().header("authorization"), Some("Bearer sk-test-b"));
}

/// R-CFG-10: the right to read policy is taken away and given back: nothing is emptied meanwhile, and what was edited comes.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn rights_may_be_taken_away_and_given_back() {
    let (a, b) = (Upstream::with(|_, _| chat_ok("a")).await, Upstream::with(|_, _| chat_ok("b")).await);
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    here.apply(Policy::new().provider("a", a.base_url()).route("r", &["a"]).to_string()).await;
    let mut plane = installed.plane().await;
    let pod = here.pod("web-0", &[], "default").await;
    let sidecar = installed.sidecar(&plane, &pod).await.start().await;
    becomes(&sidecar.client(), "r", "a").await;
    let role = format!("{}-{ACCOUNT}", here.name);
    cluster.kubectl_ok(&["delete", "clusterrolebinding", &role]).await;
    // A watch that is open stays open: one that starts is refused, and serves nobody before it knows.
    plane.kill();
    plane.start().await;
    plane.wait_log("may not list and watch").await;
    assert_eq!(plane.admin_client().get("/readyz").await.status, 503);
    becomes(&sidecar.client(), "r", "a").await;
    here.permit_control_plane().await;
    here.apply(Policy::new().provider("b", b.base_url()).route("r", &["b"]).to_string()).await;
    wait_for("the edit", 2 * TOLD, async || (told(&sidecar.client(), "r").await == "b").then_some(())).await;
}

/// K4: a key is replaced under load; none fails, and the new one is used.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn a_key_is_rotated_under_load() {
    let a = Upstream::with(|_, _| chat_ok("a")).await;
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    let policy = Policy::new().provider("a", a.base_url()).route("r", &["a"]).to_string();
    here.apply(policy.as_str()).await;
    let plane = installed.plane().await;
    let pod = here.pod("web-0", &[], "default").await;
    let sidecar = installed.sidecar(&plane, &pod).await.start().await;
    becomes(&sidecar.client(), "r", "a").await;
    here.apply(policy.replace("sk-test-a", "sk-test-new")).await;
    let rotated = wait_for("the new key", SOON, async || {
        let answer = sidecar.client().post(CHAT, chat("r")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        (a.last().header("authorization") == Some("Bearer sk-test-new")).then_some(())
    });
    rotated.await;
    let fleet = plane.admin_client().get(&format!("/fleet?credential={}/a/main", here.name)).await.json();
    assert_eq!(fleet["total"], 1, "{fleet}");
    assert!(!fleet.to_string().contains("sk-test"), "{fleet}");
}

/// What the role of the control plane cannot do.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn the_role_can_do_no_more_than_it_must() {
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    let other = cluster.namespace().await;
    let who = format!("--as=system:serviceaccount:{}:{ACCOUNT}", here.name);
    let can = async |words: &str, namespace: &str| {
        let words: Vec<&str> = words.split(' ').chain(["-n", namespace, who.as_str()]).collect();
        let output = cluster.kubectl(&[&["auth", "can-i"], &words[..]].concat()).await;
        String::from_utf8_lossy(&output.stdout).trim() == "yes"
    };
    for words in [
        "get secrets",
        "list secrets",
        "watch secrets",
        "get secrets/openai",
        "get configmaps",
        "list configmaps",
        "get configmaps/corporate-ca",
    ] {
        assert!(!can(words, &other.name).await, "{words} elsewhere");
        assert!(can(words, &here.name).await, "{words} at home");
    }
    for words in [
        "update secrets",
        "delete secrets",
        "create pods",
        "delete pods",
        "get pods --subresource=log",
        "create pods --subresource=exec",
        "update modelroutes.outrigger.dev",
        "delete modelroutes.outrigger.dev",
        "create modelroutes.outrigger.dev",
        "update configmaps/other",
        "delete configmaps/other",
        "create clusterrolebindings.rbac.authorization.k8s.io",
        "impersonate users",
        "create serviceaccounts/token",
        "update leases.coordination.k8s.io/other",
        "delete customresourcedefinitions.apiextensions.k8s.io",
        "patch validatingwebhookconfigurations.admissionregistration.k8s.io/other",
        "create validatingwebhookconfigurations.admissionregistration.k8s.io",
    ] {
        assert!(!can(words, &here.name).await, "{words}");
    }
    assert!(can("patch modelroutes.outrigger.dev --subresource=status", &other.name).await);
}

//! Certificates by which a provider is known: a ConfigMap that is followed, and who may read it.

use crate::harness::*;

/// A ConfigMap `ca` with these certificates.
fn bundle(pem: &str) -> String {
    let pem = pem.replace('\n', "\n    ");
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: ca}}\ndata:\n  ca.crt: |\n    {pem}\n")
}

/// A provider `own` there, known by the certificates of `ca`, and a route `r` to it that asks once.
fn known(secure: &Secure) -> String {
    let base = format!("https://localhost:{}/v1", secure.addr.port());
    format!(
        "apiVersion: outrigger.dev/v1alpha1\nkind: ModelProvider\nmetadata: {{name: own}}\n\
         spec: {{dialects: [ChatCompletions, Responses], baseURL: '{base}', models: [{{model: {MODEL}}}], tls: {{caRef: {{name: ca}}}}}}\n\
         ---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelRoute\nmetadata: {{name: r}}\n\
         spec: {{targets: [{{model: {MODEL}, provider: own}}], failover: {{attempts: 1}}}}\n"
    )
}

/// Asks route `r` until it is refused with this code.
async fn refused(client: &Client, with: &str) {
    wait_for(&format!("r to be refused with {with}"), SOON, async || {
        (code(&client.post(CHAT, chat("r")).await) == with).then_some(())
    })
    .await;
}

/// From a ConfigMap that is not there to one that is applied, edited and deleted: each is told, and the provider is served by
/// those certificates alone or not at all.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn a_caref_is_followed_as_its_config_map_is_applied_edited_and_deleted() {
    let (own, other) = (Authority::new(), Authority::new());
    let up = Upstream::with(|_, _| chat_ok("own")).await;
    let secure = own.before(up.addr(), "localhost").await;
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    here.apply(known(&secure)).await;
    let plane = installed.plane().await;
    let condition = installed.condition("modelprovider/own", "ResolvedRefs", "False NotFound").await;
    assert!(text(&condition["message"]).contains("there is no ConfigMap of this name"), "{condition}");
    let pod = here.pod("web-0", &[], "default").await;
    let sidecar = installed.sidecar(&plane, &pod).await.start().await;
    let client = sidecar.client();
    refused(&client, "route_without_targets").await;

    here.apply(bundle(&own.pem)).await;
    installed.condition("modelprovider/own", "ResolvedRefs", "True ResolvedRefs").await;
    becomes(&client, "r", "own").await;
    here.apply(bundle(&other.pem)).await;
    refused(&client, "connect_failed").await;
    // The next one is beside it: what goes on is served, and nothing fails while the bundle grows.
    here.apply(bundle(&format!("{}{}", other.pem, own.pem))).await;
    becomes(&client, "r", "own").await;
    here.apply(bundle(&own.pem)).await;
    for _ in 0..50 {
        assert_eq!(told(&client, "r").await, "own");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }

    here.apply(bundle("no certificate")).await;
    let condition = installed.condition("modelprovider/own", "ResolvedRefs", "False NotFound").await;
    assert!(text(&condition["message"]).contains("no certificate is in it"), "{condition}");
    refused(&client, "route_without_targets").await;
    here.apply(bundle(&own.pem)).await;
    becomes(&client, "r", "own").await;
    here.kubectl_ok(&["delete", "configmap", "ca"]).await;
    refused(&client, "route_without_targets").await;
    installed.condition("modelprovider/own", "ResolvedRefs", "False NotFound").await;
}

/// R-CFG-6, least privilege: a ConfigMap of a namespace for which nobody gave the right is told with the line to paste, and the
/// provider is not known by anybody else meanwhile.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn a_caref_without_the_right_to_it_says_what_to_paste() {
    let own = Authority::new();
    let up = Upstream::with(|_, _| chat_ok("own")).await;
    let secure = own.before(up.addr(), "localhost").await;
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let prod = cluster.namespace().await;
    prod.apply(format!("{}---\n{}", known(&secure), bundle(&own.pem))).await;
    let plane = installed.replica(&["--watch-namespace", &prod.name]).await;
    let refused = condition_in(&prod, "modelprovider/own", "ResolvedRefs", "False NotPermitted").await;
    let line = text(&refused["message"]).to_owned();
    let paste = line.split("to permit it: ").nth(1).expect("what to paste");
    assert!(paste.contains("--resource=configmaps --resource-name=ca"), "{paste}");
    let pod = prod.pod("web-0", &[], "default").await;
    let token = prod.pod_token(&pod, AUDIENCE).await;
    let sidecar = plane.sidecar(token, installed.ca_file(&prod).await).start().await;
    assert_ne!(told(&sidecar.client(), "r").await, "own");
    assert_eq!(up.hits(), 0);
    for command in paste.split(" && ") {
        let words: Vec<&str> = command.trim_start_matches("kubectl ").split_whitespace().collect();
        cluster.kubectl_ok(&words).await;
    }
    condition_in(&prod, "modelprovider/own", "ResolvedRefs", "True ResolvedRefs").await;
    becomes(&sidecar.client(), "r", "own").await;
}

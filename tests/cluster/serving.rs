//! From kubectl to a sidecar, and back into status.

use crate::harness::*;

const CHAT: &str = "/v1/chat/completions";

/// Asks route `name` until this provider answers.
async fn becomes(client: &Client, name: &str, says: &str) {
    wait_for(&format!("{name} to be answered by {says}"), SOON, async || {
        let answer = client.post(CHAT, chat(name)).await;
        (answer.status == 200 && answer.said() == says).then_some(())
    })
    .await;
}

/// R-ID-1, R-CFG-6: an edit by kubectl is served within seconds by a pod that has said nothing of itself but its token, and
/// the object says so.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn an_edit_by_kubectl_is_served_and_said_back() {
    let (a, b) = (Upstream::start([chat_ok("a")]).await, Upstream::start([chat_ok("b")]).await);
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    here.apply(Policy::new().provider("a", a.base_url()).route("r", &["a"]).to_string()).await;
    let plane = installed.plane().await;
    installed.condition("modelroute/r", "Accepted", "True Accepted").await;
    installed.condition("modelroute/r", "Programmed", "Unknown NoSidecars").await;

    let pod = here.pod("web-0", &[("app", "web"), ("team", "shop")], "default").await;
    let sidecar = installed.sidecar(&plane, &pod).await.start().await;
    becomes(&sidecar.client(), "r", "a").await;
    let programmed = installed.condition("modelroute/r", "Programmed", "True Programmed").await;
    assert_eq!(programmed["message"], "1 of 1 sidecar");
    installed.condition("modelprovider/a", "Programmed", "True Programmed").await;

    here.apply(Policy::new().provider("b", b.base_url()).route("r", &["b"]).to_string()).await;
    becomes(&sidecar.client(), "r", "b").await;
    installed.condition("modelroute/r", "Programmed", "True Programmed").await;
    here.kubectl_ok(&["wait", "--for=condition=Programmed", "--timeout=10s", "modelroute/r"]).await;

    let row = plane.fleet().await["sidecars"][0].clone();
    assert_eq!((&row["pod"], &row["owner"], &row["team"]), (&"web-0".into(), &"Pod/web-0".into(), &"shop".into()));
}

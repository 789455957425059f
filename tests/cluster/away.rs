//! What goes on while something is away.

use std::time::Duration;

use crate::harness::*;

/// The API server restarts: traffic and streams go on, and what is edited behind it comes.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn the_api_server_may_restart() {
    let (a, b) = (Upstream::with(|_, _| chat_ok("a")).await, Upstream::with(|_, _| chat_ok("b")).await);
    let cluster = Cluster::alone().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    here.apply(Policy::new().provider("a", a.base_url()).route("r", &["a"]).to_string()).await;
    let plane = installed.plane().await;
    let pod = here.pod("web-0", &[], "default").await;
    let sidecar = installed.sidecar(&plane, &pod).await.keep(Keep::InMemory).start().await;
    becomes(&sidecar.client(), "r", "a").await;
    cluster.kill_api().await;
    // A token that is known is good for as long as nobody says otherwise.
    let mut sidecar = sidecar;
    sidecar.restart().await;
    becomes(&sidecar.client(), "r", "a").await;
    wait_for("the same sidecar", SOON, async || {
        (plane.fleet().await["sidecars"].as_array().expect("a list").len() == 1).then_some(())
    })
    .await;
    cluster.start_api().await;
    here.apply(Policy::new().provider("b", b.base_url()).route("r", &["b"]).to_string()).await;
    wait_for("the edit", TOLD, async || (told(&sidecar.client(), "r").await == "b").then_some(())).await;
    installed.condition_within("modelroute/r", "Programmed", "True Programmed", 2 * TOLD).await;
}

/// R-CFG-7: the sidecar is killed while the control plane is away: it serves what it had.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn a_sidecar_restarts_without_a_control_plane() {
    let a = Upstream::with(|_, _| chat_ok("a")).await;
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    here.apply(Policy::new().provider("a", a.base_url()).route("r", &["a"]).to_string()).await;
    let mut plane = installed.plane().await;
    let pod = here.pod("web-0", &[], "default").await;
    let mut sidecar = installed.sidecar(&plane, &pod).await.keep(Keep::InMemory).start().await;
    becomes(&sidecar.client(), "r", "a").await;
    plane.kill();
    sidecar.restart().await;
    becomes(&sidecar.client(), "r", "a").await;
    plane.start().await;
    plane.wait_ready(Duration::from_secs(30)).await;
    wait_for("its coming back", TOLD, async || {
        (plane.fleet().await["sidecars"].as_array().expect("a list").len() == 1).then_some(())
    })
    .await;
}

/// R-CFG-6: two replicas: one writes, what both have is added up, and the other goes on writing when it is gone.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn two_replicas_are_one() {
    let a = Upstream::with(|_, _| chat_ok("a")).await;
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    here.apply(Policy::new().provider("a", a.base_url()).route("r", &["a"]).to_string()).await;
    let mut first = installed.plane().await;
    let address = first.url().replace("https://", "");
    let second = installed.replica(&["--peer", &address]).await;
    let pods = (here.pod("web-0", &[], "default").await, here.pod("web-1", &[], "default").await);
    let of_first = installed.sidecar(&first, &pods.0).await.start().await;
    let of_second = installed.sidecar(&second, &pods.1).await.start().await;
    // The first leads and knows of no other; the second would add up both.
    installed.condition("modelroute/r", "Programmed", "True Programmed").await;
    drop(of_first);
    first.kill();
    let gone = installed.condition_within("modelroute/r", "Programmed", "Unknown PeerUnreachable", 3 * TOLD).await;
    assert!(!text(&gone["message"]).is_empty());
    first.start().await;
    first.wait_ready(Duration::from_secs(30)).await;
    let both = installed.condition_within("modelroute/r", "Programmed", "True Programmed", 2 * TOLD).await;
    assert_eq!(both["message"], "1 of 1 sidecar");
    let other = installed.sidecar(&first, &pods.0).await.start().await;
    wait_for("both", 3 * TOLD, async || {
        let route = here.get(&["modelroute/r"]).await;
        let conditions = route["status"]["conditions"].as_array()?.clone();
        conditions.iter().any(|it| it["message"] == "2 of 2 sidecars").then_some(())
    })
    .await;
    drop((other, of_second));
}

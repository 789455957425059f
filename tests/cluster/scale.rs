//! Many objects, and what they cost.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use crate::harness::*;

const ROUTES: usize = 200;
const PODS: usize = 2_000;

/// Most that the control plane may hold with all of them, in MiB, of a debug build.
const MOST: u64 = 160;

/// 200 routes and 2,000 pods: a control plane that starts has all of it within seconds, holds little, and writes each status
/// once or twice.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn two_hundred_routes_and_two_thousand_pods() {
    let a = Upstream::with(|_, _| chat_ok("a")).await;
    // It takes both processors for a while: others would wait for it longer than they are told to.
    let cluster = Cluster::alone().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    let mut policy = Policy::new().provider("a", a.base_url());
    for at in 0..ROUTES {
        policy = policy.route(&format!("r{at:03}"), &["a"]);
    }
    here.apply(policy.to_string()).await;
    let mut pods = String::new();
    for at in 0..PODS {
        // As large as pods are: settings are the most of it, and none of them is kept.
        let settings: String =
            (0..20).fold(String::new(), |all, n| format!("{all}{{name: SETTING_{n}, value: '{n} of many'}}, "));
        let _ = write!(
            pods,
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{at:04}, namespace: {}, labels: {{app: a{}}}}}\n\
             spec: {{containers: [{{name: app, image: nobody.runs.this, env: [{settings}]}}]}}\n",
            here.name,
            at % 50
        );
    }
    here.create(&pods).await;

    let begun = Instant::now();
    let plane = installed.plane().await;
    let synced = begun.elapsed();
    let last = format!("modelroute/r{:03}", ROUTES - 1);
    installed.condition_within(&last, "Programmed", "Unknown NoSidecars", Duration::from_secs(60)).await;
    wait_for("a status of each route", Duration::from_secs(60), async || {
        let routes = here.get(&["modelroutes"]).await;
        let told = |route: &serde_json::Value| {
            let conditions = route["status"]["conditions"].as_array().cloned().unwrap_or_default();
            conditions.iter().any(|it| it["type"] == "Programmed" && it["reason"] == "NoSidecars")
        };
        routes["items"].as_array().expect("a list").iter().all(told).then_some(())
    })
    .await;
    let written = begun.elapsed();

    // A pod is found, whoever it is, and an edit of one route reaches it.
    let pod = here.found_pod("p1234", "default").await;
    let sidecar = installed.sidecar(&plane, &pod).await.start().await;
    becomes(&sidecar.client(), "r007", "a").await;
    let edited = Instant::now();
    here.kubectl_ok(&["patch", "modelroute", "r007", "--type=merge", "--patch", r#"{"spec": {"aliases": ["seven"]}}"#])
        .await;
    becomes(&sidecar.client(), "seven", "a").await;
    let served = edited.elapsed();
    installed.condition("modelroute/r007", "Programmed", "True Programmed").await;
    let said = edited.elapsed();

    let rss = plane.rss_kib() / 1024;
    println!("{ROUTES} routes, {PODS} pods: ready after {synced:?}, all told after {written:?}, {rss} MiB");
    println!("an edit: served after {served:?}, said back after {said:?}");
    assert!(synced < Duration::from_secs(15), "{synced:?}");
    assert!(rss < MOST, "{rss} MiB");
    assert!(served < SOON && said < TOLD, "{served:?} {said:?}");
}

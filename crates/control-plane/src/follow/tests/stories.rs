use outrigger_cluster::pods::Meta;

use super::{
    client::End,
    cluster::{pod, token, world},
    *,
};

const UNAUTHENTICATED: &str = "16";
const UNAVAILABLE: &str = "14";

fn end(status: &str, code: &str) -> End {
    End(status.to_owned(), code.to_owned(), None)
}

async fn until(so: impl Fn() -> bool) {
    for _ in 0..200 {
        if so() {
            return;
        }
        tokio::time::sleep(SOON / 200).await;
    }
    panic!("it does not become so");
}

/// R-ID-1 to 3: who a sidecar is comes from its token and its pod.
#[tokio::test]
async fn a_sidecar_is_its_pod() {
    let plane = Plane::start(&[pod("a", "tier=gold"), pod("b", "tier=tin,team=red")]).await;
    let mut a = plane.sidecar("a").await;
    assert_eq!(a.welcome().await, "demo chat Deployment/web blue");
    assert_eq!(a.update().await, ["+credentials/demo/main", "+provider/demo/main", "+route/demo/gold"]);
    let mut b = plane.sidecar("b").await;
    assert_eq!(b.welcome().await, "demo chat Deployment/web red");
    assert_eq!(b.update().await, ["+credentials/demo/main", "+provider/demo/main", "+route/demo/tin"]);
    // One that the watch has not told yet is served as well.
    plane.create(pod("c", "tier=gold"));
    assert_eq!(plane.sidecar("c").await.welcome().await, "demo chat Deployment/web blue");
    let page = plane.metrics.render(3);
    for line in ["reviews_total{outcome=\"good\"} 3", "reviews_remembered 3", "reviews_waiting 0", "pods 3"] {
        assert!(page.contains(&format!("outrigger_control_plane_{line}\n")), "{line}: {page}");
    }
}

/// The same stream, without a second welcome: what differs is sent, and only that.
#[tokio::test]
async fn a_pod_that_is_relabelled_gets_its_new_view_over_its_stream() {
    let plane = Plane::start(&[pod("a", "tier=gold"), pod("b", "tier=gold")]).await;
    let (mut a, mut b) = (plane.sidecar("a").await, plane.sidecar("b").await);
    for sidecar in [&mut a, &mut b] {
        sidecar.welcome().await;
        sidecar.update().await;
    }
    plane.relabel(pod("a", "tier=tin"));
    assert_eq!(a.update().await, ["+route/demo/tin", "-route/demo/gold"]);
    // Labels that change no view, and an event that changes no label.
    plane.relabel(pod("a", "tier=tin,note=x"));
    plane.relabel(pod("b", "tier=gold"));
    a.is_quiet(SOON / 4).await;
    b.is_quiet(SOON / 8).await;
    // What is edited later reaches the stream in its new place.
    plane.publisher.publish(Arc::new(world("team: blue, closed: 'yes'")));
    assert_eq!(a.update().await, ["+policy/outrigger-system/closed"]);
    assert_eq!(b.update().await, ["+policy/outrigger-system/closed"]);
    plane.relabel(pod("a", "tier=gold"));
    assert_eq!(a.update().await, ["+route/demo/gold", "-route/demo/tin"]);
    assert_eq!(plane.fleet.len(), 2);
}

/// Labels of a namespace select policies, and say whose its pods are.
#[tokio::test]
async fn a_namespace_that_is_relabelled_is_followed() {
    let plane = Plane::start(&[pod("a", "tier=gold")]).await;
    let mut a = plane.sidecar("a").await;
    assert_eq!(a.welcome().await, "demo chat Deployment/web blue");
    a.update().await;
    assert_eq!(plane.team().as_deref(), Some("blue"));
    plane.publisher.publish(Arc::new(world("team: green, closed: 'yes'")));
    assert_eq!(a.update().await, ["+policy/outrigger-system/closed"]);
    until(|| plane.team().as_deref() == Some("green")).await;
    plane.publisher.publish(Arc::new(world("closed: 'no'")));
    assert_eq!(a.update().await, ["-policy/outrigger-system/closed"]);
    until(|| plane.team().is_none()).await;
    a.is_quiet(SOON / 4).await;
}

#[tokio::test]
async fn a_pod_that_is_gone_has_no_stream() {
    let plane = Plane::start(&[pod("a", ""), pod("b", ""), pod("c", "")]).await;
    let known = token("demo/a", Duration::from_secs(3600));
    let mut a = Sidecar::connect(plane.address, &known).await;
    let (mut b, mut c) = (plane.sidecar("b").await, plane.sidecar("c").await);
    for sidecar in [&mut a, &mut b, &mut c] {
        sidecar.welcome().await;
        sidecar.update().await;
    }
    plane.delete("a");
    assert_eq!(a.end().await, end(UNAUTHENTICATED, "pod_gone"));
    // Its token is remembered as good, and does not help.
    assert_eq!(Sidecar::connect(plane.address, &known).await.end().await, end(UNAUTHENTICATED, "pod_gone"));
    // A listing of nothing is believed by nobody; one without it is.
    plane.list(&[]);
    b.is_quiet(SOON / 4).await;
    plane.list(&[pod("c", "")]);
    assert_eq!(b.end().await, end(UNAUTHENTICATED, "pod_gone"));
    c.is_quiet(SOON / 4).await;
    // Another pod of the same name is another.
    plane.relabel(Meta { uid: "uid-of-d".to_owned(), ..pod("c", "") });
    c.is_quiet(SOON / 8).await;
}

#[tokio::test]
async fn an_api_server_that_is_away_ends_no_stream_and_keeps_nobody_out_whom_it_knew() {
    let plane = Plane::start(&[pod("a", ""), pod("b", "")]).await;
    let known = token("demo/a", Duration::from_secs(3600));
    let mut a = Sidecar::connect(plane.address, &known).await;
    a.welcome().await;
    a.update().await;
    plane.away(true);
    a.is_quiet(SOON / 4).await;
    assert_eq!(plane.sidecar("b").await.end().await, end(UNAVAILABLE, "review_unavailable"));
    assert_eq!(Sidecar::connect(plane.address, &known).await.welcome().await, "demo chat Deployment/web blue");
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let plane = Plane::start(&[pod("a", "")]).await;
    let mut a = Sidecar::connect(plane.address, &token("demo/a", SOON)).await;
    a.welcome().await;
    a.update().await;
    assert_eq!(a.end().await, end(UNAUTHENTICATED, "token_expired"));
}

#[tokio::test]
async fn whoever_is_no_pod_is_refused() {
    let plane = Plane::start(&[pod("a", "")]).await;
    let hour = Duration::from_secs(3600);
    for (token, code) in [
        (String::new(), "token_missing"),
        ("rubbish".to_owned(), "token_malformed"),
        (token("somebody", hour), "token_not_authenticated"),
        (token("demo/none", hour), "pod_gone"),
        (token("demo/a", Duration::ZERO), "token_expired"),
        ("h.eyJleHAiOjF9.s".to_owned(), "token_wrong_audience"),
    ] {
        assert_eq!(Sidecar::connect(plane.address, &token).await.end().await, end(UNAUTHENTICATED, code));
    }
    let page = plane.metrics.render(0);
    assert!(page.contains("outrigger_control_plane_refused_total{code=\"pod_gone\"} 1\n"), "{page}");
}

/// Relabelled between the look at it and the opening of its stream: nobody who is told knew of the stream.
#[tokio::test]
async fn a_change_in_between_is_not_lost() {
    let plane = Plane::start(&[pod("a", "tier=gold")]).await;
    let workload = |tier: &str| Workload {
        namespace: "demo".to_owned(),
        service_account: "chat".to_owned(),
        labels: [("tier", tier), ("pod-template-hash", "5d9c")].map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
    };
    let subscription = plane.publisher.subscribe(workload("tin")).unwrap();
    let stands = Stands::Pod("uid-of-a".into());
    let expires = SystemTime::now() + Duration::from_secs(60);
    let token = crate::identity::Token { expires, id: "demo/a".into(), stands };
    let seat = Seat { subscription, account: Account::default() };
    let connection = plane.fleet.join(token, seat, None);
    plane.pods.look_again(&"uid-of-a".into());
    until(|| *connection.workload() == workload("gold")).await;
    assert_eq!(plane.team().as_deref(), Some("blue"));
    assert!(connection.ended().is_none());
}

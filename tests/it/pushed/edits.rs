//! What an edit of the folder does to sidecars that serve.

use super::*;

/// K2: an edit is served within two seconds.
#[tokio::test]
async fn an_edit_applies_within_two_seconds() {
    let names = ["r0", "r1", "r2", "r3"];
    let a = Upstream::with(|_, _| chat_ok("a")).await;
    let policy = |many: usize| {
        let policy = Policy::new().provider("a", a.base_url());
        names[..=many].iter().fold(policy, |policy, name| policy.route(name, &["a"]))
    };
    let plane = ControlPlane::with_policy(policy(0)).await;
    let sidecar = plane.sidecar().start().await;
    let took = quickest(async |number| {
        plane.edit(policy(number + 1));
        becomes(&sidecar.client(), names[number + 1], "a", AT_ONCE).await
    });
    let took = took.await;
    assert!(took < Duration::from_secs(2), "{took:?}");
}

/// K2, K3: an edit is served, and a stream that began before it ends under the old policy.
#[tokio::test]
async fn an_edit_cuts_no_stream() {
    let stream = |request: &Request| request.json()["stream"] == true;
    let slow = move |request: &Request, _| match stream(request) {
        true => chat_stream(["x"; 20]).every(100),
        false => chat_ok("a"),
    };
    let (a, b) = (Upstream::with(slow).await, Upstream::start([chat_ok("b")]).await);
    let plane = ControlPlane::with_policy(Policy::new().provider("a", a.base_url()).route("r", &["a"])).await;
    let sidecar = plane.sidecar().start().await;
    let mut streaming = sidecar.client().open(CHAT, chat_streamed("r")).await;
    streaming.next().await;
    plane.edit(Policy::new().provider("b", b.base_url()).route("r", &["b"]));
    becomes(&sidecar.client(), "r", "b", AT_ONCE).await;
    let streamed = streaming.collect().await;
    assert_eq!((streamed.is_done(), streamed.end, streamed.said().len()), (true, End::Clean, 20));
    let fleet = plane.wait_fleet("its revision", |fleet| fleet["sidecars"][0]["current"] == true).await;
    assert_eq!(fleet["sidecars"][0]["revision"], sidecar.revision().await);
}

/// K3, C7: a provider that comes first in every order renumbers all targets and changes nothing for those that were there:
/// neither for a stream nor for one that rests.
#[tokio::test]
async fn a_new_provider_in_front_changes_nothing_for_the_others() {
    let slow = Upstream::start([chat_stream(["x"; 15]).every(100)]).await;
    let (bad, good) = (Upstream::start([Reply::error(500)]).await, Upstream::start([chat_ok("good")]).await);
    let of = |policy: Policy| {
        let policy = policy.provider("m", bad.base_url()).provider("n", good.base_url()).provider("s", slow.base_url());
        let policy = policy.route_with("r", &["m", "n"], |route| route.spec("stickiness: {mode: Off}"));
        policy.route("slow", &["s"])
    };
    let plane = ControlPlane::with_policy(of(Policy::new())).await;
    let sidecar = plane.sidecar().start().await;
    let client = sidecar.client();
    let mut streaming = client.open(CHAT, chat_streamed("slow")).await;
    streaming.next().await;
    for _ in 0..12 {
        assert_eq!(told(&client, "r").await, "good");
    }
    let rests = bad.hits();
    assert!(rests < 12, "it does not rest");

    let first = Policy::new().provider("a", good.base_url()).route("new", &["a"]);
    plane.edit(of(first));
    becomes(&client, "new", "good", AT_ONCE).await;
    for _ in 0..5 {
        assert_eq!(told(&client, "r").await, "good");
    }
    assert_eq!(bad.hits(), rests, "its rest was forgotten");
    let explained = sidecar.admin_client().post("/explain", chat("r")).await.text();
    assert!(explained.contains("cooling"), "{explained}");
    let streamed = streaming.collect().await;
    assert_eq!((streamed.is_done(), streamed.end, streamed.said().len()), (true, End::Clean, 15));
}

/// K2: an edit that changes nothing sends nothing.
#[tokio::test]
async fn an_edit_of_a_comment_sends_nothing() {
    let a = Upstream::start([chat_ok("a")]).await;
    let policy = Policy::new().provider("a", a.base_url()).route("r", &["a"]);
    let plane = ControlPlane::with_policy(&policy).await;
    let sidecar = plane.sidecar().start().await;
    let (before, sent) = (sidecar.revision().await, plane.metrics().await);
    plane.edit(format!("# words\n{policy}"));
    plane.edit(format!("# other words\n{policy}"));
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(sidecar.revision().await, before);
    for family in ["outrigger_control_plane_sent_bytes_total", "outrigger_control_plane_compilations"] {
        assert_eq!(plane.metrics().await.sum(family, &[]), sent.sum(family, &[]), "{family}");
    }
}

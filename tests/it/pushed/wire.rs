//! Connections that are slow, or moved.

use std::net::SocketAddr;

use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use super::*;

fn policy(upstream: &Upstream) -> Policy {
    Policy::new().provider("a", upstream.base_url()).route("r", &["a"])
}

/// R-CFG-3: a sidecar that comes to another replica with what it holds is sent nothing but that this is right.
#[tokio::test]
async fn a_sidecar_that_moves_is_sent_nothing() {
    let a = Upstream::start([chat_ok("a")]).await;
    let mut first = ControlPlane::with_policy(policy(&a)).await;
    let second = first.replica().await;
    let relay = Relay::to(first.addr()).await;
    let sidecar = first.sidecar().url(first.url_at(relay.addr)).start().await;
    relay.switch(second.addr());
    first.kill();
    second.wait_fleet("it", |fleet| fleet["sidecars"][0]["current"] == true).await;
    let sent = second.metrics().await.sum("outrigger_control_plane_sent_bytes_total", &[]);
    assert!(sent < 300.0, "{sent} bytes");
    let applied = sidecar.log().iter().filter(|line| line.contains("policy applied")).count();
    assert_eq!((applied, told(&sidecar.client(), "r").await.as_str()), (1, "a"));
    let current = async || sidecar.config().await["stale_s"].is_null();
    until("a confirmed policy", AT_ONCE, current).await;
    second.edit(policy(&a).route("new", &["a"]));
    becomes(&sidecar.client(), "new", "a", AT_ONCE).await;
}

/// R-CFG-2: a sidecar that reads nothing holds up nobody and costs no memory, however much there is to tell it.
#[tokio::test]
async fn a_sidecar_that_does_not_read_costs_nobody_anything() {
    let a = Upstream::start([chat_ok("a")]).await;
    // Half a megabyte that no compression makes small, another one at every edit.
    let edit = |at: u64| {
        let mut policy = policy(&a);
        for route in 0..64 {
            let mut draws = at * 1000 + route + 1;
            let noise: String = std::iter::repeat_with(|| {
                draws = draws.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                format!("{:08x}", draws >> 32)
            })
            .take(1000)
            .collect();
            let target = format!("model: {MODEL}, provider: a, parameters: {{set: {{user: \"{noise}\"}}}}");
            policy = policy.route_with(&format!("n{route}"), &[], |route| route.target(&target));
        }
        policy.route(&format!("edit-{at}"), &["a"])
    };
    let plane = ControlPlane::setup(edit(0)).insecure().start().await;
    let reader = plane.sidecar().start().await;
    let _deaf = deaf(plane.addr(), &plane.token("default", &[])).await;
    plane.wait_fleet("both", |fleet| fleet["sidecars"].as_array().is_some_and(|all| all.len() == 2)).await;
    let mut before = 0;
    for at in 1..=14 {
        plane.edit(edit(at));
        becomes(&reader.client(), &format!("edit-{at}"), "a", AT_ONCE).await;
        if at == 4 {
            before = plane.rss_kib();
        }
    }
    let fleet = plane.fleet().await;
    let waiting = fleet["sidecars"].as_array().unwrap().iter().find(|it| it["instance"] == "deaf").unwrap();
    assert_eq!((&waiting["revision"], &waiting["current"]), (&"".into(), &false.into()));
    // Kept, the last ten would be five megabytes of policy, three of them compressed, and their objects.
    let grown = plane.rss_kib().saturating_sub(before);
    println!("{before} KiB have grown by {grown} KiB");
    assert!(grown < 8 << 10, "{before} KiB have grown by {grown} KiB");
}

/// A sidecar that says hello, by hand, and never reads a byte.
async fn deaf(addr: SocketAddr, token: &str) -> TcpStream {
    let mut block = Vec::new();
    for (name, value) in [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/outrigger.policy.v1.PolicyService/Sync"),
        (":authority", "control-plane"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("grpc-accept-encoding", "gzip"),
        ("authorization", &format!("Bearer {token}")),
    ] {
        // A literal that goes into no table.
        block.push(0);
        text(&mut block, name);
        text(&mut block, value);
    }
    let hello = [&[0x0a, 6, 0x1a, 4][..], b"deaf"].concat();
    let message = [&[0, 0, 0, 0, u8::try_from(hello.len()).unwrap()][..], &hello].concat();
    let mut socket = TcpStream::connect(addr).await.unwrap();
    let said = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        frame(4, 0, 0, &[]),
        frame(1, 4, 1, &block),
        frame(0, 0, 1, &message),
    ];
    socket.write_all(&said.concat()).await.unwrap();
    socket
}

/// A string of HPACK, as it is.
fn text(block: &mut Vec<u8>, text: &str) {
    match u8::try_from(text.len()) {
        Ok(short @ ..127) => block.push(short),
        _ => {
            block.push(127);
            let mut left = text.len() - 127;
            while left >= 128 {
                block.push(u8::try_from(left % 128).unwrap() | 128);
                left /= 128;
            }
            block.push(u8::try_from(left).unwrap());
        }
    }
    block.extend_from_slice(text.as_bytes());
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

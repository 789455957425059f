//! The way to a provider: authorities that are not public, and proxies.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::{harness::*, surfaces::settled};

const PATH: &str = "/v1/chat/completions";

/// A file with `text`, for as long as the folder lives.
fn file(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    fs::write(&file, text).unwrap();
    (folder, file)
}

/// One provider `a` there, and a route `r` to it that asks once.
fn only(base: &str) -> Policy {
    Policy::new().provider("a", format!("{base}/v1")).route_with("r", &["a"], |route| route.failover("attempts: 1"))
}

#[tokio::test]
async fn a_private_authority_is_believed_once_it_is_named() {
    let (authority, up) = (Authority::new(), Upstream::start([chat_ok("reached")]).await);
    let secure = authority.before(up.addr(), "localhost").await;
    let policy = only(&format!("https://localhost:{}", secure.addr.port()));
    let (_folder, ca) = file(&authority.pem);
    let set = |setup: Setup| setup.env("OUTRIGGER_UPSTREAM_CA", &ca);
    for setup in [
        Sidecar::setup(&policy).arg("--upstream-ca").arg(&ca),
        set(Sidecar::setup(&policy)),
        set(Sidecar::setup(&policy).arg("--upstream-ca-only")),
        set(Sidecar::setup(&policy)).env("OUTRIGGER_UPSTREAM_CA_ONLY", "true"),
    ] {
        let answer = setup.start().await.client().post(PATH, chat("r")).await;
        assert_eq!((answer.status, answer.said().as_str()), (200, "reached"), "{}", answer.text());
    }
}

/// A certificate that is not good is a failure to connect, with the reason in words.
#[tokio::test]
async fn a_certificate_that_is_not_good_is_told_in_words() {
    let (authority, up) = (Authority::new(), Upstream::start([chat_ok("never")]).await);
    let (_folder, ca) = file(&authority.pem);
    let good = authority.before(up.addr(), "localhost").await;
    let foreign = authority.before(up.addr(), "other.test").await;
    let expired = authority.expired_before(up.addr(), "localhost").await;
    for (secure, known, words) in [
        (&good, false, &["UnknownIssuer", "not trusted", "--upstream-ca"][..]),
        (&foreign, true, &["not valid for name", "localhost"]),
        (&expired, true, &["expired"]),
    ] {
        let setup = Sidecar::setup(only(&format!("https://localhost:{}", secure.addr.port())));
        let setup = if known { setup.arg("--upstream-ca").arg(&ca) } else { setup };
        let sidecar = setup.start().await;
        let answer = sidecar.client().post(PATH, chat("r")).await;
        assert_eq!((answer.status, answer.header("x-outrigger-error")), (502, Some("connect_failed")));
        assert!(words.iter().all(|word| answer.text().contains(word)), "{words:?}: {}", answer.text());
        let attempts = settled(&sidecar, 1).await;
        assert_eq!(attempts.sum("outrigger_attempts_total", &[("outcome", "connect_failed")]), 1.0);
    }
    assert_eq!(up.hits(), 0);
}

#[tokio::test]
async fn a_bundle_that_cannot_be_trusted_is_no_start() {
    let (_folder, empty) = file("no certificates\n");
    let gone = empty.with_file_name("gone.pem");
    let policy = only("http://127.0.0.1:1");
    for (setup, words) in [
        (Sidecar::setup(&policy).arg("--upstream-ca").arg(&empty), ["ca.pem", "no certificate is in it"]),
        (Sidecar::setup(&policy).arg("--upstream-ca").arg(&gone), ["gone.pem", "No such file"]),
        (Sidecar::setup(&policy).arg("--upstream-ca-only"), ["--upstream-ca-only", "--upstream-ca FILE"]),
    ] {
        let exit = setup.run_to_exit().await;
        let log = exit.log.join("\n");
        assert!(!exit.status.success() && words.iter().all(|word| log.contains(word)), "{words:?}: {log}");
    }
}

/// A `ConfigMap` `ca` with these certificates.
fn bundle(pem: &str) -> String {
    let pem = pem.replace('\n', "\n    ");
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: ca}}\ndata:\n  ca.crt: |\n    {pem}")
}

/// Provider `a` there, known by the certificates of `ca`, and a route `r` to it that asks once.
fn known(base: &str) -> Policy {
    Policy::new()
        .provider_with("a", format!("{base}/v1"), |provider| provider.spec("tls: {caRef: {name: ca}}"))
        .route_with("r", &["a"], |route| route.failover("attempts: 1"))
}

fn localhost(secure: &Secure) -> String {
    format!("https://localhost:{}", secure.addr.port())
}

/// `caRef` stands in place of the public authorities and of `--upstream-ca`, for its own provider and for no other.
#[tokio::test]
async fn a_provider_is_known_by_the_authorities_that_it_names_and_by_no_others() {
    let (own, other) = (Authority::new(), Authority::new());
    let (up, far) = (Upstream::start([chat_ok("own")]).await, Upstream::start([chat_ok("far")]).await);
    let (secure, elsewhere) = (own.before(up.addr(), "localhost").await, other.before(far.addr(), "localhost").await);
    let policy = known(&localhost(&secure)).provider("b", format!("{}/v1", localhost(&elsewhere))).route_with(
        "s",
        &["b"],
        |route| route.failover("attempts: 1"),
    );
    let (_folder, ca) = file(&other.pem);
    let with = |pem: &str, only: bool| {
        let setup = Sidecar::setup(policy.clone().document(&bundle(pem))).arg("--upstream-ca").arg(&ca);
        if only { setup.arg("--upstream-ca-only") } else { setup }
    };
    for only in [false, true] {
        let sidecar = with(&own.pem, only).start().await;
        for (route, says) in [("r", "own"), ("s", "far")] {
            let answer = sidecar.client().post(PATH, chat(route)).await;
            assert_eq!((answer.status, answer.said().as_str()), (200, says), "{}", answer.text());
        }
    }
    // What the sidecar trusts counts for nothing where a provider names its own.
    let hits = up.hits();
    let sidecar = with(&other.pem, false).start().await;
    let answer = sidecar.client().post(PATH, chat("r")).await;
    assert_eq!((answer.status, answer.header("x-outrigger-error")), (502, Some("connect_failed")));
    for word in ["BadSignature", "spec.tls.caRef", "alone are trusted"] {
        assert!(answer.text().contains(word), "{}", answer.text());
    }
    assert_eq!(up.hits(), hits);
    let answer = sidecar.client().post(PATH, chat("s")).await;
    assert_eq!((answer.status, answer.said().as_str()), (200, "far"), "{}", answer.text());
}

/// It is never the public authorities, or those of the sidecar, in place of what is asked for and not there.
#[tokio::test]
async fn a_provider_whose_authorities_are_not_there_is_not_asked() {
    let (authority, up) = (Authority::new(), Upstream::start([chat_ok("never")]).await);
    let secure = authority.before(up.addr(), "localhost").await;
    let (_folder, ca) = file(&authority.pem);
    let near = Upstream::start([chat_ok("near")]).await;
    let policy = known(&localhost(&secure)).provider("b", near.base_url()).route("s", &["a", "b"]);
    for (documents, says) in [
        (None, "there is no ConfigMap of this name"),
        (Some(bundle("nothing")), "no certificate is in it"),
        (Some(bundle(&authority.pem[..authority.pem.len() / 2])), "certificate number 1 cannot be read"),
    ] {
        let policy = documents.iter().fold(policy.clone(), |policy, document| policy.document(document));
        let sidecar = Sidecar::setup(policy).arg("--upstream-ca").arg(&ca).start().await;
        let line = sidecar.wait_log(says).await;
        assert!(line.contains("spec.tls.caRef") && line.contains("the provider is left out"), "{line}");
        let answer = sidecar.client().post(PATH, chat("r")).await;
        assert_eq!(
            (answer.status, answer.header("x-outrigger-error")),
            (404, Some("route_without_targets")),
            "{}",
            answer.text()
        );
        assert!(answer.text().contains("spec.tls.caRef"), "{}", answer.text());
        let answer = sidecar.client().post(PATH, chat("s")).await;
        assert_eq!((answer.status, answer.said().as_str()), (200, "near"), "{}", answer.text());
    }
    assert_eq!(up.hits(), 0);
}

/// R-CFG-1, K3: the bundle is exchanged while requests are on their way, first for both authorities, then for the new one: none
/// fails, what was opened under the old one ends with its requests, and nobody who has the old one is believed afterwards.
#[tokio::test]
async fn a_bundle_is_rotated_and_no_request_is_lost() {
    let (old, new) = (Authority::new(), Authority::new());
    let up = Upstream::with(|_, _| chat_ok("reached")).await;
    let (before, after) = (old.before(up.addr(), "localhost").await, new.before(up.addr(), "localhost").await);
    // Both have one address, of which this decides who is behind it.
    let relay = Relay::to(before.addr).await;
    let base = format!("https://localhost:{}", relay.addr.port());
    let with = |pem: &str| known(&base).document(&bundle(pem));
    let sidecar = Sidecar::with_policy(with(&old.pem)).await;
    let revision = async || sidecar.admin_client().get("/config").await.json()["revision"].clone();
    let applied = async |policy: Policy, from: serde_json::Value| {
        sidecar.edit(policy);
        for _ in 0..100 {
            if revision().await != from {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the edit is not applied");
    };
    let stop = Arc::new(AtomicBool::new(false));
    let mut callers = JoinSet::new();
    for _ in 0..4 {
        let (client, stop) = (sidecar.client(), stop.clone());
        callers.spawn(async move {
            let mut asked = 0;
            while !stop.load(Ordering::Relaxed) {
                let answer = client.post(PATH, chat("r")).await;
                assert_eq!((answer.status, answer.said().as_str()), (200, "reached"), "{}", answer.text());
                asked += 1;
            }
            asked
        });
    }
    applied(with(&format!("{}{}", old.pem, new.pem)), revision().await).await;
    relay.switch(after.addr);
    applied(with(&new.pem), revision().await).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    stop.store(true, Ordering::Relaxed);
    let asked: u32 = callers.join_all().await.into_iter().sum();
    assert!(asked > 20 && up.connections() >= 3, "{asked} requests on {} connections", up.connections());
    // Four callers have no more than four, and those of the pools before are closed.
    let begun = Instant::now();
    while up.open_connections() > 4 {
        assert!(begun.elapsed() < Duration::from_secs(20), "{} connections are open", up.open_connections());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Under another bundle a connection is opened anew, and who is there is of the old authority.
    relay.switch(before.addr);
    applied(with(&format!("{}{}", new.pem, Authority::new().pem)), revision().await).await;
    let answer = sidecar.client().post(PATH, chat("r")).await;
    assert_eq!((answer.status, answer.header("x-outrigger-error")), (502, Some("connect_failed")), "{}", answer.text());
}

/// Plain and by TLS, the whole way goes through the tunnel, and later requests through the same one. The proxy's password
/// is told to the proxy and to nobody else.
#[tokio::test]
async fn a_provider_is_reached_by_the_proxy_and_its_connection_is_kept() {
    let (authority, up) = (Authority::new(), Upstream::start([chat_ok("reached")]).await);
    let (_folder, ca) = file(&authority.pem);
    let secure = authority.before(up.addr(), "api.provider.test").await;
    for (base, to, variable, target) in [
        ("https://api.provider.test", secure.addr, "HTTPS_PROXY", "api.provider.test:443"),
        ("http://api.provider.test:8000", up.addr(), "http_proxy", "api.provider.test:8000"),
        ("http://10.1.2.3", up.addr(), "ALL_PROXY", "10.1.2.3:80"),
    ] {
        let proxy = ConnectProxy::to(to).await;
        let setup = Sidecar::setup(only(base)).arg("--upstream-ca").arg(&ca).arg("--log").arg("debug");
        let sidecar = setup.env(variable, format!("http://joe:hunter%322@{}", proxy.addr)).start().await;
        let mut told = String::new();
        for _ in 0..3 {
            let answer = sidecar.client().post(PATH, chat("r")).await;
            assert_eq!((answer.status, answer.said().as_str()), (200, "reached"), "{}", answer.text());
            told += &format!("{:?}{}", answer.headers, answer.text());
        }
        let asked = proxy.asked();
        // Of `joe:hunter22`.
        let heard = "Proxy-Authorization: Basic am9lOmh1bnRlcjIy\r\n";
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert!(
            asked[0].starts_with(&format!("CONNECT {target} HTTP/1.1\r\n")) && asked[0].contains(heard),
            "{asked:?}"
        );
        assert!(up.last().header("proxy-authorization").is_none());
        assert_eq!(up.last().header("authorization"), Some("Bearer sk-test-a"));
        assert!(!asked[0].contains("sk-test-a"), "{asked:?}");
        sidecar.wait_log(&proxy.addr.to_string()).await;
        for page in ["/metrics", "/config", "/readyz"] {
            told += &sidecar.admin_client().get(page).await.text();
        }
        assert!(told.contains(&format!("by {}", proxy.addr)), "/config says which proxy: {told}");
        told += &sidecar.log().join("\n");
        for secret in ["hunter", "joe", "am9lOmh1bnRlcjIy"] {
            assert!(!told.contains(secret), "{secret} in {told}");
        }
    }
}

/// A proxy that is down is no fault of any provider: the next target is asked, and nobody rests.
#[tokio::test]
async fn a_proxy_that_is_down_is_a_failure_of_its_own() {
    let near = Upstream::start([chat_ok("near")]).await;
    let policy = Policy::new()
        .provider("a", "https://api.provider.test/v1")
        .provider("b", near.base_url())
        .route_with("r", &["a", "b"], |route| route.spec("stickiness: {mode: Off}"))
        .route_with("alone", &["a"], |route| route.failover("attempts: 1"));
    let sidecar = Sidecar::setup(policy)
        .env("HTTPS_PROXY", format!("http://joe:hunter22@{}", refused_addr()))
        .env("HTTP_PROXY", format!("http://{}", refused_addr()))
        .arg("--log=debug")
        .start()
        .await;
    for _ in 0..20 {
        let answer = sidecar.client().post(PATH, chat("r")).await;
        assert_eq!((answer.status, answer.said().as_str()), (200, "near"), "{}", answer.text());
    }
    let answer = sidecar.client().post(PATH, chat("alone")).await;
    assert_eq!((answer.status, answer.header("x-outrigger-error")), (502, Some("proxy_unreachable")));
    assert!(answer.text().contains("the proxy 127.0.0.1:") && !answer.text().contains("hunter22"), "{}", answer.text());
    let metrics = settled(&sidecar, 21).await;
    let failed = [("provider", "default/a"), ("outcome", "proxy_unreachable")];
    assert_eq!(metrics.sum("outrigger_attempts_total", &failed), 21.0);
    assert_eq!(metrics.sum("outrigger_cooldowns_total", &[]), 0.0);
    assert!(!sidecar.log().join("\n").contains("hunter22"));
}

#[tokio::test]
async fn a_proxy_that_lets_nobody_through_says_why() {
    for (says, credentials, code, words) in [
        ("407 Proxy Authentication Required", "", "proxy_unreachable", "wants credentials (407"),
        ("407 joe:hunter22 is wrong", "joe:hunter22@", "proxy_unreachable", "wants other credentials (407"),
        ("403 Forbidden", "", "proxy_unreachable", "does not let us through to api.provider.test:443 (403"),
        ("504 Gateway Timeout", "", "connect_failed", "does not reach api.provider.test:443 either (504"),
    ] {
        let proxy = ConnectProxy::saying(says).await;
        let setup = Sidecar::setup(only("https://api.provider.test")).arg("--log=debug");
        let sidecar = setup.env("https_proxy", format!("http://{credentials}{}", proxy.addr)).start().await;
        let answer = sidecar.client().post(PATH, chat("r")).await;
        assert_eq!((answer.status, answer.header("x-outrigger-error")), (502, Some(code)), "{}", answer.text());
        assert!(answer.text().contains(words), "{}", answer.text());
        let told = format!("{:?}{}{}", answer.headers, answer.text(), sidecar.log().join("\n"));
        assert!(!told.contains("hunter22"), "{told}");
    }
}

/// What `NO_PROXY` names is reached straight. 0.0.0.0 is this machine, and no address of loopback.
#[tokio::test]
async fn what_no_proxy_names_is_reached_without_one() {
    let up = Upstream::start([chat_ok("reached")]).await;
    let port = up.addr().port();
    for (entries, asked) in [
        ("", 1),
        (".svc,example.com", 1),
        ("0.0.0.0:1", 1),
        ("0.0.0.0/8", 0),
        ("0.0.0.0", 0),
        (&*format!("example.com, 0.0.0.0:{port}"), 0),
        ("*", 0),
    ] {
        let proxy = ConnectProxy::to(up.addr()).await;
        let sidecar = Sidecar::setup(only(&format!("http://0.0.0.0:{port}")))
            .env("HTTP_PROXY", proxy.addr.to_string())
            .env("no_proxy", entries)
            .start()
            .await;
        let answer = sidecar.client().post(PATH, chat("r")).await;
        assert_eq!((answer.status, answer.said().as_str()), (200, "reached"), "{}", answer.text());
        assert_eq!(proxy.asked().len(), asked, "{entries:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_cannot_be_used_is_no_start() {
    for value in ["socks5://joe:hunter22@proxy.test:1080", "http://joe:hunter22@proxy.test:port"] {
        let exit = Sidecar::setup(only("http://127.0.0.1:1")).env("https_proxy", value).run_to_exit().await;
        let log = exit.log.join("\n");
        assert!(!exit.status.success() && log.contains("https_proxy") && log.contains("http://HOST:PORT"), "{log}");
        assert!(!log.contains("hunter22") && !log.contains("joe"), "{log}");
    }
}

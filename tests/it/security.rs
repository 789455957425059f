//! Keys stay in, callers stay out of what is not theirs.

use std::{net::SocketAddr, process::Command, time::Duration};

use serde_json::json;

use crate::{harness::*, surfaces::settled};

const CHAT: &str = "/v1/chat/completions";
const KEY: &str = "sk-very-secret-0123456789";

fn keyed(upstream: &Upstream) -> Policy {
    Policy::new()
        .provider_with("a", upstream.base_url(), |provider| provider.credential("main", KEY, 1))
        .route("r", &["a"])
}

/// Z4: the callers' port has no admin page, and no page of either port changes anything.
#[tokio::test]
async fn admin_pages_are_on_another_port_and_change_nothing() {
    let a = Upstream::start([chat_ok("a")]).await;
    let sidecar = Sidecar::with_policy(keyed(&a)).await;
    for page in ["/metrics", "/config", "/readyz", "/livez", "/explain", "/config/update"] {
        assert_eq!(sidecar.client().get(page).await.status, 404, "{page}");
        for method in ["POST", "PUT", "PATCH", "DELETE"].iter().filter(|_| page != "/explain") {
            let answer = sidecar.admin_client().request(method, page, "{}").await;
            assert!(matches!(answer.status, 404 | 405), "{method} {page}: {}", answer.status);
        }
    }
    assert_eq!(sidecar.admin_client().get("/config").await.status, 200);
    assert_eq!(sidecar.admin_client().post(CHAT, chat("r")).await.status, 404);
    assert_eq!(a.hits(), 0);
}

/// Z6, M5: a provider that repeats the key in headers and bodies, of errors and of answers, does not give it away.
#[tokio::test]
async fn a_key_that_the_provider_echoes_stays_with_us() {
    let bearer = format!("Bearer {KEY}");
    let told = format!("Incorrect API key provided: {KEY}");
    let error = |status: u16| {
        Reply::json(status, error_with("invalid_request_error", "invalid_api_key", &told))
            .header("x-debug-authorization", &bearer)
            .header("authorization", &bearer)
            .header("x-goog-api-key", KEY)
    };
    let raw = Reply::bytes(500, "text/plain", told.clone());
    let in_stream = Reply::sse([Ev::data(error_with("server_error", "server_error", &told))]);
    let late = Reply::sse([chat_delta("x"), Ev::data(error_with("server_error", "server_error", &told))]);
    let ok = chat_ok("fine").header("x-debug-authorization", &bearer).header("x-api-key", KEY);
    for (name, reply, streamed) in [
        ("401", error(401), false),
        ("400", error(400), false),
        ("500 in text", raw, false),
        ("error as first event", in_stream, true),
        ("error behind content", late, true),
        ("answer", ok, false),
    ] {
        let a = Upstream::start([reply]).await;
        let policy = Policy::new()
            .provider_with("a", a.base_url(), |provider| provider.credential("main", KEY, 1))
            .route_with("r", &["a"], |route| route.failover("attempts: 1"));
        let sidecar = Sidecar::setup(policy).arg("--log").arg("debug").start().await;
        let request = if streamed { chat_streamed("r") } else { chat("r") };
        let answer = sidecar.client().header("x-openrouter-metadata", "enabled").stream(CHAT, request).await;
        assert_eq!(a.last().header("authorization"), Some(bearer.as_str()));
        settled(&sidecar, 1).await;
        let generation = answer.header("x-generation-id").unwrap_or("").to_owned();
        let kept = sidecar.client().get(&format!("/v1/generation?id={generation}")).await.text();
        let config = sidecar.admin_client().get("/config").await.text();
        let explained = sidecar.admin_client().post("/explain", chat("r")).await.text();
        let metrics = sidecar.admin_client().get("/metrics").await.text();
        let (headers, log) = (format!("{:?}", answer.headers), sidecar.log().join("\n"));
        let places = [
            ("headers", headers),
            ("body", answer.text()),
            ("generation", kept),
            ("config", config),
            ("explain", explained),
            ("metrics", metrics),
            ("log", log),
        ];
        for (place, text) in places {
            assert!(!text.contains(KEY), "{name}: in the {place}: {text}");
        }
    }
}

/// Z7: nothing in a request moves it to a host that policy does not name.
#[tokio::test]
async fn a_caller_cannot_choose_the_upstream_host() {
    let (a, evil) = (Upstream::start([chat_ok("a")]).await, Upstream::start([chat_ok("evil")]).await);
    let sidecar = Sidecar::with_policy(keyed(&a)).await;
    let url = evil.base_url();
    let mut client = sidecar.client();
    for name in [
        "x-portkey-custom-host",
        "x-forwarded-host",
        "x-outrigger-base-url",
        "forwarded",
        "x-base-url",
        "x-original-url",
        "api-base",
        "helicone-target-url",
    ] {
        client = client.header(name, &url);
    }
    let mut request = chat("r");
    for field in ["api_base", "base_url", "baseURL", "custom_host", "api_key"] {
        request[field] = json!(url);
    }
    let answer = client.post(CHAT, &request).await;
    assert_eq!((answer.status, answer.said().as_str()), (200, "a"), "{}", answer.text());
    let absolute = sidecar.client().post(&format!("{}/chat/completions", evil.base_url()), chat("r")).await;
    assert!(absolute.status != 200 || absolute.said() == "a", "{}", absolute.text());
    for model in [url.clone(), format!("{url}#"), "../../evil".to_owned(), "r\r\nhost: evil".to_owned()] {
        assert_eq!(sidecar.client().post(CHAT, chat(&model)).await.status, 400, "{model}");
    }
    let foreign: Vec<_> =
        a.requests().iter().filter_map(|seen| seen.header("x-forwarded-host").map(str::to_owned)).collect();
    assert_eq!((evil.hits(), foreign), (0, vec![]));
    assert!(a.requests().iter().all(|seen| seen.header("host") == Some(a.addr().to_string().as_str())));
}

/// Z8: the caller's own credentials end here.
#[tokio::test]
async fn the_callers_credentials_are_not_forwarded() {
    let a = Upstream::start([chat_ok("a")]).await;
    let policy = Policy::new()
        .provider("a", a.base_url())
        .provider_with("open", a.base_url(), |provider| provider.spec("auth: {scheme: None}"))
        .route("r", &["a"])
        .route("free", &["open"]);
    let sidecar = Sidecar::with_policy(policy).await;
    for (route, sent) in [("r", Some("Bearer sk-test-a")), ("free", None)] {
        let mut client = sidecar.client();
        for name in ["authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "proxy-authorization"] {
            client = client.header(name, "Bearer sk-caller");
        }
        assert_eq!(client.post(CHAT, chat(route)).await.status, 200);
        assert_eq!(a.last().header("authorization"), sent);
        assert!(!format!("{:?}", a.last().headers).contains("sk-caller"), "{:?}", a.last().headers);
    }
}

/// Z8: loopback unless told otherwise.
#[test]
fn the_default_listeners_are_on_loopback() {
    let told = Command::new(program("outrigger")).args(["run", "--help"]).env_clear().output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    for flag in ["--listen <", "--admin-listen <"] {
        let at = told.find(&format!(" {flag}")).unwrap_or_else(|| panic!("{flag} in {told}"));
        let default = told[at..].split_once("[default: ").and_then(|(_, rest)| rest.split_once(']'));
        let default: SocketAddr = default.unwrap().0.parse().unwrap();
        assert!(default.ip().is_loopback(), "{flag} {default}");
    }
}

/// A setting that is none ends the start with a message that names it.
#[tokio::test]
async fn a_setting_that_is_none_is_refused() {
    let a = Upstream::start([chat_ok("a")]).await;
    let exit = Sidecar::setup(keyed(&a)).arg("--read-timeout").arg("nonsense").run_to_exit().await;
    assert!(!exit.status.success() && exit.log.join("\n").contains("nonsense"), "{:?}", exit.log);
}

/// Z10: alias, namespaced name, catalogue id and the `models` list all draw on one limit.
#[tokio::test]
async fn an_alias_does_not_dodge_a_limit() {
    let a = Upstream::start([chat_ok("a")]).await;
    let policy = Policy::new()
        .provider_with("a", a.base_url(), |provider| provider.spec("limits: {requestsPerMinute: 2}"))
        .route_with("r", &["a"], |route| route.spec("aliases: [nick]").failover("maxWait: 200ms"))
        .route_with("s", &["a"], |route| route.failover("maxWait: 200ms"));
    let sidecar = Sidecar::with_policy(policy).await;
    for name in ["r", "nick"] {
        assert_eq!(sidecar.client().post(CHAT, chat(name)).await.status, 200, "{name}");
    }
    for name in ["r", "nick", "default/r", "s"] {
        let answer = sidecar.client().post(CHAT, chat(name)).await;
        assert!(answer.status != 200, "{name}: {}", answer.text());
    }
    assert_eq!(a.hits(), 2);
}

/// K8: a limit bounds one pod, whatever others have used of it, and holds where there is nobody to ask.
#[tokio::test]
async fn a_limit_is_that_of_one_pod() {
    let a = Upstream::start([chat_ok("a")]).await;
    let policy = Policy::new()
        .provider_with("a", a.base_url(), |provider| provider.spec("limits: {requestsPerMinute: 2}"))
        .route_with("r", &["a"], |route| route.failover("maxWait: 200ms"));
    let (one, two) = (Sidecar::with_policy(policy.clone()).await, Sidecar::with_policy(policy).await);
    for sidecar in [&one, &two] {
        for status in [200, 200, 429] {
            let answer = sidecar.client().post(CHAT, chat("r")).await;
            assert_eq!(answer.status, status, "{}", answer.text());
        }
    }
    assert_eq!(a.hits(), 4);
}

/// Z10: an answer without usage, or broken off by its caller, still draws on the token limit.
#[tokio::test]
async fn missing_usage_and_a_broken_stream_do_not_dodge_a_token_limit() {
    let text = "word ".repeat(200);
    let a = Upstream::start([Reply::sse([chat_delta(&text), chat_delta(&text), Ev::stall()]), chat_ok("free")]).await;
    let policy = Policy::new()
        .provider_with("a", a.base_url(), |provider| provider.spec("limits: {tokensPerMinute: 100}"))
        .route_with("r", &["a"], |route| route.failover("maxWait: 200ms"));
    let sidecar = Sidecar::with_policy(policy).await;
    let mut left = sidecar.client().open(CHAT, chat_streamed("r")).await;
    for _ in 0..2 {
        left.next().await;
    }
    drop(left);
    settled(&sidecar, 1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert!(answer.status != 200 && a.hits() == 1, "{} {}", answer.status, answer.text());
}

/// H6: an admin page outlives the moment in which there is no file descriptor for it: one failed `accept` ended it for good.
#[tokio::test]
async fn admin_pages_outlive_a_failed_accept() {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let sidecar = Sidecar::with_policy(Policy::new()).await;
    let open = std::fs::read_dir(format!("/proc/{}/fd", sidecar.pid())).unwrap().count() as u64;
    let pid = Pid::from_raw(i32::try_from(sidecar.pid()).unwrap());
    let room = 8;
    let limit = Rlimit { current: Some(open + room), maximum: Some(open + 1000) };
    prlimit(pid, Resource::Nofile, limit).unwrap();
    let mut held = Vec::new();
    for _ in 0..room + 8 {
        held.push(std::net::TcpStream::connect(sidecar.listen).unwrap());
    }
    sidecar.wait_log("accept failed").await;
    // Nobody can be let in now, and the attempt fails.
    let waits = std::net::TcpStream::connect(sidecar.admin).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    drop((held, waits));
    assert_eq!(sidecar.admin_client().get("/livez").await.status, 200);
    sidecar.wait_log("accept_failed").await;
}

/// H6: connections that say nothing keep nobody from the admin pages.
#[tokio::test]
async fn idle_connections_keep_nobody_from_the_admin_pages() {
    let sidecar = Sidecar::with_policy(Policy::new()).await;
    let held: Vec<_> = (0..300).map(|_| std::net::TcpStream::connect(sidecar.admin).unwrap()).collect();
    assert_eq!(sidecar.admin_client().get("/livez").await.status, 200);
    let open = std::fs::read_dir(format!("/proc/{}/fd", sidecar.pid())).unwrap().count();
    assert!(open < 150, "{open} descriptors are open for {} idle connections", held.len());
}

/// H7: what says what is served is not for a web page that a browser on this machine has open.
#[tokio::test]
async fn admin_pages_are_not_for_browsers() {
    let sidecar = Sidecar::with_policy(Policy::new()).await;
    let admin = sidecar.admin_client();
    for (name, value) in
        [("host", "rebound.example"), ("origin", "http://evil.example"), ("sec-fetch-site", "cross-site")]
    {
        let foreign = admin.clone().header(name, value);
        assert_eq!(foreign.get("/config").await.status, 403, "{name}");
        assert_eq!(foreign.post("/explain", chat("r")).await.status, 403, "{name}");
        assert_eq!(foreign.get("/livez").await.status, 200, "{name}");
    }
    assert_eq!(admin.get("/config").await.status, 200);
}

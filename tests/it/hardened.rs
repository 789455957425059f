//! What a web page, a hostile upstream and a careless caller cannot do.

use std::time::Duration;

use serde_json::json;

use crate::{
    harness::*,
    surfaces::{Surface, on_each, settled},
};

const CHAT: &str = "/v1/chat/completions";
/// A key with characters that JSON may escape.
const KEY: &str = "sk-slash/plus+echo-0123456789";

async fn one(reply: Reply) -> (Upstream, Sidecar) {
    let a = Upstream::start([reply]).await;
    let policy = Policy::new()
        .provider_with("a", a.base_url(), |provider| provider.credential("main", KEY, 1))
        .route_with("r", &["a"], |route| route.failover("attempts: 1"));
    let sidecar = Sidecar::setup(policy).arg("--allow-host").arg("outrigger,models.local").start().await;
    (a, sidecar)
}

/// H7: a page in a browser of this machine is not a caller: neither by a name that it points here, nor by a request that
/// needs nobody's leave; programs are, and so is who asks by a name of the setting.
#[tokio::test]
async fn web_pages_are_not_callers() {
    let (a, sidecar) = one(chat_ok("hello").header("access-control-allow-origin", "*")).await;
    let port = sidecar.listen.port();
    let asked = async |name: &str, value: &str| {
        sidecar.client().header(name, value).header("content-type", "text/plain").post(CHAT, chat("r")).await
    };
    for (name, value, code) in [
        ("origin", "http://evil.example", "origin_not_allowed"),
        ("origin", "null", "origin_not_allowed"),
        ("sec-fetch-site", "cross-site", "origin_not_allowed"),
    ] {
        let answer = asked(name, value).await;
        assert_eq!((answer.status, answer.header("x-outrigger-error")), (403, Some(code)), "{name}: {value}");
        assert_eq!(answer.json()["error"]["code"], code, "{}", answer.text());
    }
    let by_host = async |host: String| {
        let mut socket = sidecar.client().connect().await;
        let body = chat("r").to_string();
        let head = format!(
            "POST {CHAT} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        tokio::io::AsyncWriteExt::write_all(&mut socket, head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut socket, &mut answer).await.unwrap();
        answer
    };
    let rebound = by_host(format!("rebound.example:{port}")).await;
    assert!(rebound.starts_with("HTTP/1.1 403") && rebound.contains("--allow-host"), "{rebound}");
    assert_eq!(a.hits(), 0);
    for host in [format!("localhost:{port}"), "models.local".to_owned(), format!("OUTRIGGER:{port}")] {
        assert!(by_host(host.clone()).await.starts_with("HTTP/1.1 200"), "{host}");
    }
    let own = asked("origin", &format!("http://127.0.0.1:{port}")).await;
    assert_eq!((own.status, own.header("access-control-allow-origin")), (200, None), "{}", own.text());
    assert_eq!(a.last().header("origin"), None);
}

/// H14: a key of weight 0 is used while no other can be, and not before.
#[tokio::test]
async fn a_key_of_weight_zero_waits_until_no_other_can_be_used() {
    let a = Upstream::with(|request, number| match (request.header("authorization"), number < 60) {
        (Some("Bearer sk-first"), false) => Reply::error(401),
        _ => chat_ok("a"),
    });
    let a = a.await;
    let policy = Policy::new()
        .provider_with("a", a.base_url(), |provider| {
            provider.credential("first", "sk-first", 1).credential("reserve", "sk-reserve", 0)
        })
        .route("r", &["a"]);
    let sidecar = Sidecar::with_policy(policy).await;
    for _ in 0..62 {
        assert_eq!(sidecar.client().post(CHAT, chat("r")).await.status, 200);
    }
    let keys: Vec<_> = a.requests().iter().map(|seen| seen.header("authorization").unwrap_or("").to_owned()).collect();
    assert!(keys[..=60].iter().all(|key| key == "Bearer sk-first"), "{keys:?}");
    assert!(keys[61..].iter().all(|key| key == "Bearer sk-reserve"), "{keys:?}");
}

/// H15: a key that comes back in JSON's own spellings does not go on.
#[tokio::test]
async fn an_escaped_echo_of_the_key_stays_with_us() {
    for spelling in [KEY.replace('/', "\\/"), KEY.replacen('s', "\\u0073", 1), KEY.replace('+', "\\u002B")] {
        let error =
            format!(r#"{{"error":{{"message":"Incorrect API key provided: {spelling}","type":"x","code":"y"}}}}"#);
        let (_a, sidecar) = one(Reply::json(401, error)).await;
        let answer = sidecar.client().post(CHAT, chat("r")).await;
        let text = answer.text();
        assert!(text.contains("[redacted]") && !text.contains("0123456789"), "{spelling}: {text}");
    }
}

/// H18: nobody is told to wait for longer than an hour.
#[tokio::test]
async fn a_wait_without_end_is_an_hour() {
    for (name, value) in
        [("retry-after", "Thu, 31 Dec 2099 23:59:59 GMT"), ("retry-after-ms", "1e20"), ("retry-after", "1e9")]
    {
        let (_a, sidecar) = one(Reply::error(429).header(name, value)).await;
        let answer = sidecar.client().post(CHAT, chat("r")).await;
        assert_eq!((answer.status, answer.header("retry-after")), (429, Some("3600")), "{name}: {value}");
    }
}

/// H19: what `Connection` names ends here, in both directions; so do our own words from others, and credentials of other
/// vendors.
#[tokio::test]
async fn headers_for_the_next_hop_end_there() {
    let reply = chat_ok("a")
        .header("connection", "x-upstream-hop")
        .header("x-upstream-hop", "1")
        .header("x-outrigger-cost-usd", "0")
        .header("x-request-id", "kept");
    let (a, sidecar) = one(reply).await;
    let mut client = sidecar.client().header("connection", "keep-alive, x-hop").header("x-hop", "1");
    let credentials = [
        "xi-api-key",
        "api-key",
        "x-goog-api-key",
        "x-amz-security-token",
        "cf-aig-authorization",
        "x-portkey-virtual-key",
        "ocp-apim-subscription-key",
        "cf-access-client-secret",
        "helicone-auth",
    ];
    for name in credentials {
        client = client.header(name, "callers-own-secret");
    }
    let answer = client.header("idempotency-key", "passes").post(CHAT, chat("r")).await;
    assert_eq!((answer.status, answer.header("x-upstream-hop")), (200, None));
    assert_eq!(answer.header("x-request-id"), Some("kept"));
    assert_ne!(answer.header("x-outrigger-cost-usd"), Some("0"));
    let seen = a.last();
    assert_eq!((seen.header("x-hop"), seen.header("idempotency-key")), (None, Some("passes")));
    assert!(!format!("{seen:?}").contains("callers-own-secret"), "{seen:?}");
}

/// H20: a hang-up of the terminal cuts nothing.
#[tokio::test]
async fn sighup_cuts_no_stream() {
    let a = Upstream::start([Reply::sse([chat_delta("one"), Ev::pause(500), chat_delta("two"), Ev::done()])]).await;
    let policy = Policy::new().provider("a", a.base_url()).route("r", &["a"]);
    let sidecar = Sidecar::with_policy(policy).await;
    let client = sidecar.client();
    let streaming = tokio::spawn(async move { client.stream(CHAT, chat_streamed("r")).await });
    a.wait_for(1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    sidecar.sighup();
    let streamed = streaming.await.unwrap();
    assert_eq!((streamed.said().as_str(), streamed.end), ("onetwo", End::Clean));
    sidecar.wait_log("the policy is read anew").await;
    assert_eq!(sidecar.admin_client().get("/livez").await.status, 200);
}

/// H26: callers who never stream have `:nitro` too.
#[tokio::test]
async fn whole_answers_tell_who_is_fast() {
    let (a, b) = (Upstream::start([chat_ok("a").slow_head(300)]).await, Upstream::start([chat_ok("b")]).await);
    let policy = Policy::new().provider("a", a.base_url()).provider("b", b.base_url());
    let sidecar = Sidecar::with_policy(policy).await;
    let ask = async |request: serde_json::Value| sidecar.client().post(CHAT, request).await.said();
    for provider in ["a", "b", "a", "b"] {
        let mut request = chat(MODEL);
        request["provider"] = serde_json::json!({"order": [provider], "allow_fallbacks": false});
        assert_eq!(ask(request).await, provider);
    }
    // Percentiles are worked out once a second.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    for _ in 0..8 {
        assert_eq!(ask(chat(&format!("{MODEL}:nitro"))).await, "b");
    }
}

/// S16: an error answer keeps what SDKs decide by and people search for.
#[tokio::test]
async fn an_error_keeps_the_upstreams_ids_limits_and_advice() {
    let told = [
        ("x-request-id", "req_1"),
        ("anthropic-ratelimit-requests-remaining", "0"),
        ("x-ratelimit-reset-tokens", "6m0s"),
        ("retry-after-ms", "1500"),
        ("x-should-retry", "false"),
    ];
    let failed = told.iter().fold(Reply::error(429), |reply, (name, value)| reply.header(name, value));
    let (_a, sidecar) = one(failed.header("x-debug-key", KEY)).await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    for (name, value) in told {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert_eq!((answer.header("retry-after"), answer.header("x-debug-key")), (Some("2"), None));
}

/// F11: an error that is a stream's first event has the status that it names.
#[tokio::test]
async fn an_error_as_first_event_has_its_own_status() {
    for (kind, code, status) in [
        ("invalid_request_error", "context_length_exceeded", 400),
        ("invalid_request_error", "invalid_value", 400),
        ("not_found_error", "model_not_found", 404),
    ] {
        let (_a, sidecar) = one(Reply::sse([Ev::data(error_with(kind, code, "no"))])).await;
        let answer = sidecar.client().post(CHAT, chat_streamed("r")).await;
        assert_eq!(answer.status, status, "{code}: {}", answer.text());
    }
}

/// H13: what is called an error is one, whatever else it holds: the next target is asked.
#[tokio::test]
async fn an_error_under_another_name_is_no_success() {
    let named = Reply::sse([Ev::named("error", r#"{"message":"boom","code":500}"#)]);
    let vllms =
        Reply::sse([Ev::data(r#"{"object":"error","message":"boom","type":"InternalServerError","code":500}"#)]);
    let both =
        Reply::sse([Ev::data(r#"{"error":{"message":"boom"},"choices":[{"index":0,"delta":{"content":"half"}}]}"#)]);
    for reply in [named, vllms, both] {
        let (a, b) = (Upstream::start([reply]).await, Upstream::start([chat_stream(["b"])]).await);
        let policy = Policy::new().provider("a", a.base_url()).provider("b", b.base_url()).route("r", &["a", "b"]);
        let sidecar = Sidecar::with_policy(policy).await;
        let streamed = sidecar.client().stream(CHAT, chat_streamed("r")).await;
        assert_eq!((streamed.said().as_str(), b.hits()), ("b", 1));
    }
}

/// H13: a whole answer to a caller who streams is told as a stream, and a stream to one who does not is gathered: in each
/// dialect, also behind a translation, and booked as the answer says.
#[tokio::test]
async fn an_answer_of_the_other_kind_is_turned() {
    on_each(async |surface| {
        // Nothing translates it, so there is no hub to turn it in.
        if matches!(surface, Surface::Responses) {
            return;
        }
        let a = Upstream::start([surface.whole("Hello"), surface.stream(&["Hel", "lo"])]).await;
        let sidecar = Sidecar::with_policy(surface.policy(&[&a], |route| route)).await;
        let streamed = sidecar.client().stream(surface.path(), surface.request()).await;
        surface.assert_whole(&streamed, "Hello");
        let whole = sidecar.client().post(surface.path(), surface.whole_request()).await;
        assert_eq!((whole.status, whole.said().as_str()), (200, "Hello"), "{surface:?}: {}", whole.text());
        let metrics = settled(&sidecar, 2).await;
        assert_eq!(metrics.sum("outrigger_requests_total", &[("outcome", "ok")]), 2.0, "{surface:?}");
        assert_eq!(metrics.sum("outrigger_estimated_usage_total", &[]), 0.0, "{surface:?}");
    })
    .await;
}

/// H13: what would lose a part by that is no success: the next target is asked.
#[tokio::test]
async fn an_answer_that_cannot_be_turned_is_no_success() {
    let choice = |index: u32| json!({"index": index, "message": {"content": "x"}, "finish_reason": "stop"});
    let two = Reply::json(200, json!({"id": "x", "choices": [choice(0), choice(1)]}));
    let second = Ev::data(r#"{"choices":[{"index":1,"delta":{"content":"x"}}]}"#);
    let both = Reply::sse([chat_delta("x"), second, chat_finish("stop"), Ev::done()]);
    for (reply, streamed) in [(two, true), (both, false)] {
        let (a, b) = (Upstream::start([reply]).await, Upstream::start([chat_ok("b")]).await);
        b.rewrite([if streamed { chat_stream(["b"]) } else { chat_ok("b") }]);
        let policy = Policy::new().provider("a", a.base_url()).provider("b", b.base_url()).route("r", &["a", "b"]);
        let sidecar = Sidecar::with_policy(policy).await;
        let said = match streamed {
            true => sidecar.client().stream(CHAT, chat_streamed("r")).await.said(),
            false => sidecar.client().post(CHAT, chat("r")).await.said(),
        };
        assert_eq!((said.as_str(), b.hits()), ("b", 1));
    }
}

/// H22: nothing is passed on behind the terminal event.
#[tokio::test]
async fn nothing_follows_the_terminal_event() {
    let late = [chat_delta("one"), chat_finish("stop"), Ev::done(), chat_delta("late"), Ev::comment("late")];
    let (_a, sidecar) = one(Reply::sse(late)).await;
    let streamed = sidecar.client().stream(CHAT, chat_streamed("r")).await;
    assert_eq!((streamed.said().as_str(), streamed.end), ("one", End::Clean));
    assert!(!String::from_utf8_lossy(&streamed.raw).contains("late"), "{streamed:?}");
}

/// H8: a caller that pauses for longer than `idle` breaks no stream, and nobody is blamed for it.
#[tokio::test]
async fn a_callers_pause_is_not_the_providers_silence() {
    let events = (0..6_000).map(|_| chat_delta(&"x".repeat(1_000))).chain([chat_finish("stop"), Ev::done()]);
    let a = Upstream::start([Reply::sse(events)]).await;
    let policy = Policy::new().provider("a", a.base_url()).route_with("r", &["a"], |route| route.timeouts("idle: 1s"));
    let sidecar = Sidecar::with_policy(policy).await;
    let streaming = sidecar.client().open(CHAT, chat_streamed("r")).await;
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let streamed = streaming.collect().await;
    assert_eq!((streamed.end, streamed.said().len()), (End::Clean, 6_000_000));
}

/// H8: `total` holds also where the caller does not read.
#[tokio::test]
async fn the_total_limit_holds_while_the_caller_does_not_read() {
    let a = Upstream::start([Reply::sse((0..60_000).map(|_| chat_delta(&"x".repeat(1_000))))]).await;
    let policy = Policy::new().provider("a", a.base_url()).route_with("r", &["a"], |route| route.timeouts("total: 1s"));
    let sidecar = Sidecar::with_policy(policy).await;
    let begun = std::time::Instant::now();
    let _unread = sidecar.client().open(CHAT, chat_streamed("r")).await;
    let closed = a.wait_closed(0).await - begun;
    assert!(closed > Duration::from_millis(900) && closed < AT_ONCE, "{closed:?}");
}

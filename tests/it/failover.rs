//! What one request may cost in upstream calls, what moves it on, and what the caller hears when nothing helped.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::{harness::*, surfaces::settled};

const CHAT: &str = "/v1/chat/completions";

/// Route `r` over these upstreams, named `a`, `b`, `c` ... in this order.
fn over(upstreams: &[&Upstream], change: impl FnOnce(Route) -> Route) -> Policy {
    let names = &["a", "b", "c", "d"][..upstreams.len()];
    let providers = names.iter().zip(upstreams);
    let policy = providers.fold(Policy::new(), |policy, (name, upstream)| policy.provider(name, upstream.base_url()));
    policy.route_with("r", names, change)
}

/// F1: targets, retries and the caller's own list of models share one budget; none multiplies another.
#[tokio::test]
async fn a_dead_provider_costs_no_more_calls_than_the_budget() {
    let dead = Upstream::start([Reply::error(500)]).await;
    let all = [&dead, &dead, &dead];
    let policy = over(&all, |route| route.failover("attempts: 3, maxWait: 1s"))
        .route_with("s", &["c", "a"], |route| route.failover("attempts: 3, maxWait: 1s"));
    let sidecar = Sidecar::with_policy(policy).await;
    let mut request = chat("r");
    request["models"] = json!(["s", MODEL]);
    let answer = sidecar.client().post(CHAT, request).await;
    assert_eq!((answer.status, dead.hits()), (500, 3), "{}", answer.text());
    assert_eq!(answer.header("x-outrigger-attempts"), Some("3"));
}

/// F2: the caller's own mistakes reach it at once, in the provider's words.
#[tokio::test]
async fn a_mistake_of_the_caller_is_not_tried_elsewhere() {
    for status in [400, 404, 413, 422] {
        let (a, b) = (Upstream::start([Reply::error(status)]).await, Upstream::start([chat_ok("b")]).await);
        let sidecar = Sidecar::with_policy(over(&[&a, &b], |route| route)).await;
        let answer = sidecar.client().post(CHAT, chat("r")).await;
        assert_eq!((answer.status, a.hits(), b.hits()), (status, 1, 0), "{}", answer.text());
        assert!(answer.text().contains(&format!("scripted {status}")), "{}", answer.text());
    }
}

/// F2: a prompt too long and a prompt refused are triggers of their own, each switched on alone.
#[tokio::test]
async fn context_and_content_policy_are_separate_switches() {
    let long = || Reply::json(400, error_with("invalid_request_error", "context_length_exceeded", "too long"));
    let refused = || Reply::json(400, error_with("invalid_request_error", "content_policy_violation", "refused"));
    let plain = || Reply::error(400);
    for (also_on, reply, moves) in [
        ("[]", long(), false),
        ("[]", refused(), false),
        ("[ContextLength]", long(), true),
        ("[ContextLength]", refused(), false),
        ("[ContextLength]", plain(), false),
        ("[ContentPolicy]", refused(), true),
        ("[ContentPolicy]", long(), false),
        ("[InvalidRequest]", plain(), true),
    ] {
        let (a, b) = (Upstream::start([reply.clone()]).await, Upstream::start([chat_ok("b")]).await);
        let policy = over(&[&a, &b], |route| route.failover(&format!("alsoOn: {also_on}")));
        let answer = Sidecar::with_policy(policy).await.client().post(CHAT, chat("r")).await;
        assert_eq!((answer.status == 200, b.hits() == 1), (moves, moves), "{also_on} {reply:?}: {}", answer.text());
    }
}

/// F3, also when a list of further triggers is given.
#[tokio::test]
async fn what_the_provider_is_to_blame_for_moves_on() {
    for extra in ["attempts: 4", "attempts: 4, alsoOn: [ContextLength]"] {
        for status in [401, 402, 403, 408, 409, 429, 500, 502, 503, 504, 529] {
            let (a, b) = (Upstream::start([Reply::error(status)]).await, Upstream::start([chat_ok("b")]).await);
            let sidecar = Sidecar::with_policy(over(&[&a, &b], |route| route.failover(extra))).await;
            let answer = sidecar.client().post(CHAT, chat("r")).await;
            assert_eq!((answer.status, a.hits(), b.hits()), (200, 1, 1), "{status}: {}", answer.text());
            assert_eq!((answer.said().as_str(), answer.header("x-outrigger-provider")), ("b", Some("default/b")));
        }
    }
}

/// F3, F9: nothing was sent, or nothing came back.
#[tokio::test]
async fn a_connection_that_fails_moves_on() {
    let b = Upstream::start([chat_ok("b")]).await;
    let policy = Policy::new().provider("a", format!("http://{}/v1", refused_addr())).provider("b", b.base_url());
    let answer = Sidecar::with_policy(policy.route("r", &["a", "b"])).await.client().post(CHAT, chat("r")).await;
    assert_eq!((answer.status, answer.header("x-outrigger-attempts")), (200, Some("2")), "{}", answer.text());
    for rude in [Reply::refuse(), Reply::close_before_head(), Reply::raw("SSH-2.0-nope\r\n")] {
        let (a, b) = (Upstream::start([rude.clone()]).await, Upstream::start([chat_ok("b")]).await);
        let answer = Sidecar::with_policy(over(&[&a, &b], |route| route)).await.client().post(CHAT, chat("r")).await;
        assert_eq!((answer.status, answer.said().as_str(), b.hits()), (200, "b", 1), "{rude:?}: {}", answer.text());
        assert!(a.hits() <= 1, "{rude:?}: a request that may have been executed is not sent there again");
    }
}

/// F9: a kept connection that the provider has closed in the meantime costs neither an attempt nor an answer.
#[tokio::test]
async fn a_stale_connection_is_replaced_for_free() {
    let a = Upstream::start([chat_ok("one").then_close_silently_after(50), chat_ok("two")]).await;
    let sidecar = Sidecar::with_policy(over(&[&a], |route| route.failover("attempts: 1"))).await;
    assert_eq!(sidecar.client().post(CHAT, chat("r")).await.said(), "one");
    tokio::time::sleep(Duration::from_millis(100)).await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!((answer.status, answer.header("x-outrigger-attempts")), (200, Some("1")), "{}", answer.text());
}

/// H3: connections that the provider closes without a word, while requests are on their way, cost no answer, no attempt and
/// no blame; what was sent again is counted.
#[tokio::test]
async fn no_answer_is_lost_to_connections_that_close_under_it() {
    const REQUESTS: usize = 3_000;
    let a = Upstream::with(|_, number| match number % 3 {
        2 => chat_ok("a").then_close_silently_after(number as u64 % 4),
        _ => chat_ok("a"),
    });
    let a = a.await;
    let policy = Policy::new().provider("a", a.base_url()).route("r", &["a"]);
    let sidecar = Sidecar::with_policy(policy).await;
    let callers = (0..12).map(|_| {
        let client = sidecar.client();
        tokio::spawn(async move {
            for _ in 0..REQUESTS / 12 {
                let answer = client.post(CHAT, chat("r")).await;
                assert_eq!((answer.status, answer.said().as_str()), (200, "a"), "{}", answer.text());
                assert_eq!(answer.header("x-outrigger-attempts"), Some("1"));
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    let metrics = settled(&sidecar, REQUESTS).await;
    let resent = metrics.sum("outrigger_resends_total", &[("provider", "default/a")]);
    assert!((REQUESTS..=REQUESTS + resent as usize).contains(&a.hits()), "{} were seen, {resent} sent again", a.hits());
    assert_eq!(metrics.sum("outrigger_cooldowns_total", &[]), 0.0, "{metrics:?}");
    assert_eq!(metrics.sum("outrigger_attempts_total", &[("outcome", "ok")]), REQUESTS as f64, "{metrics:?}");
}

/// F9: a broken connection behind a sent request is tried once more, on another target, and not a third time.
#[tokio::test]
async fn a_reset_behind_the_request_is_tried_once_elsewhere() {
    let reset = || Upstream::with(|_, _| Reply::refuse());
    let (a, b, c) = (reset().await, reset().await, Upstream::start([chat_ok("c")]).await);
    let sidecar = Sidecar::with_policy(over(&[&a, &b, &c], |route| route)).await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!((a.hits(), b.hits(), c.hits()), (1, 1, 0), "{} {}", answer.status, answer.text());
    assert_eq!(
        (answer.status, &answer.json()["error"]["code"]),
        (502, &json!("connection_reset")),
        "{}",
        answer.text()
    );
}

/// F4: in seconds, as a date and in milliseconds; the wait is kept.
#[tokio::test]
async fn retry_after_is_waited_for_when_nothing_else_is_left() {
    for (name, value) in [("retry-after-ms", "400"), ("retry-after", "1")] {
        let a = Upstream::start([Reply::error(429).header(name, value), chat_ok("later")]).await;
        let sidecar = Sidecar::with_policy(over(&[&a], |route| route.failover("maxWait: 5s"))).await;
        let answer = sidecar.client().post(CHAT, chat("r")).await;
        assert_eq!((answer.status, answer.said().as_str()), (200, "later"), "{}", answer.text());
        let seen = a.requests();
        assert!(seen[1].at - seen[0].at >= Duration::from_millis(390), "{name}: {:?}", seen[1].at - seen[0].at);
    }
}

/// A moment from now, as HTTP writes it; whole seconds, rounded down.
fn http_date(from_now: Duration) -> String {
    let at = (SystemTime::now() + from_now).duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let (days, second) = (at / 86_400, at % 86_400);
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][(days % 7) as usize];
    // Years begin in March here, so that a leap day is the last of its year.
    let day = days + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let name = ["Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb"][month as usize];
    let year = year + era * 400 + u64::from(month >= 10);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{weekday}, {date:02} {name} {year} {hour:02}:{minute:02}:{second:02} GMT")
}

/// F4: a date in the future is waited for, and one in the past asks for no wait.
#[tokio::test]
async fn retry_after_may_be_a_date() {
    let from_now = Duration::from_secs(3);
    let a = Upstream::with(move |_, number| match number {
        0 => Reply::error(429).header("retry-after", &http_date(from_now)),
        1 => Reply::error(429).header("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"),
        _ => chat_ok("later"),
    })
    .await;
    let policy = over(&[&a], |route| route.failover("attempts: 4, maxWait: 10s").timeouts("total: 20s"));
    let answer = Sidecar::with_policy(policy).await.client().post(CHAT, chat("r")).await;
    assert_eq!((answer.status, answer.said().as_str()), (200, "later"), "{}", answer.text());
    let seen = a.requests();
    // The date has no fraction of a second, so that up to one less is asked for.
    assert!(seen[1].at - seen[0].at >= Duration::from_millis(1_900), "{:?}", seen[1].at - seen[0].at);
}

/// F4: a wait longer than what is left of the request moves on at once, and is told to the caller when all ask for one.
#[tokio::test]
async fn a_wait_beyond_the_deadline_is_not_begun() {
    let busy = || Upstream::start([Reply::error(429).header("retry-after", "60")]);
    let (a, b) = (busy().await, Upstream::start([chat_ok("b")]).await);
    let sidecar = Sidecar::with_policy(over(&[&a, &b], |route| route.timeouts("total: 20s"))).await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!((answer.said().as_str(), answer.took < AT_ONCE), ("b", true));
    let (a, b) = (busy().await, busy().await);
    let sidecar = Sidecar::with_policy(over(&[&a, &b], |route| route.timeouts("total: 20s"))).await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("60")), "{}", answer.text());
    assert!(answer.took < AT_ONCE, "{:?}", answer.took);
}

/// F5: every attempt by target, status and reason, one predictable status, the last body verbatim.
#[tokio::test]
async fn the_error_of_a_lost_request_names_every_attempt() {
    let (a, b) = (Upstream::start([Reply::error(503)]).await, Upstream::start([Reply::error(401)]).await);
    let sidecar = Sidecar::with_policy(over(&[&a, &b], |route| route.failover("attempts: 2"))).await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!((answer.status, answer.header("x-outrigger-error")), (502, Some("all_attempts_failed")));
    let error = &answer.json()["error"];
    let told = |at: usize| {
        let attempt = &error["metadata"]["attempts"][at];
        (attempt["provider"].clone(), attempt["status"].clone(), attempt["code"].clone())
    };
    assert_eq!(told(0), (json!("default/a"), json!(503), json!("overloaded")), "{error}");
    assert_eq!(told(1), (json!("default/b"), json!(401), json!("unauthorized")), "{error}");
    assert_eq!(error["metadata"]["raw"], error_body(401));
    assert!(error["message"].as_str().unwrap().contains("scripted 401"), "{error}");
}

/// F6: a refused key makes room for the next one of the same provider, and only that key rests.
#[tokio::test]
async fn a_refused_key_marks_the_key_and_not_the_provider() {
    for status in [401, 402, 403] {
        let a = Upstream::with(move |request, _| {
            let good = request.header("authorization") == Some("Bearer sk-good");
            if good { chat_ok("good") } else { Reply::error(status) }
        })
        .await;
        let policy = Policy::new().provider_with("a", a.base_url(), |provider| {
            provider.credential("bad", "sk-bad", 1_000_000).credential("good", "sk-good", 1)
        });
        let sidecar = Sidecar::with_policy(policy.route("r", &["a"])).await;
        for _ in 0..3 {
            let answer = sidecar.client().post(CHAT, chat("r")).await;
            assert_eq!((answer.status, answer.said().as_str()), (200, "good"), "{status}: {}", answer.text());
        }
        let refused = a.requests().iter().filter(|seen| seen.header("authorization") == Some("Bearer sk-bad")).count();
        assert_eq!((refused, a.hits()), (1, 4), "the key rests, the provider goes on");
    }
}

/// F7, F8: what is set or removed for one target is not seen by the next, which starts from the caller's own bytes.
#[tokio::test]
async fn each_target_gets_its_own_parameters_from_the_original_body() {
    let (a, b) = (Upstream::start([Reply::error(500)]).await, Upstream::start([chat_ok("b")]).await);
    let policy = Policy::new().provider("a", a.base_url()).provider("b", b.base_url()).route_with("r", &[], |route| {
        let edits = "parameters: {set: {temperature: 0.5, extra: {deep: [1]}}, remove: [reasoning_effort]}";
        route.target(&format!("model: {MODEL}, provider: a, priority: 0, {edits}")).target(&format!(
            "model: {MODEL}, provider: b, priority: 1, parameters: {{set: {{seed: 7}}, remove: [user]}}"
        ))
    });
    let sidecar = Sidecar::with_policy(policy).await;
    let body = r#"{ "model":"r", "temperature":1.0,"reasoning_effort":"high", "x" : 1e0,"user":"u","messages":[{"role":"user","content":"hi"}] }"#;
    assert_eq!(sidecar.client().post(CHAT, body).await.said(), "b");
    let sent: [Value; 2] = [a.last().json(), b.last().json()];
    assert_eq!((&sent[0]["temperature"], &sent[0]["extra"]), (&json!(0.5), &json!({"deep": [1]})));
    assert_eq!((sent[0].get("reasoning_effort"), &sent[0]["user"]), (None, &json!("u")));
    assert_eq!((&sent[1]["temperature"], &sent[1]["reasoning_effort"]), (&json!(1.0), &json!("high")));
    assert_eq!((sent[1].get("extra"), sent[1].get("user"), &sent[1]["seed"]), (None, None, &json!(7)));
    assert!(
        b.last().text().contains(r#""temperature":1.0,"reasoning_effort":"high", "x" : 1e0"#),
        "{}",
        b.last().text()
    );
}

/// S6: a caller that forbids fallbacks gets the first target's answer, whatever it is.
#[tokio::test]
async fn a_caller_that_forbids_fallbacks_gets_none() {
    let (a, b) = (Upstream::start([Reply::error(500)]).await, Upstream::start([chat_ok("b")]).await);
    let sidecar = Sidecar::with_policy(over(&[&a, &b], |route| route.failover("attempts: 1, maxWait: 1s"))).await;
    let mut request = chat("r");
    request["provider"] = json!({"allow_fallbacks": false});
    let answer = sidecar.client().post(CHAT, request).await;
    assert_eq!((answer.status, b.hits()), (500, 0), "{}", answer.text());
}

/// S6: with the whole budget of the route, streamed or not, and when the first target cannot be connected to at all.
#[tokio::test]
async fn forbidding_fallbacks_holds_whatever_the_route_allows() {
    let b = Upstream::start([chat_ok("b")]).await;
    for streamed in [false, true] {
        let mut request = if streamed { chat_streamed("r") } else { chat("r") };
        request["provider"] = json!({"allow_fallbacks": false});
        let a = Upstream::start([Reply::error(503)]).await;
        let sidecar = Sidecar::with_policy(over(&[&a, &b], |route| route.failover("attempts: 4, maxWait: 1s"))).await;
        let answer = sidecar.client().post(CHAT, &request).await;
        assert_eq!((answer.status, a.hits() > 0), (503, true), "{streamed}: {}", answer.text());
        let gone = Policy::new().provider("a", format!("http://{}/v1", refused_addr())).provider("b", b.base_url());
        let sidecar =
            Sidecar::with_policy(gone.route_with("r", &["a", "b"], |route| route.failover("attempts: 4, maxWait: 1s")))
                .await;
        let answer = sidecar.client().post(CHAT, &request).await;
        assert!(answer.status >= 500, "{streamed}: {} {}", answer.status, answer.text());
    }
    assert_eq!(b.hits(), 0);
}

/// Hedging is opt-in; the first to answer wins and the other is cancelled at once.
#[tokio::test]
async fn a_hedge_is_asked_for_and_its_loser_is_cancelled() {
    let (a, b) = (Upstream::start([Reply::hang()]).await, Upstream::start([chat_ok("b")]).await);
    let sidecar = Sidecar::with_policy(over(&[&a, &b], |route| route.failover("hedgeAfter: 100ms"))).await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!((answer.status, answer.said().as_str()), (200, "b"));
    assert!(answer.took >= Duration::from_millis(95) && answer.took < AT_ONCE, "{:?}", answer.took);
    a.wait_closed(0).await;

    let (a, b) = (Upstream::start([chat_ok("a").slow_head(400)]).await, Upstream::start([chat_ok("b")]).await);
    let sidecar = Sidecar::with_policy(over(&[&a, &b], |route| route)).await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!((answer.said().as_str(), b.hits()), ("a", 0));
}

/// Hedging: one that fails does not take the other with it.
#[tokio::test]
async fn a_hedge_that_fails_leaves_the_first_running() {
    let a = Upstream::start([chat_ok("slow").slow_head(600)]).await;
    let b = Upstream::start([Reply::error(500)]).await;
    let sidecar = Sidecar::with_policy(over(&[&a, &b], |route| route.failover("hedgeAfter: 100ms"))).await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!((answer.status, answer.said().as_str(), a.hits(), b.hits()), (200, "slow", 1, 1), "{}", answer.text());
}

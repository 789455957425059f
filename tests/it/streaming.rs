//! Streams: relayed as they come, moved on before their first content, never faked after it.

use std::time::Duration;

use serde_json::json;

use crate::{
    harness::*,
    surfaces::{Surface, on_each, settled},
};

/// A sidecar with a route `r0`, `r1`, ... of one attempt for each of these replies, so that none cools another.
async fn one_route_each(surface: Surface, replies: &[Reply]) -> (Sidecar, Vec<Upstream>) {
    let (mut policy, mut upstreams) = (Policy::new(), Vec::new());
    for (number, reply) in replies.iter().enumerate() {
        let (up, name) = (Upstream::start([reply.clone()]).await, format!("p{number}"));
        policy = policy.provider_with(&name, up.base_url(), |provider| provider.preset(surface.preset())).route_with(
            &format!("r{number}"),
            &[&name],
            |route| route.failover("attempts: 1"),
        );
        upstreams.push(up);
    }
    (Sidecar::with_policy(policy).await, upstreams)
}

/// S1, S4, S5: not a clean end, not an invented stop, not a second answer behind the first.
#[tokio::test]
async fn a_connection_cut_in_mid_stream_is_an_error_event_and_an_abnormal_end() {
    on_each(async |surface| {
        let begun = surface.begun(&["Hel", "lo"]);
        let sent = begun.len();
        for cut in [Reply::sse(begun.clone()).reset_after(sent), Reply::sse(begun.clone()).eof_after(sent)] {
            let (a, b) = (Upstream::start([cut]).await, Upstream::start([surface.stream(&["again"])]).await);
            let sidecar = Sidecar::with_policy(surface.policy(&[&a, &b], |route| route)).await;
            let streamed = sidecar.client().stream(surface.path(), surface.request()).await;
            surface.assert_broken(&streamed, "Hello", "connection_reset");
            assert_eq!((a.hits(), b.hits()), (1, 0), "{surface:?}");
        }
    })
    .await;
}

/// S2, S4, S5: a polite close proves nothing.
#[tokio::test]
async fn a_clean_end_without_a_finish_is_a_truncation() {
    on_each(async |surface| {
        let a = Upstream::start([Reply::sse(surface.begun(&["Hel", "lo"]))]).await;
        let b = Upstream::start([surface.stream(&["again"])]).await;
        let sidecar = Sidecar::with_policy(surface.policy(&[&a, &b], |route| route)).await;
        let streamed = sidecar.client().stream(surface.path(), surface.request()).await;
        surface.assert_broken(&streamed, "Hello", "truncated");
        assert_eq!((a.hits(), b.hits()), (1, 0), "{surface:?}");
    })
    .await;
}

/// S3, S5: role, start events and pings are not content, so nothing is lost by moving on behind them.
#[tokio::test]
async fn a_failure_before_the_first_content_moves_on_without_a_seam() {
    on_each(async |surface| {
        let prelude_and = |event: Ev| Reply::sse(surface.prelude().into_iter().chain([event]));
        let overloaded = match surface.spoken() {
            Surface::Chat => json!({"error": {"message": "busy", "type": "overloaded_error", "code": 529}}),
            Surface::Messages => messages_error_body("overloaded_error", "busy"),
            _ => json!({"type": "response.failed", "response": {"status": "failed",
                "error": {"code": "server_error", "message": "busy"}}}),
        };
        let failures = [
            Reply::refuse(),
            Reply::close_before_head(),
            Reply::raw("SSH-2.0-nope\r\n"),
            Reply::error(500),
            Reply::error(503),
            Reply::error(529),
            Reply::error(429),
            Reply::sse([surface.error("broken")]),
            prelude_and(surface.error("broken")),
            prelude_and(Ev::data(overloaded)),
            Reply::sse([Ev::data("{\"choices\":[{\"de")]),
            prelude_and(Ev::data("{\"choices\":[{\"de")),
            Reply::sse(surface.prelude()),
            Reply::sse(surface.prelude()).reset_after(1),
            Reply::bytes(200, "text/html", "<h1>log in</h1>"),
            prelude_and(Ev::stall()),
            Reply::hang(),
        ];
        let b = Upstream::start([surface.stream(&["Hel", "lo"])]).await;
        let mut policy = Policy::new().provider_with("b", b.base_url(), |provider| provider.preset(surface.preset()));
        let mut failing = Vec::new();
        for (number, failure) in failures.iter().enumerate() {
            let a = Upstream::start([failure.clone()]).await;
            let (name, route) = (format!("a{number}"), format!("r{number}"));
            policy = policy
                .provider_with(&name, a.base_url(), |provider| provider.preset(surface.preset()))
                .route_with(&route, &[&name, "b"], |route| {
                    // Else the conversation would stay with the target that answered it first.
                    route.timeouts("firstToken: 1500ms").spec("stickiness: {mode: Off}")
                });
            failing.push(a);
        }
        let sidecar = Sidecar::with_policy(policy).await;
        for (number, failure) in failures.iter().enumerate() {
            let request = surface.request_to(&format!("r{number}"));
            let streamed = sidecar.client().stream(surface.path(), request).await;
            surface.assert_whole(&streamed, "Hello");
            let told = (streamed.header("x-outrigger-provider"), streamed.header("x-outrigger-attempts"));
            assert_eq!(told, (Some("default/b"), Some("2")), "{surface:?} {failure:?}");
            assert!(failing[number].connections() >= 1, "{surface:?} {failure:?}");
        }
        assert_eq!(b.hits(), failures.len());
    })
    .await;
}

/// S4, S5, S7: an error event behind content ends the answer, and is a failure although HTTP said 200.
#[tokio::test]
async fn an_error_event_behind_content_is_passed_on_and_counted_as_a_failure() {
    on_each(async |surface| {
        let broken = Reply::sse(surface.begun(&["Hel", "lo"]).into_iter().chain([surface.error("the engine stalled")]));
        let (a, b) = (Upstream::start([broken]).await, Upstream::start([surface.stream(&["again"])]).await);
        let sidecar = Sidecar::with_policy(surface.policy(&[&a, &b], |route| route)).await;
        for _ in 0..5 {
            let streamed = sidecar.client().stream(surface.path(), surface.request()).await;
            surface.assert_broken(&streamed, "Hello", "server_error");
            assert!(streamed.text().contains("the engine stalled"), "{surface:?}: {}", streamed.text());
        }
        let metrics = settled(&sidecar, 5).await;
        let attempts =
            |outcome| metrics.sum("outrigger_attempts_total", &[("provider", "default/a"), ("outcome", outcome)]);
        assert_eq!(metrics.sum("outrigger_requests_total", &[("outcome", "broken"), ("code", "server_error")]), 5.0);
        assert_eq!(metrics.sum("outrigger_requests_total", &[("outcome", "ok")]), 0.0, "{surface:?}");
        assert_eq!((attempts("server_error"), attempts("ok")), (5.0, 0.0), "{surface:?}");
        assert_eq!(metrics.sum("outrigger_estimated_usage_total", &[("provider", "default/a")]), 5.0, "{surface:?}");
        assert_eq!(metrics.sum("outrigger_cooldowns_total", &[("provider", "default/a")]), 1.0, "{surface:?}");

        let streamed = sidecar.client().stream(surface.path(), surface.request()).await;
        surface.assert_whole(&streamed, "again");
        assert_eq!((a.hits(), b.hits()), (5, 1), "{surface:?}: five failures in a row cool a target");
    })
    .await;
}

/// S5, S6: what a caller forbids is forbidden in a stream too.
#[tokio::test]
async fn a_caller_that_forbids_fallbacks_gets_none_in_a_stream() {
    on_each(async |surface| {
        let failures = [Reply::error(500), Reply::sse([surface.error("broken")]), Reply::sse(surface.prelude())];
        for failure in failures {
            let (a, b) = (Upstream::start([failure]).await, Upstream::start([surface.stream(&["again"])]).await);
            let sidecar = Sidecar::with_policy(surface.policy(&[&a, &b], |route| route)).await;
            let mut request = surface.request();
            request["provider"] = json!({"allow_fallbacks": false});
            let answer = sidecar.client().post(surface.path(), request).await;
            assert!(answer.status >= 500, "{surface:?}: {} {}", answer.status, answer.text());
            assert_eq!((a.hits(), b.hits()), (1, 0), "{surface:?}");
        }
    })
    .await;
}

/// S5, S8: events pass one by one: none waits for the next, which is sent once it has come.
#[tokio::test]
async fn each_event_comes_before_the_next_is_sent() {
    const WORDS: [&str; 4] = ["a", "b", "c", "d"];
    let says = |text: &str, word: &str| text.contains(&format!("\"{word}\""));
    on_each(async |surface| {
        let gate = Gate::closed();
        // What comes before content is held until it counts; from there on each event comes by itself.
        let spaced = surface.events(&WORDS).into_iter().flat_map(|event| {
            let waits = matches!(&event, Ev::Send(bytes) if WORDS[1..].iter().any(|word| says(&String::from_utf8_lossy(bytes), word)));
            waits.then(|| Ev::Wait(gate.clone())).into_iter().chain([event])
        });
        let up = Upstream::start([Reply::sse(spaced)]).await;
        let sidecar = Sidecar::with_policy(surface.policy(&[&up], |route| route)).await;
        let mut streaming = sidecar.client().open(surface.path(), surface.request()).await;
        for word in WORDS {
            while !says(&streaming.next().await.expect("an event").data, word) {}
            gate.open();
        }
        assert_eq!(streaming.collect().await.end, End::Clean, "{surface:?}");
    })
    .await;
}

/// S5, S8: no event waits for a timer, be it that of Nagle's algorithm.
#[tokio::test]
async fn no_event_waits_for_a_timer() {
    on_each(async |surface| {
        let up = Upstream::start([surface.stream(&["x"; 100])]).await;
        let sidecar = Sidecar::with_policy(surface.policy(&[&up], |route| route)).await;
        let streamed = sidecar.client().stream(surface.path(), surface.request()).await;
        surface.assert_whole(&streamed, &"x".repeat(100));
        assert!(streamed.took < Duration::from_secs(3), "{surface:?}: 100 events took {:?}", streamed.took);
    })
    .await;
}

/// S5, S9: a stream that could not be read is never asked for, and not taken for an answer when it comes all the same.
#[tokio::test]
async fn compression_is_never_negotiated() {
    on_each(async |surface| {
        let gzipped = Reply::bytes(200, "text/event-stream", &b"\x1f\x8b\x08\0nonsense"[..]);
        let a = Upstream::start([gzipped.header("content-encoding", "gzip")]).await;
        let b = Upstream::start([surface.stream(&["plain"])]).await;
        let sidecar = Sidecar::with_policy(surface.policy(&[&a, &b], |route| route)).await;
        let client = sidecar.client().header("accept-encoding", "gzip, br");
        let streamed = client.stream(surface.path(), surface.request()).await;
        surface.assert_whole(&streamed, "plain");
        assert_eq!(streamed.header("content-encoding"), None, "{surface:?}");
        for up in [&a, &b] {
            let asked = up.last();
            assert!(asked.header("accept-encoding").is_none_or(|encoding| encoding == "identity"), "{asked:?}");
        }
    })
    .await;
}

/// S5, S11: exactly one terminal event, whether the upstream sends none behind its finish, one, or two.
#[tokio::test]
async fn done_comes_exactly_once_for_chat_and_never_elsewhere() {
    on_each(async |surface| {
        let events = surface.events(&["Hello"]);
        let last = events.last().expect("a terminal event").clone();
        let twice = Reply::sse(events.iter().cloned().chain([last]));
        let mut replies = vec![Reply::sse(events.clone()), twice];
        if surface.spoken() == Surface::Chat {
            replies.push(Reply::sse(events[..events.len() - 1].to_vec()));
        }
        for reply in replies {
            let up = Upstream::start([reply]).await;
            let sidecar = Sidecar::with_policy(surface.policy(&[&up], |route| route)).await;
            let streamed = sidecar.client().stream(surface.path(), surface.request()).await;
            surface.assert_whole(&streamed, "Hello");
        }
    })
    .await;
}

/// S5, S11: an answer is whole with its terminal event; a provider that lingers, resets or forgets the last chunk behind
/// it spoils nothing.
#[tokio::test]
async fn what_happens_behind_the_terminal_event_spoils_nothing() {
    on_each(async |surface| {
        let events = surface.events(&["Hello"]);
        let sent = events.len();
        let lingering = Reply::sse(events.iter().cloned().chain([Ev::stall()]));
        let rude =
            [lingering, Reply::sse(events.clone()).eof_after(sent), Reply::sse(events.clone()).reset_after(sent)];
        for reply in rude {
            let up = Upstream::start([reply]).await;
            let policy = surface.policy(&[&up], |route| route.timeouts("idle: 1s"));
            let sidecar = Sidecar::with_policy(policy).await;
            let streamed = sidecar.client().stream(surface.path(), surface.request()).await;
            surface.assert_whole(&streamed, "Hello");
            let metrics = settled(&sidecar, 1).await;
            assert_eq!(metrics.sum("outrigger_requests_total", &[("outcome", "ok")]), 1.0, "{surface:?}");
        }
    })
    .await;
}

/// S5, S12: half an event, half a character and the token counts of a dead attempt die with it.
#[tokio::test]
async fn nothing_of_a_failed_attempt_leaks_into_the_next() {
    on_each(async |surface| {
        let dead = surface.prelude_with(999).into_iter().chain([Ev::raw(&b"event: x\ndata: {\"half\": \"\xc3"[..])]);
        let dead: Vec<Ev> = dead.collect();
        let sent = dead.len();
        let a = Upstream::start([Reply::sse(dead).eof_after(sent)]).await;
        let b = Upstream::start([surface.stream(&["Hel", "lo"])]).await;
        let sidecar = Sidecar::with_policy(surface.policy(&[&a, &b], |route| route)).await;
        let streamed = sidecar.client().stream(surface.path(), surface.request()).await;
        surface.assert_whole(&streamed, "Hello");
        assert!(!streamed.text().contains("half") && !streamed.text().contains("999"), "{}", streamed.text());
        assert_eq!((a.hits(), b.hits()), (1, 1), "{surface:?}");
        let metrics = settled(&sidecar, 1).await;
        assert_eq!(metrics.sum("outrigger_malformed_events_total", &[]), 0.0, "{surface:?}");
        assert!(metrics.sum("outrigger_tokens_total", &[("type", "input")]) <= PROMPT_TOKENS as f64, "{surface:?}");
    })
    .await;
}

/// S5, S13: whatever an upstream calls an error body, the caller gets a JSON error and keeps its connection.
#[tokio::test]
async fn an_unreadable_error_body_becomes_a_json_error() {
    on_each(async |surface| {
        let bodies = [
            Reply::status(500),
            Reply::bytes(500, "text/html", "<html>Bad Gateway</html>"),
            Reply::bytes(500, "text/event-stream", "data: {\"error\":{\"message\":\"in events\"}}\n\ndata: [DONE]\n\n"),
            Reply::bytes(500, "application/json", "{\"error\":"),
            Reply::bytes(500, "application/json", &b"\xff\xfe\0"[..]),
            Reply::json(500, json!({"error": ["no", {"object": 1}]})),
            Reply::json(500, json!("only words")),
            Reply::json(500, "{}").eof_after(1),
            Reply::raw("SSH-2.0-nope\r\n"),
            Reply::raw(
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            ),
        ];
        let (sidecar, _upstreams) = one_route_each(surface, &bodies).await;
        for (number, body) in bodies.iter().enumerate() {
            let answer = sidecar.client().post(surface.path(), surface.request_to(&format!("r{number}"))).await;
            assert!(answer.status >= 500 && answer.end == End::Clean, "{surface:?} {body:?}: {answer:?}");
            assert_eq!(answer.header("content-type"), Some("application/json"), "{surface:?} {body:?}");
            assert!(answer.json()["error"]["message"].is_string(), "{surface:?} {body:?}: {}", answer.text());
        }
    })
    .await;
}

/// S5, S14: an error known in time is an HTTP error with the upstream's words, never an error under 200.
#[tokio::test]
async fn an_error_known_before_the_first_content_keeps_its_status_and_words() {
    on_each(async |surface| {
        let words = "scripted words of the upstream";
        let error = |status, kind: &str| match surface.spoken() {
            Surface::Messages => Reply::json(status, messages_error_body(kind, words)),
            _ => Reply::json(status, error_with(kind, "a_code", words)),
        };
        let known = [
            (error(400, "invalid_request_error"), Some(400)),
            (error(422, "invalid_request_error"), Some(422)),
            (error(429, "rate_limit_error"), Some(429)),
            (error(500, "api_error"), Some(500)),
            (error(529, "overloaded_error"), Some(529)),
            (Reply::sse([surface.error(words)]), None),
            (Reply::sse(surface.prelude().into_iter().chain([surface.error(words)])), None),
        ];
        let (sidecar, _upstreams) = one_route_each(surface, &known.clone().map(|(reply, _)| reply)).await;
        for (number, (reply, status)) in known.into_iter().enumerate() {
            let answer = sidecar.client().post(surface.path(), surface.request_to(&format!("r{number}"))).await;
            assert!(status.map_or(answer.status >= 500, |status| answer.status == status), "{surface:?}: {answer:?}");
            assert_eq!(answer.header("content-type"), Some("application/json"), "{surface:?} {reply:?}");
            let message = answer.json()["error"]["message"].as_str().unwrap_or("").to_owned();
            assert!(message.contains(words), "{surface:?} {reply:?}: {message}");
        }
    })
    .await;
}

/// S5, S15: one bad line costs one line: it is passed on (or left out, where it would have to be translated) and counted,
/// the answer is whole.
#[tokio::test]
async fn one_malformed_event_does_not_cost_the_answer() {
    on_each(async |surface| {
        let bad = Ev::data("{\"broken\": tru");
        let events = surface.begun(&["Hel"]).into_iter().chain([bad, surface.text("lo")]).chain(surface.close());
        let up = Upstream::start([Reply::sse(events)]).await;
        let sidecar = Sidecar::with_policy(surface.policy(&[&up], |route| route)).await;
        let streamed = sidecar.client().stream(surface.path(), surface.request()).await;
        surface.assert_whole(&streamed, "Hello");
        let passed_on = streamed.events.iter().filter(|event| event.data.contains("broken")).count();
        assert_eq!(passed_on, usize::from(!surface.is_translated()), "{surface:?}");
        let metrics = settled(&sidecar, 1).await;
        assert_eq!(metrics.sum("outrigger_malformed_events_total", &[("provider", "default/a")]), 1.0, "{surface:?}");
        assert_eq!(metrics.sum("outrigger_requests_total", &[("outcome", "ok")]), 1.0, "{surface:?}");
    })
    .await;
}

//! What an operator sees, and what nobody does.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{harness::*, surfaces::settled};

const CHAT: &str = "/v1/chat/completions";

/// M1, M3, M4: families move without a login on their own port, and names that callers invent are no labels.
#[tokio::test]
async fn metrics_move_and_invented_names_are_no_labels() {
    let (a, b) = (Upstream::start([Reply::error(500)]).await, Upstream::start([chat_stream(["x", "y"])]).await);
    let policy = Policy::new().provider("a", a.base_url()).provider("b", b.base_url()).route("r", &["a", "b"]);
    let sidecar = Sidecar::with_policy(policy).await;
    sidecar.client().stream(CHAT, chat_streamed("r")).await;
    sidecar.client().header("x-title", "invented-title").post(CHAT, chat("invented-model")).await;
    let metrics = settled(&sidecar, 2).await;
    assert_eq!(metrics.sum("outrigger_fallbacks_total", &[("provider", "default/a"), ("reason", "server_error")]), 1.0);
    assert_eq!(metrics.sum("outrigger_attempts_total", &[("provider", "default/b"), ("outcome", "ok")]), 1.0);
    for family in ["outrigger_time_to_first_token_seconds", "outrigger_proxy_overhead_seconds"] {
        assert!(metrics.sum(&format!("{family}_count"), &[]) >= 1.0, "{family}");
    }
    assert!(metrics.0.keys().all(|series| !series.contains("invented")), "{metrics:?}");
}

/// M1: requests, attempts, tokens and cost are counted under the route that led to them: by its whole name, `direct` for a
/// bare model, `none` where nothing was decided. A route has no series for a target that it does not name.
#[tokio::test]
async fn what_is_counted_is_counted_by_route() {
    let (a, b) = (Upstream::start([Reply::error(500)]).await, Upstream::start([chat_ok("b")]).await);
    let policy = two(&a, &b).route("only-b", &["b"]);
    let sidecar = Sidecar::with_policy(policy).await;
    let mut named_both = chat("only-b");
    named_both["models"] = json!([MODEL]);
    for request in [chat("r"), chat("only-b"), chat("only-b"), named_both] {
        assert_eq!(sidecar.client().post(CHAT, request).await.status, 200);
    }
    assert_eq!(sidecar.client().post(CHAT, chat("unknown")).await.status, 400);
    b.rewrite([Reply::error(500)]);
    let mut none_left = chat("only-b");
    none_left["models"] = json!([MODEL]);
    assert!(sidecar.client().post(CHAT, none_left).await.status >= 500);
    let metrics = settled(&sidecar, 6).await;
    let requests = |route, outcome| metrics.sum("outrigger_requests_total", &[("route", route), ("outcome", outcome)]);
    assert_eq!((requests("default/r", "ok"), requests("default/only-b", "ok")), (1.0, 3.0), "{metrics:?}");
    assert_eq!((requests("none", "error"), requests("default/only-b", "error")), (1.0, 1.0), "{metrics:?}");
    let attempts = |route, provider, outcome| {
        let labels = [("route", route), ("provider", provider), ("outcome", outcome)];
        metrics.sum("outrigger_attempts_total", &labels)
    };
    assert_eq!(attempts("default/r", "default/a", "server_error"), 1.0, "{metrics:?}");
    assert_eq!(attempts("default/r", "default/b", "ok"), 1.0, "{metrics:?}");
    assert_eq!(attempts("default/only-b", "default/b", "ok"), 3.0, "{metrics:?}");
    assert!(!metrics.has("outrigger_attempts_total", &[("route", "default/only-b"), ("provider", "default/a")]));
    for (family, times) in [("outrigger_tokens_total", 3.0), ("outrigger_cost_nano_usd_total", 3.0)] {
        let of = |route| metrics.sum(family, &[("route", route), ("provider", "default/b")]);
        assert!(of("default/r") > 0.0 && of("default/only-b") == times * of("default/r"), "{family}: {metrics:?}");
    }
}

/// M5: neither prompt nor answer nor credentials are in the log, however much is logged.
#[tokio::test]
async fn no_content_and_no_credential_is_logged() {
    let a = Upstream::start([chat_ok("answer-canary")]).await;
    let sidecar = Sidecar::setup(Policy::new().provider("a", a.base_url()).route("r", &["a"]))
        .arg("--log")
        .arg("trace")
        .start()
        .await;
    let mut request = chat("r");
    request["messages"][0]["content"] = "prompt-canary".into();
    let client = sidecar.client().header("authorization", "Bearer caller-canary");
    assert_eq!(client.post(CHAT, request).await.status, 200);
    settled(&sidecar, 1).await;
    let log = sidecar.log().join("\n");
    for canary in ["prompt-canary", "answer-canary", "caller-canary", "sk-test-a"] {
        assert!(!log.contains(canary), "{canary} in {log}");
    }
}

/// M5: on standard output a decision is told with what was in question, tried and paid: of what failed over, of what had nobody to
/// ask, and of what is asked about; and nothing that anybody said.
#[tokio::test]
async fn decisions_are_told_of_what_failed_over_and_of_what_is_asked_about() {
    let broken = Reply::json(500, json!({"error": {"message": "answer-canary"}}));
    let a = Upstream::start([broken, chat_ok("answer-canary")]).await;
    let b = Upstream::start([chat_ok_usage("answer-canary", 11, 7)]).await;
    let sidecar = Sidecar::setup(two(&a, &b)).arg("--decision-log").arg("failures").start().await;
    let client = sidecar.client().header("authorization", "Bearer caller-canary");
    let mut request = chat("r");
    request["messages"][0]["content"] = "prompt-canary".into();
    let answer = client.post(CHAT, request.clone()).await;
    let moved = answer.header("x-outrigger-decision-id").unwrap().to_owned();
    assert_eq!((answer.status, answer.header("x-outrigger-attempts")), (200, Some("2")));
    assert_eq!(client.post(CHAT, request.clone()).await.status, 200);
    assert_eq!(client.clone().header("x-outrigger-log-decision", "true").post(CHAT, request.clone()).await.status, 200);
    request["provider"] = json!({"only": ["nobody"]});
    assert_ne!(client.post(CHAT, request).await.status, 200);
    settled(&sidecar, 4).await;
    let told = sidecar.wait_printed(3).await;
    let [first, asked, nobody] = &told[..] else { panic!("{told:#?}") };
    assert_eq!((&first["id"], &first["outcome"], &first["route"]), (&moved.into(), &"ok".into(), &"default/r".into()));
    let providers: Vec<_> = first["candidates"].as_array().unwrap().iter().map(|it| &it["provider"]).collect();
    assert_eq!(providers, ["default/a", "default/b"]);
    let codes: Vec<_> = first["attempts"].as_array().unwrap().iter().map(|it| &it["code"]).collect();
    assert_eq!(codes, ["server_error", "ok"]);
    assert_eq!((&first["input_tokens"], &first["output_tokens"]), (&11.into(), &7.into()));
    assert!(first["cost_usd"].is_string() && first["duration_ms"].is_number() && first["policy_revision"].is_string());
    assert_eq!(asked["attempts"].as_array().map(Vec::len), Some(1));
    assert_eq!((&nobody["candidates"], nobody["removed"].as_array().map(Vec::len)), (&json!([]), Some(2)));
    let all = serde_json::to_string(&told).unwrap();
    for canary in ["prompt-canary", "answer-canary", "caller-canary", "sk-test"] {
        assert!(!all.contains(canary), "{canary} in {all}");
    }
    assert_eq!(a.last().header("x-outrigger-log-decision"), None);
}

fn two(a: &Upstream, b: &Upstream) -> Policy {
    Policy::new().provider("a", a.base_url()).provider("b", b.base_url()).route("r", &["a", "b"])
}

fn own_headers(headers: &Headers) -> Vec<(String, String)> {
    let own = headers.0.iter().filter(|(name, _)| name.to_ascii_lowercase().starts_with("x-outrigger-"));
    let mut own: Vec<_> = own.map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect();
    own.sort();
    own
}

/// The headers that tell what happened, and no others: whole, streamed and lost; a provider cannot add to them.
#[tokio::test]
async fn an_answer_says_what_happened_in_its_headers() {
    let a = Upstream::start([Reply::error(500)]).await;
    let b = Upstream::start([chat_ok("b"), chat_stream(["b"]), Reply::error(500)]).await;
    let sidecar = Sidecar::with_policy(two(&a, &b).route_with("s", &["a", "b"], |route| {
        route.failover("attempts: 2, maxWait: 100ms").spec("stickiness: {mode: Off}")
    }))
    .await;
    let names = |headers: &Headers| own_headers(headers).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let told = ["attempts", "decision-id", "model", "provider", "route"].map(|name| format!("x-outrigger-{name}"));

    let whole = sidecar.client().post(CHAT, chat("s")).await;
    assert_eq!(whole.status, 200, "{}", whole.text());
    let mut with_cost = told.to_vec();
    with_cost.insert(1, "x-outrigger-cost".to_owned());
    assert_eq!(names(&whole.headers), with_cost);
    let said = ["attempts", "model", "provider", "route"].map(|name| whole.header(&format!("x-outrigger-{name}")));
    assert_eq!(said, [Some("2"), Some(MODEL), Some("default/b"), Some("default/s")]);
    assert_eq!(whole.header("x-outrigger-decision-id"), whole.header("x-generation-id"));

    let streamed = sidecar.client().stream(CHAT, chat_streamed("s")).await;
    assert_eq!((streamed.status, names(&streamed.headers)), (200, told.to_vec()));
    assert_ne!(streamed.header("x-generation-id"), whole.header("x-generation-id"));

    let lost = sidecar.client().post(CHAT, chat("s")).await;
    let told = ["attempts", "decision-id", "error", "route"].map(|name| format!("x-outrigger-{name}"));
    assert_eq!((lost.status, names(&lost.headers)), (500, told.to_vec()), "{}", lost.text());
    assert_eq!(lost.header("x-outrigger-error"), lost.json()["error"]["code"].as_str());
}

/// What was considered and tried is told in the body to who asks, and to nobody else.
#[tokio::test]
async fn routing_metadata_is_in_the_body_when_asked_for() {
    let a = Upstream::start([Reply::error(500)]).await;
    let b = Upstream::with(|request, _| match request.json()["stream"] == true {
        true => chat_stream(["b", "b"]),
        false => chat_ok("b"),
    })
    .await;
    let policy = two(&a, &b).route_with("s", &["a", "b"], |route| route.spec("stickiness: {mode: Off}"));
    let sidecar = Sidecar::with_policy(policy).await;
    let check = |metadata: &Value| {
        assert_eq!((&metadata["requested"], &metadata["attempt"]), (&json!("s"), &json!(2)), "{metadata}");
        let tried: Vec<_> = (0..2).map(|at| metadata["attempts"][at]["provider"].clone()).collect();
        assert_eq!(tried, ["default/a", "default/b"]);
        let chosen: Vec<_> = metadata["endpoints"]["available"].as_array().unwrap().iter().collect();
        let chosen: Vec<_> = chosen.iter().filter(|one| one["selected"] == true).map(|one| &one["provider"]).collect();
        assert_eq!((chosen, &metadata["endpoints"]["total"]), (vec![&json!("default/b")], &json!(2)));
    };
    let asking = || sidecar.client().header("x-openrouter-metadata", "enabled");
    check(&asking().post(CHAT, chat("s")).await.json()["openrouter_metadata"]);
    let streamed = asking().stream(CHAT, chat_streamed("s")).await;
    let told: Vec<Value> = streamed
        .data()
        .iter()
        .filter_map(|data| serde_json::from_str::<Value>(data).ok()?.get("openrouter_metadata").cloned())
        .collect();
    assert_eq!((told.len(), streamed.said().as_str(), streamed.is_done()), (1, "bb", true), "{}", streamed.text());
    check(&told[0]);
    let plain = sidecar.client().post(CHAT, chat("s")).await.text();
    let plain = plain + &sidecar.client().stream(CHAT, chat_streamed("s")).await.text();
    assert!(!plain.contains("openrouter_metadata"), "{plain}");
    assert!(b.requests().iter().all(|seen| seen.header("x-openrouter-metadata").is_none()), "the question is for us");
}

/// M2: an edit of the policy, and even the end of a provider, takes nothing back.
#[tokio::test]
async fn counters_never_go_backwards_over_a_policy_edit() {
    let (a, b) = (Upstream::start([Reply::error(500)]).await, Upstream::start([chat_ok("b")]).await);
    let sidecar = Sidecar::with_policy(two(&a, &b)).await;
    sidecar.client().post(CHAT, chat("r")).await;
    let mut before = settled(&sidecar, 1).await;
    let edits = [two(&a, &b).route("new", &["b"]), Policy::new().provider("b", b.base_url()).route("last", &["b"])];
    for (edit, name) in edits.into_iter().zip(["new", "last"]) {
        sidecar.edit(edit);
        while sidecar.client().post(CHAT, chat(name)).await.status != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let counted = before.sum("outrigger_requests_total", &[]) as usize + 1;
        let after = settled(&sidecar, counted).await;
        for (series, value) in &before.0 {
            let family = series.split('{').next().unwrap();
            if ["_total", "_count", "_sum", "_bucket"].iter().any(|kind| family.ends_with(kind)) {
                let now = after.0.get(series).copied();
                assert!(now >= Some(*value), "{series} was {value} and is {now:?} after {name}");
            }
        }
        before = after;
    }
}

/// M3: a cooldown is counted with its reason, and the time between tokens is measured.
#[tokio::test]
async fn cooldowns_and_the_time_between_tokens_are_measured() {
    let a = Upstream::start([Reply::error(429).header("retry-after", "60")]).await;
    let b = Upstream::start([chat_stream(["x", "y", "z"]).every(40)]).await;
    let sidecar = Sidecar::with_policy(two(&a, &b)).await;
    assert!(sidecar.client().stream(CHAT, chat_streamed("r")).await.is_done());
    let metrics = settled(&sidecar, 1).await;
    assert_eq!(metrics.sum("outrigger_cooldowns_total", &[("provider", "default/a"), ("model", MODEL)]), 1.0);
    assert_eq!(metrics.sum("outrigger_cooldowns_total", &[("reason", "rate_limited")]), 1.0, "{metrics:?}");
    let gap = |part: &str| metrics.sum(&format!("outrigger_inter_token_seconds_{part}"), &[("provider", "default/b")]);
    assert_eq!(gap("count"), 1.0, "{metrics:?}");
    assert!(gap("sum") >= 0.03, "{}", gap("sum"));
}

/// The peers of every TCP socket of a process but its listeners' own connections, and how many UDP sockets it has.
#[cfg(target_os = "linux")]
fn contacts(sidecar: &Sidecar) -> (Vec<std::net::SocketAddr>, usize) {
    use std::{fs, net::SocketAddr};
    let links = fs::read_dir(format!("/proc/{}/fd", sidecar.pid())).unwrap().flatten();
    let links = links.filter_map(|fd| fs::read_link(fd.path()).ok());
    let own: Vec<String> =
        links.filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())).collect();
    let rows = |table: &str| {
        let text = fs::read_to_string(format!("/proc/{}/net/{table}", sidecar.pid())).unwrap_or_default();
        let rows = text.lines().skip(1).map(|row| row.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        rows.filter(|row| own.contains(&row[9])).collect::<Vec<_>>()
    };
    let addr = |text: &str| {
        let (ip, port) = text.split_once(':').unwrap();
        let ip = u32::from_str_radix(ip, 16).unwrap().to_ne_bytes();
        SocketAddr::from((ip, u16::from_str_radix(port, 16).unwrap()))
    };
    assert_eq!(rows("tcp6").len(), 0, "everything in these stories is IPv4");
    let ours = [sidecar.listen, sidecar.admin];
    let dialled = rows("tcp").into_iter().filter(|row| !ours.contains(&addr(&row[1])));
    (dialled.map(|row| addr(&row[2])).collect(), rows("udp").len() + rows("udp6").len())
}

/// M6, K1: no control plane, no telemetry, no name server: the provider is all that is ever talked to.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn nothing_but_the_provider_is_contacted() {
    let a = Upstream::start([chat_stream(["x"; 10]).every(50)]).await;
    let sidecar = Sidecar::with_policy(Policy::new().provider("a", a.base_url()).route("r", &["a"])).await;
    assert_eq!(contacts(&sidecar), (vec![], 0), "before there is a request");
    let mut streaming = sidecar.client().open(CHAT, chat_streamed("r")).await;
    let mut seen = Vec::new();
    while streaming.next().await.is_some() {
        let (peers, datagrams) = contacts(&sidecar);
        assert_eq!(datagrams, 0);
        seen.extend(peers);
    }
    sidecar.metrics().await;
    seen.extend(contacts(&sidecar).0);
    assert!(!seen.is_empty() && seen.iter().all(|peer| *peer == a.addr()), "{seen:?}");
}

/// H1: whoever collects the log and hangs stops nothing: what cannot be written is dropped and counted; requests, our own
/// pages and leaving go on.
#[tokio::test]
async fn a_log_that_nobody_reads_holds_up_nothing() {
    const REQUESTS: usize = 3_000;
    let a = Upstream::start([chat_ok("a")]).await;
    let policy = Policy::new().provider("a", a.base_url()).route("r", &["a"]);
    // Two lines for each request at this level: more than the pipe and the queue hold.
    let mut sidecar = Sidecar::setup(policy).arg("--log").arg("debug").unread().start().await;
    let callers = (0..10).map(|_| {
        let client = sidecar.client();
        tokio::spawn(async move {
            for _ in 0..REQUESTS / 10 {
                assert_eq!(client.post(CHAT, chat("r")).await.status, 200);
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    assert_eq!(sidecar.admin_client().get("/livez").await.status, 200);
    let metrics = settled(&sidecar, REQUESTS).await;
    assert!(metrics.sum("outrigger_log_lines_dropped_total", &[]) > 0.0, "{metrics:?}");
    sidecar.sigterm();
    let asked = std::time::Instant::now();
    assert!(sidecar.wait().await.success());
    assert!(asked.elapsed() < AT_ONCE, "it took {:?} to leave", asked.elapsed());
}

//! Same dialect in and out: not a byte changes but the model's name and what policy sets.

use crate::harness::*;

/// One provider of a preset, without prices, under route `r`.
fn unpriced(upstream: &Upstream, preset: &str) -> Policy {
    let policy = Policy::new()
        .provider_with("a", upstream.base_url(), |provider| provider.preset(preset).model("test/own", "up/name"));
    policy.route_with("r", &[], |route| route.target("model: test/own, provider: a"))
}

const CHAT: &str = "/v1/chat/completions";

/// Path, preset, request and answer, as odd as JSON allows.
const EXCHANGES: [(&str, &str, &str, &str); 4] = [
    (
        CHAT,
        "openai",
        "{ \"zeta\" :1.0 ,\t\"n\": 1e0,\"big\":12345678901234567890, \"model\"\n: \"r\" , \"messages\":[ {\"content\":null,\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"t\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{ \\\"a\\\": 1.50 }\"}}]},{\"role\":\"user\",\"content\":\"\"},{\"role\":\"user\",\"content\":\"\\u00e9 \\/ é\"}],\"x_unknown\":{\"b\":[],\"a\":{ }} ,\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":[\"string\",\"null\"]}}}]}\n ",
        "\n{ \"model\":\"up/name\",\"usage\" : { \"total_tokens\":3.0,\"completion_tokens\":1 , \"prompt_tokens\":2 }, \"choices\":[ {\"finish_reason\":\"stop\",\"index\":0,\"message\":{\"content\":\"\\u00e9 \\/\",\"role\":\"assistant\",\"reasoning_content\":\"r\"}} ],\"odd\":1E+2}\n",
    ),
    (
        "/v1/messages",
        "anthropic",
        "{\"thinking\":{\"budget_tokens\":1024,\"type\":\"enabled\"}, \"max_tokens\" : 64 ,\"messages\":[{\"role\":\"user\",\"content\":\"q\"},{\"role\":\"assistant\",\"content\":[{\"signature\":\"c2ln+/==\",\"type\":\"thinking\",\"thinking\":\"\"},{\"type\":\"redacted_thinking\",\"data\":\"ZGF0YQ==\"},{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{ \"x\":1.0 },\"cache_control\":{\"type\":\"ephemeral\"}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"t\",\"content\":\"\"}]}],\"model\":\"r\"}",
        "{\"type\":\"message\",\"id\":\"m\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"c2ln+/==\"},{\"type\":\"redacted_thinking\",\"data\":\"ZGF0YQ==\"},{\"type\":\"text\",\"text\":\"x\"}], \"role\":\"assistant\",\"stop_reason\":\"end_turn\",\"usage\":{\"output_tokens\":1,\"input_tokens\":2}}",
    ),
    (
        "/v1/responses",
        "openai",
        "{\"input\":[{\"type\":\"reasoning\",\"id\":\"rs\",\"encrypted_content\":\"Z0FB==\",\"summary\":[]},{\"role\":\"user\",\"content\":\"q\"}],\"store\":false ,\"model\":\"r\",\"new_field\":-0.0}",
        "{\"id\":\"resp\",\"object\":\"response\",\"status\":\"completed\",\"output\":[{\"type\":\"reasoning\",\"encrypted_content\":\"Z0FB==\"},{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"x\"}]}],\"usage\":{\"input_tokens\":2,\"output_tokens\":1,\"total_tokens\":3} }",
    ),
    (
        "/v1/embeddings",
        "openai",
        "{\"model\" :\"r\",\"input\":[\"a\",\"\"],\"dimensions\":8}",
        "{\"data\":[{\"embedding\":[0.10,-1e-7,1],\"index\":0,\"object\":\"embedding\"}],\"object\":\"list\",\"usage\":{\"prompt_tokens\":2,\"total_tokens\":2}}",
    ),
];

/// R2, R8: the request but for the model's name, the answer altogether where no price is known.
#[tokio::test]
async fn same_dialect_passes_byte_for_byte() {
    for (path, preset, request, reply) in EXCHANGES {
        let a = Upstream::start([Reply::bytes(200, "application/json", reply)]).await;
        let answer = Sidecar::with_policy(unpriced(&a, preset)).await.client().post(path, request).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let sent = request.replacen("\"r\"", "\"up/name\"", 1);
        assert_eq!(a.last().text(), sent, "{path}");
        assert_eq!(answer.text(), reply, "{path}");
        assert_eq!(answer.header("content-length").map(str::to_owned), Some(reply.len().to_string()), "{path}");
    }
}

/// R2, R8: with a price, the answer has `usage.cost` and every other byte as it was.
#[tokio::test]
async fn a_priced_answer_differs_in_its_cost_alone() {
    for (path, preset, request, reply) in EXCHANGES {
        let a = Upstream::start([Reply::bytes(200, "application/json", reply)]).await;
        let policy = Policy::new()
            .provider_with("a", a.base_url(), |provider| provider.preset(preset).priced(MODEL, "up", "1", "2"))
            .route("r", &["a"]);
        let answer = Sidecar::with_policy(policy).await.client().post(path, request).await;
        assert!(answer.json()["usage"]["cost"].is_number(), "{path}: {}", answer.text());
        let text = answer.text();
        let (before, after) = text.split_once("\"cost\"").unwrap_or_else(|| panic!("{path}: {text}"));
        let before = before.trim_end().strip_suffix(',').unwrap_or_else(|| panic!("{path}: {text}"));
        let after =
            after.trim_start_matches(|c: char| c == ':' || c == '.' || c == '-' || c == 'e' || c.is_ascii_digit());
        assert!(reply.starts_with(before) && reply.ends_with(after), "{path}: {text}\n{reply}");
        assert_eq!(reply[before.len()..reply.len() - after.len()].trim(), "", "{path}: {text}\n{reply}");
    }
}

/// R2: nor does a stream, signatures and vendor events included.
#[tokio::test]
async fn a_stream_passes_byte_for_byte() {
    let events = "event: message_start\ndata: {\"type\":\"message_start\", \"message\":{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"up/name\",\"content\":[],\"usage\":{\"input_tokens\":2,\"output_tokens\":1}}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\nevent: content_block_delta\ndata: { \"delta\":{\"type\":\"signature_delta\",\"signature\":\"c2ln+/==\"},\"type\":\"content_block_delta\",\"index\":0 }\n\n: hello\n\nevent: vendor_event\ndata: {\"type\":\"vendor_event\",\"n\":1.0}\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"x\"}}\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":5}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    let steps = events.as_bytes().chunks(37).map(|part| Ev::raw(part.to_vec()));
    let a = Upstream::start([Reply::chunked(200, "text/event-stream", steps)]).await;
    let sidecar = Sidecar::with_policy(unpriced(&a, "anthropic")).await;
    let streamed = sidecar.client().stream("/v1/messages", message_streamed("r")).await;
    assert_eq!((streamed.status, streamed.text().as_str(), streamed.end), (200, events, End::Clean));
}

/// R9: a vendor's headers reach that vendor alone.
#[tokio::test]
async fn vendor_headers_reach_their_vendor_alone() {
    let (own, other) = (Upstream::start([messages_ok("x")]).await, Upstream::start([chat_ok("x")]).await);
    let client = |sidecar: &Sidecar| {
        let client = sidecar.client().header("anthropic-beta", "b1").header("anthropic-version", "2023-01-01");
        client.header("OpenAI-Beta", "b2").header("OpenAI-Organization", "org-caller").header("x-app", "kept")
    };
    let sidecar = Sidecar::with_policy(unpriced(&own, "anthropic")).await;
    assert_eq!(client(&sidecar).post("/v1/messages", message("r")).await.status, 200);
    let seen = own.last();
    assert_eq!((seen.header("anthropic-beta"), seen.header("anthropic-version")), (Some("b1"), Some("2023-01-01")));
    assert_eq!((seen.header("openai-beta"), seen.header("openai-organization")), (None, None));
    assert_eq!(seen.header("x-app"), Some("kept"));
    let sidecar = Sidecar::with_policy(unpriced(&other, "groq")).await;
    assert_eq!(client(&sidecar).post(CHAT, chat("r")).await.status, 200);
    let seen = other.last();
    assert_eq!((seen.header("anthropic-beta"), seen.header("openai-beta")), (None, None));
    assert_eq!(seen.header("openai-organization"), None);
}

/// H19: by which application OpenRouter knows its callers, it is told by the caller, and nobody else is.
#[tokio::test]
async fn the_application_is_named_to_openrouter_alone() {
    for (preset, passes) in [("openrouter", true), ("openai", false), ("groq", false)] {
        let a = Upstream::start([chat_ok("x")]).await;
        let sidecar = Sidecar::with_policy(unpriced(&a, preset)).await;
        let client = sidecar.client().header("http-referer", "https://app.example").header("x-title", "An app");
        let client =
            client.header("referer", "https://page.example/secret").header("x-openrouter-categories", "coding");
        assert_eq!(client.post(CHAT, chat("r")).await.status, 200, "{preset}");
        let seen = a.last();
        let want = |text: &'static str| passes.then_some(text);
        assert_eq!(seen.header("http-referer"), want("https://app.example"), "{preset}");
        assert_eq!(seen.header("x-title"), want("An app"), "{preset}");
        assert_eq!(seen.header("x-openrouter-categories"), want("coding"), "{preset}");
        assert_eq!(seen.header("referer"), None, "{preset}");
    }
}

/// The three forms of base URL that SDKs use.
#[tokio::test]
async fn every_form_of_base_url_works() {
    let a = Upstream::start([chat_ok("x")]).await;
    let sidecar = Sidecar::with_policy(unpriced(&a, "openai")).await;
    for base in ["", "/v1", "/api/v1"] {
        let answer = sidecar.client().post(&format!("{base}/chat/completions"), chat("r")).await;
        assert_eq!((answer.status, a.last().path.as_str()), (200, CHAT), "{base}: {}", answer.text());
        assert_eq!(sidecar.client().get(&format!("{base}/models")).await.status, 200, "{base}");
    }
}

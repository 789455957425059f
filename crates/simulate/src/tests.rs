use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;

fn sim() -> Sim {
    Sim { name: "sim-a".to_owned(), faults: Faults::default() }
}

fn post(path: &str, body: Value) -> Reply {
    sim().route(&Method::POST, path, "application/json", &body.to_string().into())
}

/// The `data:` of every event, `[DONE]` left out.
fn events(reply: &Reply) -> Vec<Value> {
    let text = reply.text();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

fn types(reply: &Reply) -> Vec<String> {
    let mut types: Vec<String> =
        events(reply).iter().map(|event| event["type"].as_str().unwrap_or("?").to_owned()).collect();
    types.dedup();
    types
}

fn hello(more: Value) -> Value {
    let mut request = json!({"model": "m", "max_tokens": 99, "messages": [{"role": "user", "content": "hello there"}]});
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

/// H7: a web page is no caller of a simulator; a Service's name leads to one all the same.
#[test]
fn no_web_page_is_answered() {
    let refused = |pairs: &[(&'static str, &'static str)], to: [u8; 4]| {
        let headers =
            pairs.iter().map(|(name, value)| (hyper::http::HeaderName::from_static(name), value.parse().unwrap()));
        refusal(&headers.collect(), to.into()).is_some()
    };
    let (here, pod) = ([127, 0, 0, 1], [10, 0, 0, 7]);
    assert!(!refused(&[("host", "127.0.0.1:8080")], here));
    assert!(refused(&[("host", "rebound.example:8080")], here));
    assert!(!refused(&[("host", "near.shop:8080")], pod));
    for to in [here, pod] {
        assert!(refused(&[("host", "localhost"), ("origin", "http://evil.example")], to));
        assert!(refused(&[("host", "localhost"), ("sec-fetch-site", "cross-site")], to));
    }
}

#[test]
fn a_stream_says_the_same_as_the_whole_answer() {
    let whole: Value = serde_json::from_str(&post("/v1/chat/completions", hello(json!({}))).text()).unwrap();
    let streamed = post("/v1/chat/completions", hello(json!({"stream": true})));
    let deltas: String =
        events(&streamed).iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert!(deltas.starts_with("[simulated] sim-a answers as m"), "{deltas}");
    assert_eq!(whole["choices"][0]["message"]["content"], deltas);
    assert!(streamed.text().ends_with("data: [DONE]\n\n"));
}

#[test]
fn usage_is_streamed_only_when_asked_for() {
    let without = events(&post("/v1/chat/completions", hello(json!({"stream": true}))));
    assert!(without.iter().all(|chunk| chunk.get("usage").is_none()));
    assert_eq!(without.last().unwrap()["choices"][0]["finish_reason"], "stop");

    let asked = json!({"stream": true, "stream_options": {"include_usage": true}});
    let with = events(&post("/v1/chat/completions", hello(asked)));
    let (last, earlier) = with.split_last().unwrap();
    assert!(earlier.iter().all(|chunk| chunk.get("usage") == Some(&Value::Null)));
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"]["prompt_tokens"], 2);
}

#[test]
fn a_required_tool_is_called_in_every_dialect() {
    let tool = json!({"stream": true, "tool_choice": "required", "tools": [{"type": "function", "function": {"name": "look"}}]});
    let chunks = events(&post("/v1/chat/completions", hello(tool)));
    assert_eq!(chunks[0]["choices"][0]["delta"]["tool_calls"][0]["function"]["name"], "look");
    assert_eq!(chunks.last().unwrap()["choices"][0]["finish_reason"], "tool_calls");
    let arguments: String = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"].as_str())
        .collect();
    assert_eq!(serde_json::from_str::<Value>(&arguments).unwrap()["provider"], "sim-a");

    let tool = json!({"tool_choice": {"type": "any"}, "tools": [{"name": "look", "input_schema": {}}]});
    let message: Value = serde_json::from_str(&post("/v1/messages", hello(tool)).text()).unwrap();
    assert_eq!((&message["content"][0]["name"], &message["stop_reason"]), (&json!("look"), &json!("tool_use")));

    let tool = json!({"model": "m", "input": "hi", "tool_choice": "required", "tools": [{"type": "function", "name": "look"}]});
    let response: Value = serde_json::from_str(&post("/v1/responses", tool).text()).unwrap();
    assert_eq!(response["output"][0]["name"], "look");
}

#[test]
fn messages_are_streamed_in_the_order_of_the_vendor() {
    let order = ["message_start", "content_block_start", "ping", "content_block_delta", "content_block_stop"];
    let order: Vec<&str> = order.into_iter().chain(["message_delta", "message_stop"]).collect();
    assert_eq!(types(&post("/v1/messages", hello(json!({"stream": true})))), order);
}

#[test]
fn responses_are_streamed_in_the_order_of_the_vendor() {
    let reply = post("/v1/responses", json!({"model": "m", "input": "hello there", "stream": true}));
    let order = ["created", "in_progress", "output_item.added", "content_part.added", "output_text.delta"];
    let order = order.into_iter().chain(["output_text.done", "content_part.done", "output_item.done", "completed"]);
    assert_eq!(types(&reply), order.map(|name| format!("response.{name}")).collect::<Vec<_>>());
    let events = events(&reply);
    assert!(events.iter().enumerate().all(|(number, event)| event["sequence_number"] == number));
    assert_eq!(events.last().unwrap()["response"]["usage"]["input_tokens"], 2);
}

#[test]
fn mistakes_are_told_in_the_dialect_of_the_path() {
    let bad = |path| {
        let reply = sim().route(&Method::POST, path, "application/json", &Bytes::from_static(b"{"));
        (reply.status, serde_json::from_str::<Value>(&reply.text()).unwrap())
    };
    let (status, body) = bad("/v1/chat/completions");
    assert_eq!((status, &body["error"]["type"]), (400, &json!("invalid_request_error")));
    let (status, body) = bad("/v1/messages");
    assert_eq!(
        (status, &body["type"], &body["error"]["type"]),
        (400, &json!("error"), &json!("invalid_request_error"))
    );
    assert_eq!(bad("/v1/nonsense").0, 404);
}

#[test]
fn embeddings_come_as_numbers_or_base64() {
    let ask = |format: &str| {
        let reply = post(
            "/v1/embeddings",
            json!({"model": "e", "input": ["a", "b"], "dimensions": 3, "encoding_format": format}),
        );
        serde_json::from_str::<Value>(&reply.text()).unwrap()["data"][1]["embedding"].clone()
    };
    assert_eq!(ask("float").as_array().unwrap().len(), 3);
    assert_eq!(ask("base64").as_str().unwrap().len(), 16);
}

/// One exchange on a connection of its own.
async fn exchange(addr: SocketAddr, method: &str, path: &str, body: &str) -> String {
    let mut socket = TcpStream::connect(addr).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn one_command_breaks_a_provider_and_another_mends_it() {
    let sim = start("sim-a").await.unwrap();
    let chat = hello(json!({"stream": true})).to_string();
    let asked = std::time::Instant::now();
    let answer = exchange(sim.addr, "POST", "/v1/chat/completions", &chat).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("[DONE]"), "{answer}");
    assert!(asked.elapsed() > Duration::from_millis(100), "streamed at a pace");

    exchange(sim.addr, "POST", "/_sim/fail", r#"{"status":503,"times":1,"retry_after":2}"#).await;
    let answer = exchange(sim.addr, "POST", "/v1/chat/completions", &chat).await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: 2"), "{answer}");
    assert!(exchange(sim.addr, "GET", "/v1/models", "").await.starts_with("HTTP/1.1 200"));

    exchange(sim.addr, "POST", "/_sim/key", r#"{"key":"sk-new"}"#).await;
    let answer = exchange(sim.addr, "POST", "/v1/chat/completions", &chat).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");

    let addr = sim.addr;
    drop(sim);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(TcpStream::connect(addr).await.is_err(), "dropped, it accepts no more");
}

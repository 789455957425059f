//! What is read, decided, prepared and relayed.

use std::fmt::Write as _;

use bytes::Bytes;
use http::HeaderMap;
use outrigger_catalog::Catalog;
use outrigger_compile::{Scope, compile, manifest};
use outrigger_proxy::measured::Call;
use outrigger_route::Snapshot;
use outrigger_wire::Operation;

/// The route to a provider that speaks OpenAI's dialect.
pub(crate) const OPENAI: &str = "to-openai";
/// The route to a provider that speaks Anthropic's.
pub(crate) const ANTHROPIC: &str = "to-anthropic";

/// Two providers for each dialect, so that there is something to decide, with prices.
pub(crate) fn snapshot() -> Snapshot {
    let mut text =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: keys, namespace: d}\nstringData: {key: sk-x}\n".to_owned();
    for (preset, route) in [("openai", OPENAI), ("anthropic", ANTHROPIC)] {
        for n in 0..2 {
            let _ = write!(
                text,
                "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelProvider\n\
                 metadata: {{name: {preset}-{n}, namespace: d}}\nspec:\n  preset: {preset}\n\
                 \x20 baseURL: http://127.0.0.1:9/{n}/v1\n\
                 \x20 credentials:\n  - {{name: main, secretKeyRef: {{name: keys, key: key}}}}\n\
                 \x20 models:\n  - {{model: d/{preset}, upstreamName: m, prices: {{input: \"1\", output: \"2\"}}}}\n"
            );
        }
        let _ = write!(
            text,
            "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelRoute\nmetadata: {{name: {route}, namespace: d}}\n\
             spec:\n  targets:\n  - {{model: d/{preset}, provider: {preset}-0, priority: 0}}\n\
             \x20 - {{model: d/{preset}, provider: {preset}-1, priority: 1}}\n"
        );
    }
    let (objects, problems) = manifest::parse("policy.yaml", &text, &|_| None);
    assert!(problems.is_empty(), "{problems:?}");
    let (world, _, _) = manifest::assemble(objects);
    let (snapshot, problems) = compile(&world, &Catalog::embedded(), &Scope::All);
    assert!(problems.is_empty(), "{problems:?}");
    snapshot
}

fn call(operation: Operation, model: &str, content: &str, more: &str) -> Call {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("host", "localhost:4117"),
        ("content-type", "application/json"),
        ("authorization", "Bearer caller"),
        ("user-agent", "OpenAI/Python 3.52.0"),
        ("accept", "application/json"),
        ("accept-encoding", "gzip, deflate"),
        ("x-stainless-lang", "python"),
        ("x-stainless-package-version", "3.52.0"),
        ("x-stainless-retry-count", "0"),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    let body = format!(
        r#"{{"model":"{model}","max_tokens":256,"temperature":0.7,"messages":[{{"role":"system","content":"Be brief."}},{{"role":"user","content":{content}}}]{more}}}"#
    );
    Call { operation, headers, body: body.into() }
}

fn words(bytes: usize) -> String {
    let mut text = "the quick brown fox jumps over the lazy dog and runs ".repeat(bytes / 53 + 1);
    text.truncate(bytes);
    text
}

/// A chat request of about so many bytes.
pub(crate) fn chat(model: &str, bytes: usize) -> Call {
    call(Operation::ChatCompletions, model, &format!("\"{}\"", words(bytes - 160)), "")
}

/// One with a picture.
pub(crate) fn picture(model: &str, bytes: usize) -> Call {
    let picture: String = "iVBORw0KGgoAAAANSUhEUgAABAAAAAMACAIAAAA".chars().cycle().take(bytes).collect();
    let content = format!(
        r#"[{{"type":"text","text":"What is this?"}},{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{picture}"}}}}]"#
    );
    call(Operation::ChatCompletions, model, &content, "")
}

/// A chat request whose answer is streamed, with usage.
pub(crate) fn stream(model: &str) -> Call {
    let more = r#","stream":true,"stream_options":{"include_usage":true}"#;
    call(Operation::ChatCompletions, model, "\"Count.\"", more)
}

/// The same of a Messages caller.
pub(crate) fn message_stream(model: &str) -> Call {
    let Call { body, headers, .. } = stream(model);
    let body = String::from_utf8(body.to_vec()).unwrap();
    let body = body.replace(r#"{"role":"system","content":"Be brief."},"#, "");
    let body = body.replace(r#","stream_options":{"include_usage":true}"#, "");
    Call { operation: Operation::Messages, headers, body: body.into() }
}

/// A whole answer of about so many bytes, as it comes from a socket.
pub(crate) fn whole(bytes: usize) -> Bytes {
    let body = format!(
        r#"{{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"m","choices":[{{"index":0,"message":{{"role":"assistant","content":"{}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":200,"completion_tokens":100,"total_tokens":300}}}}"#,
        words(bytes - 230)
    );
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}").into()
}

/// A streamed answer: `content` comes `count` times between the others, each event in a chunk of its own.
fn events(before: &[String], content: &str, count: usize, after: &[String]) -> Bytes {
    let chunk = |event: &str| format!("{:x}\r\n{event}\r\n", event.len());
    let chunks = |events: &[String]| events.iter().map(|event| chunk(event)).collect::<String>();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    // Made by copying alone, so that making it is not what is counted.
    [head, &chunks(before), &chunk(content).repeat(count), &chunks(after), "0\r\n\r\n"].concat().into()
}

/// A chat stream of so many events with content, each in a chunk of its own.
pub(crate) fn chat_events(count: usize) -> Bytes {
    let chunk = |rest: &str| {
        format!(
            "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"m\",\"system_fingerprint\":\"fp_1\",{rest}}}\n\n"
        )
    };
    let content = chunk(r#""choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}]"#);
    let first = chunk(r#""choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]"#);
    let last = chunk(r#""choices":[{"index":0,"delta":{},"finish_reason":"stop"}]"#);
    let usage = chunk(r#""choices":[],"usage":{"prompt_tokens":9,"completion_tokens":9,"total_tokens":18}"#);
    events(&[first], &content, count, &[last, usage, "data: [DONE]\n\n".to_owned()])
}

/// A stream of Messages of so many events with content.
pub(crate) fn message_events(count: usize) -> Bytes {
    let event = |name: &str, rest: &str| format!("event: {name}\ndata: {{\"type\":\"{name}\"{rest}}}\n\n");
    let begin = [
        event(
            "message_start",
            r#","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":1}}"#,
        ),
        event("content_block_start", r#","index":0,"content_block":{"type":"text","text":""}"#),
    ];
    let content = event("content_block_delta", r#","index":0,"delta":{"type":"text_delta","text":" word"}"#);
    let end = [
        event("content_block_stop", r#","index":0"#),
        event(
            "message_delta",
            r#","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":9}"#,
        ),
        event("message_stop", ""),
    ];
    events(&begin, &content, count, &end)
}

//! Recorded exchanges with real providers, sent through the sidecar: same dialect in and out, every byte equal.
//!
//! Files of JSON lines, gzipped or not, a line with `path`, `request`, `status`, `content_type` and the answer: `response_b64`,
//! or `response` where it is text. A sample of our own making is in the repository; `OUTRIGGER_TRAFFIC` names a folder of
//! more, for the tests that are ignored without.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde_json::Value;

use crate::harness::*;

struct Exchange {
    origin: String,
    provider: String,
    path: &'static str,
    model: String,
    request: String,
    streamed: bool,
    asks_usage: bool,
    status: u16,
    content_type: String,
    response: Bytes,
}

/// R1, R12, R13, S11: every answer of the sample reaches a caller of the other dialect through the real binary: whole, in
/// that dialect, with the text that was recorded. What else it says is compared in `wire`'s `crossed`.
#[tokio::test]
async fn sampled_answers_cross_into_the_other_dialect() {
    cross(&sample()).await;
}

/// The same of everything that was recorded.
#[tokio::test]
#[ignore = "wants recordings: `cargo xtask traffic --traffic FOLDER`"]
async fn recorded_answers_cross_into_the_other_dialect() {
    cross(&recorded()).await;
}

async fn cross(folder: &Path) {
    let exchanges: Vec<Exchange> = read(folder).into_iter().filter(crosses).collect();
    assert!(!exchanges.is_empty());
    let current: Arc<Mutex<Option<(u16, String, Bytes)>>> = Arc::default();
    let answer = current.clone();
    let upstream = Upstream::with(move |_, _| {
        let (status, content_type, body) = answer.lock().unwrap().clone().expect("a recorded answer");
        Reply::bytes(status, &content_type, body)
    })
    .await;
    let start = async |preset: &str| {
        let policy = Policy::new().provider_with("a", upstream.base_url(), |provider| provider.preset(preset));
        Sidecar::setup(policy.route("r", &["a"])).arg("--log=warn").start().await
    };
    let (openai, anthropic) = (start("openai").await, start("anthropic").await);
    let mut different = Vec::new();
    for exchange in &exchanges {
        *current.lock().unwrap() = Some((exchange.status, exchange.content_type.clone(), exchange.response.clone()));
        // Who recorded it speaks the provider's dialect; who asks here speaks the other one.
        let (sidecar, path, mut request) = match exchange.path {
            "/v1/messages" => (&anthropic, "/v1/chat/completions", chat("r")),
            _ => (&openai, "/v1/messages", message("r")),
        };
        request["stream"] = exchange.streamed.into();
        let answer = sidecar.client().post(path, request).await;
        let (recorded, crossed) = (text_of(&exchange.response), text_of(&answer.body));
        if answer.status != 200 || recorded != crossed {
            different.push(format!("{} {}: {recorded:?} became {crossed:?}", exchange.origin, answer.status));
        }
    }
    println!("crossed: replayed {}, equal {}", exchanges.len(), exchanges.len() - different.len());
    for line in different.iter().take(40) {
        println!("{}", line.chars().take(600).collect::<String>());
    }
    assert!(different.is_empty(), "{} of {} answers differ", different.len(), exchanges.len());
}

/// Whether an exchange is a good answer of one of the two dialects to one question.
fn crosses(exchange: &Exchange) -> bool {
    let body = String::from_utf8_lossy(&exchange.response);
    let answers = body.contains("\"choices\":") || body.contains("\"choices\" :") || body.contains("\"content\":");
    let wrong =
        body.contains("\"error\":{") || body.contains("\"error\": {") || body.contains("\"finish_reason\":\"error\"");
    let events = exchange.content_type.starts_with("text/event-stream")
        || body.starts_with("data:")
        || body.starts_with("event:");
    matches!(exchange.path, "/v1/chat/completions" | "/v1/messages")
        && exchange.status == 200
        && events == exchange.streamed
        && answers
        && !wrong
}

/// All text of an answer, streamed or not, in either dialect.
fn text_of(body: &[u8]) -> String {
    let body = String::from_utf8_lossy(body);
    let values: Vec<Value> = match serde_json::from_str(&body) {
        Ok(whole) => vec![whole],
        Err(_) => {
            body.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data:")?.trim()).ok()).collect()
        }
    };
    let parts = |content: &Value| match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    };
    let one = |value: &Value| {
        let choices = value["choices"].as_array().into_iter().flatten();
        let chat = choices.filter(|choice| choice["index"].as_u64().unwrap_or(0) == 0).map(|choice| {
            let said = if choice["delta"].is_object() { &choice["delta"] } else { &choice["message"] };
            parts(&said["content"]) + said["refusal"].as_str().unwrap_or_default()
        });
        chat.collect::<String>() + &parts(&value["content"]) + value["delta"]["text"].as_str().unwrap_or_default()
    };
    values.iter().map(one).collect()
}

/// R2, R8, U1: what is in the sample passes unchanged in both directions, but for `stream_options` where usage is not asked
/// for.
#[tokio::test]
async fn sampled_exchanges_pass_byte_for_byte() {
    pass(&sample()).await;
}

/// The same of everything that was recorded.
#[tokio::test]
#[ignore = "wants recordings: `cargo xtask traffic --traffic FOLDER`"]
async fn recorded_exchanges_pass_byte_for_byte() {
    pass(&recorded()).await;
}

async fn pass(folder: &Path) {
    let exchanges: Vec<Exchange> = read(folder);
    assert!(!exchanges.is_empty());
    let current: Arc<Mutex<Option<(u16, String, Bytes)>>> = Arc::default();
    let answer = current.clone();
    let upstream = Upstream::with(move |_, _| {
        let (status, content_type, body) = answer.lock().unwrap().clone().expect("a recorded answer");
        Reply::bytes(status, &content_type, body)
    })
    .await;
    // One for each dialect: a model of the same name in the other one would be a candidate too, by translation.
    let start = async |dialect| Sidecar::setup(policy(&exchanges, &upstream, dialect)).arg("--log=warn").start().await;
    let (openai, anthropic) = (start("[ChatCompletions, Responses]").await, start("[Messages]").await);
    let mut different = Vec::new();
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    let mut tally: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for exchange in &exchanges {
        *current.lock().unwrap() = Some((exchange.status, exchange.content_type.clone(), exchange.response.clone()));
        let before = upstream.hits();
        let sidecar = if exchange.path == "/v1/messages" { &anthropic } else { &openai };
        let client =
            sidecar.client().header("content-type", "application/json").header("x-session-id", &exchange.origin);
        let answer = client.post_bytes(exchange.path, exchange.request.clone().into_bytes()).await;
        let entry = tally.entry(&exchange.provider).or_default();
        entry.0 += 1;
        let what = if upstream.hits() == before {
            Some(format!("was not sent: {} {}", answer.status, answer.text()))
        } else {
            difference(exchange, &upstream.last(), &answer)
        };
        match what {
            None => entry.1 += 1,
            Some(what) if let Some(reason) = explained(exchange) => {
                *reasons.entry(reason).or_default() += 1;
                println!("explained: {} {reason}: {}", exchange.origin, what.chars().take(120).collect::<String>());
            }
            Some(what) => different.push(format!("{} {}: {what}", exchange.origin, exchange.path)),
        }
    }
    for (provider, (replayed, equal)) in &tally {
        println!("{provider}: replayed {replayed}, equal {equal}, different {}", replayed - equal);
    }
    println!("explained differences: {reasons:?}");
    for line in different.iter().take(40) {
        println!("{}", line.chars().take(600).collect::<String>());
    }
    assert!(different.is_empty(), "{} of {} exchanges differ", different.len(), exchanges.len());
}

fn difference(exchange: &Exchange, sent: &Request, answer: &Answer) -> Option<String> {
    let injected = exchange.streamed && !exchange.asks_usage && exchange.path == "/v1/chat/completions";
    if !injected && sent.body != exchange.request.as_bytes() {
        return Some(format!("request: {} became {}", exchange.request, sent.text()));
    }
    if injected {
        let mut want: Value = serde_json::from_str(&exchange.request).unwrap();
        let mut options = want["stream_options"].as_object().cloned().unwrap_or_default();
        options.insert("include_usage".to_owned(), Value::Bool(true));
        want["stream_options"] = Value::Object(options);
        if sent.json() != want {
            return Some(format!("request: {want} expected, {} sent", sent.text()));
        }
    }
    if answer.status != exchange.status {
        return Some(format!("status {} became {}: {}", exchange.status, answer.status, answer.text()));
    }
    if answer.body != exchange.response {
        let got = String::from_utf8_lossy(&answer.body).into_owned();
        let want = String::from_utf8_lossy(&exchange.response).into_owned();
        let at = got.bytes().zip(want.bytes()).position(|(a, b)| a != b).unwrap_or(got.len().min(want.len()));
        let near = |text: &str| text.get(at.saturating_sub(40)..).unwrap_or("").chars().take(160).collect::<String>();
        return Some(format!(
            "answer at byte {at}: {:?} expected, {:?} came ({:?})",
            near(&want),
            near(&got),
            answer.end
        ));
    }
    None
}

/// Why an exchange is not meant to pass unchanged.
fn explained(exchange: &Exchange) -> Option<&'static str> {
    let request: Value = serde_json::from_str(&exchange.request).unwrap();
    let has = |field: &str| request.get(field).is_some();
    let answer = String::from_utf8_lossy(&exchange.response);
    let last = answer.rsplit("\n\n").find(|event| event.contains('{')).unwrap_or_default();
    Some(
        if ["models", "provider", "preset", "plugins", "transforms", "usage", "route"].iter().any(|field| has(field)) {
            "the request speaks to a router"
        } else if exchange.request.contains("\"type\": \"file\"") || exchange.request.contains("\"type\":\"file\"") {
            "the catalogue says the model takes no files"
        } else if exchange.streamed && answer.starts_with(':') {
            "comments before the first content are not kept (H2)"
        } else if exchange.path == "/v1/responses" && answer.contains("[DONE]") {
            "[DONE] behind response.completed is left out (S11)"
        } else if last.contains("\"error\"") {
            "an error in the stream is reported in our words (S7)"
        } else if exchange.streamed && !exchange.asks_usage && last.contains("\"usage\"") {
            "usage that nobody asked for is hidden (U1)"
        } else if !answer.contains("choices") && exchange.path == "/v1/chat/completions" {
            "the answer is none: a test server's page"
        } else {
            return None;
        },
    )
}

/// One provider for each dialect, serving every model that was recorded, without prices.
fn policy(exchanges: &[Exchange], upstream: &Upstream, dialects: &str) -> String {
    let mut text = format!(
        "apiVersion: outrigger.dev/v1alpha1\nkind: ModelProvider\nmetadata: {{name: a, namespace: default}}\n\
         spec:\n  dialects: {dialects}\n  baseURL: {}\n  auth: {{scheme: None}}\n  models:\n",
        upstream.base_url()
    );
    let models: BTreeSet<&str> = exchanges
        .iter()
        .filter(|exchange| (exchange.path == "/v1/messages") == (dialects == "[Messages]"))
        .map(|exchange| exchange.model.as_str())
        .collect();
    for model in models {
        text.push_str(&format!("  - {{model: {0}, upstreamName: {0}}}\n", Value::from(model)));
    }
    text
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("traffic")
}

#[allow(clippy::disallowed_methods, reason = "the folder of recordings is an input of these tests alone")]
fn recorded() -> PathBuf {
    std::env::var_os("OUTRIGGER_TRAFFIC").expect("OUTRIGGER_TRAFFIC names a folder of recorded exchanges").into()
}

fn read(folder: &Path) -> Vec<Exchange> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut exchanges = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let Some((provider, ending)) = name.split_once('.').filter(|(_, ending)| ending.starts_with("jsonl")) else {
            continue;
        };
        let mut text = String::new();
        let mut opened = std::fs::File::open(&file).unwrap();
        if ending.ends_with("gz") {
            flate2::read::GzDecoder::new(opened).read_to_string(&mut text).unwrap();
        } else {
            opened.read_to_string(&mut text).unwrap();
        }
        exchanges.extend(text.lines().enumerate().filter_map(|(at, line)| exchange(provider, at + 1, line)));
    }
    exchanges
}

fn exchange(provider: &str, line: usize, text: &str) -> Option<Exchange> {
    let recorded: Value = serde_json::from_str(text).unwrap();
    let path = recorded["path"].as_str()?;
    let path = ["/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/embeddings"]
        .into_iter()
        .find(|known| path.ends_with(known.trim_start_matches("/v1")))?;
    let request = recorded["request"].as_str()?.to_owned();
    let body: Value = serde_json::from_str(&request).ok()?;
    let model = body["model"].as_str()?.to_owned();
    let status = u16::try_from(recorded["status"].as_u64()?).ok()?;
    let response = match recorded["response"].as_str() {
        Some(text) => Bytes::from(text.to_owned()),
        None => Bytes::from(BASE64_STANDARD.decode(recorded["response_b64"].as_str()?).ok()?),
    };
    // Errors are answered in our own shape, and an empty body is no answer.
    (status == 200 && !response.is_empty()).then(|| Exchange {
        origin: format!("{provider}:{line}"),
        provider: provider.to_owned(),
        path,
        model,
        streamed: body["stream"] == Value::Bool(true),
        asks_usage: body["stream_options"]["include_usage"] == Value::Bool(true),
        request,
        status,
        content_type: recorded["content_type"].as_str().unwrap_or("application/json").to_owned(),
        response,
    })
}

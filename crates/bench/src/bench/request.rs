//! What the callers send.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    answers::{Shape, words},
    contender::Contender,
    job::{Expect, Job, Until},
};

/// A whole answer of `answer` bytes to a prompt that makes a body of about `bytes`.
pub(crate) fn whole(to: &Contender, shape: Shape, model: &str, bytes: usize, answer: usize) -> Job {
    let body = body(model, &prompt(bytes), "");
    let headers = vec![format!("x-bench-size: {answer}")];
    job(to, shape, headers, body, Expect::Whole(answer * 9 / 10))
}

/// The same with an image in the prompt that makes the body as large.
pub(super) fn with_image(to: &Contender, model: &str, bytes: usize, answer: usize) -> Job {
    let image = STANDARD.encode(pixels(bytes * 3 / 4));
    let content = format!(
        r#"[{{"type":"text","text":"What is this?"}},{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{image}"}}}}]"#
    );
    let headers = vec![format!("x-bench-size: {answer}")];
    job(to, Shape::Chat, headers, body(model, &content, ""), Expect::Whole(answer * 9 / 10))
}

/// A stream of so many events, so many milliseconds apart; 0: as fast as can be.
pub(crate) fn streamed(to: &Contender, shape: Shape, model: &str, events: usize, pace: usize) -> Job {
    let usage = if shape == Shape::Chat { r#","stream_options":{"include_usage":true}"# } else { "" };
    let body = body(model, &prompt(1024), &format!(r#","stream":true{usage}"#));
    let headers = vec![format!("x-bench-events: {events}"), format!("x-bench-pace-ms: {pace}")];
    job(to, shape, headers, body, Expect::Events(events, shape.end_of_stream().to_owned()))
}

/// The body of a chat request for another route.
pub(super) fn for_route(job: &Job, from: &str, to: &str) -> String {
    job.warm_body.replace(&format!("\"{from}\""), &format!("\"{to}\""))
}

fn job(to: &Contender, shape: Shape, headers: Vec<String>, body: String, expect: Expect) -> Job {
    let call = match shape {
        Shape::Chat => "chat/completions",
        Shape::Messages => "messages",
    };
    let mut headers = headers;
    headers.push("authorization: Bearer sk-caller".to_owned());
    headers.push("user-agent: bench/1".to_owned());
    headers.push("accept: */*".to_owned());
    if shape == Shape::Messages {
        headers.push("anthropic-version: 2023-06-01".to_owned());
    }
    Job {
        addr: to.addr,
        path: format!("{}/v1/{call}", to.prefix),
        headers,
        bodies: vec![body.clone()],
        connections: 1,
        warm: 20,
        warm_body: body,
        until: Until::Seconds(1.0),
        expect,
        head_has: String::new(),
        stagger_us: 0,
    }
}

/// As a JSON string, less the rest of the body.
fn prompt(bytes: usize) -> String {
    format!("\"{}\"", words(bytes.saturating_sub(120)))
}

fn body(model: &str, content: &str, more: &str) -> String {
    format!(
        r#"{{"model":"{model}","max_tokens":256,"temperature":0.7,"messages":[{{"role":"user","content":{content}}}]{more}}}"#
    )
}

/// The head of a PNG of 1024 x 768, and bytes like those of a compressed image behind it: the same in every run.
fn pixels(bytes: usize) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x04\0\0\0\x03\0\x08\x02\0\0\0".to_vec();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    while out.len() < bytes {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.push((state >> 32) as u8);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_json_of_about_the_size_that_was_asked_for() {
        let to = Contender::direct(([127, 0, 0, 1], 1).into());
        for (job, bytes) in [
            (whole(&to, Shape::Chat, "m", 1024, 10), 1024),
            (whole(&to, Shape::Messages, "m", 10_240, 10), 10_240),
            (with_image(&to, "m", 1 << 20, 10), 1 << 20),
        ] {
            assert!(serde_json::from_str::<serde_json::Value>(&job.warm_body).is_ok());
            assert!(job.warm_body.len().abs_diff(bytes) < 300, "{} for {bytes}", job.warm_body.len());
        }
        let job = streamed(&to, Shape::Chat, "m", 64, 20);
        assert!(serde_json::from_str::<serde_json::Value>(&for_route(&job, "m", "other")).is_ok());
        assert!(for_route(&job, "m", "other").contains(r#""model":"other""#));
    }
}

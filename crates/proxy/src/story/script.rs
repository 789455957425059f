//! The words of a script, and those of a stream.

use std::{collections::VecDeque, time::Duration};

use crate::upstream::scripted::{Act, End, Script};

/// Reads `a: 503, ok after 2s | b: hi@0.1s there@0.2s end`. An act is
///
/// - `refuse`, `absent`, `close`, `hang`;
/// - `ok`, `used` (which says that it took 11 tokens and gave 7) or a status, and `after 2s` behind it;
/// - words with times, and `end`, `cut` or `never` behind them: a stream, where `:` is a comment and `stop` the finish reason.
pub(super) fn read(script: &str) -> Script {
    let acts = script.split('|').map(|part| {
        let (name, acts) = part.split_once(':').unwrap();
        (name.trim().to_owned(), acts.split(',').map(|act| self::act(act.trim())).collect::<VecDeque<_>>())
    });
    Script::new(acts.collect())
}

fn act(text: &str) -> Act {
    let (what, after) =
        text.split_once(" after ").map_or((text, Duration::ZERO), |(what, after)| (what, seconds(after)));
    match what {
        "refuse" => Act::Refuse,
        "absent" => Act::Absent,
        "close" => Act::Close,
        "hang" => Act::Hang,
        "ok" | "used" => {
            let body =
                r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}]}"#;
            let used = r#"{"usage":{"prompt_tokens":11,"completion_tokens":7},"#;
            let body = if what == "used" { body.replacen('{', used, 1) } else { body.to_owned() };
            Act::Answer { after, status: 200, body }
        }
        stream if stream.contains('@') => stream_of(stream),
        status => {
            let body = r#"{"error":{"message":"no"}}"#.to_owned();
            Act::Answer { after, status: status.parse().unwrap_or_else(|_| panic!("no act is `{text}`")), body }
        }
    }
}

fn stream_of(text: &str) -> Act {
    let mut end = None;
    let pieces = text.split_whitespace().filter_map(|word| match word.split_once('@') {
        Some((word, at)) => Some((seconds(at), event(word))),
        None => {
            end = Some(match word {
                "end" => End::Done,
                "cut" => End::Cut,
                "never" => End::Never,
                other => panic!("no stream ends by `{other}`"),
            });
            None
        }
    });
    let pieces = pieces.collect();
    Act::Stream { pieces, end: end.expect("a stream ends somehow") }
}

fn event(word: &str) -> String {
    match word {
        ":" => ": wait\n\n".to_owned(),
        "stop" => "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n".to_owned(),
        "[DONE]" => "data: [DONE]\n\n".to_owned(),
        "broken" => "data: {\n\n".to_owned(),
        text => format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n"),
    }
}

fn seconds(text: &str) -> Duration {
    Duration::from_secs_f64(text.trim_end_matches('s').parse().unwrap_or_else(|_| panic!("`{text}` is no time")))
}

/// What the events in `text` say: their words, `stop`, `[DONE]`, or `error:CODE`.
pub(super) fn words(text: &str) -> Vec<String> {
    text.split("\n\n").filter(|event| !event.is_empty()).map(word).collect()
}

fn word(event: &str) -> String {
    let Some(data) = event.lines().find_map(|line| line.strip_prefix("data: ")) else { return ":".to_owned() };
    let Ok(json) = serde_json::from_str::<serde_json::Value>(data) else { return data.to_owned() };
    let choice = &json["choices"][0];
    match (json["error"]["code"].as_str(), choice["delta"]["content"].as_str(), choice["finish_reason"].as_str()) {
        (Some(code), ..) => format!("error:{code}"),
        (None, Some(text), _) => text.to_owned(),
        (None, None, Some(reason)) => reason.to_owned(),
        _ => "?".to_owned(),
    }
}

use super::*;
use crate::Usage;

fn chat(body: &str) -> Result<Answer, Kind> {
    read(Operation::ChatCompletions, body.as_bytes()).map_err(|failure| failure.kind)
}

/// U1
#[test]
fn finish_usage_and_its_place_are_found() {
    let body = r#"{"id":"c","choices":[{"message":{"role":"assistant","content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}"#;
    let answer = chat(body).unwrap();
    assert_eq!(answer.finish.as_deref(), Some("stop"));
    assert_eq!(answer.usage, Some(Usage { input: Some(3), output: Some(1), ..Usage::default() }));
    assert_eq!(&body[answer.usage_at.unwrap()], r#"{"prompt_tokens":3,"completion_tokens":1}"#);
}

/// R6, R8: vendors' own words, lists as content, nulls and calls without a type are answers.
#[test]
fn quirks_of_vendors_are_answers() {
    for (body, finish) in [
        (r#"{"choices":[{"message":{"content":"a"},"finish_reason":"eos","seed":1}],"usage":null}"#, Some("eos")),
        (
            r#"{"choices":[{"message":{"content":[{"type":"thinking","thinking":[]},{"type":"text","text":"a"}]},"finish_reason":"stop"}]}"#,
            Some("stop"),
        ),
        (
            r#"{"choices":[{"message":{"content":null,"tool_calls":[{"id":"t","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#,
            Some("tool_calls"),
        ),
        (r#"{"error":null,"choices":[{"message":{"content":"a"}}]}"#, None),
        (r#"{"choices":[{"message":{"content":"a"},"finish_reason":null}],"service_tier":"on_demand"}"#, None),
    ] {
        assert_eq!(chat(body).unwrap().finish.as_deref(), finish, "{body}");
    }
}

/// S7: an error in a 200 is a failure.
#[test]
fn an_error_in_a_200_is_a_failure() {
    for (body, want) in [
        (r#"{"error":{"message":"busy","code":503}}"#, Kind::Overloaded),
        (r#"{"error":{"message":"busy","code":"429"},"choices":[]}"#, Kind::RateLimited),
        (r#"{"error":"it broke"}"#, Kind::ServerError),
        (r#"{"choices":[{"finish_reason":"error","error":{"message":"x","code":502}}]}"#, Kind::ServerError),
        (r#"{"choices":[{"finish_reason":"error"}]}"#, Kind::ServerError),
    ] {
        assert_eq!(chat(body), Err(want), "{body}");
    }
}

/// S13: a 200 that holds no answer is the upstream's failure and not a crash.
#[test]
fn a_200_without_an_answer_is_malformed() {
    for body in ["", "<html>", "null", "[]", "{}", r#"{"choices":[]}"#, r#"{"choices":null}"#, "data: {}\n\n", "\u{1}"]
    {
        assert_eq!(chat(body), Err(Kind::Malformed), "{body}");
    }
    assert_eq!(read(Operation::Embeddings, b"\xff").map_err(|failure| failure.kind), Err(Kind::Malformed));
}

/// R8: OpenAI's SDK asks for base64 by default; vectors are not looked into.
#[test]
fn embeddings_may_be_base64_or_numbers() {
    for vector in [r#""AACAPwAAAEA=""#, "[1.0,2.0]"] {
        let body = format!(
            r#"{{"object":"list","data":[{{"index":0,"embedding":{vector}}}],"usage":{{"prompt_tokens":4,"total_tokens":4}}}}"#
        );
        let usage = read(Operation::Embeddings, body.as_bytes()).unwrap().usage.unwrap();
        assert_eq!((usage.input, usage.output), (Some(4), None));
    }
}

/// S7
#[test]
fn a_response_ends_with_its_status() {
    let of = |body: &str| read(Operation::Responses, body.as_bytes()).map_err(|failure| failure.kind);
    assert_eq!(of(r#"{"status":"completed","error":null,"output":[]}"#).unwrap().finish.as_deref(), Some("completed"));
    assert_eq!(
        of(r#"{"status":"incomplete","usage":{"input_tokens":1,"output_tokens":2}}"#).unwrap().usage.unwrap().output,
        Some(2)
    );
    assert_eq!(
        of(r#"{"status":"failed","error":{"code":"rate_limit_exceeded","message":"x"}}"#),
        Err(Kind::RateLimited)
    );
    assert_eq!(of(r#"{"status":"failed","error":null}"#), Err(Kind::ServerError));
}

/// U14: no content, no call, no refusal and no reason for the end is no answer; any one of them is one.
#[test]
fn an_answer_that_says_nothing_is_none() {
    for body in [
        r#"{"choices":[{"message":{"role":"assistant","content":""},"finish_reason":null}]}"#,
        r#"{"choices":[{"message":{"role":"assistant","content":null,"tool_calls":[],"refusal":null}}]}"#,
        r#"{"choices":[{"message":{"role":"assistant","content":""},"finish_reason":""}]}"#,
        r#"{"choices":[{"index":0,"text":""}]}"#,
        r#"{"choices":[{}]}"#,
    ] {
        let failure = read(Operation::ChatCompletions, body.as_bytes()).unwrap_err();
        assert_eq!(failure.kind, Kind::Malformed, "{body}");
    }
    for body in [
        r#"{"choices":[{"message":{"content":""},"finish_reason":"stop"}]}"#,
        r#"{"choices":[{"message":{"content":"a"}}]}"#,
        r#"{"choices":[{"message":{"content":null,"refusal":"no"}}]}"#,
        r#"{"choices":[{"message":{"content":null,"tool_calls":[{"function":{"name":"f"}}]}}]}"#,
        r#"{"choices":[{"message":{"content":""}},{"message":{"reasoning":"a"}}]}"#,
        r#"{"choices":[{"text":"a"}]}"#,
    ] {
        assert!(chat(body).is_ok(), "{body}");
    }
    let billed = r#"{"choices":[{"message":{"content":""}}],"usage":{"prompt_tokens":9,"completion_tokens":0}}"#;
    let failure = read(Operation::ChatCompletions, billed.as_bytes()).unwrap_err();
    assert_eq!(failure.billed.and_then(|usage| usage.input), Some(9));
    for body in [r#"{"output":[]}"#, r#"{"status":null}"#] {
        let failure = read(Operation::Responses, body.as_bytes()).unwrap_err();
        assert_eq!(failure.kind, Kind::Malformed, "{body}");
    }
}

use super::*;

fn kind(operation: Operation, body: &str) -> Result<Answer, Kind> {
    read(operation, body.as_bytes()).map_err(|failure| failure.kind)
}

/// R6, U1
#[test]
fn the_stop_reason_usage_and_its_place_are_found() {
    let body = r#"{"type":"message","content":[{"type":"text","text":"a"}],"stop_reason":"refusal","usage":{"input_tokens":2,"output_tokens":1}}"#;
    let answer = kind(Operation::Messages, body).unwrap();
    assert_eq!(answer.finish.as_deref(), Some("refusal"));
    assert_eq!(&body[answer.usage_at.unwrap()], r#"{"input_tokens":2,"output_tokens":1}"#);
}

#[test]
fn an_answer_may_be_empty_but_not_missing() {
    assert!(kind(Operation::Messages, r#"{"content":[],"stop_reason":"end_turn"}"#).is_ok());
    assert!(kind(Operation::CountTokens, r#"{"input_tokens":12}"#).is_ok());
    for body in ["{}", "", "<html>", r#"{"content":null}"#, "[]"] {
        assert_eq!(kind(Operation::Messages, body), Err(Kind::Malformed), "{body}");
    }
}

/// S7
#[test]
fn an_error_in_a_200_is_a_failure() {
    let body = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    assert_eq!(kind(Operation::Messages, body), Err(Kind::Overloaded));
}

/// U14
#[test]
fn a_message_that_says_nothing_is_none() {
    for body in [
        r#"{"content":[],"stop_reason":null}"#,
        r#"{"content":[{"type":"text","text":""}]}"#,
        r#"{"content":[{"type":"thinking","thinking":""},{"type":"text","text":""}],"stop_reason":null}"#,
    ] {
        assert_eq!(kind(Operation::Messages, body), Err(Kind::Malformed), "{body}");
    }
    for body in [
        r#"{"content":[{"type":"text","text":"a"}]}"#,
        r#"{"content":[{"type":"tool_use","id":"t","name":"f","input":{}}],"stop_reason":null}"#,
        r#"{"content":[],"stop_reason":"refusal"}"#,
    ] {
        assert!(kind(Operation::Messages, body).is_ok(), "{body}");
    }
}

/// H13: bytes that are no text, and a list of what an answer would hold, are no answer.
#[test]
fn what_is_no_json_object_is_no_answer() {
    for body in [&b"{\"input_tokens\":12,\"x\":\"\xff\"}"[..], b"[null,null,[],\"end_turn\"]", b" [1]"] {
        for operation in [Operation::Messages, Operation::CountTokens] {
            assert_eq!(read(operation, body).unwrap_err().kind, Kind::Malformed, "{body:?}");
        }
    }
}

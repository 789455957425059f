use super::*;
use crate::members::{MAX_INNER_MEMBERS, members_of};

#[test]
fn members_are_found_where_they_stand() {
    let body = r#" { "model" : "a/b", "x":[1,{"model":2}] ,"stream":true}"#;
    let head = Head::read(body.as_bytes()).unwrap();
    assert_eq!(head.model.as_deref(), Some("a/b"));
    assert!(head.stream);
    for member in &head.members {
        assert_eq!(&body[member.value.clone()], member.raw);
        assert!(body[member.start..].starts_with('"'));
    }
}

#[test]
fn an_escaped_key_is_the_same_key() {
    let head = Head::read(br#"{"mod\u0065l":"m"}"#).unwrap();
    assert_eq!(head.model.as_deref(), Some("m"));
    assert_eq!(head.members[0].start, 1);
}

#[test]
fn wrong_types_name_the_field() {
    for (body, name) in [
        (r#"{"model":7}"#, "model"),
        (r#"{"models":"a"}"#, "models"),
        (r#"{"stream":"yes"}"#, "stream"),
        (r#"{"max_tokens":"many"}"#, "max_tokens"),
        (r#"{"messages":{}}"#, "messages"),
    ] {
        match Head::read(body.as_bytes()) {
            Err(BadRequest::Field { name: got, .. }) => assert_eq!(got, name),
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[test]
fn what_is_not_json_says_where() {
    assert!(matches!(Head::read(b"{\"model\":"), Err(BadRequest::Syntax(_))));
    assert!(matches!(Head::read(b"{\"model\":\"a\"} x"), Err(BadRequest::Syntax(_))));
    assert!(matches!(Head::read(b"[1]"), Err(BadRequest::NotAnObject)));
    assert!(matches!(Head::read(b"\xff\xfe"), Err(BadRequest::Syntax(_))));
    assert!(matches!(Head::read(b""), Err(BadRequest::Syntax(_))));
}

#[test]
fn a_conversation_keeps_its_key_over_turns() {
    let first = Head::read(br#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"q"}]}"#)
        .unwrap()
        .conversation();
    let second = Head::read(
        br#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"q"},{"role":"assistant","content":"a"},{"role":"user","content":"r"}]}"#,
    ).unwrap().conversation();
    let other = Head::read(br#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"Q"}]}"#)
        .unwrap()
        .conversation();
    assert!(first.is_some());
    assert_eq!(first, second);
    assert_ne!(first, other);
}

/// A body of nothing but tiny members must not take many times its size to remember.
#[test]
fn an_object_has_a_bounded_number_of_members() {
    let object = |members: usize| format!("{{{}}}", vec![r#""a":0"#; members].join(","));
    assert_eq!(Head::read(object(MAX_MEMBERS).as_bytes()).unwrap().members.len(), MAX_MEMBERS);
    assert_eq!(Head::read(object(MAX_MEMBERS + 1).as_bytes()).unwrap_err(), BadRequest::TooManyMembers);
    assert_eq!(members_of(&object(MAX_INNER_MEMBERS)).len(), MAX_INNER_MEMBERS);
    assert!(members_of(&object(MAX_INNER_MEMBERS + 1)).is_empty());
    assert_eq!(member_of(&object(MAX_INNER_MEMBERS + 1), "a"), Some("0"));
}

#[test]
fn lists_of_models_are_read_no_further_than_needed() {
    let models = |list: &str| Head::read(format!(r#"{{"models":{list}}}"#).as_bytes()).map(|head| head.models.len());
    assert_eq!(models(r#"["a", "b\u0062" ,"c"]"#), Ok(3));
    assert_eq!(models("[]"), Ok(0));
    for wrong in [r#"{"a":1}"#, r#"["a",1]"#, r#"["\ud800"]"#, "7"] {
        assert!(matches!(models(wrong), Err(BadRequest::Field { expected: "an array of strings", .. })), "{wrong}");
    }
    assert!(models(&format!("[{}]", vec!["\"\""; 1 << 20].join(","))).is_err());
}

/// The parser that skips values keeps its nesting on the heap: depth costs a byte a level and no stack.
#[test]
fn deep_nesting_is_passed_over() {
    let depth = 1 << 20;
    let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let body = format!(r#"{{"messages":{deep},"metadata":{deep}}}"#);
    let head = Head::read(body.as_bytes()).unwrap();
    assert_eq!(head.members.len(), 2);
    assert!(head.conversation().is_some());
    assert_eq!(elements(&deep).count(), 1);
}

use super::*;

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

//! The head of a request lies where it says, and an edit changes what it should and nothing else.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use outrigger_wire::{
    Head,
    edit::{Edits, insert_member, without_null_usage},
    members::{Member, elements, member_of, members_of},
};
use serde_json::{Value, json};

fuzz_target!(|input: &[u8]| {
    let body = Bytes::copy_from_slice(input);
    let tree = serde_json::from_slice::<Value>(input).ok();
    let kept = without_null_usage(&body);
    if tree.is_some() {
        serde_json::from_slice::<Value>(&kept).expect("without a null usage it is still JSON");
    }
    let Ok(head) = Head::read(&body) else { return };
    let mut end = 0;
    for member in &head.members {
        assert!(member.start >= end && member.start < member.value.start);
        end = member.value.end;
        assert_eq!(body[member.start], b'"');
        assert_eq!(&body[member.value.clone()], member.raw.as_bytes());
    }
    let _ = head.conversation();
    // Numbers out of range, lone surrogates and deep nesting are passed on, though no tree can hold them.
    let Some(tree) = tree else { return };
    assert_eq!(head.model.as_deref(), tree["model"].as_str());
    assert_eq!(head.stream, tree["stream"].as_bool().unwrap_or_default());
    assert_eq!(
        head.max_tokens.is_some(),
        ["max_tokens", "max_output_tokens", "max_completion_tokens"].iter().any(|key| !tree[key].is_null())
    );
    for member in &head.members {
        if head.raw(&member.key) == Some(member.raw) {
            inner(member, &tree[&*member.key]);
        }
    }
    edited(&body, &head, &tree, usize::from(input.last().copied().unwrap_or_default()));
});

/// Lists and objects within the request are read as a parser reads them.
fn inner(member: &Member<'_>, tree: &Value) {
    assert_eq!(&serde_json::from_str::<Value>(member.raw).expect("a value"), tree);
    match tree {
        Value::Array(items) => {
            let raw: Vec<_> =
                elements(member.raw).map(|raw| serde_json::from_str::<Value>(raw).expect("an item")).collect();
            assert_eq!(&raw, items);
        }
        Value::Object(entries) => {
            for found in members_of(member.raw) {
                assert_eq!(&member.raw[found.value.clone()], found.raw);
            }
            for (key, value) in entries {
                let raw = member_of(member.raw, key).expect("a member");
                assert_eq!(&serde_json::from_str::<Value>(raw).expect("a value"), value);
            }
        }
        _ => {}
    }
}

/// Sets, removes, adds and inserts members, and compares with the same done to the tree.
fn edited(body: &Bytes, head: &Head<'_>, tree: &Value, choice: usize) {
    assert_eq!(Edits::default().apply(body, head).as_ptr(), body.as_ptr());
    let mut edits = Edits::default();
    let mut want = tree.clone();
    let members = want.as_object_mut().expect("a head is of an object");
    for (at, member) in head.members.iter().enumerate().take(8) {
        match (choice >> (at % 4 * 2)) & 3 {
            0 => {
                edits.remove(&member.key);
                members.remove(&*member.key);
            }
            1 => {
                edits.set(&member.key, r#"{"new":[1]}"#);
                members.insert(member.key.to_string(), json!({"new": [1]}));
            }
            _ => {}
        }
    }
    if choice & 1 == 0 {
        edits.set("a \"new\" one", "null");
        members.insert("a \"new\" one".to_owned(), Value::Null);
    }
    let out = edits.apply(body, head);
    assert_eq!(serde_json::from_slice::<Value>(&out).expect("still JSON"), want);

    for (key, value) in tree.as_object().into_iter().flatten().filter(|(_, value)| value.is_object()) {
        let place = head.members.iter().rev().find(|member| member.key == *key).expect("a member").value.clone();
        let out = insert_member(body, place.end, "cost", "0.5");
        let mut want = value.clone();
        want["cost"] = json!(0.5);
        assert_eq!(serde_json::from_slice::<Value>(&out).expect("still JSON")[key], want);
    }
}

use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::{Value, value::RawValue};

use super::*;

/// Whether the whole of `text` is one JSON value, by this scanner.
fn is_json(text: &str) -> bool {
    let mut scan = Scanner { text, at: 0 };
    scan.white();
    let read = scan.value(&mut ());
    scan.white();
    read.is_ok() && scan.at == text.len()
}

fn agree(text: &str) {
    assert_eq!(is_json(text), serde_json::from_str::<IgnoredAny>(text).is_ok(), "{text:?}");
}

#[test]
fn what_is_json_is_what_serde_json_says() {
    for text in [
        "",
        " ",
        "0",
        "-0",
        "00",
        "01",
        "-",
        "1.",
        ".5",
        "1.5",
        "1e",
        "1e5",
        "1E+5",
        "1e-05",
        "-1.0e+2",
        "1.e2",
        "+1",
        "true",
        "tru",
        "truex",
        "false",
        "null",
        "nul",
        "NaN",
        "\"\"",
        "\"",
        "\"a",
        "\"\\\"",
        "\"\\\"\"",
        "\"\\u12\"",
        "\"\\u12aF\"",
        "\"\\ud800\"",
        "\"\\x\"",
        "\"\t\"",
        "\"\u{7f}é\"",
        "[]",
        "[ ]",
        "[,]",
        "[1,]",
        "[1 2]",
        "[1,2",
        "[[],[[]]]",
        "{}",
        "{ }",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\":1 , \"b\" : [ ] }",
        "{1:2}",
        "[}",
        "{]",
        "[{\"a\":[}]",
        "{\"a\":{\"b\":[1,{\"c\":null}]},\"d\":\"\"}",
        "[1]x",
        "1 1",
        "\u{feff}1",
    ] {
        agree(text);
    }
}

#[test]
fn quotes_are_found_wherever_they_stand_in_a_chunk() {
    for before in 0..40 {
        for what in ["\"", "\\n\"", "\\\\\"", "\n\"", "\u{1f}\"", "é\"", ""] {
            agree(&format!("\"{}{what}", "x".repeat(before)));
            agree(&format!("\"{}{what}]", "x".repeat(before)));
        }
    }
}

#[test]
fn control_characters_are_found_among_eight() {
    for byte in 0..=255 {
        for at in 0..24 {
            let mut bytes = [b'x'; 24];
            bytes[at] = byte;
            bytes[(at + 1) % 24] = 0x80;
            assert_eq!(has_control(&bytes), byte < 0x20, "{byte} at {at}");
        }
    }
}

#[test]
fn nesting_is_remembered_however_deep() {
    for depth in [1, 63, 64, 65, 127, 128, 129, 1000] {
        let open: String = (0..depth).map(|level| if level % 3 == 0 { "{\"a\":" } else { "[" }).collect();
        let close: String = (0..depth).rev().map(|level| if level % 3 == 0 { '}' } else { ']' }).collect();
        assert!(is_json(&format!("{open}1{close}")), "{depth}");
        assert!(!is_json(&format!("{open}1{}", close.replacen('}', "]", 1))), "{depth}");
    }
}

#[test]
fn members_and_elements_are_found_where_they_stand() {
    let text = " { \"a\" : [1, {\"b\":2}] ,\"q\\\"\":\"}\",\"\":null } tail";
    let mut members = Members::of(text).unwrap();
    let mut found = Vec::new();
    while let Some(member) = members.next().unwrap() {
        assert!(text[member.start..].starts_with(&format!("\"{}\"", member.key)));
        assert!(text[member.at..].starts_with(member.raw));
        found.push((member.key, member.raw));
    }
    assert_eq!(found, [("a", "[1, {\"b\":2}]"), ("q\\\"", "\"}\""), ("", "null")]);
    assert!(!members.is_all());
    assert_eq!(Elements::of(found[0].1).collect::<Vec<_>>(), ["1", "{\"b\":2}"]);
    assert_eq!(Elements::of("[]").count() + Elements::of("{}").count() + Elements::of("").count(), 0);
    assert_eq!(Elements::of("[1,2,x,3]").collect::<Vec<_>>(), ["1", "2"]);
}

/// JSON of any shape.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec(("\\PC{0,20}", inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Text that is nearly JSON: one byte of it changed, taken out or put in.
    #[test]
    fn near_json_is_judged_alike(value in json(), pretty: bool, at: prop::sample::Index, byte in 0u8..128, how in 0..3) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        prop_assert!(is_json(&text));
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        match how {
            0 => bytes[at] = byte,
            1 => { bytes.remove(at); }
            _ => bytes.insert(at, byte),
        }
        if let Ok(text) = std::str::from_utf8(&bytes) {
            prop_assert_eq!(is_json(text), serde_json::from_str::<IgnoredAny>(text).is_ok(), "{}", text);
        }
    }

    #[test]
    fn members_are_those_that_serde_json_finds(value in json()) {
        let text = serde_json::to_string(&value).unwrap();
        if let Ok(mut members) = Members::of(&text) {
            let read: std::collections::BTreeMap<String, &RawValue> = serde_json::from_str(&text).unwrap();
            let mut count = 0;
            while let Some(member) = members.next().unwrap() {
                let key: String = serde_json::from_str(&format!("\"{}\"", member.key)).unwrap();
                prop_assert_eq!(read[&key].get(), member.raw);
                count += 1;
            }
            prop_assert!(count == read.len() && members.is_all());
        }
        if text.starts_with('[') {
            let read: Vec<&RawValue> = serde_json::from_str(&text).unwrap();
            prop_assert!(read.iter().map(|raw| raw.get()).eq(Elements::of(&text)));
        }
    }
}

//! Splicing: the few bytes of a body that change, while every other byte stays as it was.

mod pieces;

use std::{slice::SliceIndex, sync::LazyLock};

use bytes::Bytes;
use memchr::memmem::Finder;

pub use crate::json::quote;
use crate::{members::Member, request::Head};
pub use pieces::Pieces;
use pieces::{Sink, Splice};

/// Changes to the top level of a JSON object.
#[derive(Clone, Debug, Default)]
pub struct Edits<'a> {
    changes: Vec<(&'a str, Option<String>)>,
}

impl<'a> Edits<'a> {
    /// Sets member `key` to the JSON text `value`, in place if it exists, else at the end.
    pub fn set(&mut self, key: &'a str, value: impl Into<String>) -> &mut Self {
        self.changes.retain(|(name, _)| *name != key);
        self.changes.push((key, Some(value.into())));
        self
    }

    /// Removes every member called `key`.
    pub fn remove(&mut self, key: &'a str) -> &mut Self {
        self.changes.retain(|(name, _)| *name != key);
        self.changes.push((key, None));
        self
    }

    /// The body with the changes made. With nothing to change, the same bytes by reference count. `head` must have been
    /// read from `body`.
    pub fn apply(&self, body: &Bytes, head: &Head<'_>) -> Bytes {
        if self.changes_nothing(head) {
            return body.clone();
        }
        let extra: usize =
            self.changes.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, String::len) + 4).sum();
        let mut out = Vec::with_capacity(body.len() + extra);
        self.write(body, head, &mut out);
        Bytes::from(out)
    }

    /// The same in pieces, of which the long ones are cut out of `body` by reference: the way to send a body that is too
    /// large to be copied.
    pub fn splice(&self, body: &Bytes, head: &Head<'_>) -> Pieces {
        if self.changes_nothing(head) {
            return Pieces::of(body.clone());
        }
        let mut pieces = Splice::new(body);
        self.write(body, head, &mut pieces);
        pieces.finish()
    }

    /// Whether the body is as it should be.
    fn changes_nothing(&self, head: &Head<'_>) -> bool {
        let mut members = head.members.iter();
        let kept = |member: &Member<'_>| match self.change_of(&member.key) {
            None => true,
            Some(value) => value.as_deref() == Some(member.raw),
        };
        members.all(kept) && self.additions(head).next().is_none()
    }

    fn change_of(&self, key: &str) -> Option<&Option<String>> {
        self.changes.iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// What is set and not there yet.
    fn additions(&self, head: &Head<'_>) -> impl Iterator<Item = (&str, &String)> {
        let set = self.changes.iter().filter_map(|(key, value)| value.as_ref().map(|value| (*key, value)));
        set.filter(|(key, _)| !head.members.iter().any(|member| member.key == *key))
    }

    fn write(&self, body: &[u8], head: &Head<'_>, out: &mut impl Sink) {
        let first = head.members.first().map_or_else(|| brace_end(body), |member| member.start);
        out.cut(body, 0..first);
        let mut empty = true;
        let mut previous_end = first;
        for member in &head.members {
            let separator = previous_end..member.start;
            previous_end = member.value.end;
            let change = self.change_of(&member.key);
            if let Some(None) = change {
                continue;
            }
            if !empty {
                // The first kept member may have lost its predecessor; then it has lost the comma too.
                match separator.is_empty() {
                    true => out.add(b","),
                    false => out.cut(body, separator),
                }
            }
            empty = false;
            match change {
                Some(Some(value)) => {
                    out.cut(body, member.start..member.value.start);
                    out.add(value.as_bytes());
                }
                _ => out.cut(body, member.start..member.value.end),
            }
        }
        for (key, value) in self.additions(head) {
            if !empty {
                out.add(b",");
            }
            empty = false;
            out.add(quote(key).as_bytes());
            out.add(b":");
            out.add(value.as_bytes());
        }
        out.cut(body, previous_end..body.len());
    }
}

/// Inserts `,"<key>":<json>` before the closing brace of the object that ends at `end` (exclusive) of `bytes`. Where no
/// object ends there, the same bytes. `key` is one that needs no escape.
pub fn insert_member(bytes: &[u8], end: usize, key: &str, json: &str) -> Bytes {
    let Some(open) = bytes.get(..end).and_then(|object| object.strip_suffix(b"}")) else {
        return Bytes::copy_from_slice(bytes);
    };
    let before = open.trim_ascii_end();
    let mut out = Vec::with_capacity(bytes.len() + key.len() + json.len() + 4);
    out.extend_from_slice(before);
    if before.last().is_some_and(|last| *last != b'{') {
        out.push(b',');
    }
    for part in [b"\"", key.as_bytes(), b"\":", json.as_bytes(), cut(bytes, before.len()..)] {
        out.extend_from_slice(part);
    }
    Bytes::from(out)
}

/// The answer or event with `usage.cost`, where it has none: `usage` is the place of its usage object, `json` a number.
///
/// One answer never says two costs (U11): a number that stands there and is another, since attempts that failed were billed
/// too, gives way. An object of costs stays, and so do parts that together are the cost (`in_parts`).
pub fn with_cost(bytes: Bytes, usage: std::ops::Range<usize>, json: &str, in_parts: bool) -> Bytes {
    static COST: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"\"cost\""));
    let object = bytes.get(usage.clone()).unwrap_or_default();
    let stated = COST.find(object).and_then(|_| {
        let text = std::str::from_utf8(object).ok()?;
        crate::members::member_of(text, "cost").map(|raw| (crate::members::place(&bytes, raw), raw))
    });
    let Some((at, raw)) = stated else { return insert_member(&bytes, usage.end, "cost", json) };
    let same = || raw.parse::<f64>().ok().zip(json.parse().ok()).is_some_and(|(a, b): (f64, f64)| (a - b).abs() < 1e-9);
    if raw.starts_with('{') || in_parts || same() {
        return bytes;
    }
    let mut out = Vec::with_capacity(bytes.len() + json.len());
    for part in [cut(&bytes, ..at.start), json.as_bytes(), cut(&bytes, at.end..)] {
        out.extend_from_slice(part);
    }
    Bytes::from(out)
}

/// The event without its `"usage": null`, which OpenAI adds to every chunk once usage is asked for. Within a JSON string
/// the quotes would be escaped, so the bytes can only be that member. Where a line of data begins or ends beside the
/// member, the same bytes.
pub fn without_null_usage(chunk: &Bytes) -> Bytes {
    static USAGE: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"\"usage\""));
    let Some(key) = USAGE.find(chunk) else { return chunk.clone() };
    let value = cut(chunk, key + 7..).trim_ascii_start().strip_prefix(b":").map(<[u8]>::trim_ascii_start);
    let Some(rest) = value.and_then(|value| value.strip_prefix(b"null")) else { return chunk.clone() };
    let upto = cut(chunk, ..key);
    let before = upto.trim_ascii_end();
    let (kept, rest) = if let Some(before) = before.strip_suffix(b",") {
        (before, rest)
    } else if before.ends_with(b"{")
        && let [b',' | b'}', ..] = rest.trim_ascii_start()
    {
        // The first member: the comma behind it goes too.
        let rest = rest.trim_ascii_start();
        (upto, rest.strip_prefix(b",").map_or(rest, trim_spaces))
    } else {
        return chunk.clone();
    };
    let mut out = Vec::with_capacity(chunk.len());
    out.extend_from_slice(kept);
    out.extend_from_slice(rest);
    Bytes::from(out)
}

/// Takes leading spaces off, but no line break: the next line of data may begin behind it.
fn trim_spaces(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}

/// The bytes at `range`; none where it lies outside.
fn cut(bytes: &[u8], range: impl SliceIndex<[u8], Output = [u8]>) -> &[u8] {
    bytes.get(range).unwrap_or_default()
}

fn brace_end(body: &[u8]) -> usize {
    memchr::memchr(b'{', body).map_or(0, |brace| brace + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(body: &str, edits: impl Fn(&mut Edits<'static>)) -> String {
        let bytes = Bytes::copy_from_slice(body.as_bytes());
        let head = Head::read(&bytes).unwrap();
        let mut changes = Edits::default();
        edits(&mut changes);
        let out = changes.apply(&bytes, &head);
        serde_json::from_slice::<serde_json::Value>(&out).unwrap();
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn only_the_value_changes_and_every_other_byte_stays() {
        let body = "{ \"z\": 1.0e+2 ,\t\"model\" :\"a\", \"u\":[ ] }";
        assert_eq!(
            edit(body, |e| {
                e.set("model", "\"b\"");
            }),
            "{ \"z\": 1.0e+2 ,\t\"model\" :\"b\", \"u\":[ ] }"
        );
    }

    #[test]
    fn members_are_removed_at_the_front_in_the_middle_and_at_the_end() {
        for (body, want) in [
            (r#"{"x":1,"a":2}"#, r#"{"a":2}"#),
            (r#"{"a":2,"x":1}"#, r#"{"a":2}"#),
            (r#"{"a":1,"x":2, "b":3}"#, r#"{"a":1, "b":3}"#),
            (r#"{"x":1}"#, r#"{}"#),
            (r#"{"x":1,"x":2,"a":3,"x":4}"#, r#"{"a":3}"#),
        ] {
            assert_eq!(
                edit(body, |e| {
                    e.remove("x");
                }),
                want
            );
        }
    }

    #[test]
    fn a_missing_member_is_added_at_the_end() {
        assert_eq!(
            edit(r#"{"a":1 }"#, |e| {
                e.set("s", "true");
            }),
            r#"{"a":1,"s":true }"#
        );
        assert_eq!(
            edit(r#"{ }"#, |e| {
                e.set("s", "true");
            }),
            r#"{"s":true }"#
        );
    }

    #[test]
    fn nothing_to_change_is_the_same_allocation() {
        let body = Bytes::from_static(br#"{"model":"a"}"#);
        let head = Head::read(&body).unwrap();
        let mut edits = Edits::default();
        edits.set("model", "\"a\"").remove("provider");
        assert_eq!(edits.apply(&body, &head).as_ptr(), body.as_ptr());
    }

    /// U1
    #[test]
    fn a_null_usage_is_cut_wherever_it_stands() {
        let cut = |chunk: &'static str| String::from_utf8(without_null_usage(&Bytes::from(chunk)).to_vec()).unwrap();
        assert_eq!(cut(r#"{"a":1,"usage":null}"#), r#"{"a":1}"#);
        assert_eq!(cut(r#"{"a":1, "usage" : null,"b":2}"#), r#"{"a":1,"b":2}"#);
        assert_eq!(cut(r#"{"usage":null, "b":2}"#), r#"{"b":2}"#);
        assert_eq!(cut(r#"{"usage":null}"#), r#"{}"#);
        assert_eq!(cut(r#"{"usage":{"a":1}}"#), r#"{"usage":{"a":1}}"#);
        assert_eq!(cut(r#"{"a":"\"usage\":null"}"#), r#"{"a":"\"usage\":null"}"#);
        assert_eq!(cut(r#"{"a":"usage"}"#), r#"{"a":"usage"}"#);
        assert_eq!(cut(r#"{"\"usage":null}"#), r#"{"\"usage":null}"#);
        assert_eq!(cut("data: {\"a\":1,\ndata: \"usage\":null}\n\n"), "data: {\"a\":1,\ndata: \"usage\":null}\n\n");
        assert_eq!(cut("data: {\"usage\":null,\ndata: \"b\":2}\n\n"), "data: {\ndata: \"b\":2}\n\n");
        assert_eq!(cut("data: {\"usage\":null\ndata: ,\"b\":2}\n\n"), "data: {\"usage\":null\ndata: ,\"b\":2}\n\n");
    }

    #[test]
    fn a_member_is_inserted_before_the_brace() {
        assert_eq!(&insert_member(br#"{"u":{"a":1 }}"#, 13, "c", "2")[..], br#"{"u":{"a":1,"c":2 }}"#);
        assert_eq!(&insert_member(br#"{}"#, 2, "c", "2")[..], br#"{"c":2}"#);
        assert_eq!(&insert_member(br#"{ } "#, 3, "c", "2")[..], br#"{"c":2 } "#);
    }

    /// An upstream's `"usage": 5` is no object to put a cost into.
    #[test]
    fn what_is_no_object_stays_as_it_is() {
        for (body, end) in [(r#"{"usage":5}"#, 10), ("[]", 2), ("{}", 3), ("", 0), ("{}", 0)] {
            assert_eq!(&insert_member(body.as_bytes(), end, "c", "2")[..], body.as_bytes());
        }
    }
}

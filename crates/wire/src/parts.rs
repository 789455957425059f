//! What a prompt is made of, found in one walk that looks at `type` and `role` alone and copies nothing.

use std::{borrow::Cow, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::hub::Text;

/// Calls `each` with the `type` of every part in the JSON array `items`: of messages or input items, of their parts, and
/// of the parts of a tool's result. Deeper nesting is nobody's and is not followed.
pub fn kinds(items: &str, mut each: impl FnMut(&str)) {
    let mut json = serde_json::Deserializer::from_str(items);
    // What is broken in the midst ends the walk; the body has been validated before.
    let _ = Items { each: &mut each, depth: 3 }.deserialize(&mut json);
}

/// The `role` of a message; reads no further than that member.
pub(crate) fn role(message: &str) -> Option<Cow<'_, str>> {
    struct Role<'r, 'a>(&'r mut Option<Cow<'a, str>>);
    impl<'a> Visitor<'a> for Role<'_, 'a> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a message")
        }

        fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
            while let Some(key) = map.next_key::<Text<'a>>()? {
                if &*key == "role" {
                    *self.0 = map.next_value_seed(Word)?;
                    // Found: the rest of the message, which may be long, is not looked at.
                    return Err(A::Error::custom("found"));
                }
                map.next_value::<IgnoredAny>()?;
            }
            Ok(())
        }
    }
    let mut role = None;
    let _ = serde_json::Deserializer::from_str(message).deserialize_map(Role(&mut role));
    role
}

/// A list of items; anything else holds none.
struct Items<'f> {
    each: &'f mut dyn FnMut(&str),
    depth: u8,
}

impl<'a> DeserializeSeed<'a> for Items<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Items<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Item { each: &mut *self.each, depth: self.depth })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// One item: a message, a part.
struct Item<'f> {
    each: &'f mut dyn FnMut(&str),
    depth: u8,
}

impl<'a> DeserializeSeed<'a> for Item<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Item<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Text<'a>>()? {
            match (&*key, self.depth.checked_sub(1)) {
                ("type", _) => {
                    if let Some(kind) = map.next_value_seed(Word)? {
                        (self.each)(&kind);
                    }
                }
                ("content", Some(depth @ 1..)) => {
                    map.next_value_seed(Items { each: &mut *self.each, depth })?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A string; anything else is none.
struct Word;

impl<'a> DeserializeSeed<'a> for Word {
    type Value = Option<Cow<'a, str>>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let raw: &'a serde_json::value::RawValue = serde::Deserialize::deserialize(deserializer)?;
        Ok(crate::request::string(raw.get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(items: &str) -> Vec<String> {
        let mut kinds = Vec::new();
        super::kinds(items, |kind| kinds.push(kind.to_owned()));
        kinds
    }

    #[test]
    fn types_are_found_in_messages_parts_and_results_and_no_deeper() {
        let deep = r#"[{"type":"four"}]"#;
        let result = format!(r#"[{{"type":"three","content":{deep}}}]"#);
        let items = format!(
            r#"["text",{{"role":"user","type":"one","content":[{{"text":"\"type\"","type":"two","content":{result}}}]}}]"#
        );
        // A list with a bare text in it is no conversation; the walk ends there.
        assert_eq!(found(&items), Vec::<String>::new());
        assert_eq!(found(&items.replace("\"text\",{\"role", "{\"role")), ["one", "two", "three"]);
        assert_eq!(
            found(r#"[{"content":"x"},{"content":null},{"content":{"type":"no"}},{"type":5},{"type":"a\u0062"}]"#),
            ["ab"]
        );
    }

    #[test]
    fn a_role_is_read_wherever_it_stands() {
        assert_eq!(role(r#"{"role":"system","content":"x"}"#).as_deref(), Some("system"));
        assert_eq!(role(r#"{"content":[{"role":"no"}],"role":"user"}"#).as_deref(), Some("user"));
        assert_eq!(role(r#"{"content":1}"#), None);
        assert_eq!(role("[]"), None);
    }
}

//! JSON schemas of answers: what OpenAI's strict mode and Anthropic's structured outputs demand of one, and making one
//! fit without touching its order.

use std::collections::HashSet;

use crate::{
    edit::quote,
    members::{elements, members_of, string},
};

/// Deepest nesting followed; deeper schemas pass as they are.
const DEEPEST: u8 = 32;

/// Whether every object in `schema` is closed and requires all of its properties, as OpenAI's `strict` demands.
pub(crate) fn is_closed(schema: &str) -> bool {
    closed(schema, DEEPEST)
}

fn closed(schema: &str, depth: u8) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    let members = members_of(schema);
    let get = |key: &str| members.iter().rev().find(|member| member.key == key).map(|member| member.raw);
    if let Some(properties) = get("properties") {
        let required: HashSet<_> =
            get("required").map(|raw| elements(raw).filter_map(string).collect()).unwrap_or_default();
        let all = members_of(properties).iter().all(|property| required.contains(&property.key));
        if !all || get("additionalProperties") != Some("false") {
            return false;
        }
    }
    members.iter().all(|member| match &*member.key {
        "properties" | "$defs" | "definitions" => members_of(member.raw).iter().all(|inner| closed(inner.raw, depth)),
        "items" => closed(member.raw, depth),
        "anyOf" | "allOf" | "oneOf" => elements(member.raw).all(|inner| closed(inner, depth)),
        _ => true,
    })
}

/// Constraints that Anthropic's structured outputs refuse; its own SDKs take them out, too.
const REFUSED: [&str; 13] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "patternProperties",
    "propertyNames",
];

/// `schema` with every object closed and without the constraints that Anthropic refuses, in the order it had. The second
/// is whether a constraint was taken out.
pub(crate) fn for_anthropic(schema: &str) -> (String, bool) {
    let mut out = String::with_capacity(schema.len() + 64);
    let mut lost = false;
    fit(schema, DEEPEST, &mut out, &mut lost);
    (out, lost)
}

fn fit(schema: &str, depth: u8, out: &mut String, lost: &mut bool) {
    let Some(depth) = depth.checked_sub(1).filter(|_| schema.trim_ascii_start().starts_with('{')) else {
        return out.push_str(schema);
    };
    let members = members_of(schema);
    let object =
        members.iter().any(|member| member.key == "properties" || (member.key == "type" && member.raw == "\"object\""));
    out.push('{');
    let mut empty = true;
    let mut key = |out: &mut String, name: &str| {
        if !std::mem::replace(&mut empty, false) {
            out.push(',');
        }
        out.push_str(&quote(name));
        out.push(':');
    };
    for member in &members {
        let name = &*member.key;
        let refused = REFUSED.contains(&name) || (name == "minItems" && !matches!(member.raw, "0" | "1"));
        if refused {
            *lost = true;
            continue;
        }
        if object && name == "additionalProperties" {
            *lost |= member.raw != "false";
            continue;
        }
        key(out, name);
        match name {
            "properties" | "$defs" | "definitions" => {
                out.push('{');
                for (at, inner) in members_of(member.raw).iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    out.push_str(&quote(&inner.key));
                    out.push(':');
                    fit(inner.raw, depth, out, lost);
                }
                out.push('}');
            }
            "items" => fit(member.raw, depth, out, lost),
            "anyOf" | "allOf" | "oneOf" => {
                out.push('[');
                for (at, inner) in elements(member.raw).enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    fit(inner, depth, out, lost);
                }
                out.push(']');
            }
            _ => out.push_str(member.raw),
        }
    }
    if object {
        key(out, "additionalProperties");
        out.push_str("false");
    }
    out.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_needs_every_object_closed_and_every_property_required() {
        let closed = r#"{"type":"object","properties":{"b":{"type":"object","properties":{},"additionalProperties":false},"a":{"type":"array","items":{"type":"string"}}},"required":["a","b"],"additionalProperties":false}"#;
        assert!(is_closed(closed));
        assert!(!is_closed(&closed.replace(r#""required":["a","b"],"#, r#""required":["a"],"#)));
        assert!(!is_closed(&closed.replacen(r#","additionalProperties":false"#, "", 1)));
        assert!(is_closed(r#"{"type":"string"}"#));
    }

    #[test]
    fn objects_are_closed_and_refused_constraints_go_while_the_order_stays() {
        let (fitted, lost) = for_anthropic(
            r#"{"type":"object","properties":{"z":{"type":"integer","minimum":1},"a":{"anyOf":[{"type":"object","properties":{}},{"type":"null"}]}},"required":["z"]}"#,
        );
        assert_eq!(
            fitted,
            r#"{"type":"object","properties":{"z":{"type":"integer"},"a":{"anyOf":[{"type":"object","properties":{},"additionalProperties":false},{"type":"null"}]}},"required":["z"],"additionalProperties":false}"#
        );
        assert!(lost);
        let strict = r#"{"type":"object","properties":{},"additionalProperties":false}"#;
        assert_eq!(for_anthropic(strict), (strict.to_owned(), false));
    }
}

//! Seals of other vendors in the dialect that knows only Anthropic's.
//!
//! Anthropic's callers must send thinking back as it came, signature included. Reasoning that somebody else wrote gets a
//! signature that says so: `outrigger.v1.<format>.<seal>`, empty parts allowed. It comes back with the conversation, and
//! then either reaches its maker again, byte for byte (R2), or is left out where it cannot be verified (R3). Nothing has
//! to be remembered for that, so it works across pods and restarts.

use std::borrow::Cow;

use crate::{hub::Text, seals::OURS as PREFIX};

/// What stands between a tool call's id and the `extra_content` that belongs to it. Anthropic's callers must keep ids,
/// and ids may hold nothing but letters, digits, `_` and `-`.
const EXTRA: &str = "__extra_";

/// The signature of a thought for an Anthropic caller.
pub(crate) fn close(seal: Option<&str>, format: Option<&str>) -> String {
    match (seal, format) {
        (Some(seal), Some("anthropic-claude-v1")) => seal.to_owned(),
        (seal, format) => format!("{PREFIX}{}.{}", format.unwrap_or_default(), seal.unwrap_or_default()),
    }
}

/// Seal and format of a signature that a caller sent back. One that is not ours is Anthropic's.
pub(crate) fn open(signature: Text<'_>) -> (Option<Text<'_>>, Option<Text<'_>>) {
    if signature.is_empty() {
        return (None, None);
    }
    let some = |text: Text<'static>| (!text.is_empty()).then_some(text);
    match signature.strip_prefix(PREFIX) {
        None => (Some(signature), Some(Text::from("anthropic-claude-v1"))),
        Some(ours) => {
            let (format, seal) = ours.split_once('.').unwrap_or((ours, ""));
            (some(Text::from(seal.to_owned())), some(Text::from(format.to_owned())))
        }
    }
}

/// Whether nobody but its maker can read this signature.
pub(crate) fn is_ours(signature: &str) -> bool {
    signature.starts_with(PREFIX)
}

/// A tool call's id for an Anthropic caller: only characters that Anthropic allows, and what belongs to the call with it.
pub(crate) fn call_id<'i>(id: &'i str, extra: Option<&str>) -> Cow<'i, str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let plain: Cow<'i, str> = if id.chars().all(allowed) {
        id.into()
    } else {
        id.chars().map(|c| if allowed(c) { c } else { '_' }).collect()
    };
    match extra {
        None => plain,
        Some(extra) => {
            let hex: String = extra.bytes().map(|byte| format!("{byte:02x}")).collect();
            format!("{plain}{EXTRA}{hex}").into()
        }
    }
}

/// The id that [`call_id`] was made from (but for characters that had to go), and what belongs to the call.
pub(crate) fn split_call_id(id: Text<'_>) -> (Text<'_>, Option<Text<'_>>) {
    let Some((plain, hex)) = id.split_once(EXTRA) else { return (id, None) };
    let digit = |at: usize| hex.as_bytes().get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let bytes: Option<Vec<u8>> =
        (0..hex.len() / 2).map(|at| Some((digit(2 * at)? * 16 + digit(2 * at + 1)?) as u8)).collect();
    let extra = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).filter(|extra| crate::json::is_object(extra));
    match extra {
        Some(extra) => (Text::from(plain.to_owned()), Some(Text::from(extra))),
        None => (id, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R2: what another vendor sealed comes back to it byte for byte.
    #[test]
    fn foreign_seals_survive_the_round_trip() {
        for (seal, format) in [
            (Some("gAAAA+/="), Some("openai-responses-v1")),
            (None, None),
            (None, Some("deepseek")),
            (Some("c2ln"), Some("anthropic-claude-v1")),
            (Some("a.b.c"), None),
        ] {
            let signature = close(seal, format);
            let (again, its_format) = open(Text::from(signature.clone()));
            assert_eq!((again.as_deref(), its_format.as_deref()), (seal, format), "{signature}");
            assert_eq!(is_ours(&signature), format != Some("anthropic-claude-v1"));
        }
    }

    /// R2: Gemini's thought signature travels in the id of its call.
    #[test]
    fn what_belongs_to_a_call_travels_in_its_id() {
        let extra = r#"{"google":{"thought_signature":"AVSo+/="}}"#;
        let id = call_id("call_1", Some(extra)).into_owned();
        assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')), "{id}");
        assert_eq!(split_call_id(Text::from(id)), (Text::from("call_1"), Some(Text::from(extra))));
        assert_eq!(call_id("functions.get:0", None), "functions_get_0");
        assert_eq!(split_call_id(Text::from("toolu_1")), (Text::from("toolu_1"), None));
        assert_eq!(split_call_id(Text::from("a__extra_zz")), (Text::from("a__extra_zz"), None));
    }
}

//! Reading objects whose mistakes may be told to anybody. A key that stands in the wrong place is a mistake like any other,
//! so what is said of one holds no text that was written (H12): places, what was expected there, and numbers.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Longest word that may be told. The longest name of a field or kind of Kubernetes has 32 letters; keys of vendors are
/// longer, or hold digits or signs.
const LONGEST: usize = 32;

/// Why a value is no object of its kind. Both texts may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Where, with what cannot be told left out: `spec.workloads.matchLabels.*`.
    pub field: String,
    /// What is wrong there.
    pub reason: String,
    at: At,
}

/// A place as it is written. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
struct At(String);

/// `value` as a `T`.
///
/// # Errors
///
/// Where it is none and why, in words that quote nothing but names of fields, closed lists and numbers.
pub fn read<T: DeserializeOwned>(value: Value) -> Result<T, Unread> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let (path, said) = (error.path().to_string(), error.inner().to_string());
        // serde stops before an unknown field, so the path ends at what holds it.
        let unknown = said.strip_prefix("unknown field `").and_then(|rest| Some(rest.split_once("`, ")?.0));
        let at = match unknown {
            Some(name) if path == "." => name.to_owned(),
            Some(name) if path != name && !path.ends_with(&format!(".{name}")) => format!("{path}.{name}"),
            _ => path,
        };
        Unread { field: place(&at), reason: reason(&said), at: At(at) }
    })
}

/// `text`, where it is a word that names something: a field, a kind. Nothing else that was written may be told.
pub fn word(text: &str) -> Option<&str> {
    (text.len() <= LONGEST && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic())).then_some(text)
}

/// A path of fields with `*` in place of each that is no word, such as a label.
pub fn place(path: &str) -> String {
    let steps = path.split('.').map(|step| {
        let (name, index) = step.split_at(step.find('[').unwrap_or(step.len()));
        let is_index = index.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'[' | b']'));
        match (word(name), is_index && index.len() < LONGEST) {
            (Some(name), true) => format!("{name}{index}"),
            (None, true) if name.is_empty() => index.to_owned(),
            _ => "*".to_owned(),
        }
    });
    let mut steps: Vec<String> = steps.collect();
    // One name may have many dots.
    steps.dedup_by(|next, before| next == "*" && before == "*");
    steps.join(".")
}

impl Unread {
    /// Where, as it is written: to find the line, never to be told.
    pub fn at(&self) -> &str {
        &self.at.0
    }
}

impl std::error::Error for Unread {}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason)
    }
}

impl fmt::Debug for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

/// What serde says, without what it found. Of words that it may say only those are taken that are known.
fn reason(said: &str) -> String {
    // What is expected is a text of the type's own; it stands last, whatever was found before it.
    let expected = || said.rfind(", expected ").map_or("", |at| &said[at..]);
    if let Some(found) = said.strip_prefix("invalid type: ").or_else(|| said.strip_prefix("invalid value: ")) {
        let plain = ["integer `", "floating point `", "boolean `"].iter().find_map(|kind| found.strip_prefix(kind));
        let what = match plain.and_then(|rest| rest.split('`').next()) {
            Some(number) => number,
            None if ["string ", "character ", "byte array"].iter().any(|kind| found.starts_with(kind)) => "text",
            None if found.starts_with("map") => "a mapping",
            None if found.starts_with("sequence") => "a list",
            None if found.starts_with("null") || found.starts_with("unit value") => "nothing",
            None => "something else",
        };
        let quotes = if plain.is_some() && said.ends_with("expected a string") { "; put it in quotes" } else { "" };
        return format!("is {what}{}{quotes}", expected());
    }
    if let Some(rest) = said.strip_prefix("unknown field `") {
        let name = rest.split_once("`, ").and_then(|(name, _)| word(name));
        return format!("unknown field{}{}", name.map(|name| format!(" `{name}`")).unwrap_or_default(), expected());
    }
    if said.starts_with("unknown variant `") {
        return format!("is none of the words that can stand here{}", expected());
    }
    for known in ["missing field `", "duplicate field `"] {
        // The name is one of the type's own.
        if said.starts_with(known) {
            return said.to_owned();
        }
    }
    if said.starts_with("invalid length ") {
        return format!("has another length{}", expected());
    }
    "means nothing here".to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::route::ModelRouteSpec;

    const KEY: &str = "sk-live-SECRET-0123456789";

    #[track_caller]
    fn told(spec: Value) -> String {
        read::<ModelRouteSpec>(spec).unwrap_err().to_string()
    }

    /// H12.
    #[test]
    fn a_mistake_is_told_by_its_place_and_what_was_expected() {
        assert_eq!(told(json!({"targets": KEY})), "targets: is text, expected a sequence");
        assert_eq!(
            told(json!({"targets": [{"model": 7}]})),
            "targets[0].model: is 7, expected a string; put it in quotes"
        );
        assert_eq!(told(json!({"targets": [{}]})), "targets[0]: missing field `model`");
        let unknown = told(json!({"targets": [], "straetgy": "Price"}));
        assert!(unknown.starts_with("straetgy: unknown field `straetgy`, expected one of `workloads`"), "{unknown}");
        let variant = told(json!({"targets": [], "strategy": KEY}));
        assert!(
            variant.starts_with("strategy: is none of the words that can stand here, expected one of `Priority`"),
            "{variant}"
        );
        let labels =
            told(json!({"targets": [], "workloads": {"selector": {"matchLabels": {"app.kubernetes.io/name": 1}}}}));
        assert!(
            labels.starts_with("workloads.selector.matchLabels.app.kubernetes.*: is 1, expected a string"),
            "{labels}"
        );
    }

    /// H12: not even what is written so that it looks like serde's own words.
    #[test]
    fn what_was_written_is_never_told() {
        let odd = format!("x`, expected {KEY}");
        let tricks = [KEY, &odd, &format!("{KEY}\", expected a string"), &format!("{KEY}[0].x"), &format!("a[{KEY}]")];
        for text in tricks {
            let mut unknown = json!({"targets": []});
            unknown.as_object_mut().unwrap().insert(text.to_owned(), json!(1));
            let label = json!({"targets": [], "workloads": {"selector": {"matchLabels": {text: 1}}}});
            for spec in [json!({"targets": text}), json!({"strategy": text}), unknown, label, json!(text)] {
                let unread = read::<ModelRouteSpec>(spec.clone()).unwrap_err();
                assert!(!format!("{unread} {unread:?}").contains("SECRET"), "{spec}: {unread} {unread:?}");
            }
        }
    }

    #[test]
    fn a_word_has_letters_and_an_end() {
        assert_eq!(word("allowedNamespaces"), Some("allowedNamespaces"));
        assert_eq!(word(&"a".repeat(LONGEST)).map(str::len), Some(LONGEST));
        for text in ["", "a1", "sk-live", "hf_abcdef", "é", &"a".repeat(LONGEST + 1)] {
            assert_eq!(word(text), None, "{text}");
        }
    }
}

//! Members of answers that vendors write in other types than the API says: read as what they can mean, never a reason to
//! lose the rest of the event.

use std::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::{few, hub::Text};

/// A string; anything else is none.
#[derive(Clone, Default)]
pub(crate) struct Word<'a>(pub(crate) Option<Text<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Word<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?.get();
        Ok(Self(raw.starts_with('"').then(|| serde_json::from_str(raw).ok()).flatten()))
    }
}

impl fmt::Debug for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A whole number, also one in quotes; anything else is none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Whole(pub(crate) Option<u64>);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?.get();
        Ok(Self(raw.trim_matches('"').parse().ok()))
    }
}

/// A string, or a list of parts with `text`: no deeper, so that nobody's nesting takes our stack.
#[derive(Debug)]
pub(crate) struct Texts<'a>(pub(crate) Vec<Text<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Part<'a> {
            #[serde(borrow, default)]
            text: Word<'a>,
        }
        let raw = <&'de RawValue>::deserialize(deserializer)?.get();
        if raw.starts_with('"') {
            let text = serde_json::from_str(raw).map_err(serde::de::Error::custom)?;
            return Ok(Self(vec![text]));
        }
        let few::All(parts) = serde_json::from_str::<few::All<Part<'a>>>(raw).map_err(serde::de::Error::custom)?;
        Ok(Self(parts.into_iter().filter_map(|part| part.text.0).collect()))
    }
}

impl Texts<'_> {
    /// All of it.
    pub(crate) fn joined(&self) -> String {
        self.0.iter().map(|text| &**text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_types_are_read_as_what_they_can_mean() {
        #[derive(Deserialize)]
        struct Odd<'a> {
            #[serde(borrow, default)]
            word: Word<'a>,
            #[serde(default)]
            number: Whole,
        }
        let odd = |json: &'static str| {
            let odd: Odd<'_> = serde_json::from_str(json).unwrap();
            (odd.word.0.map(|word| word.to_string()), odd.number.0)
        };
        assert_eq!(odd(r#"{"word":"a","number":1}"#), (Some("a".to_owned()), Some(1)));
        assert_eq!(odd(r#"{"word":2,"number":"1"}"#), (None, Some(1)));
        assert_eq!(odd(r#"{"word":{},"number":-1}"#), (None, None));
        assert_eq!(odd(r#"{"word":null,"number":null}"#), (None, None));
        assert_eq!(odd("{}"), (None, None));
    }

    /// Each level of `from_str` on a raw value would start the parser's own limit anew.
    #[test]
    fn nesting_takes_no_stack() {
        let deep = format!("[{{\"thinking\":{}\"x\"{}}}]", "[{\"thinking\":".repeat(100_000), "}]".repeat(100_000));
        assert!(serde_json::from_str::<Texts<'_>>(&deep).is_ok());
    }
}

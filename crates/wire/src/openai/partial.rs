//! Text of a chat that another target can go on from, and how its stream fits behind.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize,
    de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{
    members::{elements, string},
    peek::{Meaning, Peek},
    splice::Splice,
};

/// The text of a chunk that holds nothing but text of the first choice.
pub(super) fn plain_text(data: &[u8]) -> Option<String> {
    let Chunk { choices: Only(choice) } = serde_json::from_slice(data).ok()?;
    choice.delta.0.filter(|_| choice.index == 0)
}

/// The second stream opens what is open already.
pub(super) fn splice(peek: &Peek) -> Splice {
    if peek.meaning == Meaning::Prelude { Splice::Drop } else { Splice::Pass }
}

/// A chunk of a chat.
#[derive(Deserialize)]
struct Chunk {
    choices: Only,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u64,
    delta: PlainDelta,
}

/// The one entry of a list: of a longer list no more is read.
struct Only(Choice);

impl<'de> Deserialize<'de> for Only {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One;
        impl<'de> Visitor<'de> for One {
            type Value = Only;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one choice")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Only, A::Error> {
                match (list.next_element()?, list.next_element::<IgnoredAny>()?) {
                    (Some(choice), None) => Ok(Only(choice)),
                    _ => Err(A::Error::custom("not one choice")),
                }
            }
        }
        deserializer.deserialize_seq(One)
    }
}

/// The `content` of a delta with nothing else in it. What else there is stays JSON text, however much it is.
struct PlainDelta(Option<String>);

impl<'de> Deserialize<'de> for PlainDelta {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = PlainDelta;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a delta of text alone")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PlainDelta, A::Error> {
                let mut content = None;
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    let raw = map.next_value::<&'de RawValue>()?.get();
                    match &*key {
                        "content" => content = string(raw).map(Cow::into_owned),
                        "role" | "name" => {}
                        _ if is_empty(raw) => {}
                        _ => return Err(A::Error::custom("more than text")),
                    }
                }
                Ok(PlainDelta(content))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Whether the JSON value `raw` is null, an empty text or an empty list.
fn is_empty(raw: &str) -> bool {
    matches!(raw, "null" | "\"\"") || (raw.starts_with('[') && elements(raw).next().is_none())
}

//! What a request says at its top level, read in one pass and without copying the body.
//!
//! A request is relayed byte for byte, so nothing here builds a tree: [`Head::read`] validates the JSON, remembers
//! where each top-level member lies, and decodes only what a routing decision needs. [`crate::edit`] then splices.

use std::{borrow::Cow, fmt, ops::Range};

use serde::{
    Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// The top level of a JSON request.
#[derive(Debug, Default)]
pub struct Head<'a> {
    /// Every member in order of appearance.
    pub members: Vec<Member<'a>>,
    /// `model`.
    pub model: Option<Cow<'a, str>>,
    /// `models`: OpenRouter's ordered fallbacks.
    pub models: Vec<Cow<'a, str>>,
    /// `stream`, false when absent or null.
    pub stream: bool,
    /// `stream_options.include_usage`.
    pub include_usage: bool,
    /// `max_completion_tokens`, `max_tokens` or `max_output_tokens`.
    pub max_tokens: Option<u64>,
}

/// One top-level member.
#[derive(Clone, Debug)]
pub struct Member<'a> {
    /// The key, unescaped.
    pub key: Cow<'a, str>,
    /// Where the key's opening quote stands in the body.
    pub start: usize,
    /// Where the value's bytes lie in the body.
    pub value: Range<usize>,
    /// The value's JSON text.
    pub raw: &'a str,
}

/// Why a body is not a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadRequest {
    /// Not JSON: what the parser said, with line and column.
    Syntax(String),
    /// JSON, but not an object.
    NotAnObject,
    /// A member has the wrong type: its name and what was expected.
    Field {
        /// The member.
        name: String,
        /// What it should have been.
        expected: &'static str,
    },
}

impl fmt::Display for BadRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(what) => write!(f, "the body is not valid JSON: {what}"),
            Self::NotAnObject => f.write_str("the body must be a JSON object"),
            Self::Field { name, expected } => write!(f, "`{name}` must be {expected}"),
        }
    }
}

impl<'a> Head<'a> {
    /// Reads `body`. One pass; allocates the member list and nothing per byte.
    pub fn read(body: &'a [u8]) -> Result<Self, BadRequest> {
        let text = std::str::from_utf8(body)
            .map_err(|error| BadRequest::Syntax(format!("invalid UTF-8 at byte {}", error.valid_up_to())))?;
        if !text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{') {
            return Err(match serde_json::from_str::<serde::de::IgnoredAny>(text) {
                Ok(_) => BadRequest::NotAnObject,
                Err(error) => BadRequest::Syntax(error.to_string()),
            });
        }
        let mut json = serde_json::Deserializer::from_str(text);
        let members = json.deserialize_map(Members { text }).map_err(|error| BadRequest::Syntax(error.to_string()))?;
        json.end().map_err(|error| BadRequest::Syntax(error.to_string()))?;
        let mut head = Self { members, ..Self::default() };
        head.decode()?;
        Ok(head)
    }

    /// The raw JSON of the last member called `key`: the one that JSON parsers let win.
    pub fn raw(&self, key: &str) -> Option<&'a str> {
        self.members.iter().rev().find(|member| member.key == key).map(|member| member.raw)
    }

    /// Like [`Self::raw`], reading `null` as absent.
    pub fn present(&self, key: &str) -> Option<&'a str> {
        self.raw(key).filter(|raw| *raw != "null")
    }

    /// The string member `key`, if it is one.
    pub fn string(&self, key: &str) -> Option<Cow<'a, str>> {
        self.present(key).and_then(string)
    }

    /// Names the conversation for stickiness: the first system message and the first other message, as they stand
    /// in the body. Later turns keep both, so the hash stays.
    pub fn conversation(&self) -> Option<u64> {
        use std::hash::{DefaultHasher, Hasher};
        let mut hash = DefaultHasher::new();
        for lead in ["system", "instructions"] {
            if let Some(raw) = self.present(lead) {
                hash.write(raw.as_bytes());
            }
        }
        if let Some(messages) =
            self.present("messages").or_else(|| self.present("input").filter(|raw| raw.starts_with('[')))
        {
            for message in elements(messages).take(8) {
                hash.write(message.as_bytes());
                if !is_system(message) {
                    return Some(hash.finish());
                }
            }
            return None;
        }
        let prompt = self.present("prompt").or_else(|| self.present("input"))?;
        hash.write(prompt.as_bytes());
        Some(hash.finish())
    }

    fn decode(&mut self) -> Result<(), BadRequest> {
        let wrong = |name: &str, expected| BadRequest::Field { name: name.to_owned(), expected };
        if let Some(raw) = self.present("model") {
            self.model = Some(
                string(raw)
                    .filter(|name| is_name(name))
                    .ok_or_else(|| wrong("model", "a string of at most 256 bytes"))?,
            );
        }
        if let Some(raw) = self.present("models") {
            let names: Vec<Cow<'a, str>> =
                serde_json::from_str(raw).map_err(|_| wrong("models", "an array of strings"))?;
            if names.len() > MAX_NAMES || !names.iter().all(|name| is_name(name)) {
                return Err(wrong("models", "an array of at most 32 strings of at most 256 bytes"));
            }
            self.models = names;
        }
        if let Some(raw) = self.present("stream") {
            self.stream = raw.parse().map_err(|_| wrong("stream", "true or false"))?;
        }
        if let Some(raw) = self.present("stream_options") {
            self.include_usage = member_of(raw, "include_usage") == Some("true");
        }
        for key in ["max_tokens", "max_output_tokens", "max_completion_tokens"] {
            if let Some(raw) = self.present(key) {
                self.max_tokens = Some(raw.parse().map_err(|_| wrong(key, "a whole number"))?);
            }
        }
        if let Some(raw) = self.present("messages")
            && !raw.starts_with('[')
        {
            return Err(wrong("messages", "an array"));
        }
        Ok(())
    }
}

/// Whether `name` is of a length that a model's name can have. Names are looked up, compared with every known one when
/// they are wrong, and remembered, so they are not of any length.
pub fn is_name(name: &str) -> bool {
    name.len() <= 256
}

/// Most entries of `models`; OpenRouter's own limit is 3.
const MAX_NAMES: usize = 32;

/// The raw elements of the JSON array `raw`, lazily: asking for the first reads no further.
pub fn elements(raw: &str) -> impl Iterator<Item = &str> {
    let mut rest = raw.trim_start().strip_prefix('[').unwrap_or("");
    std::iter::from_fn(move || {
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
        let element = stream.next()?.ok()?;
        let end = stream.byte_offset();
        rest = rest[end..].trim_start().strip_prefix(',').unwrap_or("");
        Some(element.get())
    })
}

/// The raw value of `key` in the JSON object `raw`, if it is an object and has it.
pub fn member_of<'a>(raw: &'a str, key: &str) -> Option<&'a str> {
    let members = serde_json::Deserializer::from_str(raw).deserialize_map(Members { text: raw }).ok()?;
    members.into_iter().rev().find(|member| member.key == key).map(|member| member.raw)
}

/// The members of the JSON object `raw`, or nothing if it is not one.
pub fn members_of(raw: &str) -> Vec<Member<'_>> {
    serde_json::Deserializer::from_str(raw).deserialize_map(Members { text: raw }).unwrap_or_default()
}

/// Decodes a raw JSON string.
pub fn string(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str::<String>(raw).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

fn is_system(message: &str) -> bool {
    matches!(member_of(message, "role"), Some("\"system\"" | "\"developer\""))
}

/// Collects the members of an object with their places in `text`.
struct Members<'a> {
    text: &'a str,
}

impl<'a> Visitor<'a> for Members<'a> {
    type Value = Vec<Member<'a>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members: Vec<Member<'a>> = Vec::with_capacity(12);
        let mut after = self.text.find('{').map_or(0, |brace| brace + 1);
        while let Some(Key(key)) = map.next_key()? {
            let raw: &'a RawValue = map.next_value()?;
            let raw = raw.get();
            let begin = raw.as_ptr() as usize - self.text.as_ptr() as usize;
            // The key's quote is the first one after the previous member: only white space and a comma lie between.
            let start = self.text[after..begin].find('"').map_or(begin, |quote| after + quote);
            after = begin + raw.len();
            members.push(Member { key, start, value: begin..after, raw });
        }
        Ok(members)
    }
}

/// A key that borrows unless it holds an escape.
struct Key<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AsCow;
        impl<'de> Visitor<'de> for AsCow {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(AsCow)
    }
}

#[cfg(test)]
mod tests;

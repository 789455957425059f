//! What a request says at its top level, read in one pass and without copying the body.
//!
//! A request is relayed byte for byte, so nothing here builds a tree: [`Head::read`] validates the JSON, remembers
//! where each top-level member lies, and decodes only what a routing decision needs. [`crate::edit`] then splices.

use std::{borrow::Cow, fmt};

use serde::de::IgnoredAny;

use crate::{
    members::{Member, Short, collect, elements, member_of, string},
    prompt::{Notes, Prompt},
    scan::{self, Fault},
};

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
    /// What its messages hold.
    pub prompt: Prompt,
    /// The first messages, to the end of the first that is not the system's: every turn of a conversation begins with
    /// them.
    pub(crate) lead: Option<&'a str>,
}

/// Why a body is not a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadRequest {
    /// Not JSON: what the parser said, with line and column.
    Syntax(String),
    /// JSON, but not an object.
    NotAnObject,
    /// An object of more than [`MAX_MEMBERS`] members.
    TooManyMembers,
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
            Self::TooManyMembers => write!(f, "the body must have at most {MAX_MEMBERS} members"),
            Self::Field { name, expected } => write!(f, "`{name}` must be {expected}"),
        }
    }
}

impl<'a> Head<'a> {
    /// Reads `body`. One pass; allocates the member list and nothing per byte.
    pub fn read(body: &'a [u8]) -> Result<Self, BadRequest> {
        let text = scan::text(body).map_err(|Fault| {
            let valid = body.utf8_chunks().next().map_or(0, |chunk| chunk.valid().len());
            BadRequest::Syntax(format!("invalid UTF-8 at byte {valid}"))
        })?;
        let mut notes = Notes::default();
        let members = match scan::Members::of(text) {
            Ok(mut found) => match collect(&mut found, MAX_MEMBERS, &mut notes) {
                Ok(members) if found.is_all() => members,
                Err(Short::TooMany) => return Err(BadRequest::TooManyMembers),
                Ok(_) | Err(Short::Fault) => return Err(unreadable(text)),
            },
            Err(Fault) => return Err(unreadable(text)),
        };
        let (prompt, lead) = notes.finish();
        let lead = lead.and_then(|lead| text.get(lead));
        let mut head = Self { members, prompt, lead, ..Self::default() };
        head.decode()?;
        Ok(head)
    }

    /// The raw JSON of the last member called `key`: the one that JSON parsers let win.
    pub fn raw(&self, key: &str) -> Option<&'a str> {
        self.members.iter().rev().find(|member| member.key == key).map(|member| member.raw)
    }

    /// The members that count: of several of one name the last, and none that is null.
    pub fn effective(&self) -> impl Iterator<Item = &Member<'a>> {
        let again = |at: usize, key: &str| self.members.iter().skip(at.saturating_add(1)).any(|later| later.key == key);
        let members = self.members.iter().enumerate();
        members.filter(move |(at, member)| member.raw != "null" && !again(*at, &member.key)).map(|(_, member)| member)
    }

    /// Like [`Self::raw`], reading `null` as absent.
    pub fn present(&self, key: &str) -> Option<&'a str> {
        self.raw(key).filter(|raw| *raw != "null")
    }

    /// The string member `key`, if it is one.
    pub fn string(&self, key: &str) -> Option<Cow<'a, str>> {
        self.present(key).and_then(string)
    }

    /// Names the conversation for stickiness: the messages up to the first that is not the system's, as they stand in
    /// the body. Later turns keep both, so the hash stays.
    pub fn conversation(&self) -> Option<u64> {
        use std::hash::Hasher;
        let mut hash = hasher();
        for lead in ["system", "instructions"] {
            if let Some(raw) = self.present(lead) {
                brief(&mut hash, raw);
            }
        }
        if let Some(lead) = self.lead {
            brief(&mut hash, lead);
            return Some(hash.finish());
        }
        // Instructions alone are many conversations.
        if self.present("messages").or_else(|| self.present("input")).is_some_and(|raw| raw.starts_with('[')) {
            return None;
        }
        let prompt = self.present("prompt").or_else(|| self.present("input"))?;
        brief(&mut hash, prompt);
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
            // Read no further than the first name too many: a list of empty names takes more memory than its text.
            let names: Option<Vec<Cow<'a, str>>> =
                elements(raw).take(MAX_NAMES + 1).map(string).collect::<Option<_>>().filter(|_| raw.starts_with('['));
            let names = names.ok_or_else(|| wrong("models", "an array of strings"))?;
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

/// Most members of a request. The APIs have some forty parameters; a body of nothing but tiny members would take twelve
/// times its size to remember.
pub const MAX_MEMBERS: usize = 4096;

/// The same in every process and on every day. Whoever finds two prompts that hash alike has tied its own conversations.
pub fn hasher() -> impl std::hash::Hasher {
    use std::hash::BuildHasher;
    foldhash::fast::FixedState::default().build_hasher()
}

/// Hashes a text by its length and its ends: a picture of megabytes in the first message is no reason to read it all, and
/// what is alike in all three is one conversation.
fn brief(hash: &mut impl std::hash::Hasher, text: &str) {
    const END: usize = 2048;
    let bytes = text.as_bytes();
    hash.write_usize(bytes.len());
    match (bytes.get(..END), bytes.len().checked_sub(END).and_then(|at| bytes.get(at..))) {
        (Some(first), Some(last)) => {
            hash.write(first);
            hash.write(last);
        }
        _ => hash.write(bytes),
    }
}

/// What is wrong with a body, in the words of a parser that counts lines.
fn unreadable(text: &str) -> BadRequest {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) if !text.trim_start().starts_with('{') => BadRequest::NotAnObject,
        // The one thing that is passed over by a parser that ignores what it reads.
        Ok(_) => BadRequest::Syntax("a key holds half a surrogate pair".to_owned()),
        Err(error) => BadRequest::Syntax(error.to_string()),
    }
}

#[cfg(test)]
mod tests;

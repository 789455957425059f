//! What an answer may hold beside what the hub has of it.

use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use crate::scan;

/// Another number of choices than one, probabilities, or a legacy call.
pub(super) fn in_answer(body: &[u8]) -> bool {
    let beside: Beside<'_> = serde_json::from_slice(body).unwrap_or_default();
    !matches!(&beside.choices[..], [Choice { logprobs: None, message: Message { function_call: None } }])
}

/// What a whole answer may hold beside what is read of it.
#[derive(Deserialize, Default)]
struct Beside<'a> {
    #[serde(borrow, default)]
    choices: Vec<Choice<'a>>,
}

#[derive(Deserialize, Default)]
struct Choice<'a> {
    #[serde(borrow, default)]
    logprobs: Option<&'a RawValue>,
    #[serde(default)]
    message: Message,
}

#[derive(Deserialize, Default)]
struct Message {
    #[serde(default)]
    function_call: Option<IgnoredAny>,
}

/// A chunk of another choice than the first, or with probabilities.
pub(super) fn in_event(data: &[u8]) -> bool {
    #[derive(Deserialize, Default)]
    struct Chunk<'a> {
        #[serde(borrow, default)]
        choices: Vec<Part<'a>>,
    }
    #[derive(Deserialize, Default)]
    struct Part<'a> {
        #[serde(default)]
        index: u64,
        #[serde(borrow, default)]
        logprobs: Option<&'a RawValue>,
    }
    let chunk: Chunk<'_> = scan::text(data).ok().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    chunk.choices.iter().any(|part| part.index > 0 || part.logprobs.is_some_and(|raw| raw.get() != "null"))
}

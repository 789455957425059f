//! Reasoning as chat completions carry it: DeepSeek's `reasoning_content`, and OpenRouter's `reasoning` with
//! `reasoning_details`, which alone have room for a seal.

use serde::Deserialize;

use crate::{
    hub::{Text, Thought},
    json::Object,
    loose::{Whole, Word},
};

/// One of OpenRouter's `reasoning_details`.
#[derive(Debug, Deserialize)]
pub(crate) struct Detail<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Word<'a>,
    #[serde(borrow, default)]
    text: Word<'a>,
    #[serde(borrow, default)]
    summary: Word<'a>,
    #[serde(borrow, default)]
    data: Word<'a>,
    #[serde(borrow, default)]
    signature: Word<'a>,
    #[serde(borrow, default)]
    format: Word<'a>,
    #[serde(default)]
    index: Whole,
}

/// What the details of a stream's chunk add.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    Text(Text<'a>),
    Seal(Text<'a>, Option<Text<'a>>),
    Redacted(Text<'a>, Option<Text<'a>>),
}

/// The details of a chunk, one by one. `plain` = the same text stands in `reasoning` or `reasoning_content` already.
pub(crate) fn steps<'a>(details: Vec<Detail<'a>>, plain: bool, mut each: impl FnMut(Step<'a>)) {
    for detail in details {
        if let Some(data) = detail.data.0 {
            each(Step::Redacted(data, detail.format.0));
            continue;
        }
        let encrypted = detail.kind.0.as_deref() == Some("reasoning.encrypted");
        let text = detail.text.0.or(detail.summary.0);
        if let Some(text) = text.filter(|text| !plain && !encrypted && !text.is_empty()) {
            each(Step::Text(text));
        }
        if let Some(signature) = detail.signature.0.filter(|signature| !signature.is_empty()) {
            each(Step::Seal(signature, detail.format.0));
        }
    }
}

/// The thoughts of a whole message: what its details say where there are details, else the plain text. Clients that
/// collect a stream send its details back piece by piece: pieces of one index are one thought, and the seal, which comes
/// last, says whose.
pub(crate) fn thoughts<'a>(plain: Option<Text<'a>>, details: Vec<Detail<'a>>) -> Vec<Thought<'a>> {
    let mut thoughts: Vec<(Option<u64>, Thought<'a>)> = Vec::new();
    for detail in details {
        let Detail { text, summary, data, signature, format, index, .. } = detail;
        let (index, format) = (index.0, format.0);
        if let Some(data) = data.0 {
            thoughts.push((index, Thought { seal: Some(data), redacted: true, format, ..Thought::default() }));
            continue;
        }
        let text = text.0.or(summary.0).unwrap_or_default();
        let seal = signature.0.filter(|signature| !signature.is_empty());
        match thoughts.last_mut() {
            Some((last, thought)) if *last == index && !thought.redacted && thought.seal.is_none() => {
                thought.text.0.to_mut().push_str(&text);
                if seal.is_some() || thought.format.is_none() {
                    thought.format = format;
                }
                thought.seal = seal;
            }
            _ if text.is_empty() && seal.is_none() => {}
            _ => thoughts.push((index, Thought { text, seal, redacted: false, format })),
        }
    }
    let mut thoughts: Vec<Thought<'a>> = thoughts.into_iter().map(|(_, thought)| thought).collect();
    let readable = thoughts.iter().any(|thought| !thought.text.is_empty());
    if let Some(text) = plain.filter(|text| !text.is_empty() && !readable) {
        thoughts.insert(0, Thought { text, ..Thought::default() });
    }
    thoughts
}

/// Writes one detail. `text` and `seal` may each be absent.
pub(crate) fn write_detail(object: &mut Object<'_>, index: usize, thought: &Thought<'_>) {
    let format = thought.format.as_deref().unwrap_or("unknown");
    if thought.redacted {
        object.text("type", "reasoning.encrypted");
        object.text("data", thought.seal.as_deref().unwrap_or_default());
    } else {
        object.text("type", "reasoning.text");
        if !thought.text.is_empty() || thought.seal.is_none() {
            object.text("text", &thought.text);
        }
        if let Some(seal) = &thought.seal {
            object.text("signature", seal);
        }
    }
    object.text("format", format).number("index", index as u64);
}

//! Reasoning as chat completions carry it: DeepSeek's `reasoning_content`, and OpenRouter's `reasoning` with
//! `reasoning_details`, which alone have room for a seal.

use serde::Deserialize;

use crate::{
    hub::{Text, Thought},
    json::Object,
};

/// One of OpenRouter's `reasoning_details`.
#[derive(Debug, Deserialize)]
pub(crate) struct Detail<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(borrow, default)]
    summary: Option<Text<'a>>,
    #[serde(borrow, default)]
    data: Option<Text<'a>>,
    #[serde(borrow, default)]
    signature: Option<Text<'a>>,
    #[serde(borrow, default)]
    format: Option<Text<'a>>,
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
        if let Some(data) = detail.data {
            each(Step::Redacted(data, detail.format));
            continue;
        }
        let encrypted = detail.kind.as_deref() == Some("reasoning.encrypted");
        if let Some(text) = detail.text.or(detail.summary).filter(|text| !plain && !encrypted && !text.is_empty()) {
            each(Step::Text(text));
        }
        if let Some(signature) = detail.signature.filter(|signature| !signature.is_empty()) {
            each(Step::Seal(signature, detail.format));
        }
    }
}

/// The thoughts of a whole message: each detail by itself where there are details, else the plain text.
pub(crate) fn thoughts<'a>(plain: Option<Text<'a>>, details: Vec<Detail<'a>>) -> Vec<Thought<'a>> {
    let mut thoughts: Vec<Thought<'a>> = Vec::new();
    for detail in details {
        let Detail { text, summary, data, signature, format, .. } = detail;
        match data {
            Some(data) => thoughts.push(Thought { seal: Some(data), redacted: true, format, ..Thought::default() }),
            None => {
                let text = text.or(summary).unwrap_or_default();
                let seal = signature.filter(|signature| !signature.is_empty());
                if !text.is_empty() || seal.is_some() {
                    thoughts.push(Thought { text, seal, redacted: false, format });
                }
            }
        }
    }
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

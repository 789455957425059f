//! What form a chat request wants its answer in, and how much thought.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::hub::{Class, Effort, Format, Losses, Reasoning, Text};

#[derive(Deserialize)]
pub(super) struct FormatIn<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    json_schema: Option<SchemaIn<'a>>,
    /// Where Together and others take the schema.
    #[serde(borrow, default)]
    schema: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct SchemaIn<'a> {
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    description: Option<Text<'a>>,
    #[serde(borrow, default)]
    schema: Option<&'a RawValue>,
    #[serde(default)]
    strict: Option<bool>,
}

pub(super) fn format<'a>(format: FormatIn<'a>, losses: &mut Losses) -> Option<Format<'a>> {
    match (format.kind.as_deref(), format.json_schema, format.schema) {
        (Some("text") | None, ..) => None,
        (Some("json_object"), _, None) => Some(Format::Json),
        (Some("json_schema"), Some(SchemaIn { name, description, schema: Some(schema), strict }), _) => {
            Some(Format::Schema { name, description, schema, strict: strict == Some(true) })
        }
        (_, _, Some(schema)) => Some(Format::Schema { name: None, description: None, schema, strict: false }),
        (Some(other), ..) => {
            losses.foreign(Class::Parameter, "response_format", other);
            None
        }
    }
}

#[derive(Deserialize)]
pub(super) struct ReasoningIn<'a> {
    #[serde(borrow, default)]
    effort: Option<Text<'a>>,
    #[serde(default)]
    max_tokens: Option<u64>,
    #[serde(default)]
    enabled: Option<bool>,
    #[serde(default)]
    pub(super) exclude: Option<bool>,
}

impl ReasoningIn<'_> {
    pub(super) fn meaning(&self) -> Option<Reasoning> {
        if self.enabled == Some(false) {
            return Some(Reasoning::Off);
        }
        self.max_tokens
            .map(Reasoning::Budget)
            .or_else(|| self.effort.as_deref().and_then(effort))
            // OpenRouter: `enabled: true` is medium.
            .or_else(|| self.enabled.map(|_| Reasoning::Effort(Effort::Medium)))
    }
}

/// `thinking: {"type": "enabled"}` of Z.ai, DeepSeek and others.
#[derive(Deserialize)]
pub(super) struct Switch<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(default)]
    budget_tokens: Option<u64>,
}

impl Switch<'_> {
    pub(super) fn meaning(&self) -> Option<Reasoning> {
        match self.kind.as_deref() {
            Some("disabled") => Some(Reasoning::Off),
            Some("enabled" | "adaptive" | "auto") => {
                Some(self.budget_tokens.map_or(Reasoning::Adaptive, Reasoning::Budget))
            }
            _ => None,
        }
    }
}

pub(super) fn effort(word: &str) -> Option<Reasoning> {
    if word == "none" { Some(Reasoning::Off) } else { Effort::parse(word).map(Reasoning::Effort) }
}

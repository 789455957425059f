//! How the form of an answer is asked for.

use serde_json::value::RawValue;

use super::super::thinking::Thinking;
use crate::{
    hub::{Format, Losses, Part, Request},
    json::{self},
    profile::Profile,
    schema,
};

/// Name of the tool that stands for a schema where the model has no structured outputs.
pub(super) const SCHEMA_TOOL: &str = "answer_as_json";

/// How the answer's form is asked for.
pub(super) enum Form<'a> {
    Free,
    /// `output_config.format`
    Native(String),
    /// A tool that must be called.
    Tool {
        schema: &'a RawValue,
        description: Option<&'a str>,
    },
    /// In words: nothing holds the model to it.
    Words(String),
}

impl<'a> Form<'a> {
    pub(super) fn of(request: &'a Request<'_>, to: &Profile<'_>, thinking: Thinking, losses: &mut Losses) -> Self {
        match &request.format {
            None => Self::Free,
            Some(Format::Json) => {
                losses.hint("response_format.json_object");
                // OpenAI refuses this form unless the conversation speaks of JSON, so mostly nothing has to be said.
                if speaks_of_json(request) {
                    return Self::Free;
                }
                Self::Words("Answer with one JSON object and nothing else.".to_owned())
            }
            Some(Format::Schema { schema, description, .. }) => {
                if to.structured_outputs {
                    let (fitted, lost) = schema::for_anthropic(schema.get());
                    if lost {
                        losses.hint("response_format.json_schema.constraints");
                    }
                    return Self::Native(fitted);
                }
                // A forced tool leaves no room for other tools, nor for thinking.
                if request.tools.is_empty() && thinking == Thinking::Off && json::is_object(schema.get()) {
                    return Self::Tool { schema, description: description.as_deref() };
                }
                losses.parameter("response_format");
                Self::Words(format!(
                    "Answer with JSON that follows this JSON schema, and with nothing else:\n{}",
                    schema.get()
                ))
            }
        }
    }
}

fn speaks_of_json(request: &Request<'_>) -> bool {
    let parts = request.system.iter().chain(request.turns.iter().flat_map(|turn| &turn.parts));
    let mut texts = parts.filter_map(|part| match part {
        Part::Text { text, .. } => Some(text),
        _ => None,
    });
    texts.any(|text| text.as_bytes().windows(4).any(|word| word.eq_ignore_ascii_case(b"json")))
}

//! The tools of a chat request, and the choice among them.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::hub::{Losses, Text, Tool, ToolChoice};

#[derive(Deserialize)]
pub(super) struct ToolIn<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    function: Option<Function<'a>>,
    #[serde(borrow, default)]
    cache_control: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Function<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow, default)]
    description: Option<Text<'a>>,
    #[serde(borrow, default)]
    parameters: Option<&'a RawValue>,
    #[serde(default)]
    strict: Option<bool>,
    #[serde(borrow, default)]
    cache_control: Option<&'a RawValue>,
}

impl<'a> Function<'a> {
    pub(super) fn into_tool(self, cache: Option<&'a RawValue>) -> Tool<'a> {
        Tool::Function {
            name: self.name,
            description: self.description,
            schema: self.parameters.filter(|raw| raw.get() != "null"),
            strict: self.strict,
            cache: cache.or(self.cache_control),
        }
    }
}

pub(super) fn tool(tool: ToolIn<'_>) -> Tool<'_> {
    match tool.function {
        Some(function) => function.into_tool(tool.cache_control),
        None => Tool::Hosted(tool.kind.unwrap_or_default()),
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum ChoiceIn<'a> {
    Word(#[serde(borrow)] Text<'a>),
    Tool {
        #[serde(borrow)]
        function: NameIn<'a>,
    },
    /// The legacy `function_call: {"name": ...}`.
    Function {
        #[serde(borrow)]
        name: Text<'a>,
    },
    Other(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
pub(super) struct NameIn<'a> {
    #[serde(borrow)]
    name: Text<'a>,
}

pub(super) fn tool_choice<'a>(choice: ChoiceIn<'a>, losses: &mut Losses) -> ToolChoice<'a> {
    match choice {
        ChoiceIn::Word(word) => match &*word {
            "none" => ToolChoice::None,
            // `any` is Mistral's word.
            "required" | "any" => ToolChoice::Required,
            _ => ToolChoice::Auto,
        },
        ChoiceIn::Tool { function } => ToolChoice::Named(function.name),
        ChoiceIn::Function { name } => ToolChoice::Named(name),
        ChoiceIn::Other(_) => {
            losses.parameter("tool_choice");
            ToolChoice::Auto
        }
    }
}

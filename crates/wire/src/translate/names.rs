//! Names of tools that OpenAI would refuse: Anthropic allows 128 characters, OpenAI 64, and tools of MCP servers use them.

use crate::{
    hub::{Part, Request, Text, Tool, ToolChoice},
    openai::ids,
};

/// Longest name that OpenAI takes.
const LONGEST: usize = 64;

/// Shortens too long names wherever they stand; returns each short one with the long one it stands for. The same name
/// always becomes the same one, so that a conversation stays the same from turn to turn.
pub(super) fn shorten(request: &mut Request<'_>) -> Box<[(Box<str>, Box<str>)]> {
    let mut names: Vec<(Box<str>, Box<str>)> = Vec::new();
    let mut fit = |name: &mut Text<'_>| {
        if name.len() <= LONGEST {
            return;
        }
        let start: String = name.chars().take(LONGEST - 13).collect();
        let short = format!("{start}_{}", ids::letters(name, 12));
        if !names.iter().any(|(known, _)| **known == *short) {
            names.push((short.as_str().into(), (**name).into()));
        }
        *name = Text::from(short);
    };
    for tool in &mut request.tools {
        if let Tool::Function { name, .. } = tool {
            fit(name);
        }
    }
    if let Some(ToolChoice::Named(name)) = &mut request.tool_choice {
        fit(name);
    }
    for part in request.turns.iter_mut().flat_map(|turn| &mut turn.parts) {
        if let Part::Call(call) = part {
            fit(&mut call.name);
        }
    }
    names.into()
}

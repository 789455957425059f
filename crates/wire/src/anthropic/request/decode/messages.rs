//! The conversation of a Messages request.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    anthropic::seal,
    few,
    hub::{Call, File, Image, Losses, Part, Role, Source, Text, Thought, ToolResult, Turn},
    loose::Texts,
    parse::{BadPart, parse},
};

#[derive(Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    role: Text<'a>,
    #[serde(borrow)]
    content: Content<'a>,
}

/// A string, or blocks, each to be read by its own kind: blocks of different kinds have members of one name and of
/// different types.
pub(super) enum Content<'a> {
    Text(Text<'a>),
    Blocks(Vec<&'a RawValue>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not `untagged`, which would copy every string before it knows what it is.
        let raw = <&'de RawValue>::deserialize(deserializer)?.get();
        let read = if raw.starts_with('"') {
            serde_json::from_str(raw).map(Self::Text)
        } else {
            serde_json::from_str(raw).map(|few::All(blocks)| Self::Blocks(blocks))
        };
        read.map_err(serde::de::Error::custom)
    }
}

impl<'a> Content<'a> {
    /// `place` names the content in an error.
    pub(super) fn into_parts(self, place: &str, losses: &mut Losses) -> Result<Vec<Part<'a>>, BadPart> {
        let blocks = match self {
            Self::Text(text) => return Ok(vec![Part::Text { text, cache: None }]),
            Self::Blocks(blocks) => blocks,
        };
        let parts = blocks.into_iter().enumerate();
        parts.map(|(at, raw)| block(raw.get(), &format!("{place}[{at}]"), losses)).collect()
    }
}

pub(super) fn turn<'a>(message: Message<'a>, at: usize, losses: &mut Losses) -> Result<Turn<'a>, BadPart> {
    let role = match &*message.role {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        other => return Err(BadPart::new(format!("messages[{at}].role"), format!("there is no role `{other}`"))),
    };
    Ok(Turn { role, parts: message.content.into_parts(&format!("messages[{at}].content"), losses)? })
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

#[derive(Deserialize)]
struct TextBlock<'a> {
    #[serde(borrow)]
    text: Text<'a>,
    #[serde(borrow, default)]
    citations: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cache_control: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct SourceBlock<'a> {
    #[serde(borrow)]
    source: SourceIn<'a>,
    #[serde(borrow, default)]
    title: Option<Text<'a>>,
    #[serde(borrow, default)]
    context: Option<Text<'a>>,
    #[serde(borrow, default)]
    citations: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cache_control: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ToolUse<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cache_control: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ToolResultIn<'a> {
    #[serde(borrow)]
    tool_use_id: Text<'a>,
    #[serde(borrow, default)]
    content: Option<Content<'a>>,
    #[serde(default)]
    is_error: Option<bool>,
    #[serde(borrow, default)]
    cache_control: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Thinking<'a> {
    #[serde(borrow, default)]
    thinking: Text<'a>,
    #[serde(borrow, default)]
    signature: Text<'a>,
    /// Of a redacted one.
    #[serde(borrow, default)]
    data: Text<'a>,
}

/// What a search found: text with its origin.
#[derive(Deserialize)]
struct SearchResult<'a> {
    #[serde(borrow, default)]
    source: Text<'a>,
    #[serde(borrow, default)]
    title: Text<'a>,
    #[serde(borrow)]
    content: Texts<'a>,
    #[serde(borrow, default)]
    cache_control: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct SourceIn<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    media_type: Option<Text<'a>>,
    #[serde(borrow, default)]
    data: Option<Text<'a>>,
    #[serde(borrow, default)]
    url: Option<Text<'a>>,
    #[serde(borrow, default)]
    file_id: Option<Text<'a>>,
}

impl<'a> SourceIn<'a> {
    fn meaning(self) -> Option<Source<'a>> {
        let kind = self.kind.clone();
        match (&*kind, self) {
            ("base64", Self { media_type: Some(media_type), data: Some(data), .. }) => {
                Some(Source::Base64 { media_type, data })
            }
            ("url", Self { url: Some(url), .. }) => Some(Source::Url(url)),
            ("text", Self { data: Some(data), .. }) => Some(Source::Plain(data)),
            ("file", Self { file_id: Some(id), .. }) => Some(Source::Uploaded(id)),
            _ => None,
        }
    }
}

fn block<'a>(raw: &'a str, place: &str, losses: &mut Losses) -> Result<Part<'a>, BadPart> {
    let Kind { kind } = parse(place, raw)?;
    Ok(match &*kind {
        "text" => {
            let TextBlock { text, citations, cache_control } = parse(place, raw)?;
            if citations.is_some_and(|raw| !matches!(raw.get(), "null" | "[]")) {
                losses.hint("messages.text.citations");
            }
            Part::Text { text, cache: cache_control }
        }
        "image" | "document" => {
            let SourceBlock { source, title, context, citations, cache_control: cache } = parse(place, raw)?;
            if citations.is_some_and(|raw| raw.get().contains("true")) {
                losses.parameter("messages.document.citations");
            }
            if context.is_some_and(|context| !context.is_empty()) {
                losses.parameter("messages.document.context");
            }
            match source.meaning() {
                Some(source) if &*kind == "image" => Part::Image(Image { source, detail: None, cache }),
                Some(source) => Part::File(File { source, name: title, cache }),
                None => Part::Other(kind),
            }
        }
        "search_result" => {
            let SearchResult { source, title, content, cache_control } = parse(place, raw)?;
            losses.hint("messages.search_result");
            let text = format!("{} ({}):\n{}", &*title, &*source, content.joined());
            Part::Text { text: Text::from(text), cache: cache_control }
        }
        "tool_use" => {
            let ToolUse { id, name, input, cache_control: cache } = parse(place, raw)?;
            let (id, extra) = seal::split_call_id(id);
            Part::Call(Call { id, name, input: Text::from(input.map_or("{}", RawValue::get)), cache, extra })
        }
        // A result holds no other one: nobody's nesting takes our stack.
        "tool_result" if place.contains(".tool_result") => Part::Other(kind),
        "tool_result" => {
            let ToolResultIn { tool_use_id, content, is_error, cache_control: cache } = parse(place, raw)?;
            let place = format!("{place}.tool_result.content");
            let parts = content.map_or(Ok(Vec::new()), |content| content.into_parts(&place, losses))?;
            let (id, _) = seal::split_call_id(tool_use_id);
            Part::Result(ToolResult { id, parts, is_error: is_error == Some(true), cache })
        }
        "thinking" => {
            let Thinking { thinking, signature, .. } = parse(place, raw)?;
            let (seal, format) = seal::open(signature);
            Part::Thought(Thought { text: thinking, seal, redacted: false, format })
        }
        "redacted_thinking" => {
            let Thinking { data, .. } = parse(place, raw)?;
            let (seal, format) = seal::open(data);
            Part::Thought(Thought { seal, redacted: true, format, ..Thought::default() })
        }
        _ => Part::Other(kind),
    })
}

//! The conversation of a chat request.

use std::{borrow::Cow, collections::HashMap};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::open;
use crate::{
    few,
    hub::{Audio, Call, File, Image, Losses, Part, Request, Role, Source, Text, Thought, ToolResult, Turn},
    loose::Texts,
    openai::{
        reasoning::{self, Detail},
        stream::text_or_json,
    },
    parse::BadPart,
};

#[derive(Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    role: Text<'a>,
    #[serde(borrow, default)]
    content: Option<Content<'a>>,
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    refusal: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "few::all")]
    tool_calls: Vec<CallIn<'a>>,
    #[serde(borrow, default)]
    function_call: Option<FunctionCall<'a>>,
    #[serde(borrow, default)]
    tool_call_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    reasoning: Option<&'a RawValue>,
    #[serde(borrow, default)]
    reasoning_content: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "few::all")]
    reasoning_details: Vec<Detail<'a>>,
    #[serde(borrow, default)]
    cache_control: Option<&'a RawValue>,
    #[serde(borrow, default)]
    audio: Option<&'a RawValue>,
}

/// A string, or parts.
enum Content<'a> {
    Text(Text<'a>),
    Parts(Vec<PartIn<'a>>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not `untagged`, which would copy every string before it knows what it is.
        let raw = <&'de RawValue>::deserialize(deserializer)?.get();
        let read = if raw.starts_with('"') {
            serde_json::from_str(raw).map(Self::Text)
        } else {
            serde_json::from_str(raw).map(|few::All(parts)| Self::Parts(parts))
        };
        read.map_err(serde::de::Error::custom)
    }
}

#[derive(Deserialize)]
struct PartIn<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(borrow, default)]
    refusal: Option<Text<'a>>,
    #[serde(borrow, default)]
    image_url: Option<UrlIn<'a>>,
    #[serde(borrow, default)]
    document_url: Option<Text<'a>>,
    #[serde(borrow, default)]
    input_audio: Option<AudioIn<'a>>,
    #[serde(borrow, default)]
    file: Option<FileIn<'a>>,
    #[serde(borrow, default)]
    thinking: Option<Texts<'a>>,
    #[serde(borrow, default)]
    cache_control: Option<&'a RawValue>,
}

/// An object with `url`, or the bare address that Mistral takes.
struct UrlIn<'a> {
    url: Text<'a>,
    detail: Option<Text<'a>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for UrlIn<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Object<'a> {
            #[serde(borrow)]
            url: Text<'a>,
            #[serde(borrow, default)]
            detail: Option<Text<'a>>,
        }
        let raw = <&'de RawValue>::deserialize(deserializer)?.get();
        let read = if raw.starts_with('"') {
            serde_json::from_str(raw).map(|url| Self { url, detail: None })
        } else {
            serde_json::from_str(raw).map(|Object { url, detail }| Self { url, detail })
        };
        read.map_err(serde::de::Error::custom)
    }
}

#[derive(Deserialize)]
struct AudioIn<'a> {
    #[serde(borrow)]
    data: Text<'a>,
    #[serde(borrow, default)]
    format: Text<'a>,
}

#[derive(Deserialize)]
struct FileIn<'a> {
    #[serde(borrow, default)]
    file_data: Option<Text<'a>>,
    #[serde(borrow, default)]
    file_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    filename: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct CallIn<'a> {
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    function: Option<FunctionCall<'a>>,
    #[serde(borrow, default)]
    custom: Option<CustomCall<'a>>,
    #[serde(borrow, default)]
    extra_content: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct CustomCall<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow, default)]
    input: Text<'a>,
}

#[derive(Deserialize)]
struct FunctionCall<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
}

impl<'a> FunctionCall<'a> {
    fn into_call(self, id: Text<'a>, extra: Option<Text<'a>>) -> Call<'a> {
        let input = self.arguments.map(text_or_json).unwrap_or_default();
        Call { id, name: self.name, input, cache: None, extra }
    }
}

pub(super) fn messages<'a>(
    request: &mut Request<'a>,
    messages: Vec<Message<'a>>,
    losses: &mut Losses,
) -> Result<(), BadPart> {
    let mut legacy = Legacy::default();
    for (at, message) in messages.into_iter().enumerate() {
        let role = match &*message.role {
            "system" | "developer" => Role::System,
            "assistant" => Role::Assistant,
            "user" | "tool" | "function" => Role::User,
            other => return Err(BadPart::new(format!("messages[{at}].role"), format!("there is no role `{other}`"))),
        };
        let leads = role == Role::System && request.turns.is_empty();
        let parts = match &*message.role {
            "tool" | "function" => vec![tool_result(message, at, (&request.turns, &legacy), losses)?],
            _ => said(message, role, &mut legacy, losses),
        };
        if leads {
            request.system.extend(parts);
        } else {
            request.turns.push(Turn { role, parts });
        }
    }
    Ok(())
}

/// Ids for calls of functions, which have none: the name, and a number from the second call on. What a function returned
/// belongs to its last call.
#[derive(Default)]
struct Legacy(HashMap<String, u32>);

impl Legacy {
    fn called(&mut self, name: &str) -> Text<'static> {
        let count = self.0.entry(name.to_owned()).or_default();
        *count = count.saturating_add(1);
        self.last(name)
    }

    fn last(&self, name: &str) -> Text<'static> {
        match self.0.get(name) {
            Some(2..) => Text::from(format!("{name}_{}", self.0.get(name).copied().unwrap_or_default())),
            _ => Text::from(name.to_owned()),
        }
    }
}

fn tool_result<'a>(
    message: Message<'a>,
    at: usize,
    (before, legacy): (&[Turn<'a>], &Legacy),
    losses: &mut Losses,
) -> Result<Part<'a>, BadPart> {
    let id = match (message.tool_call_id.filter(|id| !id.is_empty()), message.name) {
        (Some(id), _) => id,
        (None, Some(name)) if &*message.role == "function" => legacy.last(&name),
        (None, name) => open::call(before, name.as_deref()).map_err(|open| {
            let why = match open {
                0 => "a tool's message must name its call".to_owned(),
                several => format!("a tool's message must name its call: {several} have no result yet"),
            };
            BadPart::new(format!("messages[{at}].tool_call_id"), why)
        })?,
    };
    let mut parts = Vec::new();
    content(message.content, &mut parts, losses);
    Ok(Part::Result(ToolResult { id, parts, is_error: false, cache: message.cache_control }))
}

fn said<'a>(message: Message<'a>, role: Role, legacy: &mut Legacy, losses: &mut Losses) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    // Reasoning comes before what follows from it (R3).
    let plain = message.reasoning_content.or_else(|| {
        let reasoning = message.reasoning.map(RawValue::get)?;
        serde_json::from_str::<Text<'a>>(reasoning).ok()
    });
    let thoughts = reasoning::thoughts(plain, message.reasoning_details);
    parts.extend(thoughts.into_iter().map(Part::Thought));
    let before = parts.len();
    content(message.content, &mut parts, losses);
    if let Some(name) = message.name.filter(|_| role == Role::User) {
        // OpenRouter's way to tell other vendors who speaks.
        if let Some(Part::Text { text, .. }) = parts.get_mut(before) {
            *text = Text::from(format!("{}: {}", &*name, &**text));
        }
    }
    if let Some(refusal) = message.refusal.filter(|refusal| !refusal.is_empty()) {
        parts.push(Part::Refusal(refusal));
    }
    if message.audio.is_some_and(|audio| audio.get() != "null") {
        losses.content("messages.audio");
    }
    for call in message.tool_calls {
        let id = call.id.unwrap_or_default();
        if let Some(function) = call.function {
            let extra = call.extra_content.map(|raw| Text::from(raw.get()));
            parts.push(Part::Call(function.into_call(id, extra)));
        } else if let Some(custom) = call.custom {
            losses.parameter("tools.custom");
            let input = Text::from(format!("{{\"input\":{}}}", crate::edit::quote(&custom.input)));
            parts.push(Part::Call(Call { id, name: custom.name, input, cache: None, extra: None }));
        }
    }
    if let Some(call) = message.function_call {
        let id = legacy.called(&call.name);
        parts.push(Part::Call(call.into_call(id, None)));
    }
    if let (Some(hint), Some(cache)) = (message.cache_control, parts.last_mut().and_then(Part::cache_mut)) {
        cache.get_or_insert(hint);
    }
    parts
}

fn content<'a>(content: Option<Content<'a>>, out: &mut Vec<Part<'a>>, losses: &mut Losses) {
    match content {
        None => {}
        Some(Content::Text(text)) => out.push(Part::Text { text, cache: None }),
        Some(Content::Parts(parts)) => parts.into_iter().for_each(|one| part(one, out, losses)),
    }
}

fn part<'a>(part: PartIn<'a>, out: &mut Vec<Part<'a>>, losses: &mut Losses) {
    let cache = part.cache_control;
    let kind = part.kind.as_deref().unwrap_or("text");
    out.push(match kind {
        "text" | "input_text" | "output_text" => Part::Text { text: part.text.unwrap_or_default(), cache },
        "refusal" => Part::Refusal(part.refusal.unwrap_or_default()),
        "image_url" => match part.image_url {
            Some(UrlIn { url, detail }) => Part::Image(Image { source: source(url), detail, cache }),
            None => return losses.content("messages.image_url"),
        },
        "file" => match part.file {
            Some(FileIn { file_data: Some(data), filename, .. }) => {
                // The bytes, with a media type or, from callers who leave it out, as a PDF's.
                let plain = !data.starts_with("data:") && !data.starts_with("http");
                let pdf = |data| Source::Base64 { media_type: "application/pdf".into(), data };
                Part::File(File { source: if plain { pdf(data) } else { source(data) }, name: filename, cache })
            }
            Some(FileIn { file_id: Some(id), filename, .. }) => {
                Part::File(File { source: Source::Uploaded(id), name: filename, cache })
            }
            _ => return losses.content("messages.file"),
        },
        "document_url" => match part.document_url {
            Some(url) => Part::File(File { source: source(url), name: None, cache }),
            None => return losses.content("messages.document_url"),
        },
        "input_audio" => match part.input_audio {
            Some(AudioIn { data, format }) => Part::Audio(Audio { data, format }),
            None => return losses.content("messages.input_audio"),
        },
        "thinking" => {
            let text = part.thinking.map(|texts| texts.joined()).unwrap_or_default();
            Part::Thought(Thought { text: Text::from(text), ..Thought::default() })
        }
        other => Part::Other(Text::from(other.to_owned())),
    });
}

/// A data URL is the bytes themselves; anything else is an address.
fn source(url: Text<'_>) -> Source<'_> {
    let split = |url: &str| -> Option<(usize, usize)> {
        let rest = url.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("data:")).and_then(|_| url.get(5..))?;
        let comma = rest.find(',')?;
        let media = rest.get(..comma)?;
        let media_length = media.len().checked_sub(";base64".len())?;
        media.get(media_length..)?.eq_ignore_ascii_case(";base64").then_some((media_length, comma))
    };
    let Some((media, comma)) = split(&url) else { return Source::Url(url) };
    let cut = |text: &str| {
        let rest = text.get(5..).unwrap_or_default();
        let media_type = rest.get(..media).unwrap_or_default();
        // `data:image/png;charset=x;base64,`: parameters are nobody's business.
        let media_type = media_type.split(';').next().unwrap_or_default();
        (media_type.to_owned(), comma + 6)
    };
    match url.0 {
        Cow::Borrowed(text) => {
            let (media_type, at) = cut(text);
            Source::Base64 { media_type: media_type.into(), data: text.get(at..).unwrap_or_default().into() }
        }
        Cow::Owned(text) => {
            let (media_type, at) = cut(&text);
            Source::Base64 { media_type: media_type.into(), data: text.get(at..).unwrap_or_default().to_owned().into() }
        }
    }
}

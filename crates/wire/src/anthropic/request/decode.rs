//! A Messages request to the hub.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    Head,
    anthropic::seal,
    few,
    hub::{
        Call, Effort, File, Format, Image, Losses, Part, Reasoning, Request, Role, Source, Text, Thought, Tool,
        ToolChoice, ToolResult, Turn,
    },
    translate::{BadPart, parse},
};

/// Reads a Messages request. What no other dialect can say is noted in `losses`; members that the hub has no word for
/// are in [`Request::rest`].
///
/// # Errors
/// A member that has another shape than the API's: which, and what was expected.
pub fn decode<'a>(head: &Head<'a>, losses: &mut Losses) -> Result<Request<'a>, BadPart> {
    let mut request = Request { stream: head.stream, max_tokens: head.max_tokens, ..Request::default() };
    for member in &head.members {
        if member.raw == "null" {
            continue;
        }
        top_level(&mut request, &member.key, member.raw, losses)?;
    }
    Ok(request)
}

fn top_level<'a>(request: &mut Request<'a>, key: &str, raw: &'a str, losses: &mut Losses) -> Result<(), BadPart> {
    match key {
        // Read by `Head`, or answered by the router itself.
        "models" | "provider" | "route" | "fallbacks" => {}
        "model" | "stream" | "max_tokens" => {}
        "system" => request.system = parse::<Content<'a>>("system", raw)?.into_parts(losses),
        "messages" => {
            for (at, message) in parse::<few::All<Message<'a>>>("messages", raw)?.0.into_iter().enumerate() {
                request.turns.push(turn(message, at, losses)?);
            }
        }
        "tools" => request.tools = parse::<few::All<ToolIn<'a>>>("tools", raw)?.0.into_iter().map(tool).collect(),
        "tool_choice" => {
            let choice: ChoiceIn<'a> = parse(key, raw)?;
            request.parallel_tool_calls = choice.disable_parallel_tool_use.map(|disabled| !disabled);
            request.tool_choice = Some(match (&*choice.kind, choice.name) {
                ("any", _) => ToolChoice::Required,
                ("none", _) => ToolChoice::None,
                ("tool", Some(name)) => ToolChoice::Named(name),
                _ => ToolChoice::Auto,
            });
        }
        "temperature" => request.temperature = Some(parse(key, raw)?),
        "top_p" => request.top_p = Some(parse(key, raw)?),
        "top_k" => request.top_k = Some(parse(key, raw)?),
        "stop_sequences" => request.stop = parse(key, raw)?,
        "thinking" => {
            let thinking: ThinkingIn<'_> = parse(key, raw)?;
            request.hide_reasoning = thinking.display.as_deref() == Some("omitted");
            let meaning = match (&*thinking.kind, thinking.budget_tokens) {
                ("disabled", _) => Reasoning::Off,
                (_, Some(budget)) => Reasoning::Budget(budget),
                _ => Reasoning::Adaptive,
            };
            // An effort in words says more than that it adapts.
            if !(meaning == Reasoning::Adaptive && matches!(request.reasoning, Some(Reasoning::Effort(_)))) {
                request.reasoning = Some(meaning);
            }
        }
        "output_config" => output_config(request, parse(key, raw)?, losses),
        "output_format" => {
            let format: FormatIn<'a> = parse(key, raw)?;
            request.format = format.meaning();
        }
        "metadata" => request.user = parse::<Metadata<'a>>(key, raw)?.user_id,
        "cache_control" => request.cache = Some(parse(key, raw)?),
        "service_tier" if matches!(raw, "\"auto\"" | "\"standard_only\"") => {}
        "mcp_servers" if raw == "[]" => {}
        _ => request.rest.push((key.to_owned(), raw)),
    }
    Ok(())
}

fn output_config<'a>(request: &mut Request<'a>, config: OutputConfig<'a>, losses: &mut Losses) {
    request.format = config.format.and_then(FormatIn::meaning).or(request.format.take());
    if let Some(effort) = config.effort.as_deref().and_then(Effort::parse)
        && matches!(request.reasoning, None | Some(Reasoning::Adaptive))
    {
        request.reasoning = Some(Reasoning::Effort(effort));
    }
    if config.task_budget.is_some() {
        losses.parameter("output_config.task_budget");
    }
}

#[derive(Deserialize)]
struct OutputConfig<'a> {
    #[serde(borrow, default)]
    format: Option<FormatIn<'a>>,
    #[serde(borrow, default)]
    effort: Option<Text<'a>>,
    #[serde(borrow, default)]
    task_budget: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct FormatIn<'a> {
    #[serde(borrow, default)]
    schema: Option<&'a RawValue>,
}

impl<'a> FormatIn<'a> {
    fn meaning(self) -> Option<Format<'a>> {
        self.schema.map(|schema| Format::Schema { name: None, description: None, schema, strict: true })
    }
}

#[derive(Deserialize)]
struct ThinkingIn<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(default)]
    budget_tokens: Option<u64>,
    #[serde(borrow, default)]
    display: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow, default)]
    user_id: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct ChoiceIn<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(default)]
    disable_parallel_tool_use: Option<bool>,
}

#[derive(Deserialize)]
struct ToolIn<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    description: Option<Text<'a>>,
    #[serde(borrow, default)]
    input_schema: Option<&'a RawValue>,
    #[serde(default)]
    strict: Option<bool>,
    #[serde(borrow, default)]
    cache_control: Option<&'a RawValue>,
}

fn tool(tool: ToolIn<'_>) -> Tool<'_> {
    match tool.kind {
        Some(kind) if &*kind != "custom" => Tool::Hosted(kind),
        _ => Tool::Function {
            name: tool.name,
            description: tool.description,
            schema: tool.input_schema,
            strict: tool.strict,
            cache: tool.cache_control,
        },
    }
}

// --- messages ---

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    role: Text<'a>,
    #[serde(borrow)]
    content: Content<'a>,
}

/// A string, or blocks.
enum Content<'a> {
    Text(Text<'a>),
    Blocks(Vec<Block<'a>>),
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
    fn into_parts(self, losses: &mut Losses) -> Vec<Part<'a>> {
        match self {
            Self::Text(text) => vec![Part::Text { text, cache: None }],
            Self::Blocks(blocks) => blocks.into_iter().map(|one| block(one, losses)).collect(),
        }
    }
}

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(borrow, default)]
    source: Option<SourceIn<'a>>,
    #[serde(borrow, default)]
    title: Option<Text<'a>>,
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tool_use_id: Option<Text<'a>>,
    /// Of a tool result, but also of results that only Anthropic's own tools have, which have other shapes.
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(default)]
    is_error: Option<bool>,
    #[serde(borrow, default)]
    thinking: Option<Text<'a>>,
    #[serde(borrow, default)]
    signature: Option<Text<'a>>,
    #[serde(borrow, default)]
    data: Option<Text<'a>>,
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

fn turn<'a>(message: Message<'a>, at: usize, losses: &mut Losses) -> Result<Turn<'a>, BadPart> {
    let role = match &*message.role {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        other => return Err(BadPart::new(format!("messages[{at}].role"), format!("there is no role `{other}`"))),
    };
    Ok(Turn { role, parts: message.content.into_parts(losses) })
}

fn block<'a>(block: Block<'a>, losses: &mut Losses) -> Part<'a> {
    let cache = block.cache_control;
    let kind = block.kind.clone();
    match (&*kind, block) {
        ("text", Block { text: Some(text), .. }) => Part::Text { text, cache },
        ("image", Block { source: Some(source), kind, .. }) => match source.meaning() {
            Some(source) => Part::Image(Image { source, detail: None, cache }),
            None => Part::Other(kind),
        },
        ("document", Block { source: Some(source), title, kind, .. }) => match source.meaning() {
            Some(source) => Part::File(File { source, name: title, cache }),
            None => Part::Other(kind),
        },
        ("tool_use", Block { id: Some(id), name: Some(name), input, .. }) => {
            let (id, extra) = seal::split_call_id(id);
            let input = Text::from(input.map_or("{}", RawValue::get));
            Part::Call(Call { id, name, input, cache, extra })
        }
        ("tool_result", Block { tool_use_id: Some(id), content, is_error, .. }) => {
            let parts = content.and_then(|raw| serde_json::from_str::<Content<'a>>(raw.get()).ok());
            let parts = parts.map(|content| content.into_parts(losses)).unwrap_or_default();
            let (id, _) = seal::split_call_id(id);
            Part::Result(ToolResult { id, parts, is_error: is_error == Some(true), cache })
        }
        ("thinking", Block { thinking, signature, .. }) => {
            let (seal, format) = seal::open(signature.unwrap_or_default());
            Part::Thought(Thought { text: thinking.unwrap_or_default(), seal, redacted: false, format })
        }
        ("redacted_thinking", Block { data, .. }) => {
            let (seal, format) = seal::open(data.unwrap_or_default());
            Part::Thought(Thought { seal, redacted: true, format, ..Thought::default() })
        }
        (_, Block { kind, .. }) => Part::Other(kind),
    }
}

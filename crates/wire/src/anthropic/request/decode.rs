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
    loose::Texts,
    request::members_of,
    translate::{BadPart, parse},
};

/// Reads a Messages request. What no other dialect can say is noted in `losses`; members that the hub has no word for
/// are in [`Request::rest`].
///
/// # Errors
/// A member that has another shape than the API's: which, and what was expected.
pub fn decode<'a>(head: &Head<'a>, losses: &mut Losses) -> Result<Request<'a>, BadPart> {
    let mut request = Request { stream: head.stream, max_tokens: head.max_tokens, ..Request::default() };
    for (at, member) in head.members.iter().enumerate() {
        // Of several members of one name the last one counts, here as everywhere.
        let again = head.members.iter().skip(at + 1).any(|later| later.key == member.key);
        if again || member.raw == "null" {
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
        "system" => request.system = parse::<Content<'a>>("system", raw)?.into_parts("system", losses)?,
        "messages" => {
            for (at, message) in parse::<few::All<Message<'a>>>("messages", raw)?.0.into_iter().enumerate() {
                request.turns.push(turn(message, at, losses)?);
            }
        }
        "tools" => {
            let few::All(tools) = parse::<few::All<ToolIn<'a>>>("tools", raw)?;
            request.tools = tools.into_iter().map(|one| tool(one, losses)).collect();
        }
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
        "stop_sequences" => request.stop = parse::<few::All<Text<'a>>>(key, raw)?.0,
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
        "metadata" => {
            request.user = parse::<Metadata<'a>>(key, raw)?.user_id;
            if members_of(raw).iter().any(|member| member.key != "user_id") {
                losses.hint("metadata");
            }
        }
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
    #[serde(borrow, default)]
    defer_loading: Option<&'a RawValue>,
    #[serde(borrow, default)]
    allowed_callers: Option<&'a RawValue>,
    #[serde(borrow, default)]
    input_examples: Option<&'a RawValue>,
}

fn tool<'a>(tool: ToolIn<'a>, losses: &mut Losses) -> Tool<'a> {
    for (there, name) in [
        (tool.defer_loading, "tools.defer_loading"),
        (tool.allowed_callers, "tools.allowed_callers"),
        (tool.input_examples, "tools.input_examples"),
    ] {
        if there.is_some_and(|raw| !matches!(raw.get(), "null" | "false" | "[]")) {
            losses.hint(name);
        }
    }
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

/// A string, or blocks, each to be read by its own kind: blocks of different kinds have members of one name and of
/// different types.
enum Content<'a> {
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
    fn into_parts(self, place: &str, losses: &mut Losses) -> Result<Vec<Part<'a>>, BadPart> {
        let blocks = match self {
            Self::Text(text) => return Ok(vec![Part::Text { text, cache: None }]),
            Self::Blocks(blocks) => blocks,
        };
        let parts = blocks.into_iter().enumerate();
        parts.map(|(at, raw)| block(raw.get(), &format!("{place}[{at}]"), losses)).collect()
    }
}

fn turn<'a>(message: Message<'a>, at: usize, losses: &mut Losses) -> Result<Turn<'a>, BadPart> {
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

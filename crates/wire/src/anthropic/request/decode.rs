//! A Messages request to the hub.

mod messages;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    Head, few,
    hub::{Effort, Format, Losses, Reasoning, Request, Text, Tool, ToolChoice},
    members::members_of,
    parse::{BadPart, parse},
};

use self::messages::{Content, Message, turn};

/// Reads a Messages request. What no other dialect can say is noted in `losses`; members that the hub has no word for
/// are in [`Request::rest`].
///
/// # Errors
/// A member that has another shape than the API's: which, and what was expected.
pub fn decode<'a>(head: &Head<'a>, losses: &mut Losses) -> Result<Request<'a>, BadPart> {
    let mut request = Request { stream: head.stream, max_tokens: head.max_tokens, ..Request::default() };
    for member in head.effective() {
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

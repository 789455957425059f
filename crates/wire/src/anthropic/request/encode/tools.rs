//! Tools, and the choice among them.

use serde_json::value::RawValue;

use crate::{
    hub::{Class, Losses, Request, Tool, ToolChoice},
    json::Object,
    members::{member_of, members_of},
    profile::Profile,
    schema,
};

use super::{
    form::{Form, SCHEMA_TOOL},
    messages::hint,
};

pub(super) fn tools(
    request: &Request<'_>,
    to: &Profile<'_>,
    form: &Form<'_>,
    body: &mut Object<'_>,
    losses: &mut Losses,
) {
    if let Form::Tool { schema, description } = form {
        body.array("tools", |list| {
            list.object(|tool| {
                tool.text("name", SCHEMA_TOOL);
                tool.text("description", description.unwrap_or("Gives the answer. Always use this tool."));
                input_schema(Some(schema), tool);
            });
        });
        body.object("tool_choice", |choice| {
            choice.text("type", "tool").text("name", SCHEMA_TOOL).flag("disable_parallel_tool_use", true);
        });
        return;
    }
    let mut any = false;
    for tool in &request.tools {
        match tool {
            Tool::Function { .. } => any = true,
            Tool::Hosted(kind) => losses.foreign(Class::Parameter, "tools", kind),
        }
    }
    if !any {
        return;
    }
    body.array("tools", |list| {
        for tool in &request.tools {
            let Tool::Function { name, description, schema, strict, cache } = tool else { continue };
            list.object(|tool| {
                tool.text("name", name);
                if let Some(description) = description {
                    tool.text("description", description);
                }
                match strict {
                    Some(true) if to.structured_outputs => {
                        strict_schema(*schema, tool, losses);
                        tool.flag("strict", true);
                    }
                    _ => input_schema(*schema, tool),
                }
                match strict {
                    Some(true) if to.structured_outputs => {}
                    Some(true) => losses.parameter("tools.strict"),
                    _ => {}
                }
                hint(tool, *cache);
            });
        }
    });
    let kind = match &request.tool_choice {
        None if request.parallel_tool_calls != Some(false) => return,
        None | Some(ToolChoice::Auto) => "auto",
        Some(ToolChoice::Required) => "any",
        Some(ToolChoice::None) => "none",
        Some(ToolChoice::Named(_)) => "tool",
    };
    body.object("tool_choice", |choice| {
        choice.text("type", kind);
        if let Some(ToolChoice::Named(name)) = &request.tool_choice {
            choice.text("name", name);
        }
        if request.parallel_tool_calls == Some(false) && kind != "none" {
            choice.flag("disable_parallel_tool_use", true);
        }
    });
}

/// Anthropic's strict tools refuse what its structured outputs refuse.
fn strict_schema(schema: Option<&RawValue>, tool: &mut Object<'_>, losses: &mut Losses) {
    let Some(schema) = schema.filter(|raw| member_of(raw.get(), "type").is_some()) else {
        return input_schema(schema, tool);
    };
    let (fitted, lost) = schema::for_anthropic(schema.get());
    if lost {
        losses.hint("tools.schema.constraints");
    }
    tool.raw("input_schema", &fitted);
}

/// Anthropic requires a schema, and one of an object.
fn input_schema(schema: Option<&RawValue>, tool: &mut Object<'_>) {
    const ANY: &str = "{\"type\":\"object\",\"properties\":{}}";
    let schema = schema.map_or(ANY, RawValue::get);
    if !schema.starts_with('{') || schema == "{}" {
        tool.raw("input_schema", ANY);
    } else if member_of(schema, "type").is_some() {
        tool.raw("input_schema", schema);
    } else {
        tool.object("input_schema", |object| {
            object.text("type", "object");
            members_of(schema).iter().for_each(|member| {
                object.raw(&member.key, member.raw);
            });
        });
    }
}

//! Tools, and the choice among them.

use crate::{
    hub::{Class, Losses, Request, Tool, ToolChoice},
    json::Object,
    schema,
};

pub(super) fn tools(request: &Request<'_>, body: &mut Object<'_>, losses: &mut Losses) {
    let mut any = false;
    for tool in &request.tools {
        match tool {
            Tool::Function { cache, .. } => {
                any = true;
                if cache.is_some() {
                    losses.hint("cache_control");
                }
            }
            Tool::Hosted(kind) => losses.foreign(Class::Parameter, "tools", kind),
        }
    }
    if !any {
        return;
    }
    body.array("tools", |list| {
        for tool in &request.tools {
            let Tool::Function { name, description, schema, strict, .. } = tool else { continue };
            list.object(|object| {
                object.text("type", "function").object("function", |function| {
                    function.text("name", name);
                    if let Some(description) = description {
                        function.text("description", description);
                    }
                    function
                        .raw("parameters", schema.map_or("{\"type\":\"object\",\"properties\":{}}", |raw| raw.get()));
                    match strict {
                        // OpenAI's strict mode knows no optional properties.
                        Some(true) if !schema.is_some_and(|raw| schema::is_closed(raw.get())) => {
                            losses.parameter("tools.strict");
                        }
                        Some(strict) => {
                            function.flag("strict", *strict);
                        }
                        None => {}
                    }
                });
            });
        }
    });
    match &request.tool_choice {
        None => {}
        Some(ToolChoice::Auto) => {
            body.text("tool_choice", "auto");
        }
        Some(ToolChoice::Required) => {
            body.text("tool_choice", "required");
        }
        Some(ToolChoice::None) => {
            body.text("tool_choice", "none");
        }
        Some(ToolChoice::Named(name)) => {
            body.object("tool_choice", |choice| {
                choice.text("type", "function").object("function", |function| {
                    function.text("name", name);
                });
            });
        }
    }
    if let Some(parallel) = request.parallel_tool_calls {
        body.flag("parallel_tool_calls", parallel);
    }
}

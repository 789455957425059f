//! What of a response is billed beside its tokens: the items that tools of the vendor's left (U10).

use crate::{
    Usage,
    members::{elements, member_of, string},
    openai::usage,
    usage::{Call, Tool},
};

/// The members of a response that tell it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Billed<'a> {
    /// The items.
    pub(crate) output: Option<&'a str>,
    /// OpenAI's own counts, in newer answers.
    pub(crate) tool_usage: Option<&'a str>,
    /// The tools of the request, as the answer repeats them.
    pub(crate) tools: Option<&'a str>,
}

impl Billed<'_> {
    /// Adds it to `used`.
    pub(crate) fn note(&self, used: &mut Usage) {
        // xAI counts itself, with its costs; then its items are the same calls once more.
        if used.bill.as_ref().is_none_or(|bill| bill.tools().next().is_none()) {
            self.items(used);
        }
        if let Some(counted) = self.tool_usage {
            self.pictures(counted, used);
        }
    }

    fn items(&self, used: &mut Usage) {
        // Most answers have none, and a long text is not looked through for them item by item.
        let Some(output) = self.output.filter(|output| memchr::memmem::find(output.as_bytes(), b"_call\"").is_some())
        else {
            return;
        };
        let mut containers: Vec<&str> = Vec::new();
        for item in elements(output) {
            let kind = member_of(item, "type").and_then(string);
            match kind.as_deref().unwrap_or_default() {
                // Opening a page that was found, and searching in it, is no further search.
                "web_search_call" if is_search(item) => used.add_tool(Tool::WebSearch, 1),
                "x_search_call" => used.add_tool(Tool::XSearch, 1),
                "file_search_call" => used.add_tool(Tool::FileSearch, 1),
                // A container is billed once, however often code runs in it. xAI has none, and bills the call.
                "code_interpreter_call" => match member_of(item, "container_id").filter(|id| *id != "null") {
                    Some(id) if containers.contains(&id) => {}
                    container => {
                        containers.extend(container);
                        used.add_tool(Tool::CodeInterpreter, 1);
                    }
                },
                "image_generation_call" => used.add_tool(Tool::ImageGeneration, 1),
                _ => {}
            }
        }
    }

    /// Pictures that were made cost the tokens of the model that made them.
    fn pictures(&self, counted: &str, used: &mut Usage) {
        let Some(made) = member_of(counted, "image_gen").and_then(usage::read) else { return };
        if made.input.unwrap_or(0) == 0 && made.output.unwrap_or(0) == 0 {
            return;
        }
        let of_tool = |tool: &str| {
            let is_it = member_of(tool, "type").and_then(string).as_deref() == Some("image_generation");
            member_of(tool, "model").filter(|_| is_it).and_then(|raw| string(raw).map(|name| name.into_owned()))
        };
        let model = self.tools.and_then(|tools| elements(tools).find_map(of_tool));
        // Everything that it makes is a picture, and its rates say so.
        let mut made = made;
        made.output_image = made.output_image.or(made.output);
        let own = Usage { bill: None, ..used.clone() };
        used.add(&made);
        let bill = used.bill_mut();
        bill.forget_tool(Tool::ImageGeneration);
        bill.push_call(Call { model: None, usage: own });
        // OpenAI's own word for what it takes where nobody says so.
        let model = model.unwrap_or_else(|| "gpt-image-1".to_owned());
        bill.push_call(Call { model: Some(model.into()), usage: made });
    }
}

/// Whether a search was made: the `action` says so, or nothing does.
fn is_search(item: &str) -> bool {
    let action = member_of(item, "action").and_then(|action| member_of(action, "type")).and_then(string);
    action.is_none_or(|action| action == "search")
}

#[cfg(test)]
mod tests;

//! Definitions of tools, as requests list them.

use super::{Parts, tools::Tool};
use crate::node::Node;

impl<'n> Parts<'n> {
    pub(super) fn tool(&mut self, tool: &'n Node<'_>) {
        // Searched for by the model and told to it when found.
        if tool.get("defer_loading") != Some(&Node::Bool(true)) {
            self.found_tool(tool);
        }
    }

    pub(super) fn found_tool(&mut self, tool: &'n Node<'_>) {
        let definition = tool.get("function").or_else(|| tool.get("custom")).unwrap_or(tool);
        let schema = ["parameters", "input_schema", "format"].iter().find_map(|key| definition.get(key));
        match (definition.str("name"), tool.str("type")) {
            (_, Some("namespace")) => {
                tool.get("tools").map(Node::items).unwrap_or_default().iter().for_each(|it| self.tool(it));
            }
            (Some(name), None | Some("function" | "custom")) => {
                let description = definition.str("description").unwrap_or_default();
                self.tools.push(Tool { name, description, schema });
            }
            // The provider's own: their definitions, and what they bring into the prompt, are not in the body.
            _ => self.unknown += 1,
        }
    }
}

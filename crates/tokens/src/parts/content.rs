//! Messages and what they hold.

use std::borrow::Cow;

use super::Parts;
use crate::{
    image::{Detail, Image},
    node::Node,
};

/// What an open model said without what it thought before, which the templates of such models drop.
fn thought(text: &str) -> &str {
    if !text.trim_start().starts_with("<think>") {
        return text;
    }
    text.split_once("</think>").map_or(text, |(_, said)| said)
}

impl<'n> Parts<'n> {
    /// A message, or an item of a Responses request. `turn`: it belongs to the turn that the model is to go on with.
    pub(super) fn item(&mut self, item: &'n Node<'_>, turn: bool) {
        match item.str("type") {
            None | Some("message") => self.message(item, turn),
            Some("function_call" | "custom_tool_call" | "mcp_call" | "tool_search_call") => {
                self.messages += 1;
                self.call(item.str("name"), item.get("arguments").or_else(|| item.get("input")));
                item.get("output").into_iter().for_each(|output| self.content(output));
            }
            Some("function_call_output" | "custom_tool_call_output") => {
                self.messages += 1;
                self.calls += 1;
                item.get("output").into_iter().for_each(|output| self.content(output));
            }
            Some("tool_search_output" | "additional_tools" | "mcp_list_tools") => {
                for tool in item.get("tools").map(Node::items).unwrap_or_default() {
                    self.found_tool(tool);
                }
            }
            // What a reasoning item holds is encrypted, and dropped once the turn is over.
            Some("reasoning") => self.unknown += u32::from(turn),
            Some(_) => self.unknown += 1,
        }
    }

    fn message(&mut self, message: &'n Node<'_>, turn: bool) {
        self.messages += 1;
        self.calls += u32::from(matches!(message.str("role"), Some("tool" | "function")));
        self.texts.extend(message.str("name").map(Cow::Borrowed));
        if turn {
            self.texts.extend(message.str("reasoning_content").map(Cow::Borrowed));
        }
        if let Some(content) = message.get("content") {
            match content {
                Node::Text(text) if message.str("role") == Some("assistant") && !turn => self.push(thought(text)),
                Node::List(blocks) if message.str("role") == Some("assistant") && !turn => {
                    blocks.iter().for_each(|block| match block.str("text") {
                        Some(text) => self.push(thought(text)),
                        None => self.block(block, turn),
                    });
                }
                Node::List(blocks) => blocks.iter().for_each(|block| self.block(block, turn)),
                other => self.content(other),
            }
        }
        self.texts.extend(message.str("refusal").map(Cow::Borrowed));
        for call in message.get("tool_calls").map(Node::items).unwrap_or_default() {
            let function = call.get("function").or_else(|| call.get("custom")).unwrap_or(call);
            self.call(function.str("name"), function.get("arguments").or_else(|| function.get("input")));
        }
        if let Some(call) = message.get("function_call") {
            self.call(call.str("name"), call.get("arguments"));
        }
    }

    /// A string, a block, or a list of them.
    pub(super) fn content(&mut self, content: &'n Node<'_>) {
        match content {
            Node::Text(text) => self.push(text),
            Node::List(blocks) => blocks.iter().for_each(|block| self.block(block, true)),
            Node::Map(_) => self.block(content, true),
            _ => {}
        }
    }

    fn call(&mut self, name: Option<&'n str>, arguments: Option<&'n Node<'_>>) {
        self.calls += 1;
        self.texts.extend(name.map(Cow::Borrowed));
        match arguments {
            Some(Node::Text(text)) => self.push(text),
            Some(Node::Null) | None => {}
            Some(other) => self.texts.push(Cow::Owned(other.json())),
        }
    }

    fn block(&mut self, block: &'n Node<'_>, turn: bool) {
        if let Node::Text(text) = block {
            self.push(text);
            return;
        }
        match block.str("type") {
            Some("image_url" | "input_image") => self.linked(block),
            Some("image") => match block.get("source").and_then(|source| source.str("data")) {
                Some(data) => self.image(Image::of_base64(data, Detail::High)),
                None => self.image(Image::unknown(Detail::High)),
            },
            Some("tool_use" | "server_tool_use" | "mcp_tool_use") => self.call(block.str("name"), block.get("input")),
            Some(kind) if kind.ends_with("tool_result") => {
                self.calls += 1;
                if kind == "tool_result" || kind == "mcp_tool_result" {
                    block.get("content").into_iter().for_each(|it| self.content(it));
                } else {
                    // Results of the provider's own tools are encrypted in part.
                    self.unknown += 1;
                }
            }
            Some("thinking") => match block.get("thinking") {
                Some(thinking) if turn => self.content(thinking),
                _ => {}
            },
            Some("redacted_thinking") => self.unknown += u32::from(turn),
            Some("document") => self.document(block),
            Some("file" | "input_file" | "input_audio" | "video_url" | "document_url" | "container_upload") => {
                self.unknown += 1;
            }
            _ => self.other(block),
        }
    }

    /// Text under any type, or a thing that is not known here.
    fn other(&mut self, block: &'n Node<'_>) {
        match block.str("text").or_else(|| block.str("refusal")) {
            Some(text) => self.push(text),
            None if block.get("content").is_some() => block.get("content").into_iter().for_each(|it| self.content(it)),
            None => self.unknown += u32::from(!block.members().is_empty()),
        }
    }

    fn linked(&mut self, block: &'n Node<'_>) {
        let link = block.get("image_url");
        let url = link.and_then(|it| it.text().or_else(|| it.str("url")));
        let detail = link.and_then(|it| it.str("detail")).or_else(|| block.str("detail"));
        match url {
            Some(url) => self.picture(url, detail),
            None => self.image(Image::unknown(Detail::named(detail))),
        }
    }

    fn document(&mut self, block: &'n Node<'_>) {
        let Some(source) = block.get("source") else {
            self.unknown += 1;
            return;
        };
        self.texts.extend(["title", "context"].iter().filter_map(|key| block.str(key)).map(Cow::Borrowed));
        match source.str("type") {
            Some("text") => self.texts.extend(source.str("data").map(Cow::Borrowed)),
            Some("content") => source.get("content").into_iter().for_each(|it| self.content(it)),
            // Pages are read as text and as pictures; how many there are, a body does not say.
            _ => self.unknown += 1,
        }
    }
}

//! What of a request's body a model reads, whatever the form of the request.

mod content;
mod listed;
mod tools;
mod turn;

use std::borrow::Cow;

pub(crate) use tools::Tool;

use crate::{
    image::{Detail, Image},
    node::Node,
};

/// Which API a body is for, as far as it matters to a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Form {
    /// Messages of roles: chat completions, Anthropic's Messages, Responses.
    #[default]
    Talk,
    /// Bare text: embeddings, completions.
    Plain,
    /// One string, which is [`Talk`](Self::Talk) to a model that talks and [`Plain`](Self::Plain) to one that embeds.
    Either,
}

/// What a model reads. Everything borrows from the body's tree where that is possible.
#[derive(Debug, Default)]
pub(crate) struct Parts<'n> {
    pub(crate) form: Form,
    /// Texts of messages, system prompts, calls and their results.
    pub(crate) texts: Vec<Cow<'n, str>>,
    /// The schema that an answer must have, and its name.
    pub(crate) schema: Option<(&'n str, String)>,
    /// Whether the request is for Responses.
    pub(crate) responses: bool,
    /// Whether a tool must be called.
    pub(crate) forced: bool,
    /// Whether thinking was asked for.
    pub(crate) thinks: bool,
    /// Messages, the system prompt among them.
    pub(crate) messages: u32,
    /// Calls of tools and their results.
    pub(crate) calls: u32,
    /// Tools that the caller defines.
    pub(crate) tools: Vec<Tool<'n>>,
    /// Pictures.
    pub(crate) images: Vec<Image>,
    /// Tokens that the caller made itself: embeddings take lists of them.
    pub(crate) tokens: u64,
    /// Things that cost tokens which the body does not tell.
    pub(crate) unknown: u32,
}

impl<'n> Parts<'n> {
    /// Reads a body's tree.
    pub(crate) fn of(root: &'n Node<'_>) -> Self {
        let mut parts = Self::default();
        if let Some(system) = root.get("system").or_else(|| root.get("instructions")).filter(|it| **it != Node::Null) {
            parts.messages += 1;
            parts.content(system);
        }
        if let Some(messages) = root.get("messages") {
            parts.conversation(messages.items());
        } else if let Some(input) = root.get("input").or_else(|| root.get("prompt")) {
            parts.input(input, root.get("prompt").is_some());
        }
        for tool in ["tools", "functions"].iter().filter_map(|key| root.get(key)).flat_map(Node::items) {
            parts.tool(tool);
        }
        parts.answer(root);
        parts.responses = root.get("messages").is_none();
        parts.thinks = ["thinking", "reasoning", "reasoning_effort"].iter().filter_map(|key| root.get(key)).any(thinks);
        parts.forced = match root.get("tool_choice") {
            Some(Node::Text(choice)) => matches!(choice.as_ref(), "required" | "any"),
            Some(choice) => choice.str("type").is_some_and(|it| !matches!(it, "auto" | "none" | "allowed_tools")),
            None => false,
        };
        for key in ["previous_response_id", "conversation", "container", "mcp_servers", "web_search_options"] {
            let empty = root.get(key).is_none_or(|it| *it == Node::Null || *it == Node::List(Vec::new()));
            parts.unknown += u32::from(!empty);
        }
        parts
    }

    /// Bytes of all texts, the definitions of tools among them.
    pub(crate) fn text_bytes(&self) -> usize {
        let texts: usize = self.texts.iter().map(|text| text.len()).sum();
        let schema = self.schema.as_ref().map_or(0, |(name, schema)| name.len() + schema.len());
        texts + schema + self.tools.iter().map(Tool::bytes).sum::<usize>()
    }

    fn push(&mut self, text: &'n str) {
        self.texts.push(Cow::Borrowed(text));
    }

    /// `messages` of a chat, or the items of a Responses request.
    fn conversation(&mut self, messages: &'n [Node<'_>]) {
        // Reasoning is kept in the prompt only while the tools of one turn are being called.
        let turn = messages.iter().rposition(turn::asks).unwrap_or(0);
        for (index, message) in messages.iter().enumerate() {
            self.item(message, index > turn);
        }
    }

    /// `input` of Responses or embeddings, `prompt` of completions.
    fn input(&mut self, input: &'n Node<'_>, completion: bool) {
        match input {
            Node::Text(text) => {
                self.push(text);
                self.messages += 1;
                // A string is what a person says, or a document to embed: the model decides which.
                self.form = if completion { Form::Plain } else { Form::Either };
            }
            Node::List(items) if items.iter().any(|item| !item.members().is_empty()) => self.conversation(items),
            Node::List(items) => {
                self.form = Form::Plain;
                for item in items {
                    match item {
                        Node::Text(text) => self.push(text),
                        Node::Whole(_) => self.tokens += 1,
                        Node::List(tokens) => self.tokens += tokens.len() as u64,
                        _ => {}
                    }
                }
            }
            // A prompt kept at the provider.
            Node::Map(_) => self.unknown += 1,
            _ => {}
        }
    }

    /// The form that an answer must have, which the model is told.
    fn answer(&mut self, root: &'n Node<'_>) {
        let chat = root.get("response_format");
        let responses = root.get("text").and_then(|it| it.get("format"));
        let anthropic = root.get("output_config").and_then(|it| it.get("format")).or_else(|| root.get("output_format"));
        for format in [chat, responses, anthropic].into_iter().flatten() {
            let inner = format.get("json_schema").unwrap_or(format);
            if let Some(schema) = inner.get("schema") {
                self.schema = Some((inner.str("name").unwrap_or_default(), schema.json()));
            }
        }
    }

    fn image(&mut self, image: Image) {
        self.images.push(image);
    }

    fn picture(&mut self, url: &str, detail: Option<&str>) {
        self.image(Image::of_url(url, Detail::named(detail)));
    }
}

/// Whether a setting of thinking, in any vendor's words, switches it on.
fn thinks(setting: &Node<'_>) -> bool {
    let word = |word: &str| !matches!(word, "none" | "disabled" | "off");
    match setting {
        Node::Text(effort) => word(effort),
        Node::Map(members) => {
            let on = setting.get("enabled") != Some(&Node::Bool(false));
            let words = ["type", "effort"].iter().filter_map(|key| setting.str(key));
            on && !members.is_empty() && words.into_iter().all(word)
        }
        _ => false,
    }
}

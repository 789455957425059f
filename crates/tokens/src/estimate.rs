//! The estimate of a whole request.

use crate::{
    bounds::{Bounds, bounds},
    counter::Counter,
    factors::{Measure, factors},
    family::Family,
    node::Node,
    parts::{Form, Parts, Tool},
    pictures::Pictures,
};

/// How many tokens a request's prompt has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Tokens, what is [`unknown`](Self::unknown) apart.
    pub tokens: u64,
    /// Of 100 prompts of this family, 90 were nearer to `tokens` than this share of what was recorded.
    pub margin: f64,
    /// Things that cost tokens which the body does not tell: files, audio, the provider's own tools, kept
    /// conversations, encrypted reasoning. The prompt may be far longer than `tokens`.
    pub unknown: u32,
    /// Pictures whose size the body does not tell; they are counted as 1024 by 1024 pixels.
    pub assumed: u32,
    /// There was more text than [`WHOLE`](crate::WHOLE): a part of it was counted.
    pub sampled: bool,
}

/// A request's body, read.
#[derive(Debug)]
pub struct Prompt<'a> {
    root: Node<'a>,
}

impl<'a> Prompt<'a> {
    /// Reads the body of a request for chat completions, Responses, Anthropic's Messages, completions or embeddings.
    /// `None` if it is not JSON.
    #[must_use]
    pub fn read(body: &'a [u8]) -> Option<Self> {
        Some(Self { root: serde_json::from_slice(body).ok()? })
    }

    /// Bytes of what the model reads as text: instructions, messages, calls and results of tools, definitions of tools.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        Parts::of(&self.root).text_bytes()
    }

    /// Pictures in it.
    #[must_use]
    pub fn images(&self) -> usize {
        Parts::of(&self.root).images.len()
    }

    /// Bounds that need no vocabulary: those of the text, and what pictures cost. `None` if the prompt has things whose
    /// cost the body does not tell.
    #[must_use]
    pub fn bounds(&self, model: &str) -> Option<Bounds> {
        let parts = Parts::of(&self.root);
        // Schemas and definitions of tools cost some models next to nothing.
        let said = parts.texts.iter().map(|text| text.len()).sum();
        let (least, most) = (bounds(said).least, bounds(parts.text_bytes()).most);
        let images = images(&parts, model) + parts.tokens;
        let known = parts.unknown == 0 && parts.images.iter().all(|image| image.size.is_some());
        known.then_some(Bounds { least: least + images, most: most + images })
    }

    /// Everything that the factors weigh.
    #[must_use]
    pub fn measure(&self, counter: &Counter, model: &str) -> Measure {
        measure(&Parts::of(&self.root), counter, model).0
    }

    /// Counts. `model` in any spelling: see [`Family::of`].
    #[must_use]
    pub fn estimate(&self, counter: &Counter, model: &str) -> Estimate {
        let parts = Parts::of(&self.root);
        let family = Family::of(model);
        let (measure, sampled) = measure(&parts, counter, model);
        let factors = factors(family);
        Estimate {
            tokens: factors.tokens(&measure).round() as u64 + images(&parts, model) + parts.tokens,
            margin: factors.p90,
            unknown: parts.unknown,
            assumed: parts.images.iter().filter(|image| image.size.is_none()).count() as u32,
            sampled,
        }
    }
}

/// How many tokens the prompt of a request has: the body of chat completions, Responses, Anthropic's Messages,
/// completions or embeddings, for `model` in any spelling. `None` if the body is not JSON.
#[must_use]
pub fn estimate(counter: &Counter, model: &str, body: &[u8]) -> Option<Estimate> {
    Some(Prompt::read(body)?.estimate(counter, model))
}

fn images(parts: &Parts<'_>, model: &str) -> u64 {
    let family = Family::of(model);
    let rule = Pictures::of(&model.to_ascii_lowercase(), family);
    parts.images.iter().map(|image| image.tokens(rule)).sum()
}

/// What the factors weigh, and whether a part of it is inferred.
fn measure(parts: &Parts<'_>, counter: &Counter, model: &str) -> (Measure, bool) {
    let family = Family::of(model);
    let texts = counter.count_all(parts.texts.iter().map(AsRef::as_ref));
    let told: Vec<String> =
        parts.tools.iter().map(if family.declares() { Tool::declaration } else { Tool::json }).collect();
    let tools = counter.count_all(told.iter().map(String::as_str));
    let schema = parts.schema.iter().flat_map(|(name, schema)| [*name, schema.as_str()]);
    let schema = counter.count_all(schema);
    let talk = match parts.form {
        Form::Talk => true,
        Form::Plain => false,
        Form::Either => !embeds(model),
    };
    let measure = Measure {
        text: texts.tokens as f64,
        schema: schema.tokens as f64,
        tools: tools.tokens as f64,
        messages: if talk { f64::from(parts.messages) } else { 0.0 },
        calls: f64::from(parts.calls),
        tool_count: parts.tools.len() as f64,
        any_tool: f64::from(u8::from(!parts.tools.is_empty())),
        chat_tools: f64::from(u8::from(family == Family::Gpt5 && !parts.responses && !parts.tools.is_empty())),
        forced: f64::from(u8::from(parts.forced && !parts.tools.is_empty())),
        any_schema: f64::from(u8::from(parts.schema.is_some())),
        thinks: f64::from(u8::from(parts.thinks)),
        talk: f64::from(u8::from(talk)),
    };
    (measure, texts.sampled || tools.sampled || schema.sampled)
}

/// Whether a model makes vectors of a text.
fn embeds(model: &str) -> bool {
    let name = model.to_ascii_lowercase();
    let parts = ["embed", "voyage", "bge-", "/e5-", "gte-", "minilm"];
    parts.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests;

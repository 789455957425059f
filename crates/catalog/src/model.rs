//! What can be asked for: models, and who serves them.

use crate::price::{Prices, Source};
use serde::{Deserialize, Serialize};

/// One model, whoever serves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Unique `author/slug` as OpenRouter writes it: `openai/gpt-4o-mini`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// What kind of request it answers.
    #[serde(default, skip_serializing_if = "Kind::is_chat")]
    pub kind: Kind,
    /// ISO date of the release, to the day, month or year.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "released")]
    pub release_date: Option<String>,
    /// Tokens of prompt and answer together; never 0.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "context")]
    pub context_length: Option<u32>,
    /// Tokens of the longest answer; never 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output: Option<u32>,
    /// What it reads; never empty.
    #[serde(rename = "in")]
    pub input_modalities: Vec<Modality>,
    /// What it answers with; never empty (an embedding or a score counts as text).
    #[serde(rename = "out")]
    pub output_modalities: Vec<Modality>,
    /// What it can do, as far as any source says so.
    #[serde(default, skip_serializing_if = "Capabilities::is_none", rename = "can")]
    pub capabilities: Capabilities,
    /// ISO date up to which it was trained, to the day, month or year.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "knowledge")]
    pub knowledge_cutoff: Option<String>,
}

/// One model as served by one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Slug of the [`Provider`](crate::Provider).
    pub provider: String,
    /// Id of the [`Model`].
    pub model: String,
    /// The vendor's own id, the one to send upstream. Unique per provider.
    pub upstream_name: String,
    /// As [`Model::context_length`], where this provider serves another length; the model's where it says nothing.
    pub context_length: Option<u32>,
    /// As [`Model::max_output`], where this provider allows another length; the model's where it says nothing.
    pub max_output: Option<u32>,
    /// What it costs here. `None` means *unknown* (or covered by a subscription), never "free".
    pub prices: Option<Prices>,
    /// Where this row was found.
    pub source: Source,
    /// Still callable, but the vendor has announced or passed its end.
    pub deprecated: bool,
}

/// What kind of request a model answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Messages in, message out.
    #[default]
    Chat,
    /// Text in, vector out.
    Embedding,
    /// Prompt in, picture out (also editing and film).
    Image,
    /// Text in, speech out.
    Speech,
    /// Speech in, text out.
    Transcription,
    /// Query and documents in, scores out.
    Rerank,
    /// Content in, verdict out.
    Moderation,
    /// Text in, continuation out: the old completions endpoint only.
    Completion,
}

impl Kind {
    fn is_chat(&self) -> bool {
        *self == Self::Chat
    }
}

/// A form of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Modality {
    /// Text, also embeddings and scores.
    Text,
    /// Still pictures.
    Image,
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
    /// Documents such as PDF.
    File,
}

/// What a model can do. `false` means that no source says it can.
///
/// In the data file: a list of the words that hold, `["tools", "reasoning"]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Capabilities {
    /// Calls tools (functions).
    pub tools: bool,
    /// Answers in a given JSON schema.
    pub structured_outputs: bool,
    /// Thinks before it answers.
    pub reasoning: bool,
    /// Accepts `temperature` (many reasoning models refuse it).
    pub temperature: bool,
    /// The vendor caches prompt prefixes and prices the hits.
    pub prompt_caching: bool,
}

impl Capabilities {
    const WORDS: [&'static str; 5] = ["tools", "structured_outputs", "reasoning", "temperature", "prompt_caching"];

    fn flags(&mut self) -> [&mut bool; 5] {
        let Self { tools, structured_outputs, reasoning, temperature, prompt_caching } = self;
        [tools, structured_outputs, reasoning, temperature, prompt_caching]
    }

    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl TryFrom<Vec<String>> for Capabilities {
    type Error = String;

    fn try_from(words: Vec<String>) -> Result<Self, String> {
        let mut all = Self::default();
        for word in words {
            match Self::WORDS.iter().position(|known| *known == word) {
                Some(at) => *all.flags()[at] = true,
                None => return Err(format!("unknown capability {word:?}")),
            }
        }
        Ok(all)
    }
}

impl From<Capabilities> for Vec<String> {
    fn from(mut all: Capabilities) -> Self {
        let flags = all.flags();
        Capabilities::WORDS.iter().zip(flags).filter(|(_, holds)| **holds).map(|(word, _)| (*word).to_owned()).collect()
    }
}

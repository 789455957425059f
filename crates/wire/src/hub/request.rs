//! One request for a conversation's next turn.

use serde_json::value::RawValue;

use super::Text;

/// A conversation and how its next turn is to be written.
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    /// Instructions before the conversation: text parts.
    pub system: Vec<Part<'a>>,
    /// The conversation, oldest first. Neighbours may have the same role.
    pub turns: Vec<Turn<'a>>,
    /// Tools in the caller's order, which a prompt cache depends on (R4).
    pub tools: Vec<Tool<'a>>,
    /// Whether and which tool must be called.
    pub tool_choice: Option<ToolChoice<'a>>,
    /// Whether several tools may be called at once; `None` = the vendor's default, which is yes.
    pub parallel_tool_calls: Option<bool>,
    /// Longest answer, in tokens.
    pub max_tokens: Option<u64>,
    /// Sampling temperature, as the caller wrote the number.
    pub temperature: Option<&'a RawValue>,
    /// Nucleus sampling, as the caller wrote the number.
    pub top_p: Option<&'a RawValue>,
    /// Top-k sampling, as the caller wrote the number.
    pub top_k: Option<&'a RawValue>,
    /// Texts that end the answer.
    pub stop: Vec<Text<'a>>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// How much to think.
    pub reasoning: Option<Reasoning>,
    /// Thoughts are not to be shown.
    pub hide_reasoning: bool,
    /// What form the answer must have.
    pub format: Option<Format<'a>>,
    /// Who asks, for the vendor's abuse detection.
    pub user: Option<Text<'a>>,
    /// Automatic cache breakpoints: the top-level `cache_control`.
    pub cache: Option<&'a RawValue>,
    /// The caller speaks of `functions`, the form before tools.
    pub legacy_functions: bool,
    /// Members that the hub has no word for: name and JSON text.
    pub rest: Vec<(String, &'a str)>,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Instructions in the midst of the conversation.
    System,
    /// The application, including what its tools returned.
    User,
    /// The model.
    Assistant,
}

/// What one side says.
#[derive(Clone, Debug)]
pub struct Turn<'a> {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub parts: Vec<Part<'a>>,
}

/// A piece of content.
#[derive(Clone, Debug)]
pub enum Part<'a> {
    /// Text.
    Text {
        /// The text.
        text: Text<'a>,
        /// `cache_control`, as it stands.
        cache: Option<&'a RawValue>,
    },
    /// A picture.
    Image(Image<'a>),
    /// A document, such as a PDF.
    File(File<'a>),
    /// Sound.
    Audio(Audio<'a>),
    /// The model calls a tool.
    Call(Call<'a>),
    /// What a tool returned.
    Result(ToolResult<'a>),
    /// The model's reasoning.
    Thought(Thought<'a>),
    /// The model declines.
    Refusal(Text<'a>),
    /// A kind of part that the hub has no word for: its `type`.
    Other(Text<'a>),
}

impl<'a> Part<'a> {
    /// Where a cache hint for this part is kept, if it can bear one.
    pub(crate) fn cache_mut(&mut self) -> Option<&mut Option<&'a RawValue>> {
        match self {
            Self::Text { cache, .. } => Some(cache),
            Self::Image(image) => Some(&mut image.cache),
            Self::File(file) => Some(&mut file.cache),
            Self::Call(call) => Some(&mut call.cache),
            Self::Result(result) => Some(&mut result.cache),
            Self::Audio(_) | Self::Thought(_) | Self::Refusal(_) | Self::Other(_) => None,
        }
    }
}

/// Where the bytes of a picture or document are.
#[derive(Clone, Debug)]
pub enum Source<'a> {
    /// Base64 with its media type.
    Base64 {
        /// `image/png`, `application/pdf` ...
        media_type: Text<'a>,
        /// The base64 text.
        data: Text<'a>,
    },
    /// An address that the vendor fetches.
    Url(Text<'a>),
    /// A file uploaded to one vendor, unknown to any other.
    Uploaded(Text<'a>),
    /// Plain text in place of a file.
    Plain(Text<'a>),
}

/// A picture.
#[derive(Clone, Debug)]
pub struct Image<'a> {
    /// Its bytes.
    pub source: Source<'a>,
    /// `low`, `high` or `auto`: a word of OpenAI's.
    pub detail: Option<Text<'a>>,
    /// `cache_control`, as it stands.
    pub cache: Option<&'a RawValue>,
}

/// A document.
#[derive(Clone, Debug)]
pub struct File<'a> {
    /// Its bytes.
    pub source: Source<'a>,
    /// File name or title.
    pub name: Option<Text<'a>>,
    /// `cache_control`, as it stands.
    pub cache: Option<&'a RawValue>,
}

/// Sound.
#[derive(Clone, Debug)]
pub struct Audio<'a> {
    /// Base64.
    pub data: Text<'a>,
    /// `wav`, `mp3` ...
    pub format: Text<'a>,
}

/// A call of a tool.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// Names the call in its result.
    pub id: Text<'a>,
    /// The tool.
    pub name: Text<'a>,
    /// The input: JSON text, as the model wrote it.
    pub input: Text<'a>,
    /// `cache_control`, as it stands.
    pub cache: Option<&'a RawValue>,
    /// What Gemini's compatible endpoint wants back with the call: `extra_content`, JSON text.
    pub extra: Option<Text<'a>>,
}

/// What a tool returned.
#[derive(Clone, Debug)]
pub struct ToolResult<'a> {
    /// The call's id.
    pub id: Text<'a>,
    /// Text, pictures, documents.
    pub parts: Vec<Part<'a>>,
    /// The tool failed.
    pub is_error: bool,
    /// `cache_control`, as it stands.
    pub cache: Option<&'a RawValue>,
}

/// A piece of the model's reasoning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thought<'a> {
    /// What can be read of it; empty where it is encrypted.
    pub text: Text<'a>,
    /// The issuer's seal, which only the issuer can verify; for a redacted thought, the encrypted thought itself.
    pub seal: Option<Text<'a>>,
    /// The whole thought is in the seal.
    pub redacted: bool,
    /// Who sealed it, by OpenRouter's word for it: `anthropic-claude-v1`, `openai-responses-v1` ...; `None` = unknown.
    pub format: Option<Text<'a>>,
}

/// A tool.
#[derive(Clone, Debug)]
pub enum Tool<'a> {
    /// One that the application runs.
    Function {
        /// Its name.
        name: Text<'a>,
        /// What it does.
        description: Option<Text<'a>>,
        /// JSON schema of its input.
        schema: Option<&'a RawValue>,
        /// The input must follow the schema.
        strict: Option<bool>,
        /// `cache_control`, as it stands.
        cache: Option<&'a RawValue>,
    },
    /// One that the vendor runs: its `type`.
    Hosted(Text<'a>),
}

/// Whether and which tool must be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice<'a> {
    /// The model decides.
    Auto,
    /// Some tool must be called.
    Required,
    /// No tool may be called.
    None,
    /// This tool must be called.
    Named(Text<'a>),
}

/// How much the model should think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reasoning {
    /// Not at all.
    Off,
    /// As much as it finds right.
    Adaptive,
    /// By a word.
    Effort(Effort),
    /// Up to so many tokens.
    Budget(u64),
}

/// Effort in words, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// `minimal`
    Minimal,
    /// `low`
    Low,
    /// `medium`
    Medium,
    /// `high`
    High,
    /// `xhigh`
    XHigh,
    /// `max`
    Max,
}

impl Effort {
    const ALL: [Self; 6] = [Self::Minimal, Self::Low, Self::Medium, Self::High, Self::XHigh, Self::Max];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::XHigh => "xhigh",
            Self::Max => "max",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effort| effort.as_str() == word)
    }

    /// Share of `max_tokens` that this effort may think, in hundredths: OpenRouter's published table.
    fn share(self) -> u64 {
        match self {
            Self::Minimal => 10,
            Self::Low => 20,
            Self::Medium => 50,
            Self::High => 80,
            Self::XHigh | Self::Max => 95,
        }
    }

    /// Tokens to think at this effort: OpenRouter's rule for Anthropic, never under Anthropic's least of 1,024.
    pub fn budget(self, max_tokens: u64) -> u64 {
        (max_tokens.saturating_mul(self.share()) / 100).clamp(1024, 128_000)
    }

    /// The effort that a budget comes nearest to by the same table.
    pub fn of_budget(budget: u64, max_tokens: Option<u64>) -> Self {
        let max = max_tokens.unwrap_or(32_000).max(1);
        let share = budget.saturating_mul(100) / max;
        [Self::Minimal, Self::Low, Self::Medium, Self::High]
            .into_iter()
            .min_by_key(|effort| effort.share().abs_diff(share))
            .unwrap_or(Self::Medium)
    }
}

/// What form the answer must have.
#[derive(Clone, Debug)]
pub enum Format<'a> {
    /// Some JSON object.
    Json,
    /// JSON that follows a schema.
    Schema {
        /// A name for it, which OpenAI wants.
        name: Option<Text<'a>>,
        /// What it is for.
        description: Option<Text<'a>>,
        /// The schema.
        schema: &'a RawValue,
        /// To the letter.
        strict: bool,
    },
}

//! What a caller asks for.

use crate::Dialect;

/// What a caller asks for, named by the path of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// `POST /chat/completions`
    ChatCompletions,
    /// `POST /completions`, the legacy text completion.
    Completions,
    /// `POST /embeddings`
    Embeddings,
    /// `POST /responses`
    Responses,
    /// `POST /messages` (Anthropic)
    Messages,
    /// `POST /messages/count_tokens` (Anthropic)
    CountTokens,
    /// `POST /images/generations`
    ImageGenerations,
    /// `POST /images/edits`
    ImageEdits,
    /// `POST /images/variations`
    ImageVariations,
    /// `POST /audio/speech`
    Speech,
    /// `POST /audio/transcriptions`
    Transcriptions,
    /// `POST /audio/translations`
    Translations,
    /// `POST /rerank`
    Rerank,
    /// `POST /moderations`
    Moderations,
}

impl Operation {
    /// All operations.
    pub const ALL: [Self; 14] = [
        Self::ChatCompletions,
        Self::Completions,
        Self::Embeddings,
        Self::Responses,
        Self::Messages,
        Self::CountTokens,
        Self::ImageGenerations,
        Self::ImageEdits,
        Self::ImageVariations,
        Self::Speech,
        Self::Transcriptions,
        Self::Translations,
        Self::Rerank,
        Self::Moderations,
    ];

    /// The operation that `path` (below the base URL, with a leading slash) names.
    pub fn from_path(path: &str) -> Option<Self> {
        let path = path.strip_suffix('/').unwrap_or(path);
        Self::ALL.into_iter().find(|operation| operation.path() == path)
    }

    /// The path below a base URL such as `https://api.openai.com/v1`.
    pub fn path(self) -> &'static str {
        match self {
            Self::ChatCompletions => "/chat/completions",
            Self::Completions => "/completions",
            Self::Embeddings => "/embeddings",
            Self::Responses => "/responses",
            Self::Messages => "/messages",
            Self::CountTokens => "/messages/count_tokens",
            Self::ImageGenerations => "/images/generations",
            Self::ImageEdits => "/images/edits",
            Self::ImageVariations => "/images/variations",
            Self::Speech => "/audio/speech",
            Self::Transcriptions => "/audio/transcriptions",
            Self::Translations => "/audio/translations",
            Self::Rerank => "/rerank",
            Self::Moderations => "/moderations",
        }
    }

    /// A short stable word for metrics and logs (OpenTelemetry GenAI `gen_ai.operation.name` where it has one).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ChatCompletions => "chat",
            Self::Completions => "text_completion",
            Self::Embeddings => "embeddings",
            Self::Responses => "responses",
            Self::Messages => "messages",
            Self::CountTokens => "count_tokens",
            Self::ImageGenerations | Self::ImageEdits | Self::ImageVariations => "images",
            Self::Speech => "speech",
            Self::Transcriptions => "transcription",
            Self::Translations => "translation",
            Self::Rerank => "rerank",
            Self::Moderations => "moderation",
        }
    }

    /// The dialect in which a caller asks for this operation, and is told of errors.
    pub fn dialect(self) -> Dialect {
        match self {
            Self::Messages | Self::CountTokens => Dialect::Messages,
            Self::Responses => Dialect::Responses,
            Self::ChatCompletions
            | Self::Completions
            | Self::Embeddings
            | Self::ImageGenerations
            | Self::ImageEdits
            | Self::ImageVariations
            | Self::Speech
            | Self::Transcriptions
            | Self::Translations
            | Self::Rerank
            | Self::Moderations => Dialect::ChatCompletions,
        }
    }

    /// Whether an answer that is no stream of events is JSON, whatever else the provider calls it. Speech is sound, and
    /// what was heard may come as text, or as subtitles.
    pub fn answers_in_json(self) -> bool {
        !matches!(self, Self::Speech | Self::Transcriptions | Self::Translations)
    }

    /// Whether it is asked for by a form, of which nobody reads here whether it asks for a stream.
    pub fn comes_as_form(self) -> bool {
        matches!(self, Self::ImageEdits | Self::ImageVariations | Self::Transcriptions | Self::Translations)
    }

    /// Whether the answer may be a stream of generated tokens.
    pub fn generates(self) -> bool {
        matches!(self, Self::ChatCompletions | Self::Completions | Self::Responses | Self::Messages)
    }
}

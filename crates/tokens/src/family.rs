//! Families of models that share a tokenizer and a way to be told of messages and tools.

/// A family of models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// OpenAI's models with the `cl100k_base` vocabulary and older ones: GPT-3.5, GPT-4, `text-embedding-*`.
    Gpt35To4,
    /// GPT-4o, GPT-4.1, GPT-4.5: `o200k_base`.
    Gpt4o,
    /// OpenAI's reasoning models since o1, and GPT-5: `o200k_base`.
    Gpt5,
    /// OpenAI's open weights, on anyone's machines: `o200k_base`.
    GptOss,
    /// Claude up to 3.7.
    Claude3,
    /// Claude 4 and 4.1.
    Claude4,
    /// Claude 4.5 and 4.6.
    Claude45,
    /// Claude from Opus 4.7 on: another tokenizer.
    ClaudeNew,
    /// Gemini up to 2.5.
    Gemini2,
    /// Gemini from 3 on.
    Gemini3,
    /// Gemma.
    Gemma,
    /// Llama 1 and 2, and what was made of them.
    Llama2,
    /// Llama 3.
    Llama3,
    /// Llama 4.
    Llama4,
    /// Mistral.
    Mistral,
    /// Qwen.
    Qwen,
    /// DeepSeek.
    DeepSeek,
    /// GLM.
    Glm,
    /// Kimi.
    Kimi,
    /// MiniMax.
    MiniMax,
    /// Grok.
    Grok,
    /// Cohere's Command and embeddings.
    Cohere,
    /// Amazon Titan and Nova 1.
    Amazon,
    /// Amazon Nova from 2 on.
    Nova2,
    /// Voyage's embeddings.
    Voyage,
    /// Any other.
    Other,
}

/// What a name holds, and what that makes it. The first row that fits wins: the maker of weights before those who tuned
/// or serve them.
const NAMES: &[(&str, Family)] = &[
    ("deepseek-r1-distill-llama", Family::Llama3),
    ("deepseek-r1-distill-qwen", Family::Qwen),
    ("gpt-oss", Family::GptOss),
    ("gpt-4o", Family::Gpt4o),
    ("chatgpt-4o", Family::Gpt4o),
    ("gpt-4.", Family::Gpt4o),
    ("gpt-5", Family::Gpt5),
    ("gpt-6", Family::Gpt5),
    ("codex-mini", Family::Gpt5),
    ("computer-use", Family::Gpt5),
    ("gpt-3", Family::Gpt35To4),
    ("gpt-35", Family::Gpt35To4),
    ("gpt-4", Family::Gpt35To4),
    ("text-embedding-3", Family::Gpt35To4),
    ("text-embedding-ada", Family::Gpt35To4),
    ("davinci", Family::Gpt35To4),
    ("babbage", Family::Gpt35To4),
    ("gemini-1", Family::Gemini2),
    ("gemini-2", Family::Gemini2),
    ("gemini", Family::Gemini3),
    ("gemma", Family::Gemma),
    ("mistral", Family::Mistral),
    ("mixtral", Family::Mistral),
    ("ministral", Family::Mistral),
    ("magistral", Family::Mistral),
    ("pixtral", Family::Mistral),
    ("devstral", Family::Mistral),
    ("codestral", Family::Mistral),
    ("qwen", Family::Qwen),
    ("qwq", Family::Qwen),
    ("deepseek", Family::DeepSeek),
    ("glm", Family::Glm),
    ("kimi", Family::Kimi),
    ("moonshot", Family::Kimi),
    ("minimax", Family::MiniMax),
    ("grok", Family::Grok),
    ("llama-2", Family::Llama2),
    ("llama2", Family::Llama2),
    ("llama-4", Family::Llama4),
    ("llama4", Family::Llama4),
    ("llama", Family::Llama3),
    ("command", Family::Cohere),
    ("cohere", Family::Cohere),
    ("aya-", Family::Cohere),
    ("embed-english", Family::Cohere),
    ("embed-multilingual", Family::Cohere),
    ("embed-v4", Family::Cohere),
    ("nova-2", Family::Nova2),
    ("nova-", Family::Amazon),
    ("titan", Family::Amazon),
    ("voyage", Family::Voyage),
];

impl Family {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Gpt35To4,
        Self::Gpt4o,
        Self::Gpt5,
        Self::GptOss,
        Self::Claude3,
        Self::Claude4,
        Self::Claude45,
        Self::ClaudeNew,
        Self::Gemini2,
        Self::Gemini3,
        Self::Gemma,
        Self::Llama2,
        Self::Llama3,
        Self::Llama4,
        Self::Mistral,
        Self::Qwen,
        Self::DeepSeek,
        Self::Glm,
        Self::Kimi,
        Self::MiniMax,
        Self::Grok,
        Self::Cohere,
        Self::Amazon,
        Self::Nova2,
        Self::Voyage,
        Self::Other,
    ];

    /// The family of a model, from any spelling of its name: a vendor's, a reseller's, `author/slug`.
    #[must_use]
    pub fn of(model: &str) -> Self {
        let name = model.to_ascii_lowercase();
        if let Some(at) = name.find("claude") {
            return claude(&name[at..]);
        }
        if let Some((_, family)) = NAMES.iter().find(|(part, _)| name.contains(part)) {
            return *family;
        }
        // `o1`, `o3-mini`, `openai/o4-mini`: too short to be looked for anywhere in a name.
        let last = name.rsplit(['/', '.', ':']).find(|part| !part.is_empty()).unwrap_or_default();
        let digit = |text: &str| text.starts_with(|it: char| it.is_ascii_digit());
        if last.strip_prefix('o').is_some_and(digit) { Self::Gpt5 } else { Self::Other }
    }
}

/// Of Claudes, by the first numbers in the name: `claude-3-5-haiku-20241022`, `claude-opus-4.8`, `claude-v2:1`.
fn claude(name: &str) -> Family {
    let mut numbers = name.split(|it: char| !it.is_ascii_digit()).filter_map(|part| part.parse::<u32>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(0..=3), _) => Family::Claude3,
        (Some(4), Some(7..=99)) => Family::ClaudeNew,
        (Some(4), Some(5 | 6)) => Family::Claude45,
        (Some(4), _) => Family::Claude4,
        (None, _) if name.contains("instant") => Family::Claude3,
        _ => Family::ClaudeNew,
    }
}

impl Family {
    /// Whether the family is told of tools as declarations of functions; others are told in JSON.
    pub(crate) fn declares(self) -> bool {
        matches!(
            self,
            Self::Gpt35To4 | Self::Gpt4o | Self::Gpt5 | Self::GptOss | Self::Gemini2 | Self::Gemini3 | Self::Gemma
        )
    }
}

#[cfg(test)]
mod tests;

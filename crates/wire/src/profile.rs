//! What is known of a target when a request is translated for it.

use crate::Dialect;

/// A target, as far as its wire format depends on it.
#[derive(Clone, Debug)]
pub struct Profile<'a> {
    /// What it is asked in.
    pub dialect: Dialect,
    /// The preset's slug, or the name of an endpoint that has none.
    pub vendor: &'a str,
    /// The vendor's own name of the model, as sent.
    pub upstream_name: &'a str,
    /// The catalogue's id of the model, `author/slug`.
    pub model: &'a str,
    /// Most tokens it can write; `None` = not known.
    pub max_output: Option<u64>,
    /// Tokens that its context window surely has left behind this prompt: what a limit that the caller did not name may
    /// be; `None` = not known.
    pub room: Option<u64>,
    /// It takes `temperature` and the like; newer reasoning models refuse them.
    pub sampling: bool,
    /// It can think, and be told how much.
    pub reasoning: bool,
    /// It can be held to a schema.
    pub structured_outputs: bool,
}

/// How a vendor of chat completions is told how much to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thinking {
    /// `reasoning_effort: "low"`: OpenAI and most.
    Effort,
    /// OpenRouter's `reasoning: {effort | max_tokens}`.
    Object,
    /// `thinking: {"type": "enabled"}`: DeepSeek, Z.ai, Moonshot.
    Switch,
}

/// How a vendor of chat completions takes earlier reasoning back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thoughts {
    /// Not at all: unknown members of a message are an error, or nothing.
    Never,
    /// `reasoning_content`: DeepSeek's word, which vLLM, SGLang and others took over.
    Content,
    /// OpenRouter's `reasoning_details`, seals included.
    Details,
}

/// How a vendor is asked to continue the last assistant message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefill {
    /// A final assistant message is continued as it is: Anthropic, OpenRouter.
    Plain,
    /// The message says `prefix: true`: Mistral, DeepSeek.
    Prefix,
    /// The request says `continue_final_message: true, add_generation_prompt: false`: vLLM, SGLang.
    ContinueFinal,
}

impl Prefill {
    /// The style of a provider, or `None` if it would start a new answer.
    pub fn of(dialect: Dialect, slug: &str) -> Option<Self> {
        match (dialect, slug) {
            (Dialect::Messages, _) | (Dialect::ChatCompletions, "openrouter") => Some(Self::Plain),
            (Dialect::ChatCompletions, "mistral" | "deepseek") => Some(Self::Prefix),
            (Dialect::ChatCompletions, "vllm" | "sglang") => Some(Self::ContinueFinal),
            (Dialect::ChatCompletions | Dialect::Responses, _) => None,
        }
    }
}

/// Where vendors of chat completions differ. One row a vendor; [`Quirks::of`] is the table.
#[derive(Clone, Copy, Debug)]
pub struct Quirks {
    /// The limit is called `max_completion_tokens`: OpenAI's reasoning models refuse `max_tokens`, others know no other.
    pub completion_tokens: bool,
    /// How it is told to think.
    pub thinking: Thinking,
    /// How it takes reasoning back.
    pub thoughts: Thoughts,
    /// It knows `top_k`.
    pub top_k: bool,
    /// It takes `cache_control` on parts.
    pub cache_control: bool,
    /// Ids of tool calls must be nine letters and digits.
    pub nine_letter_ids: bool,
    /// A document may be an address.
    pub file_urls: bool,
    /// It wants `extra_content` back with a call: Gemini's thought signatures.
    pub extra_content: bool,
    /// How it continues a last assistant message, if it can.
    pub prefill: Option<Prefill>,
}

impl Quirks {
    /// The row of a vendor; endpoints without a preset are taken for vLLM's kind.
    pub fn of(vendor: &str) -> Self {
        let plain = Self {
            completion_tokens: false,
            thinking: Thinking::Effort,
            thoughts: Thoughts::Never,
            top_k: false,
            cache_control: false,
            nine_letter_ids: false,
            file_urls: false,
            extra_content: false,
            prefill: Prefill::of(Dialect::ChatCompletions, vendor),
        };
        match vendor {
            "openai" | "azure" => Self { completion_tokens: true, ..plain },
            "openrouter" => Self {
                thinking: Thinking::Object,
                thoughts: Thoughts::Details,
                top_k: true,
                cache_control: true,
                file_urls: true,
                extra_content: true,
                ..plain
            },
            "deepseek" | "z-ai" | "zhipuai" | "moonshotai" | "moonshotai-cn" => {
                Self { thinking: Thinking::Switch, thoughts: Thoughts::Content, ..plain }
            }
            "mistral" => Self { nine_letter_ids: true, ..plain },
            "google-ai-studio" => Self { extra_content: true, ..plain },
            "cerebras" | "cohere" | "github-models" | "groq" | "perplexity" | "xai" => plain,
            _ => Self { thoughts: Thoughts::Content, top_k: true, ..plain },
        }
    }
}

/// Whether `vendor` counts reasoning beside its chat answers and not among them. Read where no `total_tokens` tells: xAI's
/// own API does, Grok at Azure and at routers does not (U7).
pub(crate) fn reasons_beside(vendor: &str) -> bool {
    matches!(vendor, "xai" | "x-ai")
}

/// What a Claude model accepts, told from its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claude {
    /// `thinking: {"type": "adaptive"}` with `output_config.effort`, in place of a budget: from 4.6 on.
    pub adaptive: bool,
    /// Effort `xhigh`: from 4.7 on.
    pub xhigh: bool,
    /// A last assistant turn is continued; from 4.6 on it is refused.
    pub prefill: bool,
}

impl Claude {
    /// Reads the model's catalogue id; `None` if it is no Claude.
    pub fn of(model: &str) -> Option<Self> {
        let name = model.strip_prefix("anthropic/")?;
        // `claude-opus-4.8-fast`, `claude-3.5-haiku`: the first number is the version. Previews are newer than any.
        let version = name.split('-').find_map(|word| word.parse::<f32>().ok());
        let at_least = |least: f32| version.map_or(name.contains("mythos"), |version| version >= least);
        Some(Self { adaptive: at_least(4.6), xhigh: at_least(4.7), prefill: !at_least(4.6) })
    }
}

impl Profile<'_> {
    /// Who seals this target's reasoning, by OpenRouter's word where it has one.
    pub fn seal_format(&self) -> &str {
        if self.model.starts_with("anthropic/") { "anthropic-claude-v1" } else { self.vendor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claude_versions_are_read_from_their_names() {
        let claude = |name: &str| Claude::of(name).map(|claude| (claude.adaptive, claude.xhigh));
        assert_eq!(claude("anthropic/claude-3.5-haiku"), Some((false, false)));
        assert_eq!(claude("anthropic/claude-sonnet-4.5"), Some((false, false)));
        assert_eq!(claude("anthropic/claude-opus-4.6-fast"), Some((true, false)));
        assert_eq!(claude("anthropic/claude-opus-4.8"), Some((true, true)));
        assert_eq!(claude("anthropic/claude-mythos-preview"), Some((true, true)));
        assert_eq!(claude("anthropic/claude-haiku-5.5"), Some((true, true)));
        assert_eq!(claude("minimax/minimax-m2"), None);
    }
}

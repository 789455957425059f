//! Words of vendors' bills: the tier of service, the tools that they run.

/// The tier of service that an answer says it was served at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Service {
    /// The price of the list: `default`, `standard`, `auto`, `on_demand`, or nothing said.
    #[default]
    Standard,
    /// Slower and cheaper: OpenAI, Gemini, Groq, Bedrock.
    Flex,
    /// Faster and dearer.
    Priority,
    /// As part of a batch.
    Batch,
    /// Anthropic's fast mode (`usage.speed`), OpenRouter's word for priority.
    Fast,
    /// OpenAI's `ultrafast`.
    Ultrafast,
    /// A tier that this build has no word for.
    Other,
}

impl Service {
    /// Reads a vendor's word.
    pub fn read(word: &str) -> Self {
        let is = |known: &[&str]| known.iter().any(|known| word.eq_ignore_ascii_case(known));
        match word {
            // Capacity that was bought beforehand (`scale`, `provisioned`) is not billed by the answer: what it would cost
            // is the list's price.
            _ if is(&["", "default", "standard", "auto", "on_demand", "performance", "scale", "provisioned"]) => {
                Self::Standard
            }
            _ if is(&["flex"]) => Self::Flex,
            _ if is(&["priority"]) => Self::Priority,
            _ if is(&["batch"]) => Self::Batch,
            _ if is(&["fast"]) => Self::Fast,
            _ if is(&["ultrafast"]) => Self::Ultrafast,
            _ => Self::Other,
        }
    }

    /// The catalogue's word; `None` for the list's price.
    pub fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Standard => None,
            Self::Flex => Some("flex"),
            Self::Priority => Some("priority"),
            Self::Batch => Some("batch"),
            Self::Fast => Some("fast"),
            Self::Ultrafast => Some("ultrafast"),
            Self::Other => Some("other"),
        }
    }
}

/// A tool that a vendor runs itself and bills by the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tool {
    /// A search of the web.
    WebSearch,
    /// The same, with little of what was found: Perplexity's `search_context_size`.
    WebSearchLow,
    /// With more of it.
    WebSearchMedium,
    /// With most of it.
    WebSearchHigh,
    /// A search of X.
    XSearch,
    /// A search of files that were uploaded before.
    FileSearch,
    /// A search of files that came with the messages.
    AttachmentSearch,
    /// Code that was run; OpenAI bills each container, xAI each call.
    CodeInterpreter,
    /// A picture that was made.
    ImageGeneration,
}

impl Tool {
    /// All tools.
    pub const ALL: [Self; 9] = [
        Self::WebSearch,
        Self::WebSearchLow,
        Self::WebSearchMedium,
        Self::WebSearchHigh,
        Self::XSearch,
        Self::FileSearch,
        Self::AttachmentSearch,
        Self::CodeInterpreter,
        Self::ImageGeneration,
    ];

    /// The catalogue's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WebSearch => "web_search",
            Self::WebSearchLow => "web_search_low",
            Self::WebSearchMedium => "web_search_medium",
            Self::WebSearchHigh => "web_search_high",
            Self::XSearch => "x_search",
            Self::FileSearch => "file_search",
            Self::AttachmentSearch => "attachment_search",
            Self::CodeInterpreter => "code_interpreter",
            Self::ImageGeneration => "image_generation",
        }
    }
}

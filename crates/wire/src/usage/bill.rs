//! What of an answer is billed beside its token counts.

use super::Usage;

/// Most calls of one answer whose counts are kept apart; what comes behind is added to the last.
pub const MOST_CALLS: usize = 64;

/// Above this, ten thousand dollars in nano-dollars, what an upstream says that one answer cost is not believed (H10).
pub const MOST_STATED: u64 = 10_000 * 1_000_000_000;

/// What the bill of an answer depends on beside [`Usage`]'s counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// The tier that the answer was served at (U9).
    pub service: Service,
    /// The answer was computed in the United States alone, which Anthropic bills dearer.
    pub in_us: bool,
    /// What the upstream itself says that the answer cost, in nano-dollars (U11).
    pub stated: Option<u64>,
    /// The upstream's cost beside which another stands in the answer: who brings a key of their own to a router pays the
    /// router's `cost` and the vendor's, and the sum stands nowhere.
    pub stated_in_parts: bool,
    /// Milliseconds of sound that were heard, where sound is billed by its length (U13).
    pub heard_ms: Option<u64>,
    /// Calls of tools that the vendor ran, by [`Tool`] (U10).
    pub tools: [u32; Tool::ALL.len()],
    /// The calls of which the answer is made, where its vendor tells them apart: Anthropic's `iterations` (U8). Their sum is
    /// the [`Usage`] around them. At most [`MOST_CALLS`].
    pub calls: Vec<Call>,
}

/// One of the calls of which an answer is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// The vendor's name of the model, where it is another than the one that was asked.
    pub model: Option<Box<str>>,
    /// What it used.
    pub usage: Usage,
}

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

impl Bill {
    /// Most calls of one tool that are believed (H10).
    const MOST_TOOL_CALLS: u64 = 10_000;

    /// Whether there is something to pay where no token was counted.
    pub fn is_bookable(&self) -> bool {
        self.stated.is_some() || self.heard_ms.is_some() || self.tools.iter().any(|calls| *calls > 0)
    }

    /// Every tool that was called, and how often.
    pub fn tools(&self) -> impl Iterator<Item = (Tool, u64)> {
        Tool::ALL.into_iter().zip(self.tools).filter(|(_, calls)| *calls > 0).map(|(tool, calls)| (tool, calls.into()))
    }

    pub(super) fn add_tool(&mut self, tool: Tool, calls: u64) {
        if let Some(sum) = self.tools.get_mut(tool as usize) {
            let most = Self::MOST_TOOL_CALLS;
            *sum = u64::from(*sum).saturating_add(calls.min(most)).min(most) as u32;
        }
    }

    /// Calls of `tool` are billed otherwise.
    pub(crate) fn forget_tool(&mut self, tool: Tool) {
        if let Some(calls) = self.tools.get_mut(tool as usize) {
            *calls = 0;
        }
    }

    /// One more call.
    pub(crate) fn push_call(&mut self, call: Call) {
        let full = self.calls.len() >= MOST_CALLS;
        match self.calls.last_mut() {
            Some(last) if full => last.usage.add(&call.usage),
            _ => self.calls.push(call),
        }
    }

    /// What a later event says over what is known. `anew` = it says the whole of the tokens again, so that earlier calls no
    /// longer make it up.
    pub(super) fn merged(known: Option<Box<Self>>, later: Option<Box<Self>>, anew: bool) -> Option<Box<Self>> {
        let Some(mut known) = known else { return later };
        let Some(later) = later else {
            if anew {
                known.calls.clear();
            }
            return Some(known);
        };
        if later.service != Service::Standard {
            known.service = later.service;
        }
        known.in_us |= later.in_us;
        if later.stated.is_some() {
            (known.stated, known.stated_in_parts) = (later.stated, later.stated_in_parts);
        }
        known.heard_ms = later.heard_ms.or(known.heard_ms);
        for (sum, more) in known.tools.iter_mut().zip(later.tools) {
            // Cumulative, as all counts of a stream.
            *sum = more.max(*sum);
        }
        if anew || !later.calls.is_empty() {
            known.calls = later.calls;
        }
        Some(known)
    }
}

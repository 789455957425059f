//! The small closed vocabularies of policy and request.

/// How candidates of one priority are ordered; each has a file in `strategy/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// As written.
    Priority,
    /// Drawn by weight, without replacement.
    Weighted,
    /// Cheapest first.
    Price,
    /// Lowest median time to first token first.
    Latency,
    /// Highest median output tokens per second first.
    Throughput,
    /// Drawn with weight 1/price^2 among the stable ones.
    Balanced,
    /// Fewest requests in flight first.
    LeastOutstanding,
}

impl Strategy {
    /// All strategies.
    pub const ALL: [Self; 7] = [
        Self::Priority,
        Self::Weighted,
        Self::Price,
        Self::Latency,
        Self::Throughput,
        Self::Balanced,
        Self::LeastOutstanding,
    ];

    /// The name in policy and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Priority => "Priority",
            Self::Weighted => "Weighted",
            Self::Price => "Price",
            Self::Latency => "Latency",
            Self::Throughput => "Throughput",
            Self::Balanced => "Balanced",
            Self::LeastOutstanding => "LeastOutstanding",
        }
    }
}

/// How long a provider keeps prompts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retention {
    /// Not at all. In-memory prompt caches do not count as retention.
    Zero,
    /// For a time.
    Limited,
}

/// What a limit lets through. "No limit" is a word of its own: were it the empty list, two limits that have nothing in
/// common would together be none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Allowed<T> {
    /// Everything.
    #[default]
    Any,
    /// These alone; none of them lets nothing through.
    Only(Vec<T>),
}

impl<T> Allowed<T> {
    /// The list, or `Any` for an empty one: how a spec says it, where a list that is not there and an empty one mean the
    /// same.
    pub fn of(list: Vec<T>) -> Self {
        if list.is_empty() { Self::Any } else { Self::Only(list) }
    }

    /// Whether something for which `matches` holds of one of the list is let through.
    pub fn admits(&self, matches: impl FnMut(&T) -> bool) -> bool {
        match self {
            Self::Any => true,
            Self::Only(list) => list.iter().any(matches),
        }
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// All values.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Reads the word as it stands on the wire.
            pub fn exact(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }

            /// Reads the word, in any case.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.as_str().eq_ignore_ascii_case(text))
            }
        }
    };
}

words! {
    /// Precision of the served weights; the values of OpenRouter's `provider.quantizations`.
    Quantization {
        /// 4-bit integer.
        Int4 = "int4",
        /// 8-bit integer.
        Int8 = "int8",
        /// 4-bit float.
        Fp4 = "fp4",
        /// Microscaling 4-bit float.
        Mxfp4 = "mxfp4",
        /// NVIDIA's 4-bit float.
        Nvfp4 = "nvfp4",
        /// 6-bit float.
        Fp6 = "fp6",
        /// 8-bit float.
        Fp8 = "fp8",
        /// Microscaling 8-bit float.
        Mxfp8 = "mxfp8",
        /// 16-bit float.
        Fp16 = "fp16",
        /// bfloat16.
        Bf16 = "bf16",
        /// 32-bit float.
        Fp32 = "fp32",
        /// Not declared.
        Unknown = "unknown",
    }
}

impl Quantization {
    /// Whether a request for `self` is met by an endpoint of precision `have`: `fp4` also matches `mxfp4` and
    /// `nvfp4`, `fp8` also `mxfp8`.
    pub fn admits(self, have: Self) -> bool {
        self == have || matches!((self, have), (Self::Fp4, Self::Mxfp4 | Self::Nvfp4) | (Self::Fp8, Self::Mxfp8))
    }
}

words! {
    /// A request parameter that not every model honours; OpenRouter's `supported_parameters`.
    Parameter {
        /// `temperature`
        Temperature = "temperature",
        /// `top_p`
        TopP = "top_p",
        /// `top_k`
        TopK = "top_k",
        /// `min_p`
        MinP = "min_p",
        /// `top_a`
        TopA = "top_a",
        /// `frequency_penalty`
        FrequencyPenalty = "frequency_penalty",
        /// `presence_penalty`
        PresencePenalty = "presence_penalty",
        /// `repetition_penalty`
        RepetitionPenalty = "repetition_penalty",
        /// `logit_bias`
        LogitBias = "logit_bias",
        /// `logprobs`
        Logprobs = "logprobs",
        /// `top_logprobs`
        TopLogprobs = "top_logprobs",
        /// `seed`
        Seed = "seed",
        /// `stop`
        Stop = "stop",
        /// `tools`
        Tools = "tools",
        /// `tool_choice`
        ToolChoice = "tool_choice",
        /// `parallel_tool_calls`
        ParallelToolCalls = "parallel_tool_calls",
        /// `response_format` of type `json_object`
        ResponseFormat = "response_format",
        /// `response_format` of type `json_schema`
        StructuredOutputs = "structured_outputs",
        /// `reasoning` or `thinking`
        Reasoning = "reasoning",
        /// `reasoning_effort`
        ReasoningEffort = "reasoning_effort",
        /// `verbosity`
        Verbosity = "verbosity",
        /// `prediction`
        Prediction = "prediction",
        /// `web_search_options`
        WebSearchOptions = "web_search_options",
    }
}

words! {
    /// A kind of content.
    Modality {
        /// Text.
        Text = "text",
        /// Image.
        Image = "image",
        /// Audio.
        Audio = "audio",
        /// Video.
        Video = "video",
        /// A document, such as a PDF.
        File = "file",
    }
}

macro_rules! set {
    ($(#[$doc:meta])* $name:ident of $item:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name(u32);

        impl $name {
            /// The set of everything.
            pub fn all() -> Self {
                $item::ALL.iter().copied().collect()
            }

            /// Adds one member.
            pub fn insert(&mut self, item: $item) {
                self.0 |= 1 << item as u32;
            }

            /// Takes one member out.
            pub fn remove(&mut self, item: $item) {
                self.0 &= !(1 << item as u32);
            }

            /// Whether `item` is a member.
            pub fn contains(self, item: $item) -> bool {
                self.0 & (1 << item as u32) != 0
            }

            /// Whether there is no member.
            pub fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// Members of `self` that `other` lacks.
            pub fn minus(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }

            /// The members, in declaration order.
            pub fn iter(self) -> impl Iterator<Item = $item> {
                $item::ALL.iter().copied().filter(move |item| self.contains(*item))
            }
        }

        impl FromIterator<$item> for $name {
            fn from_iter<I: IntoIterator<Item = $item>>(items: I) -> Self {
                let mut set = Self::default();
                items.into_iter().for_each(|item| set.insert(item));
                set
            }
        }
    };
}

set! {
    /// A set of [`Modality`] values.
    Modalities of Modality
}
set! {
    /// A set of [`Parameter`] values.
    Parameters of Parameter
}

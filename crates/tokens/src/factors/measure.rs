//! What is measured of a prompt, and what it weighs.

/// What a prompt has, in tokens of `o200k_base` and in numbers of things.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Measure {
    /// Tokens of texts.
    pub text: f64,
    /// Tokens of the schema that an answer must have.
    pub schema: f64,
    /// Tokens of definitions of tools, told as the family is told of them.
    pub tools: f64,
    /// Messages, the system prompt among them.
    pub messages: f64,
    /// Calls of tools and their results.
    pub calls: f64,
    /// Tools.
    pub tool_count: f64,
    /// 1 if there are tools, else 0.
    pub any_tool: f64,
    /// 1 if there are tools, the model is of GPT-5's kind and the request is not for Responses; else 0.
    pub chat_tools: f64,
    /// 1 if a tool must be called, else 0.
    pub forced: f64,
    /// 1 if an answer must have a schema, else 0.
    pub any_schema: f64,
    /// 1 if the model is to think before it answers, as the request has it, else 0.
    pub thinks: f64,
    /// 1 for a conversation, 0 for bare text.
    pub talk: f64,
}

/// How many [`Measure`]s there are.
pub const TERMS: usize = 12;

impl Measure {
    /// The measures in the order of the weights in [`Factors::terms`](field@Factors::terms).
    #[must_use]
    pub const fn terms(&self) -> [f64; TERMS] {
        [
            self.text,
            self.schema,
            self.tools,
            self.messages,
            self.calls,
            self.tool_count,
            self.any_tool,
            self.chat_tools,
            self.forced,
            self.any_schema,
            self.thinks,
            self.talk,
        ]
    }
}

/// What each [`Measure`] weighs, and how well that is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Factors {
    /// Weights, in the order of [`Measure::terms`].
    pub terms: [f64; TERMS],
    /// Prompts with a recorded usage that the weights are from; 0 for those of all families together.
    pub samples: u32,
    /// Of 100 prompts kept out of the fit, 90 were nearer than this, relative to the recorded usage.
    pub p90: f64,
}

impl Factors {
    /// Tokens of a prompt with such a measure.
    #[must_use]
    pub fn tokens(&self, measure: &Measure) -> f64 {
        self.terms.iter().zip(measure.terms()).map(|(factor, term)| factor * term).sum::<f64>().max(0.0)
    }
}

//! What one answer consumed, in one shape for every vendor.

pub(crate) mod counts;
pub(crate) mod stated;
mod words;

pub use stated::MOST_STATED;
pub use words::{Service, Tool};

/// Above this, a thousand million tokens, a count is no count of one answer's tokens: it is held here, and
/// [`Usage::impossible`] says so (H10). A hundred times the longest context window there is.
pub const MOST_TOKENS: u64 = 1_000_000_000;

/// Most calls of one answer whose counts are kept apart; what comes behind is added to the last.
pub const MOST_CALLS: usize = 64;

/// What an answer consumed. `None` means the upstream did not say; `Some(0)` means it said zero (U2).
///
/// Totals are inclusive, as OpenAI counts: `input` contains the cached, cache-write, audio and image parts, `output`
/// contains reasoning and audio. Anthropic counts its input without the cached parts, xAI its output without reasoning;
/// the readers add them (U3, U7).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// All prompt tokens, cached ones included.
    pub input: Option<u64>,
    /// Prompt tokens read from the provider's cache.
    pub cache_read: Option<u64>,
    /// Prompt tokens written to the cache for five minutes (or for an unstated time).
    pub cache_write_5m: Option<u64>,
    /// Prompt tokens written to the cache for an hour.
    pub cache_write_1h: Option<u64>,
    /// Audio part of `input`.
    pub input_audio: Option<u64>,
    /// Image part of `input`, where the vendor bills it apart.
    pub input_image: Option<u64>,
    /// All generated tokens, reasoning included.
    pub output: Option<u64>,
    /// Reasoning part of `output`.
    pub reasoning: Option<u64>,
    /// Audio part of `output`.
    pub output_audio: Option<u64>,
    /// Image part of `output`.
    pub output_image: Option<u64>,
    /// The counts were made here from the text seen, because the upstream never sent its own (U4).
    pub estimated: bool,
    /// The upstream said what cannot be: a count below zero or beyond [`MOST_TOKENS`], a total below its parts (H10).
    pub impossible: bool,
    /// The upstream named no total, so that only its vendor's manner tells whether reasoning lies inside `output`
    /// ([`Usage::as_counted_by`]).
    pub open: bool,
    /// What the bill depends on beside the counts; `None` where that is nothing, as for most answers.
    pub bill: Option<Box<Bill>>,
}

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

impl Usage {
    /// Takes what `later` says over what is known: counters in streams are cumulative, never deltas.
    pub fn merge(&mut self, mut later: Self) {
        // Anthropic's first event splits cache writes by lifetime, its last gives their sum alone: the hour's part
        // stays, and is not counted again as five minutes.
        if let (Some(hour), Some(sum), None) = (self.cache_write_1h, later.cache_write_5m, later.cache_write_1h) {
            later.cache_write_5m = Some(sum.saturating_sub(hour));
        }
        // A last event that repeats the uncached input alone: what the first one said of the cache is still part of it.
        let unsaid = [later.cache_read, later.cache_write_5m, later.cache_write_1h].iter().all(Option::is_none);
        let cached = total([self.cache_read, self.cache_write_5m, self.cache_write_1h]);
        if let Some(input) = later.input.filter(|input| unsaid && *input < cached) {
            later.input = Some(input.saturating_add(cached).min(MOST_TOKENS));
        }
        if later.is_known() {
            self.open = later.open;
        }
        self.bill = Bill::merged(self.bill.take(), later.bill, later.input.is_some());
        let take = |old: &mut Option<u64>, new: Option<u64>| {
            if new.is_some() {
                *old = new;
            }
        };
        take(&mut self.input, later.input);
        take(&mut self.cache_read, later.cache_read);
        take(&mut self.cache_write_5m, later.cache_write_5m);
        take(&mut self.cache_write_1h, later.cache_write_1h);
        take(&mut self.input_audio, later.input_audio);
        take(&mut self.input_image, later.input_image);
        take(&mut self.output, later.output);
        take(&mut self.reasoning, later.reasoning);
        take(&mut self.output_audio, later.output_audio);
        take(&mut self.output_image, later.output_image);
        self.estimated |= later.estimated;
        self.impossible |= later.impossible;
    }

    /// Whether the upstream reported anything that can be booked.
    pub fn is_known(&self) -> bool {
        self.input.is_some() || self.output.is_some() || self.bill.as_ref().is_some_and(|bill| bill.is_bookable())
    }

    /// The same usage where no total told how it was counted: `vendor`'s own manner decides (U7). xAI's chat counts
    /// reasoning beside the answer; nobody else known does without saying a total.
    #[must_use]
    pub fn as_counted_by(mut self, vendor: &str) -> Self {
        if self.open && crate::profile::reasons_beside(vendor) {
            let whole = total([self.output, self.reasoning]);
            self.output = self.output.map(|_| whole.min(MOST_TOKENS));
        }
        self.open = false;
        self
    }

    /// What the bill depends on beside the counts, to be written to.
    pub fn bill_mut(&mut self) -> &mut Bill {
        self.bill.get_or_insert_default()
    }

    /// The tier that the answer was served at; [`Service::Standard`] leaves no trace.
    pub fn set_service(&mut self, service: Service) {
        if service != Service::Standard {
            self.bill_mut().service = service;
        }
    }

    /// Adds `calls` of `tool` that the vendor ran itself.
    pub fn add_tool(&mut self, tool: Tool, calls: u64) {
        if calls > 0 {
            self.bill_mut().add_tool(tool, calls);
        }
    }

    /// Adds what another call within the same answer used.
    pub(crate) fn add(&mut self, other: &Self) {
        let plus = |sum: &mut Option<u64>, more: Option<u64>| {
            if let Some(more) = more {
                *sum = Some(sum.unwrap_or(0).saturating_add(more).min(MOST_TOKENS));
            }
        };
        plus(&mut self.input, other.input);
        plus(&mut self.cache_read, other.cache_read);
        plus(&mut self.cache_write_5m, other.cache_write_5m);
        plus(&mut self.cache_write_1h, other.cache_write_1h);
        plus(&mut self.input_audio, other.input_audio);
        plus(&mut self.input_image, other.input_image);
        plus(&mut self.output, other.output);
        plus(&mut self.reasoning, other.reasoning);
        plus(&mut self.output_audio, other.output_audio);
        plus(&mut self.output_image, other.output_image);
        self.impossible |= other.impossible;
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

    fn add_tool(&mut self, tool: Tool, calls: u64) {
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
    fn merged(known: Option<Box<Self>>, later: Option<Box<Self>>, anew: bool) -> Option<Box<Self>> {
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

/// The sum of what is known.
pub(crate) fn total<const N: usize>(counts: [Option<u64>; N]) -> u64 {
    counts.into_iter().flatten().fold(0, u64::saturating_add)
}

/// A rough count of the tokens in `bytes` bytes of text, for records of interrupted streams only: four bytes a token,
/// the figure OpenAI gives for English. Rounded up.
pub fn estimate_tokens(bytes: u64) -> u64 {
    bytes.div_ceil(4)
}

#[cfg(test)]
mod tests;

//! What one answer consumed, in one shape for every vendor.

mod bill;
mod counts;
mod stated;

pub use bill::{Bill, Call, MOST_CALLS, MOST_STATED, Service, Tool};
pub(crate) use counts::{Told, count};
pub(crate) use stated::Stated;

/// Above this, a thousand million tokens, a count is no count of one answer's tokens: it is held here, and
/// [`Usage::impossible`] says so (H10). A hundred times the longest context window there is.
pub const MOST_TOKENS: u64 = 1_000_000_000;

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

//! Token counts of one answer, in one shape for every vendor.

/// What an answer consumed. `None` means the upstream did not say; `Some(0)` means it said zero (U2).
///
/// Totals are inclusive, as OpenAI counts: `input` contains the cached, cache-write, audio and image parts, `output`
/// contains reasoning and audio. Anthropic counts its input without the cached parts; its decoder adds them (U3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
}

impl Usage {
    /// Takes what `later` says over what is known: counters in streams are cumulative, never deltas.
    pub fn merge(&mut self, mut later: Self) {
        // Anthropic's first event splits cache writes by lifetime, its last gives their sum alone: the hour's part
        // stays, and is not counted again as five minutes.
        if let (Some(hour), Some(sum), None) = (self.cache_write_1h, later.cache_write_5m, later.cache_write_1h) {
            later.cache_write_5m = Some(sum.saturating_sub(hour));
        }
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
    }

    /// Whether the upstream reported anything.
    pub fn is_known(&self) -> bool {
        self.input.is_some() || self.output.is_some()
    }
}

/// A rough count of the tokens in `bytes` bytes of text, for records of interrupted streams only: four bytes a token,
/// the figure OpenAI gives for English. Rounded up.
pub fn estimate_tokens(bytes: u64) -> u64 {
    bytes.div_ceil(4)
}

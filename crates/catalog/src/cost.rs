//! From counted tokens to money.

use crate::price::{NanoUsd, Prices, Rate};

/// How many tokens of each sort one request used. **Disjoint**: a token is counted in exactly one field.
///
/// Vendors nest their counts differently: OpenAI's `prompt_tokens` includes cached ones, Anthropic's `input_tokens`
/// does not, Gemini adds thinking to the answer or not. The codec of each dialect takes them apart, so that here
/// nothing needs to be subtracted and nothing can be counted twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tokens {
    /// Plain prompt tokens: neither cached nor sound nor picture.
    pub input: u64,
    /// Prompt tokens served from the cache.
    pub cache_read: u64,
    /// Prompt tokens written to the cache for five minutes, or for the vendor's only lifetime.
    pub cache_write_5m: u64,
    /// Prompt tokens written to the cache for an hour.
    pub cache_write_1h: u64,
    /// Uncached sound in the prompt.
    pub input_audio: u64,
    /// Uncached pictures in the prompt, where the vendor counts them apart.
    pub input_image: u64,
    /// Plain answer tokens: neither thinking nor sound nor picture.
    pub output: u64,
    /// Hidden thinking tokens.
    pub reasoning: u64,
    /// Sound in the answer.
    pub output_audio: u64,
    /// Pictures in the answer, where the vendor counts them in tokens.
    pub output_image: u64,
}

impl Tokens {
    /// All prompt tokens, cached ones included: what decides the [`Tier`](crate::Tier).
    #[must_use]
    pub fn total_input(&self) -> u64 {
        [self.input, self.cache_read, self.cache_write_5m, self.cache_write_1h, self.input_audio, self.input_image]
            .into_iter()
            .fold(0, u64::saturating_add)
    }

    /// All answer tokens, thinking included.
    #[must_use]
    pub fn total_output(&self) -> u64 {
        [self.output, self.reasoning, self.output_audio, self.output_image].into_iter().fold(0, u64::saturating_add)
    }
}

/// What one request cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cost {
    /// `input` + `output` + the fees per request and per picture.
    pub total: NanoUsd,
    /// The prompt's part.
    pub input: NanoUsd,
    /// The answer's part.
    pub output: NanoUsd,
}

impl Prices {
    /// The cost of one answered request without generated pictures.
    ///
    /// Exact in integers and rounded once per part, half up, to a nano-dollar; held at the largest amount instead of
    /// wrapping around.
    ///
    /// The tier is the last one whose `above` is strictly less than all prompt tokens together, and it prices the
    /// whole request. Absent rates fall back:
    ///
    /// | absent | falls back to | as |
    /// | --- | --- | --- |
    /// | any special rate of a tier | the base price's | LiteLLM and genai-prices do |
    /// | `cache_read` | `input` | both do: no discount is known |
    /// | `cache_write_5m` | `input` | both do; the 25 % surcharge is Anthropic's and stands in its rows |
    /// | `cache_write_1h` | `cache_write_5m` | LiteLLM does |
    /// | `reasoning` | `output` | both do |
    /// | `input_audio`, `input_image` | `input` | both do |
    /// | `output_audio`, `output_image` | `output` | both do |
    #[must_use]
    pub fn cost(&self, tokens: &Tokens) -> Cost {
        self.cost_with_images(tokens, 0)
    }

    /// As [`Prices::cost`], with pictures that are priced by the piece ([`Prices::image`]) added to the total.
    ///
    /// Pictures counted in tokens belong in [`Tokens::output_image`] and not here.
    #[must_use]
    pub fn cost_with_images(&self, tokens: &Tokens, images: u64) -> Cost {
        let rates = self.rates_for(tokens.total_input());
        let input = charge([
            (tokens.input, rates.input),
            (tokens.cache_read, rates.cache_read),
            (tokens.cache_write_5m, rates.cache_write_5m),
            (tokens.cache_write_1h, rates.cache_write_1h),
            (tokens.input_audio, rates.input_audio),
            (tokens.input_image, rates.input_image),
        ]);
        let output = charge([
            (tokens.output, rates.output),
            (tokens.reasoning, rates.reasoning),
            (tokens.output_audio, rates.output_audio),
            (tokens.output_image, rates.output_image),
        ]);
        let pictures = NanoUsd(self.image.unwrap_or_default().0.saturating_mul(images));
        let fees = self.request.unwrap_or_default().saturating_add(pictures);
        Cost { total: input.saturating_add(output).saturating_add(fees), input, output }
    }

    /// Every rate spelled out for a prompt of this length.
    fn rates_for(&self, total_input: u64) -> Rates {
        let tier = self.tiers.iter().rev().find(|tier| total_input > tier.above);
        let (input, output) = tier.map_or((self.input, self.output), |t| (t.input, t.output));
        let own = |of_tier: Option<Option<Rate>>, base: Option<Rate>| of_tier.flatten().or(base);
        let cache_write_5m = own(tier.map(|t| t.cache_write_5m), self.cache_write_5m).unwrap_or(input);
        Rates {
            input,
            cache_read: own(tier.map(|t| t.cache_read), self.cache_read).unwrap_or(input),
            cache_write_5m,
            cache_write_1h: own(tier.map(|t| t.cache_write_1h), self.cache_write_1h).unwrap_or(cache_write_5m),
            input_audio: own(tier.map(|t| t.input_audio), self.input_audio).unwrap_or(input),
            input_image: own(tier.map(|t| t.input_image), self.input_image).unwrap_or(input),
            output,
            reasoning: own(tier.map(|t| t.reasoning), self.reasoning).unwrap_or(output),
            output_audio: own(tier.map(|t| t.output_audio), self.output_audio).unwrap_or(output),
            output_image: own(tier.map(|t| t.output_image), self.output_image).unwrap_or(output),
        }
    }
}

struct Rates {
    input: Rate,
    cache_read: Rate,
    cache_write_5m: Rate,
    cache_write_1h: Rate,
    input_audio: Rate,
    input_image: Rate,
    output: Rate,
    reasoning: Rate,
    output_audio: Rate,
    output_image: Rate,
}

/// The sum of tokens times rates, rounded half up once.
///
/// Cannot overflow: a product is below 2^128 - 2^65, and the few that could be summed past it saturate.
fn charge<const N: usize>(lines: [(u64, Rate); N]) -> NanoUsd {
    const MILLION: u128 = 1_000_000;
    let millionths = lines
        .into_iter()
        .map(|(tokens, Rate(nanos))| u128::from(tokens) * u128::from(nanos))
        .fold(0u128, u128::saturating_add);
    let nanos = millionths.saturating_add(MILLION / 2) / MILLION;
    NanoUsd(u64::try_from(nanos).unwrap_or(u64::MAX))
}

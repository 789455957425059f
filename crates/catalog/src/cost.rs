//! From counted tokens to money.

use std::ops::BitOr;

use crate::price::{NanoUsd, Prices, Rate, Tier};

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
    /// `input` + `output` + the fees per request, per picture and per call of a tool.
    pub total: NanoUsd,
    /// The prompt's part.
    pub input: NanoUsd,
    /// The answer's part.
    pub output: NanoUsd,
    /// What the price says nothing of: `total` is short of it, or an estimate of it.
    pub lacks: Lacks,
}

impl Cost {
    /// The two together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            total: self.total.saturating_add(other.total),
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
            lacks: self.lacks | other.lacks,
        }
    }
}

/// Parts of an answer that its price row says nothing of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Lacks {
    /// The tier of service: the list's rates were taken.
    pub service: bool,
    /// A tool that the vendor ran: its fee is not in the total.
    pub tool: bool,
    /// Sound that is billed by its length: it is not in the total.
    pub heard: bool,
    /// Another model that took part: the rates of the one that was asked were taken.
    pub model: bool,
}

impl Lacks {
    /// A word for each part.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        let Self { service, tool, heard, model } = self;
        [(service, "service_tier"), (tool, "tool"), (heard, "sound"), (model, "model")]
            .into_iter()
            .filter_map(|(lacks, word)| lacks.then_some(word))
    }
}

impl BitOr for Lacks {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self {
            service: self.service | other.service,
            tool: self.tool | other.tool,
            heard: self.heard | other.heard,
            model: self.model | other.model,
        }
    }
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
        let pictures = NanoUsd(self.image.unwrap_or_default().0.saturating_mul(images));
        let fees = self.request.unwrap_or_default().saturating_add(pictures);
        let cost = self.tokens(tokens, None, false);
        Cost { total: cost.total.saturating_add(fees), ..cost }
    }

    /// The cost of tokens alone, for one call of the model: at the list's price, or at the tier of service of that name; by
    /// the rates of the United States alone where it was computed `in_us`.
    #[must_use]
    pub fn tokens(&self, tokens: &Tokens, service: Option<&str>, in_us: bool) -> Cost {
        let long = tokens.total_input();
        let served = service.map(|name| self.services.iter().find(|service| service.name == name));
        let rates = match served.flatten().and_then(|service| tier_of(&service.tiers, long)) {
            Some(tier) => self.served_at(tier, long),
            None => self.rates_for(long),
        };
        let lacks = Lacks { service: served.is_some_and(|row| row.is_none()), ..Lacks::default() };
        let percent = self.in_us_percent.filter(|_| in_us).map_or(100, u64::from);
        let uplifted = |amount: NanoUsd| match percent {
            100 => amount,
            percent => {
                NanoUsd(u64::try_from((u128::from(amount.0) * u128::from(percent) + 50) / 100).unwrap_or(u64::MAX))
            }
        };
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
        let (input, output) = (uplifted(input), uplifted(output));
        Cost { total: input.saturating_add(output), input, output, lacks }
    }

    /// What an answer costs beside its tokens: the fee per request, `heard_ms` milliseconds of sound, and calls of tools.
    #[must_use]
    pub fn fees<'t>(&self, heard_ms: Option<u64>, tools: impl Iterator<Item = (&'t str, u64)>) -> Cost {
        let mut total = self.request.unwrap_or_default();
        let mut lacks = Lacks::default();
        match (heard_ms, self.heard) {
            // A rate is per million seconds: milliseconds are counted as thousandths.
            (Some(heard), Some(rate)) => total = total.saturating_add(charge([(heard, Rate(rate.0.div_ceil(1000)))])),
            (Some(heard), None) => lacks.heard = heard > 0,
            (None, _) => {}
        }
        for (tool, calls) in tools {
            match self.fee(tool) {
                Some(each) => total = total.saturating_add(NanoUsd(each.0.saturating_mul(calls))),
                None => lacks.tool = true,
            }
        }
        Cost { total, lacks, ..Cost::default() }
    }

    /// What one call of `tool` costs: a search of any size is one of the web where its size has no price.
    fn fee(&self, tool: &str) -> Option<NanoUsd> {
        let of = |tool: &str| self.fees.iter().find(|fee| fee.tool == tool).map(|fee| fee.each);
        of(tool).or_else(|| tool.starts_with("web_search_").then(|| of("web_search")).flatten())
    }

    /// Every rate at a tier of service. Where the list is dearer for prompts of this length and the tier does not say so, it
    /// is dearer in the same proportion.
    fn served_at(&self, tier: &Tier, total_input: u64) -> Rates {
        let list = self.rates_for(total_input);
        let begins = self.tiers.iter().rev().find(|tier| total_input > tier.above).map_or(0, |tier| tier.above);
        if tier.above >= begins {
            return list.at(tier);
        }
        let (input, output) = (list.input.scaled(self.input, tier.input), list.output.scaled(self.output, tier.output));
        list.at(&Tier::flat(begins, input, output))
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

/// The last of ascending tiers that begins below `total_input`, the first one for the shortest.
fn tier_of(tiers: &[Tier], total_input: u64) -> Option<&Tier> {
    tiers.iter().rev().find(|tier| total_input > tier.above || tier.above == 0)
}

impl Rates {
    /// The same at a tier of service: what that does not say is in proportion.
    fn at(&self, tier: &Tier) -> Self {
        let input = |own: Option<Rate>, rate: Rate| own.unwrap_or_else(|| rate.scaled(self.input, tier.input));
        let output = |own: Option<Rate>, rate: Rate| own.unwrap_or_else(|| rate.scaled(self.output, tier.output));
        Self {
            input: tier.input,
            cache_read: input(tier.cache_read, self.cache_read),
            cache_write_5m: input(tier.cache_write_5m, self.cache_write_5m),
            cache_write_1h: input(tier.cache_write_1h, self.cache_write_1h),
            input_audio: input(tier.input_audio, self.input_audio),
            input_image: input(tier.input_image, self.input_image),
            output: tier.output,
            reasoning: output(tier.reasoning, self.reasoning),
            output_audio: output(tier.output_audio, self.output_audio),
            output_image: output(tier.output_image, self.output_image),
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

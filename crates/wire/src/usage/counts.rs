//! Numbers as upstreams write them, bounded; and which of them lie inside which (U7, H10).

use super::{MOST_TOKENS, Usage};

/// A count of tokens; `12.0` is one that a vendor printed as a float. What is no whole number is read as absent. What no
/// answer can have used is held at the bound, what is below zero is absent, and both are noted in `impossible`.
pub(crate) fn count(json: &str, impossible: &mut bool) -> Option<u64> {
    let whole = match json.parse::<u64>() {
        Ok(whole) => whole,
        Err(_) => {
            let float = json.parse::<f64>().ok().filter(|float| float.is_finite())?;
            if float < 0.0 {
                *impossible = true;
                return None;
            }
            // Saturates: what is beyond the bound is held below.
            (float.fract() == 0.0).then_some(float as u64)?
        }
    };
    *impossible |= whole > MOST_TOKENS;
    Some(whole.min(MOST_TOKENS))
}

/// Counts as a vendor of OpenAI's dialect tells them: the two totals, the parts beside them, and their sum.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Everything but where the parts lie.
    pub(crate) usage: Usage,
    /// `total_tokens`.
    pub(crate) total: Option<u64>,
    /// The prompt held sound, of which only the length is told: Mistral.
    pub(crate) sound: bool,
}

impl Told {
    /// The same with inclusive totals: every token that the total has is in one of the two, once.
    ///
    /// Where the total is more than the two together, the difference is what lies beside them: the parts that add up to it,
    /// sound whose tokens nobody counted, or thinking that nobody named (Gemini's `/openai`). Where both agree, all parts
    /// lie inside. Without a total [`Usage::open`] leaves it to the vendor's manner, but for parts that are more than their
    /// whole.
    pub(crate) fn settled(self) -> Usage {
        let Self { mut usage, total, sound } = self;
        match (usage.input, usage.output, total) {
            // Embeddings and scores of vendors that count nothing else.
            (None, None, Some(total)) => usage.input = Some(total),
            (Some(input), Some(output), Some(total)) => {
                let both = input.saturating_add(output);
                if total > both {
                    beside(&mut usage, total - both, sound);
                }
                usage.impossible |= total < input.max(output);
            }
            (Some(input), None, Some(total)) if total > input => usage.input = Some(total),
            (None, Some(output), Some(total)) if total > output => usage.input = Some(total - output),
            (_, Some(output), None) => {
                usage.open = usage.reasoning.is_some();
                // A part that is more than its whole lies beside it.
                if let Some(reasoning) = usage.reasoning.filter(|reasoning| *reasoning > output) {
                    usage.output = Some(output.saturating_add(reasoning).min(MOST_TOKENS));
                    usage.open = false;
                }
            }
            _ => {}
        }
        usage
    }
}

/// Puts `gap` tokens, which the total has and neither side, where they belong.
fn beside(usage: &mut Usage, gap: u64, sound: bool) {
    // The likeliest first: of sets that add up alike, that with the parts which are known to lie beside.
    let parts = [
        (true, usage.reasoning),
        (true, usage.output_audio),
        (true, usage.output_image),
        (false, usage.input_audio),
        (false, usage.cache_read),
        (false, usage.cache_write_5m),
        (false, usage.input_image),
    ];
    let of = |set: u32, out: bool| {
        let chosen = parts.iter().enumerate().filter(|(at, part)| set >> at & 1 == 1 && part.0 == out);
        chosen.filter_map(|(_, part)| part.1).fold(0, u64::saturating_add)
    };
    let fits = (1..1_u32 << parts.len()).filter(|set| of(*set, true).saturating_add(of(*set, false)) == gap);
    let (input, output) = match fits.min_by_key(|set| (set.count_ones(), *set)) {
        Some(set) => (of(set, false), of(set, true)),
        None if sound => {
            usage.input_audio = Some(usage.input_audio.unwrap_or(0).saturating_add(gap));
            (gap, 0)
        }
        None => {
            let inside = usage.reasoning.filter(|reasoning| *reasoning <= usage.output.unwrap_or(0));
            usage.reasoning = Some(inside.unwrap_or(0).saturating_add(gap));
            (0, gap)
        }
    };
    usage.input = usage.input.map(|all| all.saturating_add(input));
    usage.output = usage.output.map(|all| all.saturating_add(output));
}

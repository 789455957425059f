//! Why a request cost much: what of it is far from what is usual.

use crate::{
    figures::{Dear, Sums, Tried},
    money::{count, usd},
};

/// What an attempt usually has, as means of the period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usual {
    input: i128,
    output: i128,
    /// Nano-dollars of a million tokens.
    rate: i128,
}

/// So many times as much as usual is worth a word.
const MUCH: i128 = 3;

impl Usual {
    /// From everything together.
    pub(crate) fn of(sums: &Sums) -> Self {
        let attempts = sums.attempts.max(1);
        Self { input: sums.input / attempts, output: sums.output / attempts, rate: rate(sums.nano, sums.tokens()) }
    }
}

/// In words, the weightiest first.
pub(crate) fn why(dear: &Dear, usual: Usual) -> String {
    let mut reasons = Vec::new();
    let billed: Vec<&Tried> = dear.attempts.iter().filter(|tried| tried.nano.is_some_and(|nano| nano > 0)).collect();
    if billed.len() > 1 {
        reasons.push(format!("{} of {} attempts were billed", billed.len(), dear.attempts.len()));
    }
    let Some(main) = billed.iter().max_by_key(|tried| tried.nano) else {
        return "its attempts are not told apart".into();
    };
    let times = |much: i128, usual: i128| (usual > 0 && much >= MUCH * usual).then(|| much / usual);
    if let Some(times) = times(main.input, usual.input) {
        let cached = match main.cache_read {
            0 => ", none of them cached".to_owned(),
            read => format!(", {} of them cached", count(read)),
        };
        reasons.push(format!("a long prompt: {} tokens, {}× the mean{cached}", count(main.input), count(times)));
    }
    if let Some(times) = times(main.output, usual.output) {
        let thought = match main.reasoning {
            0 => String::new(),
            reasoning => format!(", {} of them reasoning", count(reasoning)),
        };
        reasons.push(format!("a long answer: {} tokens, {}× the mean{thought}", count(main.output), count(times)));
    }
    let rate = rate(main.nano.unwrap_or(0), main.input + main.output);
    if times(rate, usual.rate).is_some() {
        reasons.push(format!("a dear model: {} per million tokens, the mean is {}", usd(rate), usd(usual.rate)));
    }
    if reasons.is_empty() {
        reasons.push(format!("{} tokens at {} per million", count(main.input + main.output), usd(rate)));
    }
    reasons.join("; ")
}

fn rate(nano: i128, tokens: i128) -> i128 {
    if tokens > 0 { nano.saturating_mul(1_000_000) / tokens } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unusual_is_named() {
        let all = Sums { attempts: 10, input: 10_000, output: 1_000, nano: 11_000_000, ..Sums::default() };
        let usual = Usual::of(&all);
        let tried = |nano, input, output| Tried { nano, input, output, ..Tried::default() };
        let of = |attempts: Vec<Tried>| why(&Dear { attempts, ..Dear::default() }, usual);
        let text = of(vec![tried(Some(5_000_000), 9_000, 10), tried(Some(1), 1, 1), tried(None, 0, 0)]);
        assert!(
            text.contains("2 of 3 attempts were billed") && text.contains("9,000 tokens, 9× the mean, none"),
            "{text}"
        );
        let text = of(vec![tried(Some(1_100_000_000), 1_000, 400)]);
        assert!(text.contains("long answer") && text.contains("a dear model"), "{text}");
        assert_eq!(of(vec![tried(Some(1_100_000), 1_000, 100)]), "1,100 tokens at $1.00 per million");
        assert!(of(vec![]).contains("not told apart"));
    }
}

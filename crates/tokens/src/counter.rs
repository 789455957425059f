//! Counting with a real vocabulary.

use std::fmt;

use tiktoken::CoreBpe;

/// Text that is counted whole, in bytes. Of more, evenly spaced windows are counted and the rest is inferred.
///
/// This bounds the work: see the speeds in the documentation of the crate.
pub const WHOLE: usize = 1 << 20;

/// Length of a window of longer text, in bytes. A cut costs at most one token on each side, 0.2 % of a window.
const WINDOW: usize = 4096;

/// The `o200k_base` vocabulary, ready to count.
///
/// It holds megabytes; whoever needs none drops it. Counting keeps about 1 MiB for each thread that counts.
pub struct Counter {
    bpe: CoreBpe,
}

/// Tokens of several texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Tokens of `o200k_base`.
    pub tokens: u64,
    /// The texts were longer than [`WHOLE`]: `tokens` is inferred from a part of them.
    pub sampled: bool,
}

impl Counter {
    /// Unpacks the vocabulary. This takes tens of milliseconds and belongs on a thread that may block.
    #[must_use]
    pub fn load() -> Self {
        Self { bpe: tiktoken::encoding::o200k_base() }
    }

    /// Tokens of one text, all of it counted. Names of special tokens in it are text like any other.
    #[must_use]
    pub fn count(&self, text: &str) -> usize {
        self.bpe.count(text)
    }

    /// Tokens of several texts that do not touch each other; of more than [`WHOLE`] bytes, windows are counted.
    #[must_use]
    pub fn count_all<'a>(&self, texts: impl Iterator<Item = &'a str> + Clone) -> Count {
        let bytes: usize = texts.clone().map(str::len).sum();
        if bytes <= WHOLE {
            return Count { tokens: texts.map(|text| self.count(text) as u64).sum(), sampled: false };
        }
        let every = bytes.div_ceil(WHOLE);
        let (mut seen, mut tokens, mut turn) = (0_u64, 0_u64, 0_usize);
        for text in texts {
            for window in Windows(text) {
                if turn.is_multiple_of(every) {
                    seen += window.len() as u64;
                    tokens += self.count(window) as u64;
                }
                turn += 1;
            }
        }
        let inferred = u128::from(tokens) * bytes as u128 / u128::from(seen.max(1));
        Count { tokens: u64::try_from(inferred).unwrap_or(u64::MAX), sampled: true }
    }
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counter").finish_non_exhaustive()
    }
}

/// Pieces of a text of about [`WINDOW`] bytes, cut between characters.
struct Windows<'a>(&'a str);

impl<'a> Iterator for Windows<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.0.is_empty() {
            return None;
        }
        let (window, rest) = self.0.split_at(self.0.ceil_char_boundary(WINDOW));
        self.0 = rest;
        Some(window)
    }
}

#[cfg(test)]
pub(crate) mod tests;

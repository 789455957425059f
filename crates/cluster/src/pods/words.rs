//! Texts that many pods have in common, each held once.

use std::{collections::HashSet, sync::Arc};

/// So many are no reason to look for those that nobody needs.
const SWEEP: usize = 1024;

/// The texts.
#[derive(Debug, Default)]
pub(super) struct Words {
    all: HashSet<Arc<str>>,
    /// How many there may be before those that nobody needs are looked for.
    swept: usize,
}

impl Words {
    /// `text`, as everybody has it.
    pub(super) fn of(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.all.get(text) {
            return known.clone();
        }
        if self.all.len() >= self.swept.max(SWEEP) {
            self.all.retain(|word| Arc::strong_count(word) > 1);
            self.all.shrink_to(2 * self.all.len());
            self.swept = 2 * self.all.len();
        }
        let word: Arc<str> = text.into();
        self.all.insert(word.clone());
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_needs_is_let_go() {
        let mut words = Words::default();
        let kept = words.of("kept");
        (0..10 * SWEEP).for_each(|at| drop(words.of(&format!("word {at}"))));
        assert!(words.all.len() <= SWEEP + 1, "{}", words.all.len());
        assert!(Arc::ptr_eq(&kept, &words.of("kept")));
    }
}

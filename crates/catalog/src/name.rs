//! "Did you mean ...": names close to one that does not exist.

use crate::Catalog;

/// A longer name is no slip of the keyboard; cutting it bounds the work a caller can cause.
const LONGEST: usize = 96;
/// Below this likeness (0..=1) a suggestion confuses more than it helps.
const LIKE_ENOUGH: f64 = 0.55;

impl Catalog {
    /// Ids of the models whose id, or its part after the slash, is spelled most like `name`: the best first, at most
    /// `n`, and none that is hardly alike.
    ///
    /// Compares with every model (about four milliseconds): for error messages, not for the path of a good request.
    #[must_use]
    pub fn nearest(&self, name: &str, n: usize) -> Vec<&str> {
        let name: String = name.chars().take(LONGEST).flat_map(char::to_lowercase).collect();
        let mut scored: Vec<(f64, &str)> = self
            .models()
            .iter()
            .map(|model| (likeness(&name, &model.id), model.id.as_str()))
            .filter(|(score, _)| *score >= LIKE_ENOUGH)
            .collect();
        // Equal scores: the shorter id is the plainer model, then by name, so that the answer is always the same.
        scored.sort_by(|(a, left), (b, right)| {
            b.total_cmp(a).then_with(|| left.len().cmp(&right.len())).then_with(|| left.cmp(right))
        });
        scored.into_iter().take(n).map(|(_, id)| id).collect()
    }
}

fn likeness(name: &str, id: &str) -> f64 {
    let whole = strsim::normalized_damerau_levenshtein(name, id);
    match id.split_once('/') {
        Some((_, bare)) if !name.contains('/') => whole.max(strsim::normalized_damerau_levenshtein(name, bare)),
        _ => whole,
    }
}

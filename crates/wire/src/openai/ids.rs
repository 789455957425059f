//! Ids of tool calls, made to fit what a vendor accepts. A call and its result name it apart, so the same id always
//! becomes the same one, without anything remembered.

use std::{
    borrow::Cow,
    hash::{DefaultHasher, Hash, Hasher},
};

use crate::profile::Quirks;

/// OpenAI refuses longer ids.
const LONGEST: usize = 40;

/// `id`, or one made from it that `quirks` allow.
pub(crate) fn fit<'i>(id: &'i str, quirks: &Quirks) -> Cow<'i, str> {
    if quirks.nine_letter_ids {
        let fits = id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        return if fits { Cow::Borrowed(id) } else { Cow::Owned(letters(id, 9)) };
    }
    if id.len() <= LONGEST { Cow::Borrowed(id) } else { Cow::Owned(format!("call_{}", letters(id, 24))) }
}

/// `count` letters and digits that depend on `id` alone.
pub(crate) fn letters(id: &str, count: usize) -> String {
    const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut letters = String::with_capacity(count);
    let mut round = 0_u8;
    while letters.len() < count {
        // A hasher with fixed keys: the same on every pod.
        let mut hasher = DefaultHasher::new();
        (id, round).hash(&mut hasher);
        let mut left = hasher.finish();
        for _ in 0..12.min(count - letters.len()) {
            letters.extend(ALPHABET.get((left % 36) as usize).map(|byte| char::from(*byte)));
            left /= 36;
        }
        round = round.wrapping_add(1);
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_changed_only_where_they_must_be_and_always_alike() {
        let (plain, mistral) = (Quirks::of("openai"), Quirks::of("mistral"));
        assert_eq!(fit("toolu_01A09q90qw90lq917835lq9", &plain), "toolu_01A09q90qw90lq917835lq9");
        assert_eq!(fit("abcDEF123", &mistral), "abcDEF123");
        let short = fit("toolu_01A09q90qw90lq917835lq9", &mistral).into_owned();
        assert!(short.len() == 9 && short.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{short}");
        assert_eq!(fit("toolu_01A09q90qw90lq917835lq9", &mistral), short);
        assert_ne!(fit("toolu_01A09q90qw90lq917835lq8", &mistral), short);
        assert_eq!(fit(&"x".repeat(64), &plain).len(), 29);
    }
}

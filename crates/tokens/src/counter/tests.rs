use std::sync::OnceLock;

use super::*;

/// Loading takes a while without optimisation: once for all tests.
pub(crate) fn counter() -> &'static Counter {
    static COUNTER: OnceLock<Counter> = OnceLock::new();
    COUNTER.get_or_init(Counter::load)
}

#[test]
fn well_known_strings_have_their_known_counts() {
    // The first five are examples of OpenAI's cookbook.
    for (text, tokens) in [
        ("tiktoken is great!", 6),
        ("antidisestablishmentarianism", 6),
        ("2 + 2 = 4", 7),
        ("お誕生日おめでとう", 8),
        ("hello world", 2),
        ("", 0),
        (" ", 1),
        ("\r\n", 1),
        // A run of spaces takes up to the longest of them in the vocabulary.
        ("                ", 1),
        // Told as text, a special token is not one.
        ("<|endoftext|>", 7),
    ] {
        assert_eq!(counter().count(text), tokens, "{text:?}");
    }
}

#[test]
fn short_texts_are_counted_whole() {
    let count = counter().count_all(["hello world", "hello world"].into_iter());
    assert_eq!(count, Count { tokens: 4, sampled: false });
}

#[test]
fn long_texts_are_inferred_from_windows() {
    let text = "The quick brown fox jumps over the lazy dog. ".repeat(3 * WHOLE / 45);
    let whole = counter().count(&text) as f64;
    let count = counter().count_all(std::iter::once(text.as_str()));
    assert!(count.sampled);
    assert!((count.tokens as f64 / whole - 1.0).abs() < 0.005, "{} for {whole}", count.tokens);
}

#[test]
fn many_short_texts_are_sampled_too() {
    let texts = vec!["hello world".repeat(10); 40_000];
    let whole = (counter().count(&texts[0]) * texts.len()) as f64;
    let count = counter().count_all(texts.iter().map(String::as_str));
    assert!(count.sampled);
    assert!((count.tokens as f64 / whole - 1.0).abs() < 0.005, "{} for {whole}", count.tokens);
}

#[test]
fn windows_are_cut_between_characters() {
    let text = "日本語".repeat(2000);
    let windows: Vec<&str> = Windows(&text).collect();
    assert!(windows.len() > 3);
    assert_eq!(windows.concat(), text);
}

#[test]
fn one_counter_serves_all_threads() {
    let counts = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| counter().count("hello world"))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Vec<_>>()
    });
    assert_eq!(counts, [2; 4]);
}

//! The words of a simulated answer, and how they are counted. One word is one token.

use serde_json::{Value, json};

/// How many pieces a streamed answer comes in.
const PIECES: usize = 8;

/// What a simulated model says to a prompt: who it is, and proof that it read the prompt.
pub(crate) fn answer(sim: &str, model: &str, prompt: &str) -> String {
    let words = count(prompt);
    let hash = hash(prompt);
    format!("[simulated] {sim} answers as {model}: your prompt has {words} words and the hash {hash:016x}.")
}

/// The same as a JSON object, for a caller who asked for JSON.
pub(crate) fn answer_json(sim: &str, model: &str, prompt: &str) -> String {
    json!({"simulated": true, "provider": sim, "model": model, "words": count(prompt),
        "hash": format!("{:016x}", hash(prompt))})
    .to_string()
}

/// Words, as split by white space.
pub(crate) fn count(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

/// FNV-1a: the same on every machine and in every release.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Every piece of text inside a request's message, whatever its dialect: a string, a list of parts, a list of messages.
/// Pictures and sounds count as nothing.
pub(crate) fn words_in(value: &Value) -> String {
    let mut found = Vec::new();
    collect(value, &mut found);
    found.join(" ")
}

fn collect<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => {
            let inner = ["text", "content", "arguments", "output"].iter().filter_map(|name| fields.get(*name));
            inner.for_each(|value| collect(value, found));
        }
        _ => {}
    }
}

/// At most `limit` words of the text, and whether anything was cut.
pub(crate) fn cut(text: String, limit: Option<u64>) -> (String, bool) {
    match limit {
        Some(limit) if count(&text) > limit => {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            (text.split_whitespace().take(limit).collect::<Vec<_>>().join(" "), true)
        }
        _ => (text, false),
    }
}

/// Up to eight pieces of whole words that join to exactly the text.
pub(crate) fn pieces(text: &str) -> Vec<&str> {
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    let per_piece = words.len().div_ceil(PIECES).max(1);
    let mut rest = text;
    words
        .chunks(per_piece)
        .map(|chunk| {
            let (piece, after) = rest.split_at(chunk.iter().map(|word| word.len()).sum());
            rest = after;
            piece
        })
        .collect()
}

/// The request's `model`, or why it has none.
pub(crate) fn model(request: &Value) -> Result<&str, &'static str> {
    match request["model"].as_str() {
        Some("") | None => Err("simulated: the request names no model"),
        Some(model) => Ok(model),
    }
}

/// An identifier that depends on nothing but the request.
pub(crate) fn id(prefix: &str, sim: &str, request: &Value) -> String {
    format!("{prefix}{:016x}", hash(&format!("{sim}{request}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_join_to_the_text() {
        for text in ["", "one", "one two", "a  b ", &answer("sim-a", "m", "hello there"), "ä ö ü ß é è ê ë à"]
        {
            let pieces = pieces(text);
            assert_eq!(pieces.concat(), text);
            assert!(pieces.len() <= PIECES, "{} pieces of {text:?}", pieces.len());
        }
    }

    #[test]
    fn the_answer_names_provider_model_and_prompt() {
        let said = answer("sim-a", "m-up", "hello there");
        assert!(said.starts_with("[simulated] sim-a answers as m-up: your prompt has 2 words"), "{said}");
        assert_ne!(said, answer("sim-a", "m-up", "hello where"));
    }

    #[test]
    fn words_are_found_in_every_shape_of_content() {
        let request = json!([{"role": "system", "content": "be brief"},
            {"role": "user", "content": [{"type": "text", "text": "what is"}, {"type": "image_url", "image_url": {"url": "data:"}}]}]);
        assert_eq!(words_in(&request), "be brief what is");
    }

    #[test]
    fn a_limit_cuts_whole_words() {
        assert_eq!(cut("a b c".to_owned(), Some(2)), ("a b".to_owned(), true));
        assert_eq!(cut("a b c".to_owned(), Some(3)), ("a b c".to_owned(), false));
    }
}

//! What is answered in numbers: embeddings, ranks and moderation scores, all drawn from a hash of the text.

use serde_json::{Value, json};

use crate::{
    reply::{Dialect, Reply},
    text,
};

/// How long a vector is when the request does not say.
const DIMENSIONS: u64 = 16;

/// `POST /v1/embeddings`
pub(crate) fn embeddings(_sim: &str, request: &Value) -> Reply {
    let model = match text::model(request) {
        Ok(model) => model,
        Err(why) => return Reply::error(Dialect::OpenAi, 400, why),
    };
    let inputs = match &request["input"] {
        Value::String(one) => vec![one.clone()],
        // One text given as a list of token numbers.
        Value::Array(tokens) if tokens.first().is_some_and(Value::is_number) => vec![spelled(tokens)],
        Value::Array(many) if !many.is_empty() => many
            .iter()
            .map(|one| one.as_array().map_or_else(|| one.as_str().unwrap_or("").to_owned(), |tokens| spelled(tokens)))
            .collect(),
        _ => return Reply::error(Dialect::OpenAi, 400, "simulated: `input` is neither text nor a list"),
    };
    let dimensions = request["dimensions"].as_u64().unwrap_or(DIMENSIONS).clamp(1, 4096);
    let in_base64 = request["encoding_format"] == "base64";
    let data: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(index, input)| {
            let vector = vector(input, dimensions);
            let embedding = if in_base64 {
                base64(&vector.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>()).into()
            } else {
                json!(vector)
            };
            json!({"object": "embedding", "index": index, "embedding": embedding})
        })
        .collect();
    let words: u64 = inputs.iter().map(|input| text::count(input)).sum();
    Reply::json(&json!({"object": "list", "data": data, "model": model,
        "usage": {"prompt_tokens": words, "total_tokens": words}}))
}

/// `POST /v1/rerank`
pub(crate) fn rerank(sim: &str, request: &Value) -> Reply {
    let (Some(query), Some(documents)) = (request["query"].as_str(), request["documents"].as_array()) else {
        return Reply::error(Dialect::OpenAi, 400, "simulated: `query` or `documents` is missing");
    };
    let mut results: Vec<(f64, usize)> = documents
        .iter()
        .enumerate()
        .map(|(index, document)| (relevance(query, &text::words_in(document)), index))
        .collect();
    results.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let wanted = request["top_n"].as_u64().and_then(|wanted| usize::try_from(wanted).ok()).unwrap_or(usize::MAX);
    let results: Vec<Value> = results
        .iter()
        .take(wanted)
        .map(|(score, index)| {
            if request["return_documents"] == true {
                let document = json!({"text": text::words_in(&documents[*index])});
                json!({"index": index, "relevance_score": score, "document": document})
            } else {
                json!({"index": index, "relevance_score": score})
            }
        })
        .collect();
    let words = text::count(query) + text::count(&text::words_in(&request["documents"]));
    Reply::json(&json!({"id": text::id("rerank-", sim, request), "model": request["model"], "results": results,
        "usage": {"total_tokens": words}, "meta": {"billed_units": {"search_units": 1}}}))
}

/// `POST /v1/moderations`: nothing is ever flagged.
pub(crate) fn moderations(sim: &str, request: &Value) -> Reply {
    let inputs = match &request["input"] {
        Value::String(_) => 1,
        Value::Array(many) if !many.is_empty() => many.len(),
        _ => return Reply::error(Dialect::OpenAi, 400, "simulated: `input` is neither text nor a list"),
    };
    let names = ["harassment", "hate", "illicit", "self-harm", "sexual", "violence"];
    let categories: Value = names.iter().map(|name| ((*name).to_owned(), json!(false))).collect();
    let scores: Value = names.iter().map(|name| ((*name).to_owned(), json!(0.0))).collect();
    let result = json!({"flagged": false, "categories": categories, "category_scores": scores});
    let model = request["model"].as_str().unwrap_or("sim-moderation");
    Reply::json(&json!({"id": text::id("modr-", sim, request), "model": model, "results": vec![result; inputs]}))
}

fn spelled(tokens: &[Value]) -> String {
    tokens.iter().map(Value::to_string).collect::<Vec<_>>().join(" ")
}

/// A vector of length one; the same text always has the same.
fn vector(input: &str, dimensions: u64) -> Vec<f32> {
    let raw: Vec<f32> =
        (0..dimensions).map(|axis| (text::hash(&format!("{axis} {input}")) % 2001) as f32 / 1000.0 - 1.0).collect();
    let length = raw.iter().map(|number| number * number).sum::<f32>().sqrt();
    raw.iter().map(|number| if length > 0.0 { number / length } else { 1.0 }).collect()
}

/// The share of the query's words that the document has.
fn relevance(query: &str, document: &str) -> f64 {
    let document = document.to_lowercase();
    let (mut asked, mut found) = (0_u32, 0_u32);
    for word in query.to_lowercase().split_whitespace() {
        asked += 1;
        found += u32::from(document.split_whitespace().any(|other| other == word));
    }
    f64::from(found) / f64::from(asked.max(1))
}

/// Standard alphabet, padded.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let letter = ALPHABET[(group >> (18 - 6 * at) & 63) as usize];
            encoded.push(if at <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_the_standard_one() {
        for (plain, encoded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn vectors_have_the_length_asked_for_and_norm_one() {
        let vector = vector("hello", 64);
        assert_eq!(vector.len(), 64);
        let norm: f32 = vector.iter().map(|number| number * number).sum();
        assert!((norm - 1.0).abs() < 1e-4, "{norm}");
    }

    #[test]
    fn the_document_with_the_words_of_the_query_ranks_first() {
        let asked =
            json!({"model": "r", "query": "red fox", "documents": ["blue whale", "a red fox", "red"], "top_n": 2});
        let answer: Value = serde_json::from_str(&rerank("s", &asked).text()).unwrap();
        assert_eq!([&answer["results"][0]["index"], &answer["results"][1]["index"]], [1, 2]);
        assert_eq!(answer["results"].as_array().unwrap().len(), 2);
    }
}

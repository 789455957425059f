//! Recorded requests, and what their answers say they cost.

use std::{collections::HashSet, fs, io::Read as _, path::Path};

use anyhow::{Context as _, Result, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use outrigger_tokens::{Bounds, Counter, Estimate, Family, Measure, Prompt};
use serde_json::Value;

use super::convert::convert;

/// A request whose answer tells the tokens of its prompt.
pub(super) struct Recorded {
    /// The recording: what is from the same one resembles each other.
    pub(super) file: String,
    pub(super) model: String,
    /// The body, in a form that `crates/tokens` reads.
    pub(super) body: Vec<u8>,
    /// Whether that is the form it was sent in.
    pub(super) native: bool,
    /// Tokens of the prompt.
    pub(super) actual: u64,
}

/// A prompt that can be counted.
pub(super) struct Sample {
    pub(super) file: String,
    pub(super) model: String,
    pub(super) family: Family,
    pub(super) measure: Measure,
    /// Tokens of the prompt.
    pub(super) actual: f64,
    /// As the factors in the source have it.
    pub(super) estimate: Estimate,
    pub(super) bounds: Option<Bounds>,
    pub(super) body_bytes: usize,
    pub(super) native: bool,
}

impl Sample {
    /// Tokens of the prompt.
    pub(super) fn tokens(&self) -> u64 {
        self.actual as u64
    }
}

/// Every usable recording in a folder.
pub(super) fn read(folder: &Path) -> Result<Vec<Recorded>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|it| it == "gz"));
    files.sort();
    let mut out = Vec::new();
    for path in files {
        let mut text = String::new();
        flate2::read::MultiGzDecoder::new(fs::File::open(&path)?).read_to_string(&mut text)?;
        out.extend(text.lines().filter_map(|line| recorded(&serde_json::from_str(line).ok()?)));
    }
    ensure!(!out.is_empty(), "no recording in {} tells its usage", folder.display());
    Ok(out)
}

fn recorded(exchange: &Value) -> Option<Recorded> {
    let path = exchange["path"].as_str()?;
    // Rerankers bill pairs, not a prompt.
    if exchange["status"] != 200 || path.contains("rerank") || path.contains("/threads") {
        return None;
    }
    let request: Value = serde_json::from_str(exchange["request"].as_str()?).ok()?;
    let answer = STANDARD.decode(exchange["response_b64"].as_str()?).ok()?;
    let actual = usage(&answer).filter(|tokens| *tokens > 0)?;
    let model = request["model"].as_str().map_or_else(|| path.to_owned(), str::to_owned);
    let body = convert(request.clone());
    let file = format!("{}/{}", exchange["source"].as_str()?, exchange["file"].as_str()?);
    Some(Recorded { file, model, native: body == request, body: serde_json::to_vec(&body).ok()?, actual })
}

/// Tokens of the prompt, from an answer in JSON or the events of a stream.
fn usage(answer: &[u8]) -> Option<u64> {
    if let Ok(answer) = serde_json::from_slice::<Value>(answer) {
        return told(&answer);
    }
    let text = std::str::from_utf8(answer).ok()?;
    let data = text.lines().filter_map(|line| line.strip_prefix("data:").or(Some(line)));
    // Anthropic tells it at the start, others at the end, some in every event; it only grows.
    data.filter_map(|data| told(&serde_json::from_str(data.trim()).ok()?)).max()
}

fn told(event: &Value) -> Option<u64> {
    let places =
        ["/usage", "/message/usage", "/response/usage", "/x_groq/usage", "/meta", "/response/meta", "/delta/usage"];
    let usage = places.iter().find_map(|place| event.pointer(place).filter(|it| it.is_object()));
    let Some(usage) = usage else {
        let places = ["/usageMetadata/promptTokenCount", "/inputTextTokenCount", "/prompt_token_count"];
        return places
            .iter()
            .find_map(|place| event.pointer(place)?.as_u64())
            .or_else(|| event["input_tokens"].as_u64());
    };
    let number = |place: &str| usage.pointer(place).and_then(Value::as_u64);
    // Cohere's own preamble is in `tokens` and not billed.
    let whole = ["/billed_units/input_tokens", "/prompt_tokens", "/promptTokens"];
    if let Some(tokens) = whole.iter().find_map(|place| number(place)) {
        return Some(tokens);
    }
    let cached =
        ["/cache_read_input_tokens", "/cache_creation_input_tokens", "/cacheReadInputTokens", "/cacheWriteInputTokens"];
    let cached: u64 = cached.iter().filter_map(|place| number(place)).sum();
    let input = number("/input_tokens").or_else(|| number("/inputTokens"));
    input.map(|tokens| tokens + cached).or_else(|| number("/total_tokens"))
}

/// What can be counted, each different one once.
pub(super) fn samples(recorded: &[Recorded], counter: &Counter) -> Vec<Sample> {
    let mut seen = HashSet::new();
    let mut out = Vec::new();
    for one in recorded {
        let Some(prompt) = Prompt::read(&one.body) else { continue };
        let estimate = prompt.estimate(counter, &one.model);
        // Pictures have rules of their own; here it is about texts.
        if estimate.unknown > 0 || estimate.assumed > 0 || prompt.images() > 0 || prompt.text_bytes() == 0 {
            continue;
        }
        let family = Family::of(&one.model);
        let measure = prompt.measure(counter, &one.model);
        if seen.insert((family, measure.terms().map(f64::to_bits), one.actual)) {
            out.push(Sample {
                file: one.file.clone(),
                model: one.model.clone(),
                family,
                measure,
                actual: one.actual as f64,
                estimate,
                bounds: prompt.bounds(&one.model),
                body_bytes: one.body.len(),
                native: one.native,
            });
        }
    }
    out
}

//! Pictures and sounds: the smallest that are valid.

use serde_json::{Value, json};

use crate::{
    reply::{CREATED, Dialect, Reply},
    text,
};

/// A PNG of one transparent pixel, in base64.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

const SAMPLE_RATE: u32 = 8000;

/// `POST /v1/images/generations`
pub(crate) fn image(sim: &str, request: &Value) -> Reply {
    let Some(prompt) = request["prompt"].as_str() else {
        return Reply::error(Dialect::OpenAi, 400, "simulated: `prompt` is not a string");
    };
    let pictures = request["n"].as_u64().unwrap_or(1).clamp(1, 10);
    let picture = json!({"b64_json": PIXEL, "revised_prompt": format!("[simulated] {sim}: {prompt}")});
    let data: Vec<Value> = (0..pictures).map(|_| picture.clone()).collect();
    let input = text::count(prompt);
    Reply::json(&json!({"created": CREATED, "data": data, "usage": {"input_tokens": input, "output_tokens": pictures,
        "total_tokens": input + pictures, "input_tokens_details": {"text_tokens": input, "image_tokens": 0}}}))
}

/// `POST /v1/audio/speech`: silence, whatever format was asked for.
pub(crate) fn speech(_sim: &str, request: &Value) -> Reply {
    if request["input"].as_str().is_none() {
        return Reply::error(Dialect::OpenAi, 400, "simulated: `input` is not a string");
    }
    Reply::bytes("audio/wav", silence(SAMPLE_RATE / 10))
}

/// `POST /v1/audio/transcriptions`
pub(crate) fn transcription(sim: &str, content_type: &str, body: &[u8]) -> Reply {
    if !content_type.starts_with("multipart/form-data") {
        return Reply::error(Dialect::OpenAi, 400, "simulated: the body is not multipart/form-data");
    }
    let model = field(body, "model");
    let Some(model) = model.filter(|model| !model.is_empty()) else {
        return Reply::error(Dialect::OpenAi, 400, "simulated: the request names no model");
    };
    let said = format!("[simulated] {sim} answers as {model}: your upload has {} bytes.", body.len());
    match field(body, "response_format").as_deref() {
        Some("text") => Reply::bytes("text/plain; charset=utf-8", format!("{said}\n")),
        _ => Reply::json(&json!({"text": said, "usage": {"type": "duration", "seconds": 1}})),
    }
}

/// The text of one form field. Good enough for short fields; files are never asked for.
fn field(body: &[u8], name: &str) -> Option<String> {
    let form = String::from_utf8_lossy(body);
    let after_name = form.split_once(&format!("name=\"{name}\""))?.1;
    let value = after_name.split_once("\r\n\r\n")?.1.split_once("\r\n")?.0;
    Some(value.to_owned())
}

/// Sixteen-bit mono WAV.
fn silence(samples: u32) -> Vec<u8> {
    let data = samples * 2;
    let mut wav = Vec::with_capacity(44 + data as usize);
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + data).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt ");
    for word in [16, 1 | 1 << 16, SAMPLE_RATE, SAMPLE_RATE * 2, 2 | 16 << 16] {
        wav.extend_from_slice(&u32::to_le_bytes(word));
    }
    wav.extend_from_slice(b"data");
    wav.extend_from_slice(&data.to_le_bytes());
    wav.resize(44 + data as usize, 0);
    wav
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_a_wav_file_of_the_length_it_claims() {
        let wav = silence(800);
        assert_eq!(wav.len(), 44 + 1600);
        assert_eq!((&wav[..4], &wav[8..16]), (&b"RIFF"[..], &b"WAVEfmt "[..]));
        assert_eq!(u32::from_le_bytes([wav[40], wav[41], wav[42], wav[43]]), 1600);
    }

    #[test]
    fn form_fields_are_found_among_files() {
        let body = b"--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n\xff\xfe\r\n--x\r\n\
            content-disposition: form-data; name=\"model\"\r\n\r\nwhisper\r\n--x--\r\n";
        assert_eq!(field(body, "model").as_deref(), Some("whisper"));
        assert_eq!(field(body, "language"), None);
        assert_eq!(transcription("s", "application/json", body).status, 400);
    }
}

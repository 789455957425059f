//! What streams that nobody takes apart say of usage: transcripts, speech and pictures pass as they are, events of megabytes
//! among them, and somewhere in them stands a usage object (U13).

use memchr::memmem;
use serde_json::value::RawValue;

use crate::{Usage, openai::usage};

/// Longest usage object that is waited for, in bytes. Those of all vendors are below 1 KiB.
pub const LONGEST: usize = 8 << 10;

const KEY: &[u8] = b"\"usage\"";

/// Listens to bytes as they pass. Holds [`LONGEST`] bytes at the most, and what one piece brings.
///
/// Within a JSON string the quotes of the key would be escaped, so that what is found is a member.
#[derive(Debug, Default)]
pub struct Listener {
    held: Vec<u8>,
}

impl Listener {
    /// The next piece; returns the last usage that became whole with it.
    pub fn hear(&mut self, piece: &[u8]) -> Option<Usage> {
        self.held.extend_from_slice(piece);
        let mut told = None;
        let mut from = 0;
        let keep = loop {
            let rest = self.held.get(from..).unwrap_or_default();
            let Some(at) = memmem::find(rest, KEY) else {
                // The key may have begun.
                break self.held.len().saturating_sub(KEY.len() - 1).max(from);
            };
            let value = rest.get(at + KEY.len()..).unwrap_or_default();
            match object(value) {
                Found::Whole(usage, length) => {
                    told = usage.or(told);
                    from += at + KEY.len() + length;
                }
                Found::Begun if value.len() <= LONGEST => break from + at,
                Found::Begun | Found::Other => from += at + KEY.len(),
            }
        };
        self.held.drain(..keep.min(self.held.len()));
        told
    }
}

enum Found {
    /// An object of this many bytes, with what is before it.
    Whole(Option<Usage>, usize),
    /// What is there may become one.
    Begun,
    /// Something else.
    Other,
}

/// What follows the key.
fn object(behind: &[u8]) -> Found {
    let colon = behind.trim_ascii_start();
    let Some(value) = colon.strip_prefix(b":").map(<[u8]>::trim_ascii_start) else {
        return if colon.is_empty() { Found::Begun } else { Found::Other };
    };
    match value.first() {
        None => return Found::Begun,
        Some(b'{') => {}
        Some(_) => return Found::Other,
    }
    let mut values = serde_json::Deserializer::from_slice(value).into_iter::<&RawValue>();
    match values.next() {
        Some(Ok(raw)) => Found::Whole(usage::read(raw.get()), behind.len() - value.len() + raw.get().len()),
        Some(Err(error)) if error.is_eof() => Found::Begun,
        Some(Err(_)) | None => Found::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sse::testing::cuts;

    /// OpenAI's manual of transcriptions, with a delta that speaks of usage itself.
    const STREAM: &str = "event: transcript.text.delta\ndata: {\"type\":\"transcript.text.delta\",\"delta\":\"say \\\"usage\\\":{\\\"input_tokens\\\":1}\"}\n\nevent: transcript.text.done\ndata: {\"type\":\"transcript.text.done\",\"text\":\"hi\",\"usage\" : {\"type\":\"tokens\",\"input_tokens\":14,\"input_token_details\":{\"text_tokens\":0,\"audio_tokens\":14},\"output_tokens\":45,\"total_tokens\":59}}\n\n";

    /// U13: however the network cuts it.
    #[test]
    fn usage_is_heard_in_a_stream_that_passes() {
        cuts(STREAM.as_bytes(), |pieces| {
            let mut listener = Listener::default();
            let told: Vec<Usage> = pieces.iter().filter_map(|piece| listener.hear(piece)).collect();
            assert_eq!(told.len(), 1);
            assert_eq!((told[0].input, told[0].input_audio, told[0].output), (Some(14), Some(14), Some(45)));
        });
    }

    /// U13: at the bound, what never ends is let go, and what comes behind it is heard.
    #[test]
    fn what_never_ends_is_let_go() {
        let mut listener = Listener::default();
        assert_eq!(listener.hear(b"\"usage\":{\"a\":\""), None);
        for _ in 0..100 {
            assert_eq!(listener.hear(&[b'x'; 1000]), None);
            assert!(listener.held.len() <= LONGEST + KEY.len() + 1000, "{}", listener.held.len());
        }
        let usage = listener.hear(b"\"} \"usage\":null \"usage\":{\"input_tokens\":3}").unwrap();
        assert_eq!(usage.input, Some(3));
        assert!(listener.held.len() < KEY.len());
    }
}

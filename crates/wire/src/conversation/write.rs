//! The hub's words in those of the convention.

use serde_json::{Value, json};

use crate::hub::{Answer, Audio, Call, File, Image, Part, Piece, Role, Source, Stop, Thought, ToolResult, Turn};

/// Bytes of text that are left to be written.
#[derive(Debug)]
pub(super) struct Room {
    left: usize,
    /// Something did not fit.
    pub(super) cut: bool,
}

impl Room {
    pub(super) fn of(most: usize) -> Self {
        Self { left: most, cut: false }
    }

    /// What stands before the conversation.
    pub(super) fn instructions(&mut self, parts: &[Part<'_>]) -> String {
        Value::from_iter(parts.iter().map(|part| self.part(part))).to_string()
    }

    /// The newest messages first, so that the oldest are what does not fit.
    pub(super) fn turns(&mut self, turns: &[Turn<'_>]) -> String {
        let mut written = Vec::new();
        for turn in turns.iter().rev() {
            if self.left == 0 {
                self.cut = true;
                break;
            }
            let results = turn.parts.iter().all(|part| matches!(part, Part::Result(_))) && !turn.parts.is_empty();
            let role = match turn.role {
                Role::System => "system",
                Role::User if results => "tool",
                Role::User => "user",
                Role::Assistant => "assistant",
            };
            let parts = Value::from_iter(turn.parts.iter().map(|part| self.part(part)));
            written.push(json!({"role": role, "parts": parts}));
        }
        written.reverse();
        Value::Array(written).to_string()
    }

    /// The one message of an answer.
    pub(super) fn answer(&mut self, answer: &Answer<'_>) -> String {
        let pieces = answer.pieces.iter().map(|piece| match piece {
            Piece::Text(text) | Piece::Refusal(text) => self.text("text", text),
            Piece::Thought(thought) => self.thought(thought),
            Piece::Call(call) => self.call(call),
        });
        let parts = Value::from_iter(pieces);
        json!([{"role": "assistant", "parts": parts, "finish_reason": reason(answer.stop.as_ref().map(|(stop, _)| *stop))}])
            .to_string()
    }

    fn part(&mut self, part: &Part<'_>) -> Value {
        match part {
            Part::Text { text, .. } | Part::Refusal(text) => self.text("text", text),
            Part::Thought(thought) => self.thought(thought),
            Part::Call(call) => self.call(call),
            Part::Result(ToolResult { id, parts, .. }) => {
                let response = match &parts[..] {
                    [Part::Text { text, .. }] => Value::String(self.cut(text)),
                    several => Value::from_iter(several.iter().map(|part| self.part(part))),
                };
                json!({"type": "tool_call_response", "id": &**id, "response": response})
            }
            Part::Image(Image { source, .. }) => self.media("image", source),
            Part::File(File { source, .. }) => self.media("document", source),
            Part::Audio(Audio { format, .. }) => json!({"type": "omitted", "modality": "audio", "format": &**format}),
            Part::Other(kind) => json!({"type": "omitted", "kind": &**kind}),
        }
    }

    fn text(&mut self, kind: &str, text: &str) -> Value {
        json!({"type": kind, "content": self.cut(text)})
    }

    /// What is encrypted of it is left out.
    fn thought(&mut self, Thought { text, .. }: &Thought<'_>) -> Value {
        if text.is_empty() { json!({"type": "omitted", "kind": "reasoning"}) } else { self.text("reasoning", text) }
    }

    fn call(&mut self, Call { id, name, input, .. }: &Call<'_>) -> Value {
        let input = self.cut(input);
        let arguments = serde_json::from_str(&input).unwrap_or(Value::String(input));
        json!({"type": "tool_call", "id": &**id, "name": &**name, "arguments": arguments})
    }

    fn media(&mut self, modality: &str, source: &Source<'_>) -> Value {
        match source {
            Source::Base64 { media_type, .. } => {
                json!({"type": "omitted", "modality": modality, "mime_type": &**media_type})
            }
            Source::Url(url) => json!({"type": "uri", "modality": modality, "uri": self.cut(url)}),
            Source::Uploaded(id) => json!({"type": "file", "modality": modality, "file_id": &**id}),
            Source::Plain(text) => self.text("text", text),
        }
    }

    fn cut(&mut self, text: &str) -> String {
        let kept = text.get(..text.floor_char_boundary(self.left)).unwrap_or_default();
        self.cut |= kept.len() < text.len();
        self.left -= kept.len();
        kept.to_owned()
    }
}

/// `finish_reason`.
fn reason(stop: Option<Stop>) -> &'static str {
    match stop {
        Some(Stop::EndTurn | Stop::StopSequence | Stop::Pause) => "stop",
        Some(Stop::MaxTokens | Stop::ContextWindow) => "length",
        Some(Stop::ToolUse) => "tool_call",
        Some(Stop::Refusal) => "content_filter",
        // It never said why it ended.
        None => "error",
    }
}

//! The hub to a whole message.

use crate::{
    anthropic::{seal, stop, usage},
    hub::{Answer, Piece, Stamp, Stop, Thought},
    json::{self, Array},
};

/// Writes `answer`.
pub(crate) fn encode(answer: &Answer<'_>, stamp: &Stamp<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    let id = if answer.id.is_empty() { stamp.request_id } else { &*answer.id };
    let refused = answer.pieces.iter().any(|piece| matches!(piece, Piece::Refusal(_)));
    // Never made up (U14).
    let stop = answer.stop.as_ref().map(|(stop, _)| match stop {
        Stop::EndTurn if answer.sequence.is_some() => Stop::StopSequence,
        Stop::EndTurn if refused => Stop::Refusal,
        stop => *stop,
    });
    json::object(&mut out, |body| {
        body.text("id", id).text("type", "message").text("role", "assistant").text("model", &answer.model);
        body.array("content", |content| answer.pieces.iter().for_each(|piece| block(piece, content)));
        match stop {
            Some(stop) => body.text("stop_reason", stop::write(stop)),
            None => body.raw("stop_reason", "null"),
        };
        match &answer.sequence {
            Some(sequence) => body.text("stop_sequence", sequence),
            None => body.raw("stop_sequence", "null"),
        };
        usage::write(&answer.usage, None, body.key("usage"));
    });
    out
}

fn block(piece: &Piece<'_>, content: &mut Array<'_>) {
    content.object(|block| {
        match piece {
            Piece::Text(text) | Piece::Refusal(text) => block.text("type", "text").text("text", text),
            Piece::Thought(Thought { seal, redacted: true, format, .. }) => {
                let data = seal::close(seal.as_deref(), format.as_deref());
                block.text("type", "redacted_thinking").text("data", &data)
            }
            Piece::Thought(Thought { text, seal, format, .. }) => {
                let signature = seal::close(seal.as_deref(), format.as_deref());
                block.text("type", "thinking").text("thinking", text).text("signature", &signature)
            }
            Piece::Call(call) => {
                let id = seal::call_id(&call.id, call.extra.as_deref());
                block.text("type", "tool_use").text("id", &id).text("name", &call.name);
                block.raw("input", &json::tool_input(&call.input))
            }
        };
    });
}

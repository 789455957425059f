//! The surfaces: who asks for what, who answers, streamed or not. A new one is a row of [`SURFACES`], and meets every
//! misbehaviour by that.

use crate::words::Words;

/// One way from a caller to a provider.
#[derive(Clone, Copy, Debug)]
pub struct Surface {
    pub name: &'static str,
    /// What the caller speaks.
    pub caller: Words,
    /// What the provider speaks.
    pub spoken: Words,
    pub streamed: bool,
}

const fn row(name: &'static str, caller: Words, spoken: Words, streamed: bool) -> Surface {
    Surface { name, caller, spoken, streamed }
}

/// All of them. Names are those of the table that `cargo xtask faults` prints.
pub const SURFACES: &[Surface] = &[
    row("chat", Words::Chat, Words::Chat, false),
    row("chat, streamed", Words::Chat, Words::Chat, true),
    row("chat of anthropic", Words::Chat, Words::Messages, false),
    row("chat of anthropic, streamed", Words::Chat, Words::Messages, true),
    row("messages", Words::Messages, Words::Messages, false),
    row("messages, streamed", Words::Messages, Words::Messages, true),
    row("messages of openai", Words::Messages, Words::Chat, false),
    row("messages of openai, streamed", Words::Messages, Words::Chat, true),
    row("responses", Words::Responses, Words::Responses, false),
    row("responses, streamed", Words::Responses, Words::Responses, true),
    row("completions", Words::Completions, Words::Completions, false),
    row("completions, streamed", Words::Completions, Words::Completions, true),
    row("embeddings", Words::Embeddings, Words::Embeddings, false),
    row("token count", Words::Count, Words::Count, false),
    row("rerank", Words::Rerank, Words::Rerank, false),
    row("moderations", Words::Moderations, Words::Moderations, false),
    row("images", Words::Images, Words::Images, false),
    row("transcription", Words::Transcription, Words::Transcription, false),
    row("speech", Words::Speech, Words::Speech, false),
];

impl Surface {
    /// Text comes in events.
    pub fn is_streamed(&self) -> bool {
        self.streamed
    }

    /// One JSON answer.
    pub fn is_whole(&self) -> bool {
        !self.streamed && !self.is_sound()
    }

    /// JSON that no model wrote.
    pub fn is_data(&self) -> bool {
        self.is_whole() && !matches!(self.spoken, Words::Chat | Words::Messages | Words::Responses | Words::Completions)
    }

    /// Bytes that nobody reads, passed on as they come.
    pub fn is_sound(&self) -> bool {
        self.spoken == Words::Speech
    }
}

//! OpenAI's Responses API: its whole answers read like the rest of the OpenAI dialect, its streams do not.

pub(crate) mod billed;
pub mod stream;

//! Anthropic's dialect: Messages.

pub mod response;
pub mod stream;
pub mod usage;

//! Anthropic's dialect: Messages.

pub mod request;
pub mod response;
pub(crate) mod seal;
mod stop;
pub mod stream;
pub mod usage;

//! OpenAI's dialect: chat completions, legacy completions, embeddings, images, audio, moderations, and the rerank
//! shape that its many compatible vendors share.

pub mod error;
pub(crate) mod ids;
pub(crate) mod reasoning;
pub mod request;
pub mod response;
mod stop;
pub mod stream;
pub mod usage;

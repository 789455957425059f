//! OpenAI's dialect: chat completions, legacy completions, embeddings, images, audio, moderations, and the rerank
//! shape that its many compatible vendors share.

pub mod error;
pub mod response;
pub mod stream;
pub mod usage;

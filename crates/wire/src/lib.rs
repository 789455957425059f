//! The dialects: bytes to meaning and back.
//!
//! Everything a model API says on the wire is understood here and nowhere else: which operation a path names, what a
//! request asks of a target, where one event of a stream ends and the next begins, whether an event is content, usage
//! or an error, and what a provider's error body means. Nothing here is async, opens a socket, reads a clock or draws
//! a random number: decoders are values that are fed bytes.
//!
//! A dialect is code (a folder with `stream`, `response`, `error`); a provider is data (a row of the catalogue or a
//! `ModelProvider`).

pub mod anthropic;
pub mod body;
pub mod dialect;
pub mod edit;
pub mod failure;
pub mod multipart;
pub mod openai;
pub mod peek;
pub mod request;
pub mod responses;
pub mod resume;
pub mod secret;
pub mod sse;
pub mod usage;

pub use dialect::{AuthScheme, Dialect, Operation};
pub use failure::{Failure, Kind};
pub use peek::{Meaning, Peek};
pub use request::Head;
pub use secret::Secret;
pub use usage::Usage;

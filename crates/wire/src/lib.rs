//! The dialects: bytes to meaning and back.
//!
//! Everything a model API says on the wire is understood here and nowhere else: which operation a path names, what a
//! request asks of a target, where one event of a stream ends and the next begins, whether an event is content, usage
//! or an error, and what a provider's error body means. Nothing here is async, opens a socket, reads a clock or draws
//! a random number: decoders are values that are fed bytes.
//!
//! Same dialect in and out: the bytes pass, and only what must change is spliced ([`edit`]). Different dialects meet in
//! the [`hub`], through [`translate`]. A dialect is code (a folder and its line in `dialects`); a
//! provider is data (a row of the catalogue or a `ModelProvider`), and what its wire format does differently is a row
//! of [`profile::Quirks`].

// Every byte here comes from somebody else: nothing may panic on it. The fuzz targets in `fuzz/` hold the same.
#![cfg_attr(
    not(test),
    deny(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

pub mod anthropic;
mod balance;
mod codec;
pub mod conversation;
pub mod dialect;
mod dialects;
pub mod edit;
pub mod failure;
mod few;
mod framing;
pub mod heard;
pub mod hub;
mod json;
mod loose;
pub mod members;
pub mod multipart;
pub mod openai;
pub mod operation;
mod parse;
pub mod peek;
pub mod profile;
pub mod prompt;
pub mod report;
pub mod request;
pub mod responses;
pub mod resume;
mod scan;
mod schema;
pub mod seals;
pub mod secret;
pub mod splice;
pub mod spoken;
pub mod sse;
pub mod translate;
pub mod usage;

pub use codec::Written;
pub use dialect::{AuthScheme, Dialect, Dialects};
pub use failure::{Failure, Kind};
pub use framing::Framing;
pub use operation::Operation;
pub use parse::BadPart;
pub use peek::{Meaning, Peek};
pub use request::Head;
pub use secret::Secret;
pub use usage::Usage;

//! What people look up: error codes, response headers, fields of the log line. `cargo xtask generate` prints them into
//! `docs/reference.md`; tests hold them against the code.

mod codes;
mod fields;

pub use crate::headers::{ALL as HEADERS, ASKED};
pub use codes::{CODES, Code};
pub use fields::FIELDS;

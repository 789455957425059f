//! Messages requests.

mod decode;
mod encode;
mod thinking;

pub use decode::decode;
pub(crate) use encode::SCHEMA_TOOL;
pub use encode::{Encoded, encode};

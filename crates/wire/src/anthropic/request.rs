//! Messages requests.

mod decode;
mod encode;
mod thinking;

pub use decode::decode;
pub use encode::encode;

//! The hub that dialects are translated through: one request, one answer, one set of words for what cannot be said.
//!
//! A hub and not pairs: a dialect decodes into these values and encodes from them, and knows no other dialect. Texts
//! borrow from the body they were read from; what no dialect looks into (schemas, tool inputs) stays the JSON text it
//! was.

mod answer;
mod loss;
mod request;
mod stamp;
mod text;

pub use answer::{Answer, Event, Fold, Piece, Stop};
pub use loss::{Class, Loss, Losses};
pub use request::{
    Audio, Call, Effort, File, Format, Image, Part, Reasoning, Request, Role, Source, Thought, Tool, ToolChoice,
    ToolResult, Turn,
};
pub use stamp::{Closing, Stamp};
pub use text::Text;

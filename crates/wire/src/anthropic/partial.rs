//! Text of a message that another target can go on from, and how its stream fits behind.

use std::borrow::Cow;

use serde::Deserialize;

use crate::{
    peek::{Meaning, Peek},
    splice::Splice,
};

/// The text of a delta of the first block.
pub(super) fn plain_text(data: &[u8]) -> Option<String> {
    let block: Block = serde_json::from_slice(data).ok()?;
    block.delta.text.filter(|_| block.index == Some(0))
}

/// The second stream opens what is open already.
pub(super) fn splice(peek: &Peek, data: &[u8]) -> Splice {
    let event = Event::read(data);
    match event.kind.as_deref() {
        Some("message_start") => Splice::Drop,
        Some("content_block_start") if event.index == Some(0) => {
            if peek.meaning == Meaning::Content {
                Splice::Unfit
            } else {
                Splice::Drop
            }
        }
        _ => Splice::Pass,
    }
}

/// Whether it closes a block: what comes behind is another.
pub(super) fn closes(data: &[u8]) -> bool {
    Event::read(data).kind.as_deref() == Some("content_block_stop")
}

/// What says where an event belongs.
#[derive(Deserialize, Default)]
struct Event<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(default)]
    index: Option<u64>,
}

impl<'a> Event<'a> {
    /// An event that cannot be read says nothing.
    fn read(data: &'a [u8]) -> Self {
        serde_json::from_slice(data).unwrap_or_default()
    }
}

/// A delta of Messages.
#[derive(Deserialize)]
struct Block {
    #[serde(default)]
    index: Option<u64>,
    delta: TextDelta,
}

#[derive(Deserialize)]
struct TextDelta {
    #[serde(default)]
    text: Option<String>,
}

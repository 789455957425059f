//! What policy adds to an event: its cost, and OpenRouter's metadata.

use bytes::Bytes;
use outrigger_catalog::NanoUsd;
use outrigger_wire::{
    Peek,
    edit::{insert_member, with_cost},
    sse,
};

use super::Relay;

impl Relay {
    /// The event with `usage.cost` and the metadata, where they belong; else the same bytes.
    pub(super) fn with_additions(&mut self, frame: sse::Frame, peek: &Peek, closes: bool) -> Bytes {
        let places_cost = self.record.tells_cost() && peek.usage_at.is_some() && (peek.usage_only || closes);
        let places_metadata = self.metadata.is_some() && closes;
        if !places_cost && !places_metadata {
            return frame.raw;
        }
        // Where the data lies in the raw bytes; lines joined from several are left alone.
        let Some(std::borrow::Cow::Borrowed(data)) = frame.data() else { return frame.raw.clone() };
        if !data.trim_ascii().ends_with(b"}") {
            return frame.raw.clone();
        }
        let offset = data.as_ptr() as usize - frame.raw.as_ptr() as usize;
        let end = offset + data.trim_ascii_end().len();
        let mut raw = frame.raw.clone();
        if let Some(metadata) = self.metadata.take_if(|_| places_metadata) {
            raw = insert_member(&raw, end, "openrouter_metadata", &metadata.json());
        }
        let price = self.record.price().filter(|_| places_cost);
        if let (Some(price), Some(at), Some(cost)) = (price, &peek.usage_at, self.record.total(price.as_ref())) {
            let in_parts = price.in_parts;
            raw = with_cost(raw, offset + at.start..offset + at.end, &NanoUsd(cost).to_usd_string(), in_parts);
        }
        raw
    }
}

//! What a stream says, in the hub's words: for whoever records it.

use serde_json::Value;

use super::conversation::{self, at};
use crate::{codec::Decode, hub::Event};

/// Most calls of one answer that are told apart.
const CALLS: usize = 128;

/// Hears a stream.
#[derive(Debug, Default)]
pub(crate) struct Ear {
    /// Items that are calls, in the order they began.
    calls: Vec<String>,
}

impl Decode for Ear {
    fn feed<'d>(&mut self, _event: Option<&str>, data: &'d [u8], sink: &mut impl FnMut(Event<'d>)) -> bool {
        let Ok(told) = serde_json::from_slice::<Value>(data) else { return false };
        let delta = || at(&told, "delta").as_str().unwrap_or_default().to_owned();
        match at(&told, "type").as_str().unwrap_or_default() {
            "response.output_text.delta" => sink(Event::Text(delta().into())),
            "response.refusal.delta" => sink(Event::Refusal(delta().into())),
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                sink(Event::Thought(delta().into()));
            }
            "response.output_item.added" if self.calls.len() < CALLS => {
                let item = at(&told, "item");
                if let Some(call) = conversation::call(item) {
                    let number = self.calls.len() as u32;
                    self.calls.push(at(item, "id").as_str().unwrap_or_default().to_owned());
                    sink(Event::Call { call: number, id: call.id, name: call.name, extra: None });
                }
            }
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                let item = at(&told, "item_id").as_str().unwrap_or_default();
                if let Some(call) = self.calls.iter().position(|id| id == item) {
                    sink(Event::Input { call: call as u32, json: delta().into() });
                }
            }
            "response.completed" | "response.incomplete" => {
                let calls =
                    at(at(&told, "response"), "output").as_array().and_then(|items| conversation::call(items.last()?));
                if let Some((stop, native)) = conversation::stop(at(&told, "response"), calls.is_some()) {
                    sink(Event::Stop { stop, native, sequence: None });
                }
            }
            _ => {}
        }
        true
    }
}

//! What the choices of a chunk say, noted while they are passed over.

use std::borrow::Cow;

use crate::{
    members::string,
    scan::{Nest, Watch},
};

/// Nesting as [`Nest::pattern`] tells it: in the list, at the members of a choice, at those of its delta.
const LIST: u64 = 0b10;
const CHOICE: u64 = 0b101;
const DELTA: u64 = 0b1011;

/// A delta is reduced to whether it holds content. Any text, list or object that is not empty counts, but for the few
/// members that describe the message, so that a vendor's new kind of content (reasoning, audio, images ...) is never
/// taken for silence. A bare number or truth value (Together's `token_id`) is none.
pub(super) struct Choices<'a> {
    /// All of the event's data.
    data: &'a str,
    /// The member being read is `choices`.
    active: bool,
    /// The choice's member being read is a `delta`, or a whole `message`.
    in_delta: bool,
    next: Next,
    /// Where the value that counts began.
    began: usize,
    /// How many choices there are.
    pub(super) count: usize,
    /// There is content.
    pub(super) content: bool,
    /// Bytes of it.
    pub(super) text: usize,
    /// A part of it belongs to a tool call.
    pub(super) tool_call: bool,
    /// The last reason given for the end. Some vendors say `""` on every chunk but the last: that is none.
    pub(super) finish: Option<Cow<'a, str>>,
}

/// What the next value is.
#[derive(Clone, Copy, PartialEq)]
enum Next {
    /// Nothing that counts.
    Other,
    /// Generated, if it is not empty.
    Content,
    /// The same, and a tool call.
    Call,
}

impl<'a> Choices<'a> {
    pub(super) fn of(data: &'a str) -> Self {
        Self {
            data,
            active: false,
            in_delta: false,
            next: Next::Other,
            began: 0,
            count: 0,
            content: false,
            text: 0,
            tool_call: false,
            finish: None,
        }
    }

    fn is_counted(&self, nest: &Nest) -> bool {
        self.next != Next::Other && matches!(nest.pattern(), CHOICE | DELTA)
    }
}

impl<'a> Watch<'a> for Choices<'a> {
    fn member(&mut self, key: &str) {
        self.active = key == "choices";
        self.next = Next::Other;
    }

    fn key(&mut self, nest: &Nest, key: &'a str) -> bool {
        if !self.active {
            return false;
        }
        match nest.pattern() {
            CHOICE => {
                self.in_delta = matches!(key, "delta" | "message");
                self.next = if key == "text" { Next::Content } else { Next::Other };
                key == "finish_reason"
            }
            DELTA if self.in_delta => {
                self.next = match key {
                    "role" | "name" | "channel" => Next::Other,
                    "tool_calls" | "function_call" => Next::Call,
                    _ => Next::Content,
                };
                false
            }
            _ => false,
        }
    }

    fn word(&mut self, json: &'a str) {
        self.finish = string(json).filter(|reason| !reason.is_empty()).or(self.finish.take());
    }

    fn begins(&mut self, nest: &Nest, at: usize) {
        self.count += usize::from(self.active && nest.pattern() == LIST);
        if self.is_counted(nest) {
            self.began = at;
        }
    }

    fn ends(&mut self, nest: &Nest, at: usize) {
        if !self.is_counted(nest) {
            return;
        }
        let raw = self.data.get(self.began..at).unwrap_or_default();
        if raw.starts_with(['"', '[', '{']) && !matches!(raw, "\"\"" | "[]" | "{}") {
            self.content = true;
            self.text += raw.len().saturating_sub(2);
            self.tool_call |= self.next == Next::Call;
        }
        self.next = Next::Other;
    }
}

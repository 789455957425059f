//! The hub's events to a Messages stream: blocks one after the other, each with one start and one stop (R1, R13).

use std::collections::VecDeque;

use crate::{
    Usage,
    anthropic::{seal, stop, usage},
    balance::Balance,
    codec::Encode,
    hub::{Closing, Event, Stop},
    json::{self, Object},
};

/// Writes one stream.
#[derive(Debug)]
pub struct Encoder {
    request_id: Box<str>,
    started: bool,
    /// Index of the next block.
    next: u64,
    open: Open,
    /// Calls whose blocks are open or have to wait for their turn, by number.
    calls: Vec<Call>,
    /// Calls that wait, in their order.
    waiting: VecDeque<u32>,
    /// What came while the input of a call was not whole, and waits for it.
    late: Vec<Event<'static>>,
    /// Bytes that wait, here and with calls.
    held: usize,
    refused: bool,
    usage: Usage,
    stop: Option<(Stop, Option<Box<str>>)>,
}

/// Most bytes that wait for a call's input to be whole.
const MOST_HELD: usize = 4 << 20;

/// The block that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Nothing,
    Text,
    Thought { sealed: bool },
    Call(u32),
}

#[derive(Debug)]
struct Call {
    id: Box<str>,
    name: Box<str>,
    /// Input that came before the block could be opened.
    held: String,
    balance: Balance,
}

impl Encode for Encoder {
    /// Writes what one event says.
    fn push(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        let own_block = matches!(
            event,
            Event::Text(_) | Event::Refusal(_) | Event::Thought(_) | Event::Seal { .. } | Event::Redacted { .. }
        );
        if own_block && self.call_in_progress() {
            // A closed block cannot be opened again, so the call keeps its own until its input is whole.
            self.held += size_of::<Event<'_>>() + event.len();
            self.late.push(event.clone().into_owned());
            return;
        }
        self.write(event, out);
    }

    /// Writes what waited, the reason, the usage and the end.
    fn finish(&mut self, closing: &Closing, out: &mut Vec<u8>) {
        if !self.started {
            self.start("", "", out);
        }
        self.close(out);
        while let Some(call) = self.waiting.pop_front() {
            self.open_call(call, out);
            self.close(out);
        }
        for event in std::mem::take(&mut self.late) {
            self.write(&event, out);
        }
        self.close(out);
        let (stop, sequence) = match self.stop.take() {
            Some((Stop::EndTurn, None)) if self.refused => (Some(Stop::Refusal), None),
            // A known sequence is the reason, whatever OpenAI's one word for both says.
            Some((Stop::EndTurn, Some(sequence))) => (Some(Stop::StopSequence), Some(sequence)),
            Some((stop, sequence)) => (Some(stop), sequence),
            // Never made up (U14).
            None => (None, None),
        };
        event(out, "message_delta", |object| {
            object.object("delta", |delta| {
                match stop {
                    Some(stop) => delta.text("stop_reason", stop::write(stop)),
                    None => delta.raw("stop_reason", "null"),
                };
                match &sequence {
                    Some(sequence) => delta.text("stop_sequence", sequence),
                    None => delta.raw("stop_sequence", "null"),
                };
            });
            usage::write(&self.usage, closing.cost.as_deref(), object.key("usage"));
            if let Some(metadata) = &closing.metadata {
                object.raw("openrouter_metadata", metadata);
            }
        });
        event(out, "message_stop", |_| {});
    }

    /// Whether so much waits for its turn that the answer cannot be one.
    fn is_overfull(&self) -> bool {
        self.held > MOST_HELD
    }
}

impl Encoder {
    pub(crate) fn new(request_id: &str) -> Self {
        Self {
            request_id: request_id.into(),
            started: false,
            next: 0,
            open: Open::Nothing,
            calls: Vec::new(),
            waiting: VecDeque::new(),
            late: Vec::new(),
            held: 0,
            refused: false,
            usage: Usage::default(),
            stop: None,
        }
    }

    fn write(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        match event {
            Event::Start { id, model } => self.start(id, model, out),
            Event::Text(text) => self.text(text, out),
            Event::Refusal(text) => {
                self.refused = true;
                self.text(text, out);
            }
            Event::Thought(text) => {
                if self.open != (Open::Thought { sealed: false }) {
                    self.open_thought(out);
                }
                self.delta(out, |delta| {
                    delta.text("type", "thinking_delta").text("thinking", text);
                });
            }
            Event::Seal { seal: text, format } => {
                if self.open != (Open::Thought { sealed: false }) {
                    self.open_thought(out);
                }
                self.seal(&seal::close(Some(text), format.as_deref()), out);
            }
            Event::Redacted { data, format } => {
                let data = seal::close(Some(data), format.as_deref());
                self.close(out);
                self.begin(out, |block| {
                    block.text("type", "redacted_thinking").text("data", &data);
                });
                self.end(out);
            }
            Event::Call { call, id, name, extra } => {
                let id = seal::call_id(id, extra.as_deref());
                self.call(*call, &id, name, out);
            }
            Event::Input { call, json } => self.input(*call, json, out),
            Event::Stop { stop, sequence, .. } => {
                self.stop = Some((*stop, sequence.as_deref().map(Into::into)));
            }
            Event::Usage(usage) => self.usage.merge(usage.clone()),
            Event::Lost(_) => {}
        }
    }

    /// Exactly once (R13). Vendors of the other dialect count at the end: the counts here are zero, and those of
    /// `message_delta` are whole.
    fn start(&mut self, id: &str, model: &str, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let id = if id.is_empty() { &self.request_id } else { id };
        event(out, "message_start", |object| {
            object.object("message", |message| {
                message.text("id", id).text("type", "message").text("role", "assistant").text("model", model);
                message.raw("content", "[]").raw("stop_reason", "null").raw("stop_sequence", "null");
                usage::write(&self.usage, None, message.key("usage"));
            });
        });
    }

    fn text(&mut self, text: &str, out: &mut Vec<u8>) {
        if self.open != Open::Text {
            self.close(out);
            self.begin(out, |block| {
                block.text("type", "text").text("text", "");
            });
            self.open = Open::Text;
        }
        self.delta(out, |delta| {
            delta.text("type", "text_delta").text("text", text);
        });
    }

    fn open_thought(&mut self, out: &mut Vec<u8>) {
        self.close(out);
        self.begin(out, |block| {
            block.text("type", "thinking").text("thinking", "").text("signature", "");
        });
        self.open = Open::Thought { sealed: false };
    }

    fn seal(&mut self, signature: &str, out: &mut Vec<u8>) {
        self.delta(out, |delta| {
            delta.text("type", "signature_delta").text("signature", signature);
        });
        self.open = Open::Thought { sealed: true };
    }

    /// Whether the open block is a call that may yet get more input: fragments of several calls may come mixed.
    fn call_in_progress(&self) -> bool {
        match self.open {
            Open::Call(call) => self.calls.get(call as usize).is_some_and(|call| !call.balance.is_whole()),
            _ => false,
        }
    }

    fn call(&mut self, call: u32, id: &str, name: &str, out: &mut Vec<u8>) {
        // Numbered from 0 in the order they begin; anything else is a bug of the decoder's, and changes nothing here.
        if call as usize != self.calls.len() {
            return;
        }
        self.calls.push(Call { id: id.into(), name: name.into(), held: String::new(), balance: Balance::default() });
        if self.call_in_progress() || !self.waiting.is_empty() {
            self.waiting.push_back(call);
        } else {
            self.open_call(call, out);
        }
    }

    fn open_call(&mut self, call: u32, out: &mut Vec<u8>) {
        self.close(out);
        let Some(Call { id, name, held, .. }) = self.calls.get_mut(call as usize) else { return };
        let (id, name, held) = (id.clone(), name.clone(), std::mem::take(held));
        self.begin(out, |block| {
            block.text("type", "tool_use").text("id", &id).text("name", &name).raw("input", "{}");
        });
        self.open = Open::Call(call);
        if !held.is_empty() {
            self.delta(out, |delta| {
                delta.text("type", "input_json_delta").text("partial_json", &held);
            });
        }
    }

    fn input(&mut self, call: u32, json: &str, out: &mut Vec<u8>) {
        let Some(state) = self.calls.get_mut(call as usize) else { return };
        state.balance.feed(json);
        if self.open != Open::Call(call) {
            self.held += json.len();
            state.held.push_str(json);
            return;
        }
        self.delta(out, |delta| {
            delta.text("type", "input_json_delta").text("partial_json", json);
        });
        // Those that waited for it come next, as far as they are whole; the last stays open.
        while !self.call_in_progress() {
            let Some(next) = self.waiting.pop_front() else { break };
            self.open_call(next, out);
        }
    }

    fn begin(&mut self, out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
        if !self.started {
            self.start("", "", out);
        }
        event(out, "content_block_start", |object| {
            object.number("index", self.next).object("content_block", fill);
        });
    }

    fn delta(&self, out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
        event(out, "content_block_delta", |object| {
            object.number("index", self.next).object("delta", fill);
        });
    }

    /// Closes the open block, if there is one.
    fn close(&mut self, out: &mut Vec<u8>) {
        match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Nothing => return,
            Open::Thought { sealed: false } => self.seal(&seal::close(None, None), out),
            Open::Text | Open::Thought { .. } | Open::Call(_) => {}
        }
        self.open = Open::Nothing;
        self.end(out);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        event(out, "content_block_stop", |object| {
            object.number("index", self.next);
        });
        self.next += 1;
    }
}

fn event(out: &mut Vec<u8>, kind: &str, fill: impl FnOnce(&mut Object<'_>)) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    json::object(out, |object| {
        object.text("type", kind);
        fill(object);
    });
    out.extend_from_slice(b"\n\n");
}

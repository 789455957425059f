//! The hub's events to chunks of a chat completion stream.

use crate::{
    Usage,
    codec::{Encode, Style},
    hub::{Closing, Event, Stamp, Stop, Text, Thought},
    json::{self, Object},
    openai::{reasoning, stop, usage},
};

/// Writes one stream.
#[derive(Debug)]
pub struct Encoder {
    created: u64,
    request_id: Box<str>,
    include_usage: bool,
    legacy_functions: bool,
    /// Who thinks: the format of thoughts that are not sealed yet, so that text and seal of one thought say the same.
    format: Box<str>,
    /// `data: {"id":...,"model":"..."`: what every chunk begins with.
    head: Vec<u8>,
    /// How many thoughts have ended: the `index` of the next detail.
    thoughts: usize,
    usage: Usage,
    stop: Option<(Stop, Box<str>)>,
}

impl Encoder {
    pub(crate) fn new(stamp: &Stamp<'_>, style: &Style<'_>) -> Self {
        Self {
            created: stamp.created,
            request_id: stamp.request_id.into(),
            include_usage: style.include_usage,
            legacy_functions: style.legacy_functions,
            format: style.seal_format.into(),
            head: Vec::new(),
            thoughts: 0,
            usage: Usage::default(),
            stop: None,
        }
    }
}

impl Encode for Encoder {
    fn push(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        match event {
            Event::Start { id, model } => self.start(id, model, out),
            Event::Text(text) => self.chunk(out, |delta| {
                delta.text("content", text);
            }),
            Event::Refusal(text) => self.chunk(out, |delta| {
                delta.text("refusal", text);
            }),
            Event::Thought(text) => {
                let format = Some(Text::from(self.format.to_string()));
                let thought = Thought { text: Text::from(&**text), format, ..Thought::default() };
                let index = self.thoughts;
                self.chunk(out, |delta| {
                    // One client reads DeepSeek's word, the next OpenRouter's.
                    delta.text("reasoning", text).text("reasoning_content", text);
                    detail(delta, index, &thought);
                });
            }
            Event::Seal { seal, format } => {
                let thought = Thought { seal: Some(seal.clone()), format: format.clone(), ..Thought::default() };
                self.sealed(&thought, out);
            }
            Event::Redacted { data, format } => {
                let thought =
                    Thought { seal: Some(data.clone()), redacted: true, format: format.clone(), ..Thought::default() };
                self.sealed(&thought, out);
            }
            Event::Call { call, id, name, extra } => {
                let legacy = self.legacy_functions;
                self.chunk(out, |delta| {
                    if legacy {
                        delta.object("function_call", |f| {
                            f.text("name", name).text("arguments", "");
                        });
                        return;
                    }
                    delta.array("tool_calls", |list| {
                        list.object(|object| {
                            object.number("index", u64::from(*call)).text("id", id).text("type", "function");
                            object.object("function", |f| {
                                f.text("name", name).text("arguments", "");
                            });
                            if let Some(extra) = extra {
                                object.raw("extra_content", extra);
                            }
                        });
                    });
                });
            }
            Event::Input { call, json } => {
                let legacy = self.legacy_functions;
                self.chunk(out, |delta| {
                    if legacy {
                        delta.object("function_call", |function| {
                            function.text("arguments", json);
                        });
                        return;
                    }
                    delta.array("tool_calls", |list| {
                        list.object(|object| {
                            object.number("index", u64::from(*call));
                            object.object("function", |function| {
                                function.text("arguments", json);
                            });
                        });
                    });
                });
            }
            Event::Stop { stop, native, .. } => self.stop = Some((*stop, (**native).into())),
            Event::Usage(usage) => self.usage.merge(usage.clone()),
            Event::Lost(_) => {}
        }
    }

    /// Writes the last chunk, usage if it was asked for, and `[DONE]` (S11).
    fn finish(&mut self, closing: &Closing, out: &mut Vec<u8>) {
        self.begin(out);
        let with_usage = self.include_usage && self.usage.is_known();
        let (stop, legacy) = (&self.stop, self.legacy_functions);
        let metadata = |object: &mut Object<'_>| {
            if let Some(metadata) = &closing.metadata {
                object.raw("openrouter_metadata", metadata);
            }
        };
        self.line(out, |object| {
            object.array("choices", |choices| {
                choices.object(|choice| {
                    choice.raw("index", "0").raw("delta", "{}").raw("logprobs", "null");
                    match stop {
                        Some((stop, native)) => choice
                            .text("finish_reason", stop::write(*stop, legacy))
                            .text("native_finish_reason", native),
                        // Never made up (U14).
                        None => choice.raw("finish_reason", "null").raw("native_finish_reason", "null"),
                    };
                });
            });
            if !with_usage {
                metadata(object);
            }
        });
        if with_usage {
            self.line(out, |object| {
                object.raw("choices", "[]");
                usage::write(&self.usage, closing.cost.as_deref(), object.key("usage"));
                metadata(object);
            });
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }
}

impl Encoder {
    fn start(&mut self, id: &str, model: &str, out: &mut Vec<u8>) {
        self.head.clear();
        self.head.extend_from_slice(b"data: {\"id\":");
        json::text(&mut self.head, if id.is_empty() { &self.request_id } else { id });
        self.head.extend_from_slice(b",\"object\":\"chat.completion.chunk\",\"created\":");
        json::number(&mut self.head, self.created);
        self.head.extend_from_slice(b",\"model\":");
        json::text(&mut self.head, model);
        self.chunk(out, |delta| {
            delta.text("role", "assistant").text("content", "");
        });
    }

    /// An answer that never said who it is still begins.
    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.head.is_empty() {
            self.start("", "", out);
        }
    }

    fn sealed(&mut self, thought: &Thought<'_>, out: &mut Vec<u8>) {
        let index = self.thoughts;
        self.thoughts += 1;
        self.chunk(out, |delta| detail(delta, index, thought));
    }

    fn chunk(&mut self, out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
        self.begin(out);
        out.extend_from_slice(&self.head);
        out.extend_from_slice(b",\"choices\":[{\"index\":0,\"delta\":");
        json::object(out, fill);
        out.extend_from_slice(b",\"logprobs\":null,\"finish_reason\":null}]}\n\n");
    }

    fn line(&self, out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
        out.extend_from_slice(&self.head);
        out.push(b',');
        // The head is an open object: the rest of it is written as one, less its brace.
        let brace = out.len();
        json::object(out, fill);
        out.remove(brace);
        out.extend_from_slice(b"\n\n");
    }
}

fn detail(delta: &mut Object<'_>, index: usize, thought: &Thought<'_>) {
    delta.array("reasoning_details", |list| {
        list.object(|object| reasoning::write_detail(object, index, thought));
    });
}

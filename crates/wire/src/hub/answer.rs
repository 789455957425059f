//! One answer: the events it arrives in, and the whole they add up to.

use super::{Call, Text, Thought};
use crate::Usage;

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The model had said everything.
    EndTurn,
    /// A stop sequence came.
    StopSequence,
    /// The longest allowed answer was reached.
    MaxTokens,
    /// The context window was full.
    ContextWindow,
    /// The model waits for what its tools return.
    ToolUse,
    /// A tool loop at the vendor paused; the same conversation, sent again, goes on.
    Pause,
    /// The model or the vendor's filter declined.
    Refusal,
}

/// One step of an answer. Deltas are what is added, never what has been said so far.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// The answer's identity; comes first, and once.
    Start {
        /// The vendor's id of the answer.
        id: Text<'a>,
        /// The model that answers, in the vendor's words.
        model: Text<'a>,
    },
    /// More text.
    Text(Text<'a>),
    /// More of a refusal.
    Refusal(Text<'a>),
    /// More reasoning.
    Thought(Text<'a>),
    /// The seal of the reasoning before it.
    Seal {
        /// The seal.
        seal: Text<'a>,
        /// Who sealed it; see [`Thought::format`].
        format: Option<Text<'a>>,
    },
    /// A whole encrypted thought.
    Redacted {
        /// The encrypted thought.
        data: Text<'a>,
        /// Who encrypted it.
        format: Option<Text<'a>>,
    },
    /// A tool call begins. Calls are numbered from 0 in the order they begin.
    Call {
        /// Which call.
        call: u32,
        /// Its id; may be empty where a vendor gives none.
        id: Text<'a>,
        /// The tool.
        name: Text<'a>,
        /// See [`Call::extra`].
        extra: Option<Text<'a>>,
    },
    /// More of a call's input: a fragment of JSON text.
    Input {
        /// Which call.
        call: u32,
        /// The fragment.
        json: Text<'a>,
    },
    /// Why it ended.
    Stop {
        /// The reason.
        stop: Stop,
        /// The vendor's own word for it.
        native: Text<'a>,
        /// The stop sequence that came, where it is known.
        sequence: Option<Text<'a>>,
    },
    /// Token counts so far.
    Usage(Usage),
    /// Something the hub has no word for: a static word for the counter.
    Lost(&'static str),
}

impl Event<'_> {
    /// Bytes of text in it.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(text) | Self::Refusal(text) | Self::Thought(text) => text.len(),
            Self::Seal { seal: text, .. } | Self::Redacted { data: text, .. } | Self::Input { json: text, .. } => {
                text.len()
            }
            Self::Start { .. } | Self::Call { .. } | Self::Stop { .. } | Self::Usage(_) | Self::Lost(_) => 0,
        }
    }

    /// The same event, owned.
    pub(crate) fn into_owned(self) -> Event<'static> {
        let own = |text: Option<Text<'_>>| text.map(Text::into_owned);
        match self {
            Self::Start { id, model } => Event::Start { id: id.into_owned(), model: model.into_owned() },
            Self::Text(text) => Event::Text(text.into_owned()),
            Self::Refusal(text) => Event::Refusal(text.into_owned()),
            Self::Thought(text) => Event::Thought(text.into_owned()),
            Self::Seal { seal, format } => Event::Seal { seal: seal.into_owned(), format: own(format) },
            Self::Redacted { data, format } => Event::Redacted { data: data.into_owned(), format: own(format) },
            Self::Call { call, id, name, extra } => {
                Event::Call { call, id: id.into_owned(), name: name.into_owned(), extra: own(extra) }
            }
            Self::Input { call, json } => Event::Input { call, json: json.into_owned() },
            Self::Stop { stop, native, sequence } => {
                Event::Stop { stop, native: native.into_owned(), sequence: own(sequence) }
            }
            Self::Usage(usage) => Event::Usage(usage),
            Self::Lost(what) => Event::Lost(what),
        }
    }
}

/// A whole answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer<'a> {
    /// The vendor's id.
    pub id: Text<'a>,
    /// The model in the vendor's words.
    pub model: Text<'a>,
    /// What was said, in order.
    pub pieces: Vec<Piece<'a>>,
    /// Why it ended, with the vendor's own word.
    pub stop: Option<(Stop, Text<'a>)>,
    /// The stop sequence that came.
    pub sequence: Option<Text<'a>>,
    /// Token counts.
    pub usage: Usage,
    /// What the hub has no word for.
    pub lost: Vec<&'static str>,
}

/// A piece of an answer.
#[derive(Clone, Debug)]
pub enum Piece<'a> {
    /// Text.
    Text(Text<'a>),
    /// A refusal.
    Refusal(Text<'a>),
    /// Reasoning.
    Thought(Thought<'a>),
    /// A tool call.
    Call(Call<'a>),
}

impl PartialEq for Piece<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) | (Self::Refusal(a), Self::Refusal(b)) => a == b,
            (Self::Thought(a), Self::Thought(b)) => a == b,
            (Self::Call(a), Self::Call(b)) => (&a.id, &a.name, &a.input) == (&b.id, &b.name, &b.input),
            _ => false,
        }
    }
}

/// Adds events up to the whole answer: what a stream and its unstreamed twin have in common (R6).
#[derive(Debug, Default)]
pub struct Fold {
    answer: Answer<'static>,
    /// Where each call stands among the pieces.
    calls: Vec<usize>,
}

impl Fold {
    /// Adds one event.
    pub fn add(&mut self, event: &Event<'_>) {
        let pieces = &mut self.answer.pieces;
        match event {
            Event::Start { id, model } => {
                (self.answer.id, self.answer.model) = (id.clone().into_owned(), model.clone().into_owned());
            }
            Event::Text(more) => match pieces.last_mut() {
                Some(Piece::Text(text)) => text.0.to_mut().push_str(more),
                _ => pieces.push(Piece::Text(more.clone().into_owned())),
            },
            Event::Refusal(more) => match pieces.last_mut() {
                Some(Piece::Refusal(text)) => text.0.to_mut().push_str(more),
                _ => pieces.push(Piece::Refusal(more.clone().into_owned())),
            },
            Event::Thought(more) => match pieces.last_mut() {
                Some(Piece::Thought(thought)) if thought.seal.is_none() => thought.text.0.to_mut().push_str(more),
                _ => pieces.push(Piece::Thought(Thought { text: more.clone().into_owned(), ..Thought::default() })),
            },
            Event::Seal { seal, format } => {
                let (seal, format) = (Some(seal.clone().into_owned()), format.clone().map(Text::into_owned));
                match pieces.last_mut() {
                    Some(Piece::Thought(thought)) if thought.seal.is_none() => {
                        (thought.seal, thought.format) = (seal, format);
                    }
                    _ => pieces.push(Piece::Thought(Thought { seal, format, ..Thought::default() })),
                }
            }
            Event::Redacted { data, format } => pieces.push(Piece::Thought(Thought {
                seal: Some(data.clone().into_owned()),
                redacted: true,
                format: format.clone().map(Text::into_owned),
                ..Thought::default()
            })),
            Event::Call { id, name, extra, .. } => {
                self.calls.push(pieces.len());
                pieces.push(Piece::Call(Call {
                    id: id.clone().into_owned(),
                    name: name.clone().into_owned(),
                    input: Text::default(),
                    cache: None,
                    extra: extra.clone().map(Text::into_owned),
                }));
            }
            Event::Input { call, json } => {
                let at = self.calls.get(*call as usize).copied();
                if let Some(Piece::Call(call)) = at.and_then(|at| pieces.get_mut(at)) {
                    call.input.0.to_mut().push_str(json);
                }
            }
            Event::Stop { stop, native, sequence } => {
                self.answer.stop = Some((*stop, native.clone().into_owned()));
                self.answer.sequence = sequence.clone().map(Text::into_owned);
            }
            Event::Usage(usage) => self.answer.usage.merge(usage.clone()),
            Event::Lost(what) => self.answer.lost.push(what),
        }
    }

    /// The whole.
    pub fn finish(self) -> Answer<'static> {
        self.answer
    }
}

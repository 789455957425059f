//! An answer that counts.

use std::collections::VecDeque;

use bytes::Bytes;
use outrigger_wire::{
    Peek,
    hub::Losses,
    peek::Answer,
    sse::{Frame, Framer},
    translate::Echo,
};

use crate::{memory::Share, signals::InFlight, upstream::body::Body};

/// An answer that began. It is relayed or it breaks; it is never tried again. Boxed where it is made, since it goes from
/// hand to hand.
#[derive(Debug)]
pub(crate) struct Committed {
    pub(crate) answered: Answered,
    pub(crate) status: http::StatusCode,
    pub(crate) headers: http::HeaderMap,
    /// Usage was asked for by us, not by the caller.
    pub(crate) hide_usage: bool,
    /// The answer is in another dialect than the caller's: what it takes to bring it back.
    pub(crate) echo: Option<Echo>,
    /// What the target could not be told.
    pub(crate) losses: Losses,
    /// `None` = nothing was sent: the answer is our own.
    pub(crate) in_flight: Option<InFlight>,
}

/// An answer that counts.
#[derive(Debug)]
pub(crate) enum Answered {
    /// A whole JSON answer, and what it holds of the budget.
    Whole { body: Bytes, answer: Answer, share: Option<Box<Share>> },
    /// A stream of events whose first content has come.
    Stream(Box<Stream>),
    /// Anything else, such as audio: passed on as it comes. Its first bytes have come.
    Raw(Bytes, Body),
}

/// An open stream of events.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) body: Body,
    pub(crate) framer: Framer,
    /// Events read so far, not yet relayed.
    pub(crate) ready: VecDeque<(Frame, Option<Peek>)>,
    /// The upstream has ended.
    pub(crate) ended: bool,
    /// What `ready` holds of the budget, where that is a whole answer.
    #[expect(dead_code, reason = "held")]
    pub(crate) share: Option<Box<Share>>,
}

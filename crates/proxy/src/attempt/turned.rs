//! An answer of the other kind than was asked for: turned where nothing of it is lost, else no success (H13).

use std::{
    collections::VecDeque,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use outrigger_wire::{
    Failure, Kind, Meaning, Operation, Peek, Usage,
    hub::Stamp,
    peek::Answer,
    spoken,
    sse::{Fields, Frame},
    translate::turned,
};

use super::{
    answered::{Answered, Stream},
    whole::{MAX_ANSWER, no_room},
};
use crate::{
    allowance::Allowance,
    memory::Share,
    upstream::{body::Body, transport::broken},
};

fn stamp() -> Stamp<'static> {
    let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Stamp { created, request_id: "" }
}

/// A whole answer, read to its end from `body`, as the stream that was asked for.
pub(super) fn stream(
    operation: Operation,
    body: Body,
    bytes: &Bytes,
    answer: Answer,
    share: Option<Box<Share>>,
) -> Result<Answered, Failure> {
    let events = turned::events(operation, bytes, &stamp()).and_then(|events| {
        let mut framer = operation.dialect().framing().framer();
        framer.feed(events.into()).ok()?;
        Some(framer)
    });
    let Some(mut framer) = events else {
        let text = "a whole answer came where a stream was asked for, and it cannot be told as one";
        return Err(Failure::local(Kind::Malformed, text).with_usage(answer.usage));
    };
    let mut ready = VecDeque::new();
    while let Some(frame) = framer.next_frame() {
        let Fields { event, data } = frame.fields();
        let peek = data.map(|data| Peek::event(operation, event, &data));
        ready.push_back((frame, peek));
    }
    // Booked is what the answer itself said, which may be more than its events have words for.
    let mut said = answer.usage;
    for usage in ready.iter_mut().rev().filter_map(|(_, peek)| peek.as_mut()?.usage.as_mut()) {
        *usage = said.take().unwrap_or_default();
    }
    Ok(Answered::Stream(Box::new(Stream { body, framer, ready, ended: true, share })))
}

/// A stream, of which nothing has been read yet, as the whole answer that was asked for.
pub(super) async fn whole(operation: Operation, mut body: Body, room: &Allowance) -> Result<Answered, Failure> {
    let text = "a stream of events came where a whole answer was asked for";
    let mut gathering = Gathering {
        operation,
        gather: turned::Gather::new(operation).ok_or_else(|| Failure::local(Kind::Malformed, text))?,
        usage: None,
    };
    let mut framer = operation.dialect().framing().framer();
    let (mut share, mut came) = (Box::<Share>::default(), 0);
    let mut patience = room.patience;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| broken(&error))?.into_data() else { continue };
        came += data.len();
        if came > MAX_ANSWER {
            return Err(Failure::local(Kind::Malformed, format!("the answer is longer than {MAX_ANSWER} bytes")));
        }
        room.answers.grow(&mut share, came, None, &mut patience).await.map_err(|_| no_room())?;
        framer.feed(data).map_err(|_| Failure::local(Kind::Malformed, "an event has no end"))?;
        while let Some(frame) = framer.next_frame() {
            gathering.take(&frame)?;
        }
    }
    if let Some(frame) = framer.finish() {
        gathering.take(&frame)?;
    }
    share.came();
    let Gathering { gather, usage, .. } = gathering;
    let read = gather.finish(&stamp()).and_then(|bytes| Ok((spoken::answer(operation, &bytes)?, bytes)));
    match read {
        Ok((answer, bytes)) => {
            let answer = Answer { usage: usage.or(answer.usage), ..answer };
            Ok(Answered::Whole { body: bytes.into(), answer, share: Some(share) })
        }
        Err(failure) => Err(failure.with_usage(usage)),
    }
}

struct Gathering {
    operation: Operation,
    gather: turned::Gather,
    usage: Option<Usage>,
}

impl Gathering {
    fn take(&mut self, frame: &Frame) -> Result<(), Failure> {
        let Fields { event, data } = frame.fields();
        let Some(data) = data else { return Ok(()) };
        let peek = Peek::event(self.operation, event, &data);
        if let Some(usage) = peek.usage {
            self.usage.get_or_insert_default().merge(usage);
        }
        match peek.meaning {
            Meaning::Error(failure) => Err(failure.clone().with_usage(self.usage.take())),
            Meaning::Malformed => Err(Failure::local(Kind::Malformed, "an event is not JSON")),
            _ => {
                self.gather.feed(event, &data);
                Ok(())
            }
        }
    }
}

//! What comes before the first content of a stream, and how much of it is kept (H2): whatever goes wrong so early is a
//! failure like any other, so nothing of it may reach the caller before something counts.

use std::collections::VecDeque;

use bytes::Bytes;
use http_body_util::BodyExt;
use outrigger_wire::{
    Failure, Kind, Meaning, Operation, Peek, Usage,
    sse::{Fields, Frame},
};

use super::answered::Stream;
use crate::upstream::{body::Body, transport::broken};

/// Most memory for events before the first content, in bytes. The longest that vendors send repeats the whole request
/// (`response.created`, with its instructions and tools): some hundred kilobytes.
const LONGEST: usize = 1 << 20;

/// What an event takes beside its bytes.
const ENTRY: usize = size_of::<(Frame, Option<Peek>)>();

/// From this event on each is a copy: an event that is kept keeps the buffer that it was read into, which costs nothing
/// where there are a few events, and many times their size where they come one by one.
const SLICES: usize = 8;

/// Events before the first content.
#[derive(Debug, Default)]
struct Prelude {
    events: VecDeque<(Frame, Option<Peek>)>,
    bytes: usize,
}

/// Reads events until one commits. Whatever goes wrong before that is a failure like any other (S3).
pub(super) async fn first_content(operation: Operation, mut body: Body) -> Result<Stream, Failure> {
    let (mut framer, mut prelude) = (operation.dialect().framing().framer(), Prelude::default());
    loop {
        while let Some(frame) = framer.next_frame() {
            if prelude.take(operation, frame)? {
                return Ok(Stream { body, framer, ready: prelude.events, ended: false, share: None });
            }
        }
        match body.frame().await {
            Some(Ok(frame)) => {
                let Ok(data) = frame.into_data() else { continue };
                framer.feed(data).map_err(|_| Failure::local(Kind::Malformed, "an event has no end"))?;
            }
            Some(Err(error)) => return Err(broken(&error)),
            None => {
                let last = framer.finish();
                if let Some(frame) = last
                    && prelude.take(operation, frame)?
                {
                    return Ok(Stream { body, framer, ready: prelude.events, ended: true, share: None });
                }
                return Err(Failure::local(Kind::Truncated, "the stream ended before its first content"));
            }
        }
    }
}

impl Prelude {
    /// Adds one event; true if it commits the answer. Comments, and events without data, are forgotten: they mean nothing
    /// to whoever waits, and an upstream may send them for ever.
    fn take(&mut self, operation: Operation, frame: Frame) -> Result<bool, Failure> {
        let Fields { event, data } = frame.fields();
        let Some(data) = data else { return Ok(false) };
        let peek = Peek::event(operation, event, &data);
        drop(data);
        let commits = match &peek.meaning {
            // What it used stands in the event, where anything was (U12).
            Meaning::Error(failure) => return Err(failure.clone().with_usage(peek.usage)),
            Meaning::Malformed => {
                return Err(Failure::local(Kind::Malformed, "an event before the first content is not JSON"));
            }
            Meaning::Content => true,
            // A finish without content is an empty answer, and an answer all the same. An end without either is none (U14).
            Meaning::End if peek.finish.is_none() && !self.finished() => {
                let text = "the stream ended without content and without a finish reason";
                return Err(Failure::local(Kind::Malformed, text).with_usage(self.usage(peek.usage)));
            }
            Meaning::End => true,
            Meaning::Finish => peek.finish.is_some(),
            Meaning::Prelude => false,
        };
        if commits {
            self.events.push_back((frame, Some(peek)));
            return Ok(true);
        }
        self.bytes += frame.raw.len() + ENTRY;
        if self.bytes > LONGEST {
            let text = format!("the stream has no content within its first {LONGEST} bytes");
            return Err(Failure::local(Kind::Malformed, text));
        }
        let raw = if self.events.len() < SLICES { frame.raw } else { Bytes::copy_from_slice(&frame.raw) };
        self.events.push_back((Frame { raw }, Some(peek)));
        Ok(false)
    }
}

impl Prelude {
    /// A finish reason was said.
    fn finished(&self) -> bool {
        self.events.iter().filter_map(|(_, peek)| peek.as_ref()).any(|peek| peek.finish.is_some())
    }

    /// What was said of usage, and `last` behind it.
    fn usage(&self, last: Option<Usage>) -> Option<Usage> {
        let said = self.events.iter().filter_map(|(_, peek)| peek.as_ref()?.usage.clone());
        said.chain(last).reduce(|mut known, later| {
            known.merge(later);
            known
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Frame {
        Frame { raw: Bytes::copy_from_slice(text.as_bytes()) }
    }

    const EMPTY: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
    const CONTENT: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n";

    #[test]
    fn comments_before_the_first_content_are_not_kept() {
        let mut prelude = Prelude::default();
        for comment in [": ping\n\n", "event: ping\n\n", "retry: 10\n\n", "id: 7\n\n"] {
            assert!(!prelude.take(Operation::ChatCompletions, event(comment)).unwrap());
        }
        assert!(!prelude.take(Operation::ChatCompletions, event(EMPTY)).unwrap());
        assert!(prelude.take(Operation::ChatCompletions, event(CONTENT)).unwrap());
        assert_eq!(
            prelude.events.iter().map(|(frame, _)| frame.raw.len()).collect::<Vec<_>>(),
            [EMPTY.len(), CONTENT.len()]
        );
    }

    #[test]
    fn events_that_never_come_to_the_point_end_at_the_bound() {
        let mut prelude = Prelude::default();
        let fits = LONGEST / (EMPTY.len() + ENTRY);
        for _ in 0..fits {
            assert!(!prelude.take(Operation::ChatCompletions, event(EMPTY)).unwrap());
        }
        let failure = prelude.take(Operation::ChatCompletions, event(EMPTY)).unwrap_err();
        assert_eq!((failure.kind, prelude.events.len()), (Kind::Malformed, fits));
    }

    #[test]
    fn events_that_come_one_by_one_do_not_keep_what_they_were_read_into() {
        let (mut prelude, chunk) = (Prelude::default(), Bytes::from(EMPTY.repeat(SLICES + 1)));
        for at in 0..=SLICES {
            let raw = chunk.slice(at * EMPTY.len()..(at + 1) * EMPTY.len());
            assert!(!prelude.take(Operation::ChatCompletions, Frame { raw }).unwrap());
        }
        let within = |raw: &Bytes| chunk.as_ptr_range().contains(&raw.as_ptr());
        assert_eq!(prelude.events.iter().filter(|(frame, _)| within(&frame.raw)).count(), SLICES);
    }
}

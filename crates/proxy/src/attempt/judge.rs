//! Is this an answer? Reads an upstream response up to the point of no return: the first content of a stream, or the
//! whole of what is not streamed.

use std::{
    collections::VecDeque,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Response, StatusCode, header};
use http_body_util::BodyExt;
use outrigger_wire::{
    Failure, Kind, Meaning, Operation, Peek,
    failure::retry_after,
    openai,
    peek::{self, Answer},
    sse::{Fields, Frame, Framer},
    translate::{self, Echo, Stamp},
};

use super::transport::broken;
use crate::upstream::Body;

/// Longest answer that is held whole. Base64 images of several megabytes are normal; this bounds memory.
const MAX_ANSWER: usize = 64 << 20;
/// Longest error body read.
const MAX_ERROR: usize = 1 << 20;

/// An answer that counts.
#[derive(Debug)]
pub(crate) enum Answered {
    /// A whole JSON answer.
    Whole { body: Bytes, answer: Answer },
    /// A stream of events whose first content has come.
    Stream(Box<Stream>),
    /// Anything else, such as audio: passed on as it comes.
    Raw(Body),
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
}

/// Judges `response`.
pub(crate) async fn judge(
    operation: Operation,
    streamed: bool,
    response: Response<Body>,
) -> Result<(StatusCode, HeaderMap, Answered), Failure> {
    let (head, body) = response.into_parts();
    if !head.status.is_success() {
        return Err(refused(head.status, &head.headers, body).await);
    }
    if head.headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Failure::local(Kind::Malformed, "the upstream compressed its answer although none was accepted"));
    }
    let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // Some vendors, and some proxies before them, forget or misname the type of a stream.
    let unnamed = matches!(content_type, "" | "application/octet-stream") || content_type.starts_with("text/plain");
    let events = content_type.starts_with("text/event-stream") || (streamed && unnamed);
    let answered = if events && !operation.generates() {
        // Streams of speech, transcripts and images have events of their own: they pass as they are.
        Answered::Raw(body)
    } else if events {
        Answered::Stream(Box::new(first_content(operation, body).await?))
    } else if content_type.contains("json") || (content_type.is_empty() && operation.generates()) {
        let body = whole(body, MAX_ANSWER).await?;
        let answer = peek::answer(operation, &body)?;
        Answered::Whole { body, answer }
    } else if operation.generates() {
        // A login page or a proxy's HTML under status 200.
        return Err(Failure::local(
            Kind::Malformed,
            format!("the answer is neither JSON nor events but `{content_type}`"),
        ));
    } else {
        Answered::Raw(body)
    };
    Ok((head.status, head.headers, answered))
}

/// A whole answer in the caller's dialect, before it counts: one that cannot be read is a failure like any other. Streams
/// are translated as they pass.
pub(super) fn translated(answered: Answered, echo: &Echo, id: &str) -> Result<Answered, Failure> {
    let Answered::Whole { body, mut answer } = answered else { return Ok(answered) };
    let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    // What cannot be brought back was billed all the same (H17).
    let brought = translate::whole(&body, echo, &Stamp { created, request_id: id })
        .and_then(|(body, lost)| Ok((peek::answer(echo.operation, &body)?, body, lost)));
    let (read, body, lost) = match brought {
        Ok(brought) => brought,
        Err(failure) => return Err(failure.with_usage(answer.usage.take())),
    };
    Ok(Answered::Whole { body, answer: Answer { finish: answer.finish, usage: answer.usage, lost, ..read } })
}

/// Reads events until one commits. Whatever goes wrong before that is a failure like any other (S3).
async fn first_content(operation: Operation, body: Body) -> Result<Stream, Failure> {
    let mut stream = Stream { body, framer: Framer::default(), ready: VecDeque::new(), ended: false };
    loop {
        while let Some(frame) = stream.framer.next_frame() {
            if take(operation, frame, &mut stream.ready)? {
                return Ok(stream);
            }
        }
        match stream.body.frame().await {
            Some(Ok(frame)) => {
                let Ok(data) = frame.into_data() else { continue };
                stream.framer.feed(data).map_err(|_| Failure::local(Kind::Malformed, "an event has no end"))?;
            }
            Some(Err(error)) => return Err(broken(&error)),
            None => {
                stream.ended = true;
                let last = stream.framer.finish();
                if let Some(frame) = last
                    && take(operation, frame, &mut stream.ready)?
                {
                    return Ok(stream);
                }
                return Err(Failure::local(Kind::Truncated, "the stream ended before its first content"));
            }
        }
    }
}

/// Adds one event; true if it commits the answer.
fn take(operation: Operation, frame: Frame, ready: &mut VecDeque<(Frame, Option<Peek>)>) -> Result<bool, Failure> {
    let Fields { event, data } = frame.fields();
    let peek = data.map(|data| Peek::event(operation, event, &data));
    let commits = match peek.as_ref().map(|peek| &peek.meaning) {
        // What it used stands in the event, where anything was (U12).
        Some(Meaning::Error(failure)) => {
            let said = peek.as_ref().and_then(|peek| peek.usage.clone());
            return Err(failure.clone().with_usage(said));
        }
        Some(Meaning::Malformed) => {
            return Err(Failure::local(Kind::Malformed, "an event before the first content is not JSON"));
        }
        // A finish without content is an empty answer, and an answer all the same. An end without either is none (U14).
        Some(Meaning::Content) => true,
        Some(Meaning::End) => {
            let said = |peek: &Peek| peek.finish.is_some();
            let before = ready.iter().filter_map(|(_, peek)| peek.as_ref());
            if !before.chain(&peek).any(said) {
                let usage = ready.iter().filter_map(|(_, peek)| peek.as_ref()?.usage.clone());
                let usage = usage.chain(peek.and_then(|peek| peek.usage)).reduce(|mut known, later| {
                    known.merge(later);
                    known
                });
                let failure =
                    Failure::local(Kind::Malformed, "the stream ended without content and without a finish reason");
                return Err(failure.with_usage(usage));
            }
            true
        }
        Some(Meaning::Finish) => peek.as_ref().is_some_and(|peek| peek.finish.is_some()),
        Some(Meaning::Prelude) | None => false,
    };
    ready.push_back((frame, peek));
    Ok(commits)
}

async fn refused(status: StatusCode, headers: &HeaderMap, body: Body) -> Failure {
    if status.is_redirection() || status.is_informational() {
        return Failure::local(Kind::Malformed, format!("the upstream answered {status}; redirects are not followed"));
    }
    let body = whole(body, MAX_ERROR).await.unwrap_or_default();
    let mut failure = openai::error::decode(status.as_u16(), &body);
    failure.retry_after = retry_after(headers, SystemTime::now());
    failure
}

async fn whole(mut body: Body, limit: usize) -> Result<Bytes, Failure> {
    let mut bytes = BytesMut::new();
    let mut only = None;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| broken(&error))?.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            return Err(Failure::local(Kind::Malformed, format!("the answer is longer than {limit} bytes")));
        }
        // Most answers come in one piece: then it is passed on as it is.
        match (bytes.is_empty(), only.take()) {
            (true, None) => only = Some(data),
            (true, Some(first)) => {
                bytes.extend_from_slice(&first);
                bytes.extend_from_slice(&data);
            }
            (false, _) => bytes.extend_from_slice(&data),
        }
    }
    Ok(only.unwrap_or_else(|| bytes.freeze()))
}

//! Is this an answer? Reads an upstream response up to the point of no return: the first content of a stream, or the
//! whole of what is not streamed.

use std::time::{SystemTime, UNIX_EPOCH};

use http::{HeaderMap, Response, StatusCode, header};
use http_body_util::BodyExt;
use outrigger_wire::{
    Failure, Kind, Operation,
    failure::{retry_after, said, telling},
    hub::Stamp,
    peek::Answer,
    spoken,
    translate::{self, Echo},
};

use super::{
    answered::Answered,
    prelude::first_content,
    turned,
    whole::{MAX_ANSWER, whole},
};
use crate::{
    allowance::Allowance,
    upstream::{body::Body, transport::broken},
};

/// Longest error body read.
const MAX_ERROR: usize = 1 << 20;

/// Judges `response`. What is held of it takes of `room`.
pub(crate) async fn judge(
    operation: Operation,
    streamed: bool,
    response: Response<Body>,
    room: &Allowance,
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
    let events = operation.dialect().framing().is_named(content_type) || (streamed && unnamed);
    let answered = if events && !operation.generates() {
        // Streams of speech, transcripts and images have events of their own: they pass as they are.
        if !streamed && operation.answers_in_json() && !operation.comes_as_form() {
            return Err(unasked());
        }
        first_bytes(body).await?
    } else if events && !streamed {
        turned::whole(operation, body, room).await?
    } else if events {
        Answered::Stream(Box::new(first_content(operation, body).await?))
    } else if content_type.contains("json") || (content_type.is_empty() && operation.answers_in_json()) {
        let mut read = body;
        let (body, share) = whole(&mut read, MAX_ANSWER, Some(room)).await?;
        let answer = spoken::answer(operation, &body)?;
        if streamed && operation.generates() {
            turned::stream(operation, read, &body, answer, share)?
        } else {
            Answered::Whole { body, answer, share }
        }
    } else if operation.answers_in_json() || content_type.starts_with("text/html") {
        // A login page or a proxy's HTML under status 200.
        return Err(Failure::local(
            Kind::Malformed,
            format!("the answer is neither JSON nor events but `{content_type}`"),
        ));
    } else {
        first_bytes(body).await?
    };
    Ok((head.status, head.headers, answered))
}

fn unasked() -> Failure {
    Failure::local(Kind::Malformed, "a stream of events came where a whole answer was asked for")
}

/// What is passed on as it comes counts with its first bytes: a head alone may be followed by nothing.
async fn first_bytes(mut body: Body) -> Result<Answered, Failure> {
    while let Some(frame) = body.frame().await {
        match frame.map_err(|error| broken(&error))?.into_data() {
            Ok(data) if !data.is_empty() => return Ok(Answered::Raw(data, body)),
            _ => {}
        }
    }
    Err(Failure::local(Kind::Malformed, "the answer is empty"))
}

/// A whole answer in the caller's dialect, before it counts: one that cannot be read is a failure like any other. Streams
/// are translated as they pass.
pub(super) fn translated(answered: Answered, echo: &Echo, id: &str) -> Result<Answered, Failure> {
    let Answered::Whole { body, mut answer, share } = answered else { return Ok(answered) };
    let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    // What cannot be brought back was billed all the same (H17).
    let brought = translate::whole(&body, echo, &Stamp { created, request_id: id })
        .and_then(|(body, lost)| Ok((spoken::answer(echo.operation, &body)?, body, lost)));
    let (read, body, lost) = match brought {
        Ok(brought) => brought,
        Err(failure) => return Err(failure.with_usage(answer.usage.take())),
    };
    let answer = Answer { finish: answer.finish, usage: answer.usage, lost, ..read };
    Ok(Answered::Whole { body, answer, share })
}

async fn refused(status: StatusCode, headers: &HeaderMap, mut body: Body) -> Failure {
    if status.is_redirection() || status.is_informational() {
        return Failure::local(Kind::Malformed, format!("the upstream answered {status}; redirects are not followed"));
    }
    let body = whole(&mut body, MAX_ERROR, None).await.map(|(body, _)| body).unwrap_or_default();
    let mut failure = said::decode(status.as_u16(), &body);
    failure.retry_after = retry_after(headers, SystemTime::now());
    failure.told = telling(headers);
    failure
}

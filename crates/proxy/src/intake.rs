//! Head and body of a request to an [`Ask`]: limits first, then one pass over the JSON.

mod features;
mod preferences;

use std::{borrow::Cow, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, header};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use outrigger_route::{Ask, Preferences};
use outrigger_wire::{
    Head, Operation, multipart,
    request::{BadRequest, hasher},
};
use tokio::time::Instant;

use crate::{
    allowance::Allowance,
    error::Error,
    memory::{SMALL, Share},
    watch::Watch,
};

/// Bytes per second below which a caller holds its share of the budget for too little: a loopback socket moves a
/// thousand times as much.
const SLOWEST: usize = 16 << 10;

/// A whole request, held until an answer is committed: every attempt starts from these bytes (F8).
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) operation: Operation,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Given back when the request is dropped, which is as soon as an answer is committed.
    share: Share,
}

impl Taken {
    /// A request that is at hand: no share of the budget is taken for it.
    #[cfg(any(test, feature = "measured"))]
    pub(crate) fn of(operation: Operation, headers: HeaderMap, body: Bytes) -> Self {
        Self { operation, headers, body, share: Share::default() }
    }

    /// The body is sent as it is held, and no copy of it: what was kept for one is given back.
    pub(crate) fn uncopied(&self) {
        self.share.uncopied();
    }

    /// The same request with another body; the share stays with the original.
    pub(crate) fn with_body(&self, body: Bytes) -> Self {
        Self { operation: self.operation, headers: self.headers.clone(), body, share: Share::default() }
    }
}

/// Reads the body within the limits and the byte budget; `started` is when the head came. A caller that is refused may still be sending: the rest of its
/// body is read and dropped, since closing on it would reset the connection before the error is read.
pub(crate) async fn take(
    allowance: &Allowance,
    operation: Operation,
    headers: HeaderMap,
    mut body: Incoming,
    started: Instant,
    watch: &Watch,
) -> Result<Taken, Error> {
    let taken = read_body(allowance, operation, headers, &mut body, started, watch).await;
    // One that dawdled or broke off has nothing more to say.
    if taken.as_ref().is_err_and(|error| !matches!(error, Error::BodyTimeout | Error::BodyAborted)) {
        tokio::spawn(tokio::time::timeout(DISCARD, discard(body)));
    }
    taken
}

/// How long the rest of a refused body is read for.
const DISCARD: Duration = Duration::from_secs(5);

async fn discard(mut body: Incoming) {
    while let Some(Ok(_)) = body.frame().await {}
}

async fn read_body(
    allowance: &Allowance,
    operation: Operation,
    headers: HeaderMap,
    body: &mut Incoming,
    started: Instant,
    watch: &Watch,
) -> Result<Taken, Error> {
    let limit = allowance.max_body;
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING).filter(|value| *value != "identity") {
        return Err(Error::Encoding(String::from_utf8_lossy(encoding.as_bytes()).into_owned()));
    }
    let announced = body.size_hint().exact().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
    if announced.is_some_and(|length| length > limit) {
        return Err(Error::BodyTooLarge(limit));
    }
    let mut share = Share::default();
    let mut patience = allowance.patience;
    let mut began = started;
    let mut due = began + allowance.read_timeout;
    let mut bytes = BytesMut::new();
    while !body.is_end_stream()
        && let Some(frame) =
            watch.listen(tokio::time::timeout_at(due, body.frame())).await.map_err(|_| Error::BodyTimeout)?
    {
        let Ok(data) = frame.map_err(|_| Error::BodyAborted)?.into_data() else { continue };
        let (came, alone) = (bytes.len() + data.len(), announced == Some(data.len()));
        if alone && let Some(share) = allowance.bodies.at_once(came) {
            // It came in one piece, most likely with its head: it stays where it is.
            return Ok(Taken { operation, headers, body: data, share });
        }
        if came > limit {
            return Err(Error::BodyTooLarge(limit));
        }
        let elapsed = Instant::now() - began;
        if elapsed > allowance.read_timeout && came < elapsed.as_secs() as usize * SLOWEST {
            return Err(Error::BodyTimeout);
        }
        let before = patience;
        allowance.bodies.grow(&mut share, came, announced, &mut patience).await.map_err(|_| Error::Overloaded)?;
        // The caller is not to blame for what we make it wait.
        began += before - patience;
        due = Instant::now() + allowance.read_timeout;
        if alone {
            share.came();
            return Ok(Taken { operation, headers, body: data, share });
        }
        if bytes.is_empty() {
            bytes.reserve(announced.unwrap_or_default().min(SMALL));
        } else if came > SMALL && bytes.capacity() < came {
            // Once it has shown to be a large one: doubling would hold up to twice what came.
            bytes.reserve(announced.unwrap_or_default().saturating_sub(bytes.len()));
        }
        bytes.extend_from_slice(&data);
    }
    share.came();
    Ok(Taken { operation, headers, body: bytes.freeze(), share })
}

/// What the decision and the splicing need of a request body. Borrows from it.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    /// The JSON top level; empty for multipart.
    pub(crate) head: Head<'a>,
    /// Where the model's name lies in a multipart body.
    pub(crate) form_model: Option<std::ops::Range<usize>>,
    /// The prompt holds reasoning that its issuer sealed.
    pub(crate) sealed: bool,
    pub(crate) ask: Ask<'a>,
}

/// Reads a request body.
pub(crate) fn read<'a>(operation: Operation, headers: &HeaderMap, body: &'a [u8]) -> Result<Reading<'a>, Error> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    const FORM: &str = "multipart/form-data";
    if content_type.get(..FORM.len()).is_some_and(|start| start.eq_ignore_ascii_case(FORM)) {
        return read_form(operation, content_type, body);
    }
    let head = Head::read(body).map_err(Error::BadRequest)?;
    let mut names: Vec<Cow<'a, str>> = head.model.iter().cloned().collect();
    names.extend(head.models.iter().filter(|name| head.model.as_ref() != Some(name)).cloned());
    names.extend(features::fallbacks(&head)?);
    let mut ask = Ask {
        operation,
        names,
        preferences: Preferences::default(),
        parameters: features::parameters(&head),
        modalities: features::modalities(&head.prompt),
        prompt_tokens: 0,
        max_tokens: head.max_tokens,
        sticky: None,
    };
    if let Some(raw) = head.present("provider") {
        ask.preferences = preferences::read(raw).map_err(Error::BadField)?;
    }
    if let Some(route) = head.string("route") {
        ask.preferences.across_models |= route == "sort";
    }
    ask.prompt_tokens = features::least_tokens(&ask, body.len());
    let turns = operation.generates() || operation == Operation::CountTokens;
    let sealed = turns && head.prompt.sealed;
    Ok(Reading { head, form_model: None, sealed, ask })
}

/// Where OpenRouter's callers name a session, beside the body.
pub(crate) const SESSION: HeaderName = HeaderName::from_static("x-session-id");

/// What names the conversation: `session_id` in the body, then the header, then `prompt_cache_key`, then the first
/// messages.
pub(crate) fn conversation(headers: &HeaderMap, head: &Head<'_>) -> Option<u64> {
    use std::hash::{Hash, Hasher};
    let named = head
        .string("session_id")
        .or_else(|| headers.get(SESSION).and_then(|value| value.to_str().ok()).map(Cow::Borrowed))
        .or_else(|| head.string("prompt_cache_key"));
    match named {
        Some(name) => {
            let mut hash = hasher();
            name.hash(&mut hash);
            Some(hash.finish())
        }
        None => head.conversation(),
    }
}

fn read_form<'a>(operation: Operation, content_type: &str, body: &'a [u8]) -> Result<Reading<'a>, Error> {
    let form_model = multipart::field(content_type, body, "model");
    let name = form_model.clone().and_then(|range| std::str::from_utf8(&body[range]).ok());
    if !name.is_some_and(outrigger_wire::request::is_name) {
        return Err(Error::BadRequest(BadRequest::Field {
            name: "model".to_owned(),
            expected: "a field of the form, of at most 256 bytes",
        }));
    }
    let mut ask = Ask::of(operation, "");
    ask.names = name.map(Cow::Borrowed).into_iter().collect();
    Ok(Reading { head: Head::default(), form_model, sealed: false, ask })
}

//! The upstream request for one target: the caller's bytes with the model's name spliced, our credential, and only
//! the headers that are this vendor's business.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use outrigger_route::{Candidate, Target, snapshot::BodyEdits};
use outrigger_wire::{
    Dialect, Failure, Head, Kind, Operation,
    edit::{Edits, Pieces, quote},
    hub::Losses,
    members::members_of,
    translate::{self, Echo},
};

use super::{context::Context, seals};
use crate::{
    crossing,
    hops::Hops,
    memory::SMALL,
    upstream::{Endpoint, Sent, Unsent},
};

/// An upstream request.
pub(crate) struct Prepared {
    pub(crate) to: Arc<Endpoint>,
    pub(crate) request: Unsent,
    /// Stream usage is asked for on our own account (U1).
    pub(crate) hide_usage: bool,
    /// The request was translated.
    pub(crate) echo: Option<Echo>,
    /// What could not be said.
    pub(crate) losses: Losses,
}

/// Its body, and what came of making it.
struct Sendable {
    sent: Sent,
    hide_usage: bool,
    echo: Option<Echo>,
    losses: Losses,
}

impl Sendable {
    fn of(sent: Sent) -> Self {
        Self { sent, hide_usage: false, echo: None, losses: Losses::default() }
    }
}

/// Members of the body that this router has answered: they mean nothing, or something else, to whoever comes next.
const OURS: [&str; 4] = ["models", "provider", "route", "fallbacks"];

/// Members that only OpenRouter itself can answer: kept for it, removed for everybody else.
const OPENROUTERS: [&str; 6] = ["preset", "session_id", "trace", "transforms", "plugins", "usage"];

/// Builds the request to `candidate`, which is asked for `operation`, always from the caller's original bytes (F8).
pub(crate) fn request(
    cx: &Context<'_>,
    candidate: &Candidate,
    operation: Operation,
    key: Option<usize>,
) -> Result<Prepared, Failure> {
    let target = &*candidate.target;
    let body = match &cx.reading.form_model {
        Some(range) => Sendable::of(pieces(cx, Pieces::replace(&cx.taken.body, range.clone(), &target.upstream_name))),
        None if operation.dialect() != cx.taken.operation.dialect() => translated_body(cx, candidate, operation)?,
        None => json_body(cx, candidate),
    };
    let account = &cx.published.accounts[target.slot as usize];
    let (to, path) = account.to(operation)?;
    let mut request = Box::new(Request::new(body.sent));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = path;
    *request.headers_mut() = headers(&cx.taken.headers, target, operation.dialect());
    if let Some(trail) = cx.trail {
        trail.mark(request.headers_mut(), &candidate.target, cx.now());
    }
    account.sign(&mut request, key)?;
    let Sendable { hide_usage, echo, losses, .. } = body;
    Ok(Prepared { to: to.clone(), request, hide_usage, echo, losses })
}

/// The caller's request in the target's dialect. What policy sets for the target is set in that dialect (F7).
fn translated_body(cx: &Context<'_>, candidate: &Candidate, operation: Operation) -> Result<Sendable, Failure> {
    let refused = |message: String| {
        let mut failure = Failure::local(Kind::Untranslatable, message);
        failure.status = Some(400);
        failure
    };
    let profile = crossing::profile(&candidate.target, operation.dialect(), &cx.reading.ask, cx.taken.body.len());
    let translated = translate::request(cx.taken.operation, &cx.reading.head, &profile)
        .map_err(|bad| refused(format!("the request cannot be read: {bad}")))?;
    let names: Vec<String> = translated.losses.forbidding(false).map(ToString::to_string).collect();
    if !names.is_empty() {
        let (dialect, names) = (operation.dialect(), names.join(", "));
        return Err(refused(format!("{dialect}, in which this target is asked, has no words for {names}")));
    }
    let mut body = translated.body;
    if let Some(parameters) = &candidate.parameters {
        let mut edits = Edits::default();
        set_by_policy(&mut edits, parameters);
        let head = Head::read(&body).map_err(|bad| refused(bad.to_string()))?;
        body = edits.apply(&body, &head);
    }
    Ok(Sendable { echo: Some(translated.echo), losses: translated.losses, ..Sendable::of(Sent::of(body)) })
}

fn set_by_policy<'e>(edits: &mut Edits<'e>, parameters: &'e BodyEdits) {
    for (name, value) in parameters.iter() {
        match value {
            Some(json) => edits.set(name, json.to_string()),
            None => edits.remove(name),
        };
    }
}

fn json_body(cx: &Context<'_>, candidate: &Candidate) -> Sendable {
    let head = &cx.reading.head;
    let target = &*candidate.target;
    let mut edits = Edits::default();
    let mut hide_usage = false;
    edits.set("model", quote(&target.upstream_name));
    let theirs: &[&str] = if &*target.provider.slug == "openrouter" { &[] } else { &OPENROUTERS };
    for name in OURS.iter().chain(theirs).filter(|name| head.raw(name).is_some()) {
        edits.remove(name);
    }
    let counts = matches!(cx.taken.operation, Operation::ChatCompletions | Operation::Completions);
    if head.stream && counts && !head.include_usage {
        hide_usage = true;
        edits.set("stream_options", with_usage(head.present("stream_options")));
    }
    let mut losses = Losses::default();
    seals::strip(cx, target, &mut edits, &mut losses);
    if let Some(parameters) = &candidate.parameters {
        set_by_policy(&mut edits, parameters);
    }
    let body = &cx.taken.body;
    let sent = match body.len() > SMALL {
        true => pieces(cx, edits.splice(body, head)),
        false => Sent::of(edits.apply(body, head)),
    };
    Sendable { hide_usage, losses, ..Sendable::of(sent) }
}

/// A large body on its way as it is held. Where no attempt will need a copy of it, the memory for one is given back.
fn pieces(cx: &Context<'_>, pieces: Pieces) -> Sent {
    let spoken = cx.taken.operation.dialect();
    let same = |candidate: &Candidate| candidate.target.provider.dialects.contains(spoken);
    if pieces.copied <= SMALL && cx.plan.candidates.iter().all(same) {
        cx.taken.uncopied();
    }
    Sent::pieces(pieces)
}

/// `stream_options` with `include_usage: true`, whatever else the caller put there kept.
fn with_usage(existing: Option<&str>) -> String {
    let kept: String = existing
        .map(members_of)
        .unwrap_or_default()
        .iter()
        .filter(|member| member.key != "include_usage")
        .map(|member| format!("{}:{},", quote(&member.key), member.raw))
        .collect();
    format!("{{{kept}\"include_usage\":true}}")
}

/// The caller's headers, less what is between the caller and us (RFC 9110 7.6.1), credentials (Z8), our own words,
/// and another vendor's (R9). `accept-encoding` goes too: a compressed stream could not be read (S9).
fn headers(from: &HeaderMap, target: &Target, dialect: Dialect) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(from.len() + 4);
    let mut names_hops = false;
    for (name, value) in from {
        if passes(name, target, dialect) {
            headers.append(name.clone(), value.clone());
        } else {
            names_hops |= name == header::CONNECTION;
        }
    }
    if names_hops {
        // Seldom anything but `keep-alive`.
        let hops = Hops::of(from);
        from.keys().filter(|name| hops.name(name)).for_each(|name| drop(headers.remove(name)));
    }
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if dialect == Dialect::Messages {
        headers.entry(VERSION).or_insert(HeaderValue::from_static("2023-06-01"));
        // OpenRouter's way for chat callers to ask for Anthropic's betas.
        if let Some(beta) = headers.remove(THEIR_BETA) {
            headers.entry(BETA).or_insert(beta);
        }
    }
    headers
}

const VERSION: HeaderName = HeaderName::from_static("anthropic-version");
const BETA: HeaderName = HeaderName::from_static("anthropic-beta");
const THEIR_BETA: HeaderName = HeaderName::from_static("x-anthropic-beta");

/// Whether a caller's header is `target`'s business.
fn passes(name: &HeaderName, target: &Target, dialect: Dialect) -> bool {
    let name = name.as_str();
    if is_credential(name) {
        return false;
    }
    // Nearly everything that is dropped or looked at begins with one of a few letters.
    match name.as_bytes().first() {
        Some(b'x') => passes_extension(name, target, dialect),
        Some(b'a') if name.starts_with("anthropic-") => is_anthropics(name, target, dialect),
        // By this and by `x-title` OpenRouter knows which application asks. It is the caller's word, and no browser's.
        Some(b'h') if name == "http-referer" => is_openrouter(target),
        Some(b'o') if name.starts_with("openai-") => {
            !matches!(name, "openai-organization" | "openai-project")
                && matches!(&*target.provider.slug, "openai" | "azure")
        }
        _ => !matches!(
            name,
            "host"
                | "connection"
                | "keep-alive"
                | "proxy-connection"
                | "transfer-encoding"
                | "te"
                | "trailer"
                | "upgrade"
                | "proxy-authorization"
                | "proxy-authenticate"
                | "content-length"
                | "accept-encoding"
                | "expect"
                | "cookie"
                | "forwarded"
                | "origin"
                | "referer"
        ),
    }
}

/// Whether a header is a credential, of whatever vendor or gateway: a caller's own reach nobody (H19).
fn is_credential(name: &str) -> bool {
    // Few names end so, and each header is looked at.
    match name.as_bytes().last() {
        Some(b'y') => {
            ["api-key", "access-key", "subscription-key", "virtual-key"].iter().any(|end| name.ends_with(end))
        }
        Some(b'n') => name.ends_with("-token") || name.ends_with("authorization"),
        Some(b't') => name.ends_with("-secret") || name.ends_with("-jwt"),
        Some(b'h') => name.ends_with("-auth"),
        Some(b's') => name.ends_with("-credentials"),
        _ => false,
    }
}

/// The same for `x-...`.
fn passes_extension(name: &str, target: &Target, dialect: Dialect) -> bool {
    if matches!(name, "x-real-ip" | "x-session-id") {
        return false;
    }
    if name.starts_with("x-anthropic-") || name.starts_with("x-claude-") {
        return is_anthropics(name, target, dialect);
    }
    if name.starts_with("x-openrouter-") || name == "x-title" {
        return is_openrouter(target);
    }
    !name.starts_with("x-forwarded-") && !name.starts_with("x-outrigger-")
}

fn is_openrouter(target: &Target) -> bool {
    &*target.provider.slug == "openrouter"
}

/// Whether `target` may have one of Anthropic's headers: others who speak the dialect have the version from it, and
/// nothing else.
fn is_anthropics(name: &str, target: &Target, dialect: Dialect) -> bool {
    dialect == Dialect::Messages
        && (name == "anthropic-version" || !matches!(&*target.provider.slug, "minimax" | "minimax-cn"))
}

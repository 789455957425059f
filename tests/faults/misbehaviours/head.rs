//! Heads that are wrong, or say what is not so.

use std::time::Duration;

use super::row::plays;
use crate::{
    peer::{Act, KEY, head, sized},
    surfaces::Surface,
    verdict::Class::{Absent, Answered, Breaks, MovesOn},
    words::Words,
};

const RESET: &str = "connection_reset";
const MALFORMED: &str = "malformed_answer";
const TRUNCATED: &str = "truncated";

/// Nobody knows what its answers are but who asked.
fn is_unnamed(surface: &Surface) -> bool {
    matches!(surface.spoken, Words::Speech | Words::Transcription)
}

fn is_chat(surface: &Surface) -> bool {
    surface.spoken == Words::Chat
}

/// There is a hub in which what comes the other way is made what was asked for.
fn is_turned(surface: &Surface) -> bool {
    matches!(surface.spoken, Words::Chat | Words::Messages)
}

fn is_turned_stream(surface: &Surface) -> bool {
    is_turned(surface) && surface.is_streamed()
}

/// What a model says, whole.
fn is_generated(surface: &Surface) -> bool {
    surface.is_whole() && !surface.is_data()
}

misbehaviours! {
    head_without_end = plays(|_| {
        vec![Act::Send("HTTP/1.1 200 OK\r\n".into()), Act::Flood(format!("x-more: {}\r\n", "x".repeat(1_000)).into())]
    }).moves_on(502, RESET);
    header_of_a_megabyte = plays(|_| {
        vec![Act::Send(head(200, "application/json", &[("x-long", &"x".repeat(1 << 20))])), Act::Stall]
    }).moves_on(502, RESET);
    a_thousand_headers = plays(|asked| {
        let names: Vec<_> = (0..1_000).map(|at| format!("x-{at}")).collect();
        let headers: Vec<_> = names.iter().map(|name| (name.as_str(), "x")).collect();
        asked.answered(200, &headers)
    }).moves_on(502, RESET);
    /// Informational answers before the one that counts.
    early_hints = plays(|asked| {
        let hint = Act::Send("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".into());
        [vec![hint; 3], asked.answer()].concat()
    }).answered();
    /// Nothing else, for ever.
    early_hints_without_end = plays(|_| {
        let hint = [Act::Pause(Duration::from_millis(10)), Act::Send("HTTP/1.1 103 Early Hints
link: </x>

".into())];
        vec![hint; 1_000].concat()
    }).moves_on(504, "first_token_timeout");
    status_of_words = plays(|_| vec![Act::Send("HTTP/1.1 OK\r\n\r\n".into()), Act::Stall]).moves_on(502, RESET);
    status_999 = plays(|asked| asked.error(999, &[])).moves_on(999, "server_error");
    http_of_another_time = plays(|_| vec![Act::Send("HTTP/3.0 200 OK\r\n\r\n".into()), Act::Stall]).moves_on(502, RESET);
    header_with_a_nul = plays(|_| {
        vec![Act::Send("HTTP/1.1 200 OK\r\nx-a: \0\r\ncontent-length: 0\r\n\r\n".into()), Act::Stall]
    }).moves_on(502, RESET);
    /// Longer than what comes.
    length_too_long = plays(|asked| {
        let (kind, _) = asked.parts();
        let length = (asked.body().len() + 100).to_string();
        vec![Act::Send(head(200, kind, &[("content-length", &length)])), Act::Send(asked.body()), Act::Close]
    }).moves_on(502, RESET).streamed(Answered(200)).sound(Breaks(RESET));
    /// Shorter than what comes: what is cut off is lost.
    length_too_short = plays(|asked| {
        let (kind, _) = asked.parts();
        let length = (asked.body().len() / 2).to_string();
        vec![Act::Send(head(200, kind, &[("content-length", &length)])), Act::Send(asked.body()), Act::Close]
    }).moves_on(502, MALFORMED).streamed(Breaks("truncated")).sound(Absent);
    /// A body that is announced and does not come, as to a HEAD.
    length_without_a_body = plays(|asked| {
        let (kind, _) = asked.parts();
        vec![Act::Send(head(200, kind, &[("content-length", "1000")]))]
    }).moves_on(504, "first_token_timeout");
    two_lengths = plays(|asked| {
        let length = asked.body().len().to_string();
        let (kind, _) = asked.parts();
        let headers = [("content-length", &*length), ("content-length", "7")];
        vec![Act::Send(head(200, kind, &headers)), Act::Send(asked.body()), Act::Close]
    }).moves_on(502, RESET);
    length_of_words = plays(|asked| {
        let (kind, _) = asked.parts();
        vec![Act::Send(head(200, kind, &[("content-length", "many")])), Act::Send(asked.body()), Act::Close]
    }).moves_on(502, RESET);
    length_below_zero = plays(|asked| {
        let (kind, _) = asked.parts();
        vec![Act::Send(head(200, kind, &[("content-length", "-1")])), Act::Send(asked.body()), Act::Close]
    }).moves_on(502, RESET);
    /// Until the connection ends: nobody can tell a cut from an end, but for what the answer says itself.
    neither_length_nor_chunks = plays(|asked| {
        let (kind, _) = asked.parts();
        vec![Act::Send(head(200, kind, &[])), Act::Send(asked.body()), Act::Close]
    }).answered();
    cut_where_there_is_no_length = plays(|asked| {
        let (kind, _) = asked.parts();
        let body = asked.body();
        vec![Act::Send(head(200, kind, &[])), Act::Send(body.slice(..body.len() / 2)), Act::Close]
    }).moves_on(502, MALFORMED).streamed(Breaks("truncated")).sound(Absent);
    compressed_though_nobody_asked = plays(|asked| asked.answered(200, &[("content-encoding", "gzip")]))
        .moves_on(502, MALFORMED);
    /// A login page, or a proxy's.
    html = plays(|_| {
        let page = format!("<!doctype html><title>Sign in</title><p>{KEY}");
        vec![Act::Send(sized(200, "text/html; charset=utf-8", &[], page.as_bytes()))]
    }).moves_on(502, MALFORMED);
    /// The same under the name of JSON.
    html_called_json = plays(|_| {
        vec![Act::Send(sized(200, "application/json", &[], b"<!doctype html><title>Sign in</title>"))]
    }).moves_on(502, MALFORMED);
    /// The same under no name.
    html_called_nothing = plays(|_| vec![Act::Send(sized(200, "", &[], b"<!doctype html><title>Sign in</title>"))])
        .moves_on(502, MALFORMED).on(Surface::is_streamed, MovesOn(502, "truncated")).on(is_unnamed, Absent);
    /// It forgets to say what it answers with.
    no_content_type = plays(|asked| vec![Act::Send(sized(200, "", &[], &asked.body()))]).answered();
    events_to_a_whole_request = plays(|_| {
        let event = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\ndata: [DONE]\n\n";
        vec![Act::Send(sized(200, "text/event-stream", &[], event))]
    }).moves_on(502, MALFORMED).on(is_chat, MovesOn(502, TRUNCATED)).streamed(Absent).on(is_unnamed, Absent);
    good_events_to_a_whole_request = plays(|asked| {
        let events = asked.spoken().events(&asked.texts());
        let bytes = events.iter().map(|(_, bytes)| &bytes[..]).collect::<Vec<_>>().concat();
        vec![Act::Send(sized(200, "text/event-stream", &[], &bytes))]
    }).on(is_generated, MovesOn(502, MALFORMED)).on(is_turned, Answered(200)).streamed(Absent);
    a_whole_answer_to_a_stream = plays(|asked| {
        let (kind, body) = asked.spoken().whole(&asked.text());
        vec![Act::Send(sized(200, kind, &[], body.as_bytes()))]
    }).streamed(MovesOn(502, MALFORMED)).on(is_turned_stream, Answered(200));
    /// It takes its time, and comes before the limit.
    slow_but_in_time = plays(|asked| [vec![Act::Pause(Duration::from_millis(300))], asked.answer()].concat()).answered();
}

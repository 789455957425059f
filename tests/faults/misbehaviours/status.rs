//! Statuses other than 200.

use super::row::plays;
use crate::{
    peer::{Act, KEY, When, sized},
    surfaces::Surface,
    verdict::Class::{Answered, MovesOn},
    words::Words,
};

/// More than is sent in one piece, in bytes.
const LARGE: usize = 128 << 10;

/// Whose vendor words its error in a stream so.
fn says_overloaded(surface: &Surface) -> bool {
    surface.spoken == Words::Messages
}

misbehaviours! {
    status_400 = plays(|asked| asked.error(400, &[])).told(400, "invalid_request");
    status_401 = plays(|asked| asked.error(401, &[])).moves_on(401, "unauthorized");
    status_402 = plays(|asked| asked.error(402, &[])).moves_on(402, "quota_exhausted");
    status_403 = plays(|asked| asked.error(403, &[])).moves_on(403, "forbidden");
    status_404 = plays(|asked| asked.error(404, &[])).told(404, "not_found");
    status_408 = plays(|asked| asked.error(408, &[])).moves_on(408, "try_again");
    status_409 = plays(|asked| asked.error(409, &[])).moves_on(409, "try_again");
    status_413 = plays(|asked| asked.error(413, &[])).told(413, "payload_too_large");
    status_418 = plays(|asked| asked.error(418, &[])).told(418, "invalid_request");
    status_422 = plays(|asked| asked.error(422, &[])).told(422, "invalid_request");
    status_429 = plays(|asked| asked.error(429, &[])).moves_on(429, "rate_limited");
    status_429_for_a_second = plays(|asked| asked.error(429, &[("retry-after", "1")])).moves_on(429, "rate_limited");
    status_429_until_a_date = plays(|asked| asked.error(429, &[("retry-after", "Thu, 31 Dec 2099 23:59:59 GMT")]))
        .moves_on(429, "rate_limited");
    status_429_for_ever = plays(|asked| asked.error(429, &[("retry-after", "99999999999999999999")]))
        .moves_on(429, "rate_limited");
    status_429_for_less_than_nothing = plays(|asked| asked.error(429, &[("retry-after", "-5")]))
        .moves_on(429, "rate_limited");
    status_429_for_nonsense = plays(|asked| asked.error(429, &[("retry-after", "soon"), ("retry-after-ms", "NaN")]))
        .moves_on(429, "rate_limited");
    status_500 = plays(|asked| asked.error(500, &[])).moves_on(500, "server_error");
    status_500_of_html = plays(|_| {
        let page = format!("<html><h1>500</h1>{KEY}</html>");
        vec![Act::Send(sized(500, "text/html", &[], page.as_bytes()))]
    }).moves_on(500, "server_error");
    status_500_of_nothing = plays(|_| vec![Act::Send(sized(500, "", &[], b""))]).moves_on(500, "server_error");
    status_500_of_events = plays(|asked| {
        let event = asked.spoken().error_event(&format!("scripted for {KEY}"));
        vec![Act::Send(sized(500, "text/event-stream", &[], &event))]
    }).moves_on(500, "server_error").on(says_overloaded, MovesOn(500, "overloaded"));
    /// A body that never ends; the status is known all the same.
    status_500_of_a_flood = plays(|_| {
        vec![Act::Send(sized(500, "text/plain", &[("connection", "close")], &[b'x'; 2 << 20]))]
    }).moves_on(500, "server_error");
    status_502 = plays(|asked| asked.error(502, &[])).moves_on(502, "server_error");
    status_503 = plays(|asked| asked.error(503, &[])).moves_on(503, "overloaded");
    status_503_for_a_second = plays(|asked| asked.error(503, &[("retry-after", "1")])).moves_on(503, "overloaded");
    status_504 = plays(|asked| asked.error(504, &[])).moves_on(504, "server_error");
    status_529 = plays(|asked| asked.error(529, &[])).moves_on(529, "overloaded");
    /// To elsewhere, where nobody goes.
    redirects_with_307 = plays(|_| {
        vec![Act::Send(sized(307, "text/plain", &[("location", "http://127.0.0.1:1/elsewhere")], b""))]
    }).moves_on(502, "malformed_answer");
    redirects_with_301 = plays(|_| {
        vec![Act::Send(sized(301, "text/html", &[("location", "https://elsewhere.test/")], b"<a>moved</a>"))]
    }).moves_on(502, "malformed_answer");
    not_modified = plays(|_| vec![Act::Send("HTTP/1.1 304 Not Modified\r\n\r\n".into())])
        .moves_on(502, "malformed_answer");
    no_content = plays(|_| vec![Act::Send("HTTP/1.1 204 No Content\r\n\r\n".into())])
        .moves_on(502, "malformed_answer").streamed(MovesOn(502, "truncated"));
    /// Nobody asked for a part, and it is whole.
    partial_content = plays(|asked| asked.answered(206, &[("content-range", "bytes 0-9/10")])).is(Answered(206));
    created = plays(|asked| asked.answered(201, &[])).is(Answered(201));
    switches_protocols = plays(|_| {
        vec![Act::Send("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n".into())]
    }).moves_on(502, "malformed_answer");
    /// Before the request has been read, of which it takes the rest all the same.
    status_400_before_the_request_was_read = plays(|asked| asked.error(400, &[]))
        .when(When::Head).upload(LARGE).told(400, "invalid_request");
    /// Before the request has been read, and then it is gone: its reset may overtake its answer.
    status_400_and_gone_before_the_request_was_read = plays(|asked| [asked.error(400, &[]), vec![Act::Close]].concat())
        .when(When::Head).upload(LARGE).told(400, "invalid_request").or(MovesOn(502, "connection_reset"));
    status_503_and_gone_before_the_request_was_read = plays(|asked| [asked.error(503, &[]), vec![Act::Close]].concat())
        .when(When::Head).upload(LARGE).moves_on(503, "overloaded").or(MovesOn(502, "connection_reset"));
    /// It answers well without having read what it answers.
    answers_before_the_request_was_read = plays(|asked| asked.answer())
        .when(When::Head).upload(LARGE).answered();
}

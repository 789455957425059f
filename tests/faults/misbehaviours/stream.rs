//! Streams of events that go wrong: before the first content, in the middle, at their end.

use std::time::Duration;

use bytes::Bytes;

use super::row::{Row, plays};
use crate::{
    peer::{Act, Asked, KEY, Play, chunk, last_chunk},
    surfaces::Surface,
    verdict::Class::{self, Absent, Answered, Breaks, MovesOn},
    words::{Part, Words},
};

const RESET: &str = "connection_reset";
const MALFORMED: &str = "malformed_answer";
const TRUNCATED: &str = "truncated";

/// Only where text is streamed.
fn streams(play: Play, class: Class) -> Row {
    plays(play).streamed(class)
}

fn end() -> Vec<Act> {
    vec![Act::Send(last_chunk())]
}

/// The parts before `part`, and an end.
fn before(asked: &Asked, part: Part) -> Vec<Act> {
    let acts = asked.events(|parts| {
        // Some have no finish but their last word.
        let at = parts.iter().position(|(other, _)| *other >= part).unwrap_or(parts.len());
        parts.truncate(at);
    });
    [acts, end()].concat()
}

/// A good answer with `event` before the first content, or behind it.
fn with(asked: &Asked, behind: bool, event: impl Into<Bytes>) -> Vec<Act> {
    let acts = asked.events(|parts| {
        let first = parts.iter().position(|(part, _)| *part == Part::Content).unwrap_or(0);
        parts.insert(first + usize::from(behind), (Part::Content, event.into()));
    });
    [acts, end()].concat()
}

/// The whole body with other bytes in it.
fn rewritten(asked: &Asked, change: impl FnOnce(String) -> Vec<u8>) -> Vec<Act> {
    let body = change(String::from_utf8_lossy(&asked.body()).into_owned());
    [asked.opened(200, &[]), vec![Act::Send(chunk(&body))], end()].concat()
}

/// 20 MiB of one event.
fn vast() -> Vec<Act> {
    let begin = Act::Send(chunk(b"data: {\"x\": \""));
    [begin].into_iter().chain((0..80).map(|_| Act::Send(chunk(&[b'x'; 1 << 18])))).collect()
}

fn takes_its_time(surface: &Surface) -> bool {
    surface.is_streamed() && surface.caller == Words::Chat
}

fn is_messages(surface: &Surface) -> bool {
    surface.is_streamed() && surface.spoken == Words::Messages
}

fn is_responses(surface: &Surface) -> bool {
    surface.is_streamed() && surface.spoken == Words::Responses
}

misbehaviours! {
    ends_before_its_first_content = streams(|asked| before(asked, Part::Content), MovesOn(502, TRUNCATED));
    ends_within_its_first_content = streams(|asked| {
        let acts = asked.events(|parts| {
            let first = parts.iter().position(|(part, _)| *part == Part::Content).unwrap_or(0);
            parts[first].1.truncate(20);
            parts.truncate(first + 1);
        });
        [acts, end()].concat()
    }, MovesOn(502, TRUNCATED)).or(MovesOn(502, MALFORMED));
    ends_within_a_later_event = streams(|asked| {
        let acts = asked.events(|parts| {
            let first = parts.iter().position(|(part, _)| *part == Part::Content).unwrap_or(0);
            parts[first + 1].1.truncate(20);
            parts.truncate(first + 2);
        });
        [acts, end()].concat()
    }, Breaks(TRUNCATED));
    /// Text and no reason why it ended.
    ends_before_its_finish = streams(|asked| before(asked, Part::Finish), Breaks(TRUNCATED));
    /// The reason is there and the last word is not.
    ends_without_its_last_word = streams(|asked| before(asked, Part::End), Answered(200))
        .on(is_responses, Breaks(TRUNCATED));
    breaks_before_its_last_word = streams(|asked| {
        let mut acts = before(asked, Part::End);
        acts.pop();
        acts.push(Act::Reset);
        acts
    }, Breaks(RESET));
    breaks_behind_its_last_word = streams(|asked| [asked.events(|_| {}), vec![Act::Reset]].concat(), Answered(200));
    stalls_behind_its_last_word = streams(|asked| [asked.events(|_| {}), vec![Act::Stall]].concat(), Answered(200));
    says_more_behind_its_last_word = streams(|asked| {
        let acts = asked.events(|parts| parts.extend(parts.clone()));
        [acts, end()].concat()
    }, Answered(200));
    finishes_twice = streams(|asked| {
        let acts = asked.events(|parts| {
            let finish: Vec<_> = parts.iter().filter(|(part, _)| *part == Part::Finish).cloned().collect();
            let end = parts.pop();
            parts.extend(finish);
            parts.extend(end);
        });
        [acts, end()].concat()
    }, Answered(200));
    error_as_its_first_event = streams(|asked| {
        let error = asked.spoken().error_event(&format!("scripted for {KEY}"));
        [asked.opened(200, &[]), vec![Act::Send(chunk(&error))], end()].concat()
    }, MovesOn(502, "server_error")).on(is_messages, MovesOn(502, "overloaded"));
    error_before_its_first_content = streams(|asked| {
        with(asked, false, asked.spoken().error_event(&format!("scripted for {KEY}")))
    }, MovesOn(502, "server_error")).on(is_messages, MovesOn(502, "overloaded"));
    error_in_the_middle = streams(|asked| {
        with(asked, true, asked.spoken().error_event(&format!("scripted for {KEY}")))
    }, Breaks("server_error")).on(is_messages, Breaks("overloaded"));
    /// As some vendors do whatever their dialect.
    error_by_name_in_the_middle = streams(|asked| {
        with(asked, true, "event: error\ndata: {\"message\": \"scripted\", \"code\": 500}\n\n")
    }, Breaks("server_error"));
    error_behind_its_finish = streams(|asked| {
        let acts = asked.events(|parts| {
            let end = parts.len() - 1;
            parts.insert(end, (Part::Finish, asked.spoken().error_event("scripted")));
        });
        [acts, end()].concat()
    }, Breaks("server_error")).on(is_messages, Breaks("overloaded"));
    garbage_as_its_first_event = streams(|asked| {
        let acts = asked.events(|parts| parts.insert(0, (Part::Prelude, "data: {nonsense\n\n".into())));
        [acts, end()].concat()
    }, MovesOn(502, MALFORMED));
    /// One event that cannot be read, in an answer that can.
    garbage_in_the_middle = streams(|asked| with(asked, true, "data: {nonsense\n\n"), Answered(200));
    html_in_the_middle = streams(|asked| with(asked, true, "<html>502 Bad Gateway</html>\n\n"), Answered(200));
    comments_without_end = streams(|asked| {
        [asked.opened(200, &[]), vec![Act::Flood(chunk(&b": ping\n\n".repeat(500)))]].concat()
    }, MovesOn(504, "first_token_timeout"));
    /// Sometimes and for ever: no content, and no silence either.
    pings_without_end = streams(|asked| {
        let ping = [Act::Pause(Duration::from_millis(100)), Act::Send(chunk(b": ping\n\n"))];
        [asked.opened(200, &[]), vec![ping; 100].concat()].concat()
    }, MovesOn(504, "first_token_timeout"));
    preludes_without_end = streams(|asked| {
        let (_, parts) = asked.parts();
        let prelude = parts.iter().find(|(part, _)| *part == Part::Prelude).map(|(_, bytes)| bytes.clone());
        let prelude = prelude.unwrap_or_else(|| "data: {\"choices\":[{\"index\":0,\"text\":\"\"}]}\n\n".into());
        [asked.opened(200, &[]), vec![Act::Flood(chunk(&prelude.repeat(100)))]].concat()
    }, MovesOn(502, MALFORMED));
    pings_within_its_answer = streams(|asked| with(asked, true, ": ping\n\n: ping\n\n"), Answered(200));
    stalls_before_its_first_content = streams(|asked| {
        let mut acts = before(asked, Part::Content);
        acts.pop();
        [acts, vec![Act::Stall]].concat()
    }, MovesOn(504, "first_token_timeout"));
    stalls_before_its_finish = streams(|asked| {
        let mut acts = before(asked, Part::Finish);
        acts.pop();
        [acts, vec![Act::Stall]].concat()
    }, Breaks("idle_timeout"));
    stalls_within_an_event = streams(|asked| {
        let mut acts = before(asked, Part::Finish);
        acts.pop();
        [acts, vec![Act::Send(chunk(b"data: {\"cho")), Act::Stall]].concat()
    }, Breaks("idle_timeout"));
    /// An event longer than any is read: before the first content, and behind it. On two surfaces, since it takes its time.
    endless_event_first = plays(|asked| [asked.opened(200, &[]), vast(), vec![Act::Stall]].concat())
        .on(takes_its_time, MovesOn(502, MALFORMED)).or(MovesOn(504, "first_token_timeout"));
    endless_event_in_the_middle = plays(|asked| {
        let mut acts = before(asked, Part::Finish);
        acts.pop();
        [acts, vast(), vec![Act::Stall]].concat()
    }).on(takes_its_time, Breaks(MALFORMED)).or(Breaks("idle_timeout"));
    crlf_line_ends = streams(|asked| rewritten(asked, |body| body.replace('\n', "\r\n").into()), Answered(200));
    cr_line_ends = streams(|asked| rewritten(asked, |body| body.replace('\n', "\r").into()), Answered(200));
    mark_before_its_first_event = streams(|asked| rewritten(asked, |body| format!("\u{feff}{body}").into()), Answered(200));
    no_space_behind_the_colon = streams(|asked| rewritten(asked, |body| body.replace("data: ", "data:").into()), Answered(200));
    no_blank_line_at_its_end = streams(|asked| rewritten(asked, |body| body.trim_end().into()), Answered(200));
    events_cut_anywhere = streams(|asked| {
        let chunks = asked.body().chunks(7).map(|piece| Act::Send(chunk(piece))).collect::<Vec<_>>();
        [asked.opened(200, &[]), chunks, end()].concat()
    }, Answered(200));
    /// Text that is no UTF-8, in an event of its own.
    other_bytes_in_the_middle = streams(|asked| with(asked, true, &b"data: {\"x\": \"\xff\xfe\"}\n\n"[..]), Answered(200));
    nul_in_the_middle = streams(|asked| with(asked, true, &b"data: {\"x\": \"\0\"}\n\n"[..]), Answered(200));
    other_bytes_as_its_first_event = streams(|asked| with(asked, false, &b"data: {\"x\": \"\xff\xfe\"}\n\n"[..]),
        MovesOn(502, MALFORMED));
    /// Nothing but its last word.
    last_word_alone = streams(|asked| {
        let acts = asked.events(|parts| parts.retain(|(part, _)| *part == Part::End));
        [acts, end()].concat()
    }, MovesOn(502, MALFORMED)).on(is_responses, Absent);
    called_plain_text = streams(|asked| {
        let (_, parts) = asked.parts();
        let head = crate::peer::head(200, "text/plain", &[("transfer-encoding", "chunked")]);
        let events = parts.into_iter().map(|(_, bytes)| Act::Send(chunk(&bytes)));
        [Act::Send(head)].into_iter().chain(events).chain(end()).collect()
    }, Answered(200)).on(|_| false, Absent);
}

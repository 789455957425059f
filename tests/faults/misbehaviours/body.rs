//! Bodies that break off, or are not what they should be.

use std::time::Duration;

use bytes::Bytes;

use super::row::plays;
use crate::{
    peer::{Act, Asked, chunk, last_chunk, sized},
    verdict::Class::{Absent, Breaks, MovesOn},
};

const RESET: &str = "connection_reset";
const MALFORMED: &str = "malformed_answer";

/// The first half of the body in one chunk.
fn half(asked: &Asked) -> Vec<Act> {
    let body = asked.body();
    [asked.opened(200, &[]), vec![Act::Send(chunk(&body[..body.len() / 2]))]].concat()
}

/// JSON as it is, as a whole answer with its length.
fn json(asked: &Asked, body: impl Into<Bytes>) -> Vec<Act> {
    let kind = if asked.surface.streamed { "text/event-stream" } else { "application/json" };
    vec![Act::Send(sized(200, kind, &[], &body.into()))]
}

misbehaviours! {
    closes_in_its_body = plays(|asked| [half(asked), vec![Act::Close]].concat())
        .moves_on(502, RESET).streamed(Breaks(RESET)).sound(Breaks(RESET));
    resets_in_its_body = plays(|asked| [half(asked), vec![Act::Reset]].concat())
        .moves_on(502, RESET).streamed(Breaks(RESET)).sound(Breaks(RESET));
    half_closes_in_its_body = plays(|asked| [half(asked), vec![Act::HalfClose]].concat())
        .moves_on(502, RESET).streamed(Breaks(RESET)).sound(Breaks(RESET));
    stalls_in_its_body = plays(|asked| [half(asked), vec![Act::Stall]].concat())
        .moves_on(504, "first_token_timeout").streamed(Breaks("idle_timeout")).sound(Breaks("idle_timeout"));
    chunk_size_of_words = plays(|asked| [half(asked), vec![Act::Send("many\r\n".into()), Act::Stall]].concat())
        .moves_on(502, RESET).streamed(Breaks(RESET)).sound(Breaks(RESET));
    chunk_size_without_bound = plays(|asked| {
        [half(asked), vec![Act::Send("fffffffffffffffff\r\nx".into()), Act::Stall]].concat()
    }).moves_on(502, RESET).streamed(Breaks(RESET)).sound(Breaks(RESET));
    chunk_without_its_end = plays(|asked| [half(asked), vec![Act::Send("1\r\nxyz".into()), Act::Stall]].concat())
        .moves_on(502, RESET).streamed(Breaks(RESET)).sound(Breaks(RESET));
    /// Everything but the last chunk.
    no_last_chunk = plays(|asked| {
        [asked.opened(200, &[]), vec![Act::Send(chunk(&asked.body())), Act::Close]].concat()
    }).moves_on(502, RESET).streamed(crate::verdict::Class::Answered(200)).sound(Breaks(RESET));
    trailers = plays(|asked| {
        let end = Bytes::from_static(b"0\r\nx-checksum: 7\r\n\r\n");
        [asked.opened(200, &[("trailer", "x-checksum")]), vec![Act::Send(chunk(&asked.body())), Act::Send(end)]].concat()
    }).answered();
    chunk_extensions = plays(|asked| {
        let body = asked.body();
        let bytes = [format!("{:x};a=b\r\n", body.len()).as_bytes(), &body, b"\r\n"].concat();
        [asked.opened(200, &[]), vec![Act::Send(bytes.into()), Act::Send(last_chunk())]].concat()
    }).answered();
    /// A chunk for each byte.
    chunks_of_a_byte = plays(|asked| {
        let bytes: Vec<u8> = asked.body().chunks(1).flat_map(|byte| chunk(byte).to_vec()).collect();
        [asked.opened(200, &[]), vec![Act::Send(bytes.into()), Act::Send(last_chunk())]].concat()
    }).answered();
    empty = plays(|asked| json(asked, "")).moves_on(502, MALFORMED).streamed(MovesOn(502, "truncated"));
    empty_in_chunks = plays(|asked| [asked.opened(200, &[]), vec![Act::Send(last_chunk())]].concat())
        .moves_on(502, MALFORMED).streamed(MovesOn(502, "truncated"));
    json_that_is_none = plays(|asked| json(asked, "{\"choices\": [}")).moves_on(502, MALFORMED)
        .streamed(MovesOn(502, "truncated"));
    json_cut_in_the_middle = plays(|asked| {
        let body = asked.body();
        json(asked, body.slice(..body.len() / 2))
    }).moves_on(502, MALFORMED).streamed(Breaks("truncated"));
    /// The end is missing and everything else is there.
    json_without_its_last_brace = plays(|asked| {
        let body = asked.body();
        json(asked, body.slice(..body.len() - 1))
    }).moves_on(502, MALFORMED).streamed(Absent);
    json_of_another_kind = plays(|asked| json(asked, "[1, 2]")).moves_on(502, MALFORMED).streamed(Absent);
    /// An object that holds nothing.
    json_that_says_nothing = plays(|asked| json(asked, "{}")).moves_on(502, MALFORMED).streamed(Absent)
        .on(|surface| surface.is_data() || surface.is_sound(), Absent);
    json_with_more_behind_it = plays(|asked| json(asked, [&asked.body()[..], b" {\"more\": 1}"].concat()))
        .moves_on(502, MALFORMED).streamed(Absent);
    json_after_a_mark = plays(|asked| json(asked, [b"\xef\xbb\xbf", &asked.body()[..]].concat()))
        .moves_on(502, MALFORMED).streamed(Absent);
    /// Text that is no UTF-8, within a value.
    json_of_other_bytes = plays(|asked| {
        let body = String::from_utf8_lossy(&asked.body()).into_owned();
        let body: Vec<_> = body.replacen("answer", "\u{1}", 1).bytes().map(|byte| if byte == 1 { 0xff } else { byte }).collect();
        json(asked, body)
    }).moves_on(502, MALFORMED).streamed(Absent);
    json_with_a_nul = plays(|asked| {
        json(asked, String::from_utf8_lossy(&asked.body()).replacen("answer", "\0", 1).into_bytes())
    }).moves_on(502, MALFORMED).streamed(Absent);
    /// A hundred thousand lists, one in the other.
    json_without_bottom = plays(|asked| {
        json(asked, format!("{{\"choices\": {}", "[".repeat(100_000)))
    }).moves_on(502, MALFORMED).streamed(Absent);
    /// An error though the status says that all is well.
    error_under_200 = plays(|asked| {
        let body = asked.spoken().error_body("overloaded_error", "scripted");
        json(asked, body)
    }).moves_on(502, "overloaded").streamed(Absent);
    /// Each piece comes before the limit of silence, and all of it after the limit of an answer.
    drips_its_body = plays(|asked| {
        let body = [&b" "[..]].concat().repeat(40);
        let drops = body.chunks(1).flat_map(|drop| [Act::Pause(Duration::from_millis(100)), Act::Send(chunk(drop))]);
        asked.opened(200, &[]).into_iter().chain(drops).chain([Act::Stall]).collect()
    }).moves_on(504, "first_token_timeout").sound(Absent);
}

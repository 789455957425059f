//! HTTP/2 with manners of its own.

use h2::Reason;

use super::row::http2;
use crate::{
    peer::Rule,
    surfaces::Surface,
    verdict::Class::{Answered, Breaks, MovesOn},
    words::Part,
};

const RESET: &str = "connection_reset";

misbehaviours! {
    good_by_http2 = http2(Rule::Good).answered();
    good_by_http2_under_load = http2(Rule::Good).load(4).answered();
    goes_at_once = http2(Rule::GoesAtOnce).moves_on(502, RESET);
    /// In a burst on a connection that is new some are never told whether they were begun with.
    goes_under_load = http2(Rule::GoesAfter(2)).load(4).answered().or(MovesOn(502, RESET));
    refuses_streams = http2(Rule::Resets(Reason::REFUSED_STREAM)).moves_on(502, RESET);
    resets_streams = http2(Rule::Resets(Reason::INTERNAL_ERROR)).load(4).moves_on(502, RESET);
    cancels_streams = http2(Rule::Resets(Reason::CANCEL)).load(4).moves_on(502, RESET);
    wants_http_1_1 = http2(Rule::Resets(Reason::HTTP_1_1_REQUIRED)).moves_on(502, RESET);
    resets_behind_its_head = http2(Rule::ResetsBehindHead(Reason::INTERNAL_ERROR)).moves_on(502, RESET);
    cancels_in_its_answer = http2(Rule::ResetsBehind(Part::Content, Reason::CANCEL))
        .moves_on(502, RESET).streamed(Breaks(RESET)).sound(Breaks(RESET));
    /// RFC 9113, 8.1: behind a whole answer that is no error, and hyper takes it for an end wherever it stands.
    resets_with_no_error = http2(Rule::ResetsBehind(Part::Content, Reason::NO_ERROR))
        .moves_on(502, "malformed_answer").streamed(Breaks("truncated")).sound(Breaks(RESET))
        .known_on(Surface::is_sound, "hyper takes RST_STREAM with NO_ERROR for the end of a body that has no length");
    resets_behind_its_last_word = http2(Rule::ResetsBehind(Part::End, Reason::INTERNAL_ERROR)).on(Surface::is_streamed, Answered(200));
    allows_no_streams = http2(Rule::Allows(0)).moves_on(504, "first_token_timeout");
    allows_one_stream = http2(Rule::Allows(1)).load(3).answered();
    never_opens_its_window = http2(Rule::NeverOpens).upload(128 << 10).moves_on(504, "first_token_timeout");
    floods_with_pings = http2(Rule::Pings).moves_on(504, "first_token_timeout");
    head_of_64_kilobytes = http2(Rule::LongHead).moves_on(502, RESET);
    dies_in_its_answer = http2(Rule::Dies).moves_on(502, RESET).streamed(Breaks(RESET)).sound(Breaks(RESET));
    dies_behind_the_handshake = http2(Rule::DiesAtOnce).moves_on(502, RESET);
    speaks_http_1_1_all_the_same = http2(Rule::Gibberish).is(MovesOn(502, RESET));
}

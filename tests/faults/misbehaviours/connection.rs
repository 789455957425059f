//! Connections that come to nothing, or to an end.

use std::time::Duration;

use super::row::{door, plays};
use crate::{
    peer::{Act, Door, When},
    verdict::Class::MovesOn,
};

const RESET: &str = "connection_reset";
const SILENT: &str = "first_token_timeout";

misbehaviours! {
    /// Nobody listens.
    refuses = door(Door::Refused).moves_on(502, "connect_failed");
    /// It takes the request and says nothing.
    says_nothing = plays(|_| vec![Act::Stall]).moves_on(504, SILENT);
    /// It says nothing and does not read either.
    closes_when_connected = plays(|_| vec![Act::Close]).when(When::Connected).moves_on(502, RESET);
    resets_when_connected = plays(|_| vec![Act::Reset]).when(When::Connected).moves_on(502, RESET)
        .or(MovesOn(502, "connect_failed"));
    closes_before_its_head = plays(|_| vec![Act::Close]).moves_on(502, RESET);
    resets_before_its_head = plays(|_| vec![Act::Reset]).moves_on(502, RESET);
    /// It closes its sending half and goes on listening.
    half_closes_before_its_head = plays(|_| vec![Act::HalfClose]).moves_on(502, RESET);
    closes_in_its_head = plays(|_| vec![Act::Send("HTTP/1.1 200 OK\r\nconte".into()), Act::Close]).moves_on(502, RESET);
    resets_in_its_head = plays(|_| vec![Act::Send("HTTP/1.1 200 OK\r\nconte".into()), Act::Reset]).moves_on(502, RESET);
    closes_behind_its_head = plays(|asked| [asked.opened(200, &[]), vec![Act::Close]].concat())
        .moves_on(502, RESET);
    resets_behind_its_head = plays(|asked| [asked.opened(200, &[]), vec![Act::Reset]].concat())
        .moves_on(502, RESET);
    stalls_behind_its_head = plays(|asked| [asked.opened(200, &[]), vec![Act::Stall]].concat())
        .moves_on(504, SILENT);
    /// It speaks another protocol.
    speaks_ssh = plays(|_| vec![Act::Send("SSH-2.0-OpenSSH_9.9\r\n".into()), Act::Stall])
        .when(When::Connected).moves_on(502, RESET);
    /// It answers before it is asked.
    answers_before_it_is_asked = plays(|asked| {
        [asked.answer(), vec![Act::Pause(Duration::from_millis(50)), Act::Close]].concat()
    }).when(When::Connected).answered().or(MovesOn(502, RESET));
    /// It lets its answer drip so slowly that its head alone takes longer than any limit.
    lets_its_head_drip = plays(|_| {
        let head = format!("HTTP/1.1 200 OK\r\nx-slow: {}\r\n\r\n", "x".repeat(2_000));
        vec![Act::Trickle(head.into(), Duration::from_millis(10))]
    }).moves_on(504, SILENT);
    /// The answer is good, and its connection is closed without a word of that.
    closes_behind_its_answer = plays(|asked| [asked.answer(), vec![Act::Close]].concat()).answered();
    resets_behind_its_answer = plays(|asked| [asked.answer(), vec![Act::Reset]].concat()).answered();
    /// More than was asked for: another answer, to nobody.
    answers_twice = plays(|asked| [asked.answer(), asked.answer()].concat()).turns(2).answered();
    /// Nothing of it is lost though it never comes in one piece.
    answers_byte_by_byte = plays(|asked| {
        let bytes = asked.answer().into_iter().flat_map(|act| match act {
            Act::Send(bytes) => bytes.chunks(1).map(|byte| Act::Send(byte.to_vec().into())).collect(),
            other => vec![other],
        });
        bytes.collect()
    }).answered();
}

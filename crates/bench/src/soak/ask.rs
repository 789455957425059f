//! What is sent for each kind, and what has to come back.

use anyhow::{Context as _, Result};

use super::{
    draw::{Drawn, SIZES},
    kind::{KINDS, Kind},
    policy::{self, REFUSING, Way},
};
use crate::bench::{
    answers::Shape,
    contender::Contender,
    echo::fault::Fault,
    job::{Expect, Job},
    request,
};

/// Bytes of prompts by size; the largest is many reads long.
const PROMPTS: [usize; SIZES] = [700, 8 << 10, 128 << 10];
/// Bytes of whole answers by size.
const ANSWERS: [usize; SIZES] = [500, 8 << 10, 64 << 10];
/// Events of streams by size.
const EVENTS: [usize; SIZES] = [4, 16, 64];
/// Events before a stream breaks.
const BEFORE_BREAK: usize = 3;
/// The first words of every prompt, which give way to the request's number, so that each is a conversation of its own.
const FIRST_WORDS: &str = "the quick ";
/// What a model's name begins with that nobody knows; the request's number follows.
const NOBODY: &str = "nobody-";
const NUMBER: usize = FIRST_WORDS.len();

/// A request but for its number, and what is expected.
#[derive(Debug)]
pub(super) struct Ask {
    bytes: Vec<u8>,
    /// Where the number belongs.
    number_at: Option<usize>,
    pub(super) shape: Shape,
    pub(super) ending: Ending,
}

/// What has to come.
#[derive(Clone, Debug)]
pub(super) enum Ending {
    /// The whole answer.
    Answer(Expect),
    /// A stream of so many events that was begun by one target, with [`BEFORE_BREAK`] events, and continued by another;
    /// or was not begun, where the first was cooling.
    Continued { before: usize, after: usize },
    /// This status with one of these codes.
    Error(u16, &'static [&'static str]),
    /// So many events, an error event with one of these codes, an end that is none.
    Broken(usize, &'static [&'static str]),
    /// The caller leaves when so many events have come.
    Leave(usize),
}

/// Every request of a run.
#[derive(Debug)]
pub(super) struct Asks(Vec<Ask>);

impl Asks {
    pub(super) fn new(to: &Contender) -> Result<Self> {
        let mut asks = Vec::new();
        for row in KINDS {
            for shape in [Shape::Chat, Shape::Messages] {
                for size in 0..SIZES {
                    asks.push(ask(to, row.kind, shape, size).with_context(|| format!("a request of {}", row.name))?);
                }
            }
        }
        Ok(Self(asks))
    }

    pub(super) fn of(&self, drawn: Drawn) -> &Ask {
        &self.0[(drawn.kind.at() * 2 + usize::from(drawn.shape == Shape::Messages)) * SIZES + drawn.size]
    }
}

impl Ask {
    /// The bytes of request `number`, in `out`.
    pub(super) fn write(&self, number: u64, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.bytes);
        if let Some(place) = self.number_at.and_then(|at| out.get_mut(at..at + NUMBER)) {
            place.copy_from_slice(format!("{number:0NUMBER$}").as_bytes());
        }
        // The primary that refuses takes its turn by the number, too.
        if let Some(at) = memchr::memmem::find(out, REFUSING_ROUTE.as_bytes()) {
            out[at + REFUSING_ROUTE.len() - 1] = b'0' + (number % REFUSING) as u8;
        }
    }
}

/// The first of the routes whose primary refuses.
const REFUSING_ROUTE: &str = "refusing-0";

fn ask(to: &Contender, kind: Kind, shape: Shape, size: usize) -> Result<Ask> {
    let other = if shape == Shape::Chat { Shape::Messages } else { Shape::Chat };
    let whole = |model: &str| request::whole(to, shape, model, PROMPTS[size], ANSWERS[size]);
    let stream = |model: &str| request::streamed(to, shape, model, EVENTS[size], 0);
    let (safe, alone) = (policy::route(Way::Safe, shape), policy::route(Way::Alone, shape));
    let answer = |job: Job| {
        let expect = job.expect.clone();
        (job, Ending::Answer(expect))
    };
    let after = |fault: Fault, (mut job, ending): (Job, Ending)| {
        job.headers.push(fault.header());
        (job, ending)
    };
    const RESET: &[&str] = &["connection_reset"];
    let (job, ending) = match kind {
        Kind::Whole => answer(whole(safe)),
        Kind::Streamed => answer(stream(safe)),
        Kind::TranslatedWhole => answer(whole(policy::route(Way::Safe, other))),
        Kind::TranslatedStream => answer(stream(policy::route(Way::Safe, other))),
        Kind::FailsHidden if size == 0 => after(Fault::Fails, answer(whole(safe))),
        Kind::FailsHidden => after(Fault::Fails, answer(stream(safe))),
        Kind::Fails => after(Fault::Fails, (whole(alone), Ending::Error(503, &["overloaded", "server_error"]))),
        Kind::Refused => answer(if size == 0 { whole(REFUSING_ROUTE) } else { stream(REFUSING_ROUTE) }),
        Kind::ResetHidden => after(Fault::Resets(0), answer(stream(safe))),
        Kind::Reset => after(Fault::Resets(BEFORE_BREAK), (stream(alone), Ending::Broken(BEFORE_BREAK, RESET))),
        Kind::Closed => after(Fault::Closes(BEFORE_BREAK), (stream(alone), Ending::Broken(BEFORE_BREAK, RESET))),
        Kind::Truncated => {
            after(Fault::Truncates(BEFORE_BREAK), (stream(alone), Ending::Broken(BEFORE_BREAK, &["truncated"])))
        }
        Kind::HalvedHidden => after(Fault::Halves, answer(whole(safe))),
        Kind::Halved => after(Fault::Halves, (whole(alone), Ending::Error(502, RESET))),
        Kind::Hangs => after(Fault::Hangs, answer(stream(policy::route(Way::Hasty, shape)))),
        Kind::Continued => {
            let mut job = request::streamed(to, Shape::Messages, policy::route(Way::Continued, shape), EVENTS[size], 0);
            job.headers.push(Fault::Resets(BEFORE_BREAK).header());
            (job, Ending::Continued { before: BEFORE_BREAK, after: EVENTS[size] })
        }
        Kind::Stale => after(Fault::Leaves, answer(if size == 0 { whole(safe) } else { stream(safe) })),
        Kind::HtmlHidden => after(Fault::Html, answer(if size == 0 { whole(safe) } else { stream(safe) })),
        Kind::Chatters => after(Fault::Chatters(EVENTS[size]), answer(stream(safe))),
        Kind::Hints => after(Fault::Hints, answer(whole(safe))),
        Kind::LeavesStream => after(Fault::Stalls(BEFORE_BREAK), (stream(alone), Ending::Leave(BEFORE_BREAK))),
        Kind::LeavesWaiting => after(Fault::Hangs, (whole(alone), Ending::Leave(0))),
        Kind::Malformed => {
            let mut job = whole(safe);
            let half = job.warm_body.len() / 2;
            match size {
                0 => job.warm_body.truncate(half),
                1 => job.warm_body = job.warm_body.replace("\"messages\"", "messages"),
                _ => job.warm_body = job.warm_body.replacen(&format!("\"{safe}\""), "17", 1),
            }
            (job, Ending::Error(400, &["invalid_json", "invalid_request"]))
        }
        Kind::Unknown => {
            let job = whole(&format!("{NOBODY}{}", "0".repeat(NUMBER)));
            (job, Ending::Error(400, &["model_not_found"]))
        }
    };
    let bytes = job.request(&job.warm_body);
    let place = if kind == Kind::Unknown { NOBODY } else { FIRST_WORDS };
    let number_at = memchr::memmem::find(&bytes, place.as_bytes());
    let number_at = number_at.map(|at| if kind == Kind::Unknown { at + NOBODY.len() } else { at });
    let shape = if job.path.ends_with("/messages") { Shape::Messages } else { Shape::Chat };
    Ok(Ask { number_at: Some(number_at.context("no place for its number")?), bytes, shape, ending })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_is_one_but_those_that_are_to_be_none() {
        let asks = Asks::new(&Contender::direct(([127, 0, 0, 1], 1).into())).unwrap();
        assert_eq!(asks.0.len(), KINDS.len() * 2 * SIZES);
        let (mut one, mut other) = (Vec::new(), Vec::new());
        for row in KINDS {
            for (shape, size) in [(Shape::Chat, 0), (Shape::Messages, 1), (Shape::Chat, 2)] {
                let ask = asks.of(Drawn { kind: row.kind, shape, size, fresh: false });
                ask.write(41, &mut one);
                ask.write(1_000_042, &mut other);
                assert!(one.len() == other.len() && one != other, "{}", row.name);
                let at = memchr::memmem::find(&one, b"\r\n\r\n").unwrap() + 4;
                let json = serde_json::from_slice::<serde_json::Value>(&one[at..]);
                let is_one = json.is_ok_and(|json| json["model"].is_string() && json["messages"].is_array());
                assert_eq!(is_one, row.kind != Kind::Malformed, "{} {size}", row.name);
                assert!(memchr::memmem::find(&other, b"0001000042").is_some());
            }
        }
    }
}

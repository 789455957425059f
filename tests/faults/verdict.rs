//! What holds of each answer, whoever is at fault: pure.

use crate::{
    harness::{Answer, End},
    peer::KEY,
    surfaces::Surface,
};

/// What is to come of a misbehaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Nothing had come that counts: the next target is asked. Alone: an error with this status and this code.
    MovesOn(u16, &'static str),
    /// The caller is told at once, whoever else could be asked.
    Told(u16, &'static str),
    /// The answer had begun: it ends with an error event of this code, and is cut.
    Breaks(&'static str),
    /// The answer is good all the same, and has this status.
    Answered(u16),
    /// The surface has no such thing.
    Absent,
}

/// What the caller saw.
#[derive(Clone, Debug)]
pub struct Saw {
    /// In a few words.
    pub words: String,
    /// As the answer says.
    pub attempts: u32,
    /// What is wrong with it.
    pub faults: Vec<String>,
}

/// Judges one answer; `second`: another target stood ready.
pub fn judge(class: Class, surface: &Surface, second: bool, answer: &Answer) -> Saw {
    let attempts = answer.header("x-outrigger-attempts").and_then(|value| value.parse().ok()).unwrap_or(0);
    let mut faults = Vec::new();
    if format!("{:?}{}", answer.headers, answer.text()).contains(KEY) {
        faults.push("the key is in the answer".to_owned());
    }
    let due = if second && matches!(class, Class::MovesOn(..)) { 2 } else { 1 };
    if attempts != due {
        faults.push(format!("{attempts} attempts instead of {due}"));
    }
    faults.extend(match class {
        Class::MovesOn(..) if second => whole(surface, answer, "good", 200),
        Class::Answered(status) => whole(surface, answer, "bad", status),
        Class::MovesOn(status, code) | Class::Told(status, code) => told(surface, answer, status, code),
        Class::Breaks(code) => broken(surface, answer, code),
        Class::Absent => None,
    });
    Saw { words: words(surface, answer), attempts, faults }
}

/// What keeps it from being the whole answer of `who`.
fn whole(surface: &Surface, answer: &Answer, who: &str, status: u16) -> Option<String> {
    let read = match surface.streamed {
        true => Some(surface.caller.read_events(&answer.body)),
        false => surface.caller.read_whole(&answer.body),
    };
    let Some(read) = read else { return Some("it is no answer of this dialect".to_owned()) };
    let seen = (answer.status, answer.end, read.text.as_str(), read.ends, read.errors.len());
    let due = (status, End::Clean, &*format!("{who} answer whole"), 1, 0);
    (seen != due).then(|| format!("{seen:?} instead of {due:?}"))
}

/// What keeps it from being an error in the caller's dialect.
fn told(surface: &Surface, answer: &Answer, status: u16, code: &str) -> Option<String> {
    let kind = answer.header("content-type").unwrap_or_default();
    let seen = (answer.status, answer.header("x-outrigger-error").unwrap_or("none"), kind, answer.end);
    let due = (status, code, "application/json", End::Clean);
    if seen != due {
        return Some(format!("{seen:?} instead of {due:?}"));
    }
    surface.caller.fault_of_error(&answer.body, code)
}

/// What keeps it from being an answer that broke and says so.
fn broken(surface: &Surface, answer: &Answer, code: &str) -> Option<String> {
    if !surface.streamed {
        // Nothing can be said in the middle of bytes that nobody reads.
        let seen = (answer.status, answer.end);
        return (seen != (200, End::Abnormal)).then(|| format!("{seen:?} instead of a cut"));
    }
    let read = surface.caller.read_events(&answer.body);
    let seen = (answer.status, answer.end, read.ends, read.errors.join(" "), read.last_is_error);
    let due = (200, End::Abnormal, 0, code.to_owned(), true);
    if seen != due {
        return Some(format!("{seen:?} instead of {due:?}"));
    }
    let said = !read.text.is_empty() && "bad answer whole".starts_with(&read.text);
    (!said).then(|| format!("it said {:?}", read.text))
}

fn words(surface: &Surface, answer: &Answer) -> String {
    if let Some(code) = answer.header("x-outrigger-error") {
        return format!("{} {code}", answer.status);
    }
    let text = match surface.streamed {
        true => {
            let read = surface.caller.read_events(&answer.body);
            if let Some(code) = read.errors.first() {
                return format!("{} broken: {code}", answer.status);
            }
            read.text
        }
        false => surface.caller.read_whole(&answer.body).map(|read| read.text).unwrap_or_default(),
    };
    let whose = match text.split(' ').next() {
        Some("good") => "of the second",
        Some("bad") => "of the first",
        _ => "of nobody",
    };
    let cut = if answer.end == End::Clean { "" } else { ", cut" };
    format!("{} {whose}{cut}", answer.status)
}

//! One call of kubectl, and what its answer means.

use std::{
    io::{Read, Write as _},
    process::Stdio,
    thread,
};

use serde_json::Value;

use super::super::found::Seen;
use crate::plane::Kubectl;

/// How long it waits for an API server.
const REQUEST: &str = "--request-timeout=10s";
/// Longest answer that is read: a page of 500 pods is some ten MiB.
const LONGEST: u64 = 128 << 20;
/// Longest complaint that is read.
const COMPLAINT: u64 = 64 << 10;
/// Objects on one page, and pages that are read.
const PAGE: usize = 500;
const PAGES: usize = 200;
/// What it is to be told of, in one line.
const SAID: usize = 400;

/// Asks by kubectl.
pub(super) struct Ask<'a> {
    kubectl: &'a Kubectl,
}

/// What it printed.
pub(super) struct Said {
    pub(super) out: String,
    /// Warnings.
    pub(super) err: String,
}

impl<'a> Ask<'a> {
    pub(super) fn new(kubectl: &'a Kubectl) -> Self {
        Self { kubectl }
    }

    /// What `GET` of a path answers.
    pub(super) fn get(&self, path: &str) -> Seen<Value> {
        match self.run(&["get", "--raw", path], None) {
            Ok(said) => match serde_json::from_str(&said.out) {
                Ok(answer) => Seen::There(answer),
                Err(_) => Seen::Unknown(format!("what {path} answers is no JSON")),
            },
            Err(why) if why.contains("(NotFound)") => Seen::Missing,
            Err(why) => Seen::Unknown(why),
        }
    }

    /// Every object of a list, page by page; whether there are more than are read.
    pub(super) fn pages(&self, path: &str, mut each: impl FnMut(&Value)) -> Seen<bool> {
        let mark = if path.contains('?') { '&' } else { '?' };
        let first = format!("{path}{mark}limit={PAGE}");
        let mut at = first.clone();
        for _ in 0..PAGES {
            let page = match self.get(&at) {
                Seen::There(page) => page,
                Seen::Missing => return Seen::Missing,
                Seen::Unknown(why) => return Seen::Unknown(why),
            };
            page["items"].as_array().into_iter().flatten().for_each(&mut each);
            match page["metadata"]["continue"].as_str().filter(|token| !token.is_empty()) {
                // It is base64 for URLs.
                Some(token) => at = format!("{first}&continue={token}"),
                None => return Seen::There(false),
            }
        }
        Seen::There(true)
    }

    /// Creates what only asks; the objects that come back.
    pub(super) fn create(&self, words: &[&str], objects: &[Value]) -> Result<(Vec<Value>, String), String> {
        let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
        let words = [&["create", "--filename=-", "--validate=false", "--output=json"], words].concat();
        let said = self.run(&words, Some(list))?;
        let objects = serde_json::Deserializer::from_str(&said.out).into_iter::<Value>();
        let objects: Result<Vec<Value>, _> = objects.collect();
        let objects = objects.map_err(|_| "kubectl prints no JSON".to_owned())?;
        // Several come as several, or as one list.
        let lists = |it: Value| if it["kind"] == "List" { items(it) } else { vec![it] };
        Ok((objects.into_iter().flat_map(lists).collect(), said.err))
    }

    /// Runs it.
    ///
    /// # Errors
    ///
    /// What it complains of, in one line.
    pub(super) fn run(&self, words: &[&str], input: Option<String>) -> Result<Said, String> {
        let mut command = self.kubectl.command(words);
        command.arg(REQUEST).stdout(Stdio::piped()).stderr(Stdio::piped());
        if input.is_some() {
            command.stdin(Stdio::piped());
        }
        let mut child =
            command.spawn().map_err(|error| format!("kubectl cannot be started ({error}): put it on the PATH"))?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        // All at the same time, so that neither waits for the other.
        let writing = thread::spawn(move || {
            // It may end without having read everything.
            stdin.zip(input).map(|(mut to, text)| to.write_all(text.as_bytes()))
        });
        let complaining = thread::spawn(move || read(stderr, COMPLAINT));
        let out = read(stdout, LONGEST);
        let ended = child.wait().map_err(|error| error.to_string())?;
        let _ = writing.join();
        let err = complaining.join().ok().flatten().unwrap_or_default();
        if !ended.success() {
            return Err(one_line(&err));
        }
        Ok(Said { out: out.ok_or_else(|| "the answer is too long, or no text".to_owned())?, err })
    }
}

/// Text of at most `most` bytes.
fn read(from: Option<impl Read>, most: u64) -> Option<String> {
    let mut text = String::new();
    let length = from?.take(most + 1).read_to_string(&mut text).ok()?;
    (length as u64 <= most).then_some(text)
}

/// The last thing that kubectl says is why.
fn one_line(said: &str) -> String {
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("kubectl says nothing");
    last.chars().map(|c| if c.is_control() { '?' } else { c }).take(SAID).collect()
}

/// The objects of a list.
pub(super) fn items(list: Value) -> Vec<Value> {
    match list {
        Value::Object(mut list) => match list.remove("items") {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_one_line_that_moves_no_cursor() {
        assert_eq!(
            one_line("E1: memcache\nError from server (Forbidden): \u{1b}[2Jno\n\n"),
            "Error from server (Forbidden): ?[2Jno"
        );
        assert_eq!(one_line(""), "kubectl says nothing");
        assert_eq!(one_line(&"x".repeat(9_000)).len(), SAID);
    }

    #[test]
    fn an_answer_has_a_bound() {
        assert_eq!(read(Some(&b"abc"[..]), 3).as_deref(), Some("abc"));
        assert_eq!(read(Some(&b"abcd"[..]), 3), None);
    }
}

//! Replays recorded exchanges across dialects: what a caller of the other dialect gets must say what the recording says.
//!
//! The recorded request is translated into the other dialect, and what was answered is translated into the other
//! dialect too. Both are read here by plain JSON paths, not by the decoders under test. A sample is in the repository;
//! `OUTRIGGER_TRAFFIC` names a folder of more, for the test that is ignored without; `OUTRIGGER_CROSSED_OUT`, if set, a folder
//! to which every translated request and answer of those is written as JSON lines, for the published schemas to be held
//! against.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "nothing but tests, and what they share")]

mod answers;
#[path = "../recorded/mod.rs"]
mod recorded;
mod requests;

use std::{collections::BTreeMap, fs::File, io::Write, path::Path};

use outrigger_wire::{Dialect, Operation, profile::Profile};
use serde_json::{Value, json};

#[derive(Default)]
struct Tally {
    replayed: usize,
    equal: usize,
    reasons: BTreeMap<&'static str, usize>,
}

/// R1, R2, R6, R7, R8, R10, R12, U3: what is in the sample says the same in the other dialect.
#[test]
fn sampled_traffic_says_the_same_in_the_other_dialect() {
    crosses(&recorded::sample(), None);
}

/// R1, R2, R6, R7, R8, R10, R12, U3: so does what was recorded.
#[test]
#[ignore = "wants recordings: `cargo xtask traffic --traffic FOLDER`"]
#[allow(clippy::disallowed_methods, reason = "where translations are left is an input of this test alone")]
fn recorded_traffic_says_the_same_in_the_other_dialect() {
    let out = std::env::var("OUTRIGGER_CROSSED_OUT").ok().map(|folder| {
        let open = |name: &str| File::create(Path::new(&folder).join(name)).expect("a file can be written");
        [open("requests.jsonl"), open("answers.jsonl")]
    });
    crosses(&recorded::folder(), out);
}

fn crosses(folder: &Path, mut out: Option<[File; 2]>) {
    let (mut requests, mut answers): (BTreeMap<String, Tally>, BTreeMap<String, Tally>) = Default::default();
    let mut complaints = Vec::new();
    for (provider, exchanges) in recorded::read(folder) {
        for (at, exchange) in exchanges.iter().enumerate() {
            let path = exchange["path"].as_str().unwrap_or_default();
            let operation = match path {
                _ if path.ends_with("/chat/completions") => Operation::ChatCompletions,
                _ if path.ends_with("/messages") && !path.contains("/threads/") => Operation::Messages,
                _ => continue,
            };
            let place = format!("{provider}:{}", at + 1);
            let Some(crossed) = requests::cross(operation, exchange) else { continue };
            let tally = requests.entry(provider.clone()).or_default();
            tally.replayed += 1;
            match &crossed.verdict {
                Ok(()) => tally.equal += 1,
                Err(why) => match crossed.explained {
                    Some(reason) => *tally.reasons.entry(reason).or_default() += 1,
                    None => complaints.push(format!("{place} request: {why}")),
                },
            }
            if let Some([file, _]) = &mut out {
                let dialect = other(operation).dialect().as_str();
                let line =
                    json!({"place": place, "dialect": dialect, "body": crossed.body, "dropped": crossed.dropped});
                writeln!(file, "{line}").unwrap();
            }
            let Some((said, again, emitted, reason)) = answers::cross(operation, exchange) else { continue };
            let tally = answers.entry(provider.clone()).or_default();
            tally.replayed += 1;
            if said == again {
                tally.equal += 1;
            } else if let Some(reason) = reason {
                *tally.reasons.entry(reason).or_default() += 1;
            } else {
                complaints.push(format!("{place} answer:\n  recorded {said:?}\n  crossed  {again:?}"));
            }
            if let Some([_, file]) = &mut out {
                let dialect = other(operation).dialect().as_str();
                writeln!(file, "{}", json!({"place": place, "dialect": dialect, "events": emitted})).unwrap();
            }
        }
    }
    for (what, tallies) in [("requests", &requests), ("answers", &answers)] {
        println!("{what:14} {:>9} {:>7} {:>10}", "replayed", "equal", "different");
        for (provider, Tally { replayed, equal, reasons }) in tallies {
            println!("{provider:14} {replayed:>9} {equal:>7} {:>10}  {reasons:?}", replayed - equal);
        }
        let sum = |of: fn(&Tally) -> usize| tallies.values().map(of).sum::<usize>();
        let (replayed, equal) = (sum(|tally| tally.replayed), sum(|tally| tally.equal));
        println!("all            {replayed:>9} {equal:>7} {:>10}\n", replayed - equal);
    }
    for complaint in complaints.iter().take(30) {
        println!("{}", complaint.chars().take(1500).collect::<String>());
    }
    assert!(answers.values().any(|tally| tally.replayed > 0), "nothing was replayed");
    assert!(complaints.is_empty(), "{} exchanges differ without an explanation", complaints.len());
}

fn other(operation: Operation) -> Operation {
    if operation == Operation::Messages { Operation::ChatCompletions } else { Operation::Messages }
}

/// A target of the other dialect that can do everything, so that nothing is left out for its sake.
fn target(operation: Operation) -> Profile<'static> {
    match operation.dialect() {
        Dialect::ChatCompletions => Profile {
            dialect: Dialect::Messages,
            vendor: "anthropic",
            upstream_name: "claude-sonnet-4-5",
            model: "anthropic/claude-sonnet-4.5",
            max_output: Some(64_000),
            room: None,
            sampling: true,
            reasoning: true,
            structured_outputs: true,
        },
        Dialect::Messages | Dialect::Responses => Profile {
            dialect: Dialect::ChatCompletions,
            vendor: "openai",
            upstream_name: "gpt-5.1",
            model: "openai/gpt-5.1",
            max_output: Some(128_000),
            room: None,
            sampling: true,
            reasoning: true,
            structured_outputs: true,
        },
    }
}

fn name(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn input(arguments: &Value) -> Value {
    match arguments {
        Value::String(text) if text.trim().is_empty() => json!({}),
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| json!({"invalid_json": text})),
        Value::Null => json!({}),
        other => other.clone(),
    }
}

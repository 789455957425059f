//! What some targets hold of any input; here, so that a test can hold it of their seeds without a nightly toolchain.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use outrigger_api::decode;
use outrigger_compile::manifest;
use outrigger_fleet_metrics::{Fleet, Limits, Page, Process, Seen};
use outrigger_wire::{
    Head, Usage,
    edit::{Edits, Pieces},
    heard::Listener,
};

use crate::{first_line, pieces as cut};

/// What a secret of a manifest is called in seeds: no problem may quote it.
const SENTINEL: &str = "sk-sentinel";

/// A body that is sent in pieces is the one that is sent whole. The seeds are short and pieces long, so the input is also
/// taken as the value of a member that is long enough to be a piece of its own.
pub fn pieces(input: &[u8]) {
    let body = Bytes::copy_from_slice(input);
    let (from, to) = (input.len() / 3, input.len() / 2);
    for range in [from..to, 0..input.len(), to..to, to..input.len() + 1] {
        let outside = range.end > input.len();
        let replaced = Pieces::replace(&body, range.clone(), "new");
        let whole = [&input[..range.start], b"new", input.get(range.end..).unwrap_or_default()].concat();
        assert_eq!(replaced.pieces.concat(), if outside { input.to_vec() } else { whole });
    }
    let text = String::from_utf8_lossy(input);
    let long = serde_json::json!({"model": "m", "input": text.repeat(1 + (9 << 10) / text.len().max(1)), "last": text});
    for body in [body, Bytes::from(long.to_string())] {
        let Ok(head) = Head::read(&body) else { continue };
        for (removed, set) in [("model", "last"), ("last", "input"), ("absent", "model"), ("input", "new")] {
            let mut edits = Edits::default();
            edits.remove(removed);
            edits.set(set, r#"["x"]"#);
            let split = edits.splice(&body, &head);
            assert!(split.pieces.iter().all(|piece| !piece.is_empty()) && split.copied <= split.len());
            assert_eq!(split.pieces.concat(), edits.apply(&body, &head));
        }
    }
}

/// However a stream is cut, the same usage is heard in it. An ear hears whole lines alone, so the stream is closed by one.
pub fn heard(stream: &[u8]) {
    let stream = [stream, b"\n\n"].concat();
    let hear = |pieces: &[&[u8]]| {
        let mut ear = Listener::default();
        pieces.iter().filter_map(|piece| ear.hear(piece)).fold(Usage::default(), |mut known, later| {
            known.merge(later);
            known
        })
    };
    assert_eq!(hear(&[&stream]), hear(&cut(&stream)));
}

/// Any bytes can be read as a resource of any kind. The first line of the input is its key.
pub fn part(input: &[u8]) {
    let (key, body) = first_line(input);
    let Ok(key) = std::str::from_utf8(key) else { return };
    for key in [key, "provider/default/a", "credentials/default/a", "route/default/r", "policy/default/p", "header"] {
        if let Ok(Some(part)) = decode::part(key, body) {
            let _ = decode::view("1", [(key, &part)]);
        }
    }
}

/// Any text can be read as policy, every problem lies in it, and none quotes a secret.
pub fn manifest(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (objects, problems) = manifest::parse("policy.yaml", text, &|_| Some(SENTINEL.to_owned()));
    let lines = text.split(['\n', '\r']).count();
    let (_, _, more) = manifest::assemble(objects);
    for problem in problems.iter().chain(&more) {
        assert!(!problem.message.is_empty() && problem.line <= lines + 1, "{}: {}", problem.line, problem.message);
        // The value of a variable is nowhere else.
        assert!(text.contains(SENTINEL) || !problem.message.contains(SENTINEL), "{}", problem.message);
    }
}

/// Any bytes can be a page of a sidecar's metrics. Its first half and the whole are two pages of one process: the first adds
/// nothing, neither takes anything from a counter, and what is served can be read.
pub fn metrics(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let half = text.char_indices().map(|(at, _)| at).find(|at| *at >= text.len() / 2).unwrap_or_default();
    let limits = Limits { series: 64, points: 256, points_each: 128, ..Limits::default() };
    let mut fleet = Fleet::new(limits, "here");
    let process = Process { whose: "pod".into(), instance: "1".into(), started_at_ms: 1 };
    fleet.join(&process, &Arc::default(), "1", Duration::ZERO);
    let (mut before, mut first) = (0.0, true);
    for (round, text) in (0..).zip([&text[..half], text, text, &text[..half]]) {
        let Ok(page) = Page::read(text) else { continue };
        let seen = fleet.see(&process, &page, Duration::from_secs(round));
        let mut served = String::new();
        fleet.show(&mut served);
        let counters = served.lines().filter(|line| line.contains("_total{")).map(|line| {
            let value = line.rsplit_once(' ').and_then(|(_, value)| value.parse::<f64>().ok());
            value.expect("a number ends each line")
        });
        let sum: f64 = counters.sum();
        assert!(sum >= before && (!first || sum == 0.0), "{before} and then {sum}");
        assert!(fleet.series() <= 64, "{}", fleet.series());
        (before, first) = (sum, first && seen == Seen::Elsewhere);
    }
    fleet.leave(&process, Duration::ZERO);
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    /// Runs a promise on each seed of a target, and on each beginning of it.
    fn holds(target: &str, promise: fn(&[u8])) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
        let mut seeds = 0;
        for seed in fs::read_dir(&folder).expect("a folder of seeds") {
            let seed = fs::read(seed.expect("a seed").path()).expect("it can be read");
            for end in 0..=seed.len() {
                promise(&seed[..end]);
            }
            seeds += 1;
        }
        assert!(seeds > 0, "{target} has no seeds");
    }

    #[test]
    fn a_body_in_pieces_is_the_whole_body() {
        holds("pieces", super::pieces);
    }

    #[test]
    fn usage_is_heard_however_a_stream_is_cut() {
        holds("heard", super::heard);
    }

    #[test]
    fn any_bytes_can_be_read_as_a_resource() {
        holds("part", super::part);
    }

    #[test]
    fn any_bytes_can_be_a_page_of_metrics() {
        holds("metrics", super::metrics);
    }

    #[test]
    fn any_text_can_be_read_as_policy() {
        holds("manifest", super::manifest);
    }
}

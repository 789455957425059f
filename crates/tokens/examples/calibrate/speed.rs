//! What the vocabulary costs: time, memory.

use std::time::Instant;

use outrigger_tokens::Counter;

use super::recorded::Recorded;

/// Loads the vocabulary and prints what that took.
pub(super) fn load() -> Counter {
    let before = resident("VmRSS");
    let start = Instant::now();
    let counter = Counter::load();
    let loaded = start.elapsed();
    let _ = counter.count("a first word");
    println!(
        "loaded in {:.0} ms; resident memory grew by {:.1} MiB, at most by {:.1} MiB",
        loaded.as_secs_f64() * 1e3,
        resident("VmRSS") - before,
        resident("VmHWM") - before,
    );
    counter
}

/// Counts all recorded bodies as text, and the inputs that take longest.
pub(super) fn count(counter: &Counter, recorded: &[Recorded]) {
    let bodies: Vec<&str> = recorded.iter().filter_map(|one| std::str::from_utf8(&one.body).ok()).collect();
    let short = bodies.into_iter().filter(|body| body.len() < 100_000).collect::<String>();
    let scripts = "Größe, Ελλάδα, Москва, हिन्दी, ภาษาไทย, 한국어, 日本語, 🙂‍↕️ e\u{301}. ".repeat(9000);
    let texts = [
        ("recorded bodies", short),
        ("many scripts", scripts),
        ("one letter", "a".repeat(1 << 20)),
        ("spaces", " ".repeat(1 << 20)),
    ];
    for (name, text) in texts {
        let start = Instant::now();
        let tokens = counter.count(&text);
        let speed = text.len() as f64 / 1e6 / start.elapsed().as_secs_f64();
        println!("{name}: {} bytes, {tokens} tokens, {speed:.0} MB/s", text.len());
    }
    println!("resident memory now: {:.1} MiB", resident("VmRSS"));
}

/// A figure of this process, in MiB; 0 where the system does not tell.
fn resident(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kibibytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    kibibytes.unwrap_or_default() / 1024.0
}

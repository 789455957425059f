//! Callers, and what goes wrong meanwhile.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::monitoring::http;

/// Between two requests of a caller.
const PAUSE: Duration = Duration::from_millis(150);
/// Between two misbehaviours.
const SPELL: Duration = Duration::from_secs(4);
/// What the first provider does, one after the other.
const FAULTS: [&str; 3] = [
    // For long enough to be left out.
    r#"{"status": 503}"#,
    r#"{"status": 429, "times": 6, "retry_after": 1}"#,
    r#"{"status": 401, "times": 6}"#,
];

/// Threads that ask. Told to stop, they finish what they have begun.
#[derive(Debug)]
pub(crate) struct Traffic {
    over: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<()>>,
}

impl Traffic {
    /// `edit` changes the policy.
    pub(super) fn start(
        callers: Vec<(SocketAddr, &'static [&'static str])>,
        providers: Vec<SocketAddr>,
        edit: impl Fn(bool) + Send + 'static,
    ) -> Self {
        let (over, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut threads = Vec::new();
        for (address, models) in callers {
            let (over, asked) = (over.clone(), asked.clone());
            threads.push(thread::spawn(move || {
                for (turn, model) in models.iter().cycle().enumerate() {
                    if over.load(Relaxed) {
                        return;
                    }
                    // What becomes of it is what is looked at.
                    let _ = http::ask(address, "POST", "/v1/chat/completions", &request(model, turn));
                    asked.fetch_add(1, Relaxed);
                    thread::sleep(PAUSE);
                }
            }));
        }
        let ended = over.clone();
        threads.push(thread::spawn(move || {
            for (turn, fault) in FAULTS.iter().cycle().enumerate() {
                edit(turn.is_multiple_of(2));
                if ended.load(Relaxed) {
                    return;
                }
                if let Some(shaky) = providers.first() {
                    let _ = http::ask(*shaky, "POST", "/_sim/fail", fault);
                }
                thread::sleep(SPELL);
            }
        }));
        Self { over, asked, threads }
    }

    /// How many requests were answered, once all are.
    pub(crate) fn stop(self) -> usize {
        self.over.store(true, Relaxed);
        for thread in self.threads {
            let _ = thread.join();
        }
        self.asked.load(Relaxed)
    }
}

/// Every other one is a stream.
fn request(model: &str, turn: usize) -> String {
    serde_json::json!({
        "model": model,
        "stream": turn.is_multiple_of(2),
        "messages": [{"role": "user", "content": format!("word after word, {turn} of them")}],
    })
    .to_string()
}

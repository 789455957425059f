//! Callers, and what goes wrong meanwhile.

use std::{
    f64::consts::TAU,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::monitoring::http;

/// How often a thread that waits for the end of a spell looks whether all is over.
const LOOK: Duration = Duration::from_millis(100);

/// What the first provider does, and for how long.
#[derive(Debug)]
struct Spell {
    /// As the simulator takes it; without one, it answers.
    fault: Option<&'static str>,
    seconds: u64,
}

const fn fails(fault: &'static str, seconds: u64) -> Spell {
    Spell { fault: Some(fault), seconds }
}

const fn answers(seconds: u64) -> Spell {
    Spell { fault: None, seconds }
}

/// How much is asked, and what goes wrong.
#[derive(Debug)]
pub(crate) struct Script {
    /// Between two requests of a caller.
    pause: Duration,
    /// By how much callers ask more and less than that, as a share, in waves.
    swing: f64,
    /// One after the other, again and again.
    spells: &'static [Spell],
}

/// For long enough to be left out.
const AWAY: &str = r#"{"status": 503}"#;
const WAVE: Duration = Duration::from_secs(150);

impl Script {
    /// Every misbehaviour within some seconds.
    pub(crate) const CHECKED: Self = Self {
        pause: Duration::from_millis(150),
        swing: 0.0,
        spells: &[
            fails(AWAY, 4),
            fails(r#"{"status": 429, "times": 6, "retry_after": 1}"#, 4),
            fails(r#"{"status": 401, "times": 6}"#, 4),
        ],
    };
    /// Nothing goes wrong by itself.
    pub(crate) const STEADY: Self = Self { spells: &[], ..Self::CHECKED };
    /// A day in minutes: mostly well, an outage, a limit that is met, a key that is changed too late.
    pub(crate) const DRAWN: Self = Self {
        pause: Duration::from_millis(80),
        swing: 0.5,
        spells: &[
            answers(60),
            fails(AWAY, 40),
            answers(50),
            fails(r#"{"status": 429, "times": 60, "retry_after": 1}"#, 25),
            answers(45),
            fails(r#"{"status": 401, "times": 20}"#, 10),
            answers(40),
        ],
    };

    /// How long this caller waits at this moment.
    fn pause(&self, caller: usize, since: Duration) -> Duration {
        let turns = since.as_secs_f64() / WAVE.as_secs_f64() + caller as f64 / 5.0;
        self.pause.div_f64(1.0 + self.swing * (turns * TAU).sin())
    }
}

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
        script: &'static Script,
        callers: Vec<(SocketAddr, &'static [&'static str])>,
        providers: Vec<SocketAddr>,
        edit: impl Fn(bool) + Send + 'static,
    ) -> Self {
        let (over, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let began = Instant::now();
        let mut threads = Vec::new();
        for (caller, (address, models)) in callers.into_iter().enumerate() {
            let (over, asked) = (over.clone(), asked.clone());
            threads.push(thread::spawn(move || {
                for (turn, model) in models.iter().cycle().enumerate() {
                    if over.load(Relaxed) {
                        return;
                    }
                    // What becomes of it is what is looked at.
                    let _ = http::ask(address, "POST", "/v1/chat/completions", &request(model, turn));
                    asked.fetch_add(1, Relaxed);
                    thread::sleep(script.pause(caller, began.elapsed()));
                }
            }));
        }
        let ended = over.clone();
        threads.push(thread::spawn(move || {
            for (turn, spell) in script.spells.iter().cycle().enumerate() {
                edit(turn.is_multiple_of(2));
                if let Some(first) = providers.first() {
                    let (knob, body) = spell.fault.map_or(("/_sim/ok", ""), |fault| ("/_sim/fail", fault));
                    let _ = http::ask(*first, "POST", knob, body);
                }
                let spell_began = Instant::now();
                while spell_began.elapsed() < Duration::from_secs(spell.seconds) {
                    if ended.load(Relaxed) {
                        return;
                    }
                    thread::sleep(LOOK);
                }
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
pub(super) fn request(model: &str, turn: usize) -> String {
    serde_json::json!({
        "model": model,
        "stream": turn.is_multiple_of(2),
        "messages": [{"role": "user", "content": format!("word after word, {turn} of them")}],
    })
    .to_string()
}

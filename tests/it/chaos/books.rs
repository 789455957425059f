//! A provider with books of its own, and the ledger's as it is asked for them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use serde_json::Value;

use super::chance::Chance;
use crate::harness::*;

/// What each target charges for a token, in nano-dollars: as the policy says it for a million, in dollars.
const PRICES: [(&str, u64, u64); 2] = [("a", 1_000, 2_000), ("b", 3_000, 5_000)];

/// Number of the request, and who was asked.
type Key = (u64, String);

/// What was asked of one target for one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    pub attempts: u64,
    pub input: u64,
    pub output: u64,
    pub nano: u64,
    /// An answer was cut: whoever asked never heard what was used, and has to estimate.
    cut: bool,
}

/// Two targets, with the same books.
pub struct Provider {
    targets: Vec<Upstream>,
    books: Arc<Mutex<BTreeMap<Key, Account>>>,
}

/// What the ledger says.
pub struct Booked {
    records: BTreeMap<Key, Account>,
    total: Account,
    /// Attempts that began, and nobody knows what became of them.
    pub unknown: u64,
}

impl Provider {
    pub async fn start(seed: u64) -> Self {
        let books: Arc<Mutex<BTreeMap<Key, Account>>> = Arc::default();
        let mut targets = Vec::new();
        for (name, input, output) in PRICES {
            let books = books.clone();
            let answer = move |request: &Request, number: usize| {
                let chance = Chance::new(seed ^ input << 32 ^ number as u64);
                let asked = request.json();
                let whose = asked["messages"][0]["content"].as_str().and_then(|it| it.parse().ok()).expect("a number");
                let mut books = books.lock().unwrap();
                let account = books.entry((whose, format!("default/{name}"))).or_default();
                account.answer(chance, number as u64, asked["stream"] == true, (input, output))
            };
            targets.push(Upstream::with(answer).await);
        }
        Self { targets, books }
    }

    pub fn policy(&self) -> Policy {
        let policy = self.targets.iter().zip(PRICES).fold(Policy::new(), |policy, (target, (name, input, output))| {
            let price = |nano: u64| (nano / 1_000).to_string();
            policy.provider_with(name, target.base_url(), |provider| {
                provider.priced(MODEL, UPSTREAM_MODEL, &price(input), &price(output))
            })
        });
        policy.route("r", &["a", "b"])
    }

    /// Every record is what the target billed, to the token and the nano-dollar. Answers how many attempts came that are in no
    /// record.
    pub fn compare(&self, booked: &Booked) -> u64 {
        let books = self.books.lock().unwrap();
        let mut sums = Account::default();
        for (key, record) in &booked.records {
            sums.add(record);
            let billed = books.get(key).unwrap_or_else(|| panic!("{key:?} is booked and was never asked for"));
            if billed.cut {
                assert_eq!(record.attempts, billed.attempts, "{key:?}");
            } else {
                assert_eq!(record, billed, "{key:?}");
            }
        }
        // Sums and records are two stores of the same.
        sums.attempts += booked.unknown;
        assert_eq!(sums, Account { cut: false, ..booked.total });
        let lost = books.iter().filter(|(key, _)| !booked.records.contains_key(*key));
        let lost: u64 = lost.map(|(_, account)| account.attempts).sum();
        let came: u64 = books.values().map(|it| it.attempts).sum();
        let kept: u64 = booked.records.values().map(|it| it.attempts).sum();
        assert_eq!(came, kept + lost);
        lost
    }
}

impl Account {
    /// Answers, and notes what for.
    fn answer(&mut self, mut chance: Chance, number: u64, streamed: bool, (input, output): (u64, u64)) -> Reply {
        self.attempts += 1;
        match chance.below(100) {
            0..5 => return Reply::error(500),
            5..8 => return Reply::error(503),
            8..10 => return Reply::error(502),
            // Read, and never answered: over a connection that it had before, the sidecar asks again (H3).
            10..13 => return Reply::refuse(),
            _ => {}
        }
        // No two answers are alike.
        let (prompt, completion) = (100 + number, 1 + chance.below(50));
        self.input += prompt;
        self.output += completion;
        self.nano += prompt * input + completion * output;
        if !streamed {
            return chat_ok_usage("hello", prompt, completion).slow_head(chance.below(50));
        }
        let stream = chat_stream_usage(["hel", "lo", " you"], prompt, completion).every(chance.below(20));
        self.cut |= chance.below(20) == 0;
        if self.cut { stream.reset_after(3) } else { stream }
    }

    fn add(&mut self, other: &Self) {
        self.attempts += other.attempts;
        self.input += other.input;
        self.output += other.output;
        self.nano += other.nano;
    }

    fn read(figures: &Value) -> Self {
        let sum = |name: &str| {
            let [booked, adjusted] = ["booked", "adjusted"].map(|part| figures[part][name].as_u64().expect("a sum"));
            assert_eq!(adjusted, 0, "{figures:#}");
            booked
        };
        Self { attempts: sum("attempts"), input: sum("input"), output: sum("output"), nano: sum("nano"), cut: false }
    }
}

impl Booked {
    /// Of the rows by number and provider, the total, and the total of what is unknown.
    pub fn read(rows: &[Value], total: &Value, unknown: &Value) -> Self {
        let mut records = BTreeMap::new();
        for row in rows {
            let [number, provider] = [0, 1].map(|at| row["names"][at].as_str().expect("a name"));
            // A request for which nobody was asked has no provider.
            if !provider.is_empty() {
                let known =
                    records.insert((number.parse().expect("a number"), provider.to_owned()), Account::read(row));
                assert_eq!(known, None, "{number} {provider}");
            }
        }
        Self { records, total: Account::read(total), unknown: Account::read(unknown).attempts }
    }

    pub fn summary(&self) -> String {
        format!("{} records of attempts, {} unknown, {:?}", self.records.len(), self.unknown, self.total)
    }
}

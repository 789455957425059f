mod checking;
mod forged;
mod keeping;
mod secrecy;
mod workloads;

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

use super::{Stands, Token, Tokens, Workload};
use crate::state::State;

const DAY: Duration = Duration::from_secs(24 * 3600);
const SECOND: Duration = Duration::from_secs(1);

/// When every test begins: a whole second, as tokens count them.
fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + DAY * 20_000
}

fn folder() -> (TempDir, State) {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).unwrap();
    (folder, state)
}

fn open(state: &State) -> Tokens {
    Tokens::open(state.clone(), start()).unwrap()
}

fn workload(namespace: &str) -> Workload {
    Workload {
        namespace: namespace.to_owned(),
        service_account: "default".to_owned(),
        labels: BTreeMap::from([("app".to_owned(), "chat".to_owned())]),
        team: Some("blue".to_owned()),
    }
}

/// A token of 30 days for namespace `namespace`, issued at the start.
fn token(tokens: &Tokens, namespace: &str) -> String {
    tokens.issue(&workload(namespace), DAY * 30, start()).unwrap().token().to_owned()
}

/// The word for a token at `now`; `ok` for a good one.
fn word(tokens: &Tokens, token: &str, now: SystemTime) -> &'static str {
    tokens.verify(token, now).map_or_else(|refused| refused.code(), |_| "ok")
}

/// The key that signed it.
fn kid(token: &Token) -> &str {
    match &token.stands {
        Stands::Key(kid) => kid,
        Stands::Pod(uid) => panic!("{uid}"),
    }
}

//! The switches under `/_sim/`: how a user makes a simulated provider misbehave.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hyper::Method;
use serde_json::{Value, json};

use crate::reply::{Dialect, Reply};

/// What the switches of one provider are set to.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Settings>);

#[derive(Debug, Default)]
struct Settings {
    fail: Option<Fail>,
    /// The one key that is good; `None`: whatever comes, and nothing, is.
    key: Option<String>,
    first_token: Option<Duration>,
}

#[derive(Debug)]
struct Fail {
    status: u16,
    /// How many more requests fail; `None` is all of them.
    times: Option<u64>,
    retry_after: Option<u64>,
}

/// What is to happen with one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Answer,
    Slow(Duration),
    Fail { status: u16, retry_after: Option<u64> },
}

impl Faults {
    /// Decides for one request with this key and counts it. Failing wins over being slow: a failure is told at once.
    pub(crate) fn verdict(&self, key: Option<&str>) -> Verdict {
        let mut settings = self.settings();
        if let Some(fail) = &mut settings.fail {
            let verdict = Verdict::Fail { status: fail.status, retry_after: fail.retry_after };
            match &mut fail.times {
                None => return verdict,
                Some(0) => settings.fail = None,
                Some(left) => {
                    *left -= 1;
                    return verdict;
                }
            }
        }
        if settings.key.is_some() && settings.key.as_deref() != key {
            return Verdict::Fail { status: 401, retry_after: None };
        }
        settings.first_token.map_or(Verdict::Answer, Verdict::Slow)
    }

    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers `POST /_sim/<knob>`.
pub(crate) fn turn(faults: &Faults, method: &Method, knob: &str, body: &[u8]) -> Reply {
    let refuse = |status, why: &str| Reply::error(Dialect::OpenAi, status, why);
    if method != Method::POST {
        return refuse(405, "the switches under /_sim/ are turned with POST");
    }
    let asked: Value = match serde_json::from_slice(body) {
        Ok(asked) => asked,
        Err(_) if body.is_empty() => json!({}),
        Err(error) => return refuse(400, &format!("not JSON: {error}")),
    };
    match knob {
        "fail" => {
            let status = asked["status"].as_u64().unwrap_or(503);
            let Some(status) = u16::try_from(status).ok().filter(|status| (400..600).contains(status)) else {
                return refuse(400, "`status` is an HTTP error status, 400 to 599");
            };
            let (times, retry_after) = (asked["times"].as_u64(), asked["retry_after"].as_u64());
            faults.settings().fail = Some(Fail { status, times, retry_after });
            Reply::json(&json!({"failing": status, "times": times, "retry_after": retry_after}))
        }
        "slow" => {
            let Some(millis) = asked["first_token_ms"].as_u64() else {
                return refuse(400, "`first_token_ms` is a number of milliseconds");
            };
            faults.settings().first_token = Some(Duration::from_millis(millis));
            Reply::json(&json!({"first_token_ms": millis}))
        }
        "key" => {
            let Some(key) = asked["key"].as_str() else {
                return refuse(400, "`key` is the one key that is good");
            };
            faults.settings().key = Some(key.to_owned());
            Reply::json(&json!({"ok": true}))
        }
        "ok" => {
            *faults.settings() = Settings::default();
            Reply::json(&json!({"ok": true}))
        }
        _ => refuse(404, "the switches are /_sim/fail, /_sim/slow, /_sim/key and /_sim/ok"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(faults: &Faults, knob: &str, body: &str) -> u16 {
        turn(faults, &Method::POST, knob, body.as_bytes()).status
    }

    #[test]
    fn fails_as_often_as_told_and_then_answers() {
        let faults = Faults::default();
        assert_eq!(post(&faults, "fail", r#"{"status":429,"times":2,"retry_after":7}"#), 200);
        let failed = || Verdict::Fail { status: 429, retry_after: Some(7) };
        assert_eq!(
            [faults.verdict(None), faults.verdict(None), faults.verdict(None)],
            [failed(), failed(), Verdict::Answer]
        );
    }

    #[test]
    fn fails_until_cleared_when_no_number_is_given() {
        let faults = Faults::default();
        post(&faults, "fail", r#"{"status":503,"times":null}"#);
        assert!((0..100).all(|_| matches!(faults.verdict(None), Verdict::Fail { status: 503, .. })));
        assert_eq!(post(&faults, "ok", ""), 200);
        assert_eq!(faults.verdict(None), Verdict::Answer);
    }

    #[test]
    fn one_key_is_good_and_others_are_refused() {
        let faults = Faults::default();
        assert_eq!(post(&faults, "key", r#"{"key":"sk-new"}"#), 200);
        let refused = Verdict::Fail { status: 401, retry_after: None };
        let verdicts = [None, Some("sk-old"), Some("sk-new")].map(|key| faults.verdict(key));
        assert_eq!(verdicts, [refused.clone(), refused, Verdict::Answer]);
    }

    #[test]
    fn a_switch_that_makes_no_sense_is_refused_and_changes_nothing() {
        let faults = Faults::default();
        assert_eq!(post(&faults, "fail", r#"{"status":200}"#), 400);
        assert_eq!(post(&faults, "fail", "{"), 400);
        assert_eq!(post(&faults, "slow", "{}"), 400);
        assert_eq!(post(&faults, "key", "{}"), 400);
        assert_eq!(post(&faults, "explode", "{}"), 404);
        assert_eq!(faults.verdict(None), Verdict::Answer);
    }
}

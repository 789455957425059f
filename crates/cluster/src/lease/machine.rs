//! The election as a state machine: pure. Times are durations since any one moment, by one clock that only goes forward; the
//! time of day enters what is written for people, and is never read.

use std::time::Duration;

use k8s_openapi::{
    api::coordination::v1::{Lease as Record, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
    jiff::Timestamp,
};

/// How long nobody else may take what has not changed.
const DURATION: i32 = 15;
/// What others may ask for.
const DURATIONS: std::ops::RangeInclusive<u64> = 1..=60;
/// After a renewal, the next.
const RENEW: Duration = Duration::from_secs(5);
/// How long a holder leads without one.
const LEADS: Duration = Duration::from_secs(10);
/// Between two looks of one who waits, and two attempts of one who failed.
const LOOK: Duration = Duration::from_secs(2);
const RETRY: Duration = Duration::from_secs(1);

/// What is asked of the API server.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ask {
    Get,
    Create(Record),
    /// With the version that was seen: whoever is second is told.
    Replace(Record),
}

/// What it answered.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// It is so.
    There(Box<Record>),
    /// What was asked for is so.
    Ours(Box<Record>),
    /// There is none.
    Missing,
    /// It has changed meanwhile.
    Lost,
    /// Nobody knows.
    Failed,
}

/// One replica.
#[derive(Debug)]
pub(super) struct Machine {
    namespace: String,
    name: &'static str,
    me: String,
    seen: Seen,
    /// Whether that is known to be over.
    changed: bool,
    /// When the renewal that counts was asked for.
    renewed: Option<Duration>,
    /// When the next call is to be, before it is spread.
    next: Duration,
    spread: Duration,
}

#[derive(Clone, Debug)]
enum Seen {
    Nothing,
    Missing,
    /// As it is, and since when it has been so for all that is known here.
    Record(Box<Record>, Duration),
}

impl Machine {
    pub(super) fn new(namespace: &str, name: &'static str, me: String) -> Self {
        let (next, spread) = (Duration::ZERO, Duration::ZERO);
        Self {
            namespace: namespace.to_owned(),
            name,
            me,
            seen: Seen::Nothing,
            changed: false,
            renewed: None,
            next,
            spread,
        }
    }

    /// Whether it leads at `now`.
    pub(super) fn leads(&self, now: Duration) -> bool {
        self.until().is_some_and(|end| now < end)
    }

    /// Until when it leads if nothing more comes of anything.
    pub(super) fn until(&self) -> Option<Duration> {
        self.renewed.filter(|_| self.is_mine()).map(|at| at + LEADS)
    }

    /// When to ask next; `random` in 0..1 spreads replicas that began together.
    pub(super) fn next(&self, random: f64) -> Duration {
        self.next + self.spread.mul_f64(random)
    }

    /// What to ask at `now`.
    pub(super) fn ask(&self, wall: Timestamp, now: Duration) -> Ask {
        match &self.seen {
            _ if self.changed => Ask::Get,
            Seen::Nothing => Ask::Get,
            Seen::Missing => {
                let metadata = ObjectMeta {
                    name: Some(self.name.to_owned()),
                    namespace: Some(self.namespace.clone()),
                    ..ObjectMeta::default()
                };
                Ask::Create(Record { metadata, spec: Some(self.claim(None, wall)) })
            }
            Seen::Record(record, _) if self.is_mine() => {
                let spec = record.spec.clone().unwrap_or_default();
                let spec = LeaseSpec { renew_time: Some(MicroTime(wall)), ..spec };
                Ask::Replace(Record { spec: Some(spec), ..(**record).clone() })
            }
            Seen::Record(record, since) if is_free(record, *since, now) => {
                let spec = self.claim(record.spec.as_ref(), wall);
                Ask::Replace(Record { spec: Some(spec), ..(**record).clone() })
            }
            Seen::Record(..) => Ask::Get,
        }
    }

    /// Takes the answer to what was asked at `started`.
    pub(super) fn answered(&mut self, answer: Answer, started: Duration, now: Duration) {
        self.changed = answer == Answer::Lost || (answer == Answer::Failed && self.changed);
        (self.next, self.spread) = match answer {
            Answer::Ours(record) => {
                self.seen = Seen::Record(record, now);
                // From before it was asked: nobody else can have seen it earlier.
                self.renewed = Some(started);
                (started + RENEW - RENEW / 10, RENEW / 5)
            }
            Answer::There(record) => {
                let since = match &self.seen {
                    // What is not said of it (a label, a note) is no sign of life.
                    Seen::Record(before, since) if before.spec == record.spec => *since,
                    _ => now,
                };
                let free = is_free(&record, since, now);
                self.seen = Seen::Record(record, since);
                let mine = self.is_mine();
                // A claim of ours of which no answer came back leads once it is renewed.
                if free || mine { (now, RETRY / 10) } else { (now + LOOK, LOOK / 5) }
            }
            Answer::Missing => {
                self.seen = Seen::Missing;
                (now, RETRY)
            }
            // By another, or by a call of ours of which no answer came back. Nobody takes it from one who leads: its time is
            // over before anybody may.
            Answer::Lost => (now, RETRY / 10),
            // It may have come about: whoever holds it goes on for as long as the last renewal reaches.
            Answer::Failed => (now + RETRY, RETRY / 5),
        };
    }

    /// What gives it back, if it holds it.
    pub(super) fn release(&self) -> Option<Ask> {
        let Seen::Record(record, _) = &self.seen else { return None };
        self.is_mine().then(|| {
            let spec = record.spec.clone().unwrap_or_default();
            let spec = LeaseSpec { holder_identity: Some(String::new()), lease_duration_seconds: Some(1), ..spec };
            Ask::Replace(Record { spec: Some(spec), ..(**record).clone() })
        })
    }

    fn is_mine(&self) -> bool {
        matches!(&self.seen, Seen::Record(record, _) if holder(record) == self.me)
    }

    fn claim(&self, before: Option<&LeaseSpec>, wall: Timestamp) -> LeaseSpec {
        let before = before.cloned().unwrap_or_default();
        LeaseSpec {
            holder_identity: Some(self.me.clone()),
            lease_duration_seconds: Some(DURATION),
            acquire_time: Some(MicroTime(wall)),
            renew_time: Some(MicroTime(wall)),
            lease_transitions: Some(before.lease_transitions.unwrap_or_default().saturating_add(1)),
            ..before
        }
    }
}

fn holder(record: &Record) -> &str {
    record.spec.as_ref().and_then(|spec| spec.holder_identity.as_deref()).unwrap_or_default()
}

/// Whether anybody may take it who has seen it as it is `since` then.
fn is_free(record: &Record, since: Duration, now: Duration) -> bool {
    let seconds = record.spec.as_ref().and_then(|spec| spec.lease_duration_seconds).unwrap_or(DURATION);
    let seconds = u64::try_from(seconds).unwrap_or_default().clamp(*DURATIONS.start(), *DURATIONS.end());
    holder(record).is_empty() || now >= since + Duration::from_secs(seconds)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

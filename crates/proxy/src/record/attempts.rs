//! The upstream calls of one request, and how they are told.

use std::{fmt, sync::Arc, time::Duration};

use outrigger_route::{
    Target,
    failover::{Blame, rule},
};
use outrigger_wire::{Failure, Kind};
use serde_json::{Value, json};
use smallvec::SmallVec;

/// The upstream calls of one request. Most have one, which needs no room of its own.
pub(crate) type Attempts = SmallVec<[Attempt; 1]>;

/// One upstream call.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) target: Arc<Target>,
    /// Place of the key used among the provider's.
    pub(crate) key: Option<usize>,
    pub(crate) status: Option<u16>,
    /// `None` = it answered.
    pub(crate) failure: Option<Kind>,
    pub(crate) message: Box<str>,
    /// What it cost although it failed, in nano-dollars (U5).
    pub(crate) cost: Option<u64>,
    pub(crate) took: Duration,
}

impl Attempt {
    /// Its answer broke after it had begun.
    pub(crate) fn broke(&mut self, failure: &Failure) {
        self.failure = Some(failure.kind);
        self.message = failure.message.clone();
    }

    /// The provider is to blame that it failed.
    pub(crate) fn blamed(&self) -> bool {
        self.failure.is_some_and(|kind| rule(kind).blame != Blame::Nobody)
    }

    /// The shape of `openrouter_metadata.attempts` and of error bodies.
    pub(crate) fn to_json(&self) -> Value {
        let mut all = self.outline();
        all["message"] = json!(self.message);
        all
    }

    /// The same without what the provider said, which may repeat what it was asked.
    pub(super) fn outline(&self) -> Value {
        let credential = self.key.and_then(|at| self.target.provider.credentials.get(at));
        json!({
            "provider": self.target.provider.name,
            "model": self.target.model,
            "credential": credential.map(|credential| &credential.name),
            "status": self.status,
            "code": self.failure.map_or("ok", Kind::code),
            "latency_ms": u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
        })
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: ", self.target.model, self.target.provider.name)?;
        if let Some(status) = self.status {
            write!(f, "{status} ")?
        }
        f.write_str(self.failure.map_or("ok", Kind::code))
    }
}

/// The attempts on one line of the log.
pub(super) struct Tried<'a>(pub(super) &'a [Attempt]);

impl fmt::Display for Tried<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(at, attempt)| {
            let arrow = if at == 0 { "" } else { " -> " };
            write!(f, "{arrow}{attempt}")
        })
    }
}

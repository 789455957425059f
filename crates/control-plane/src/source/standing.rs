//! How the source stands, for people and probes.

use std::{collections::BTreeSet, sync::Mutex, time::SystemTime};

use outrigger_compile::Severity;
use serde_json::{Value, json};

use crate::{lock::lock, metrics::Metrics};

/// How the source stands.
#[derive(Debug)]
pub(crate) struct Standing(Mutex<Shown>);

#[derive(Clone, Debug, Default)]
struct Shown {
    /// Nothing is served yet, for this reason.
    pending: Option<String>,
    /// The last policy is served although it is not the source's, for this reason, since then.
    stale: Option<(String, SystemTime)>,
    /// What is wrong with the objects.
    problems: Vec<String>,
    /// Warnings, too: what was logged of the reading before.
    logged: BTreeSet<String>,
}

impl Standing {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Shown { pending: Some("no policy was read yet".to_owned()), ..Shown::default() }))
    }

    /// Why nothing is served yet.
    pub(crate) fn pending(&self) -> Option<String> {
        lock(&self.0).pending.clone()
    }

    /// Notes why nothing is served yet, if that is so.
    pub(super) fn is_pending(&self, why: Option<String>) {
        if let Some(why) = &why {
            tracing::error!(code = "policy_pending", "{why}");
        }
        lock(&self.0).pending = why;
    }

    /// Notes why the last policy goes on, if that is so.
    pub(super) fn is_stale(&self, why: Option<&str>) {
        let mut shown = lock(&self.0);
        match why {
            Some(why) => {
                tracing::error!(code = "policy_stale", "{why}; what was served before goes on being served");
                let since = shown.stale.take().map_or_else(SystemTime::now, |(_, since)| since);
                shown.stale = Some((why.to_owned(), since));
            }
            None => shown.stale = None,
        }
    }

    /// Notes what is wrong with the objects, and logs what of it was not wrong before.
    pub(super) fn found(&self, said: Vec<(Severity, String)>, metrics: &Metrics) {
        let mut shown = lock(&self.0);
        for (severity, line) in said.iter().filter(|(_, line)| !shown.logged.contains(line)) {
            match severity {
                Severity::Warning => tracing::warn!(code = "policy_warning", "{line}"),
                Severity::Error | Severity::Denied => tracing::error!(code = "policy_problem", "{line}"),
            }
        }
        let errors = said.iter().filter(|(severity, _)| *severity != Severity::Warning);
        shown.problems = errors.map(|(_, line)| line.clone()).collect();
        shown.logged = said.into_iter().map(|(_, line)| line).collect();
        drop(shown);
        self.count(metrics);
    }

    /// Has metrics say how it stands.
    pub(super) fn count(&self, metrics: &Metrics) {
        let shown = lock(&self.0);
        metrics.source(shown.stale.is_some(), shown.problems.len());
    }

    /// All of it, as JSON.
    pub(crate) fn shown(&self) -> Value {
        let Shown { pending, stale, problems, logged: _ } = lock(&self.0).clone();
        let since = |since: SystemTime| since.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        json!({
            "pending": pending,
            "stale": stale.map(|(why, at)| json!({"reason": why, "sinceUnix": since(at)})),
            "problems": problems,
        })
    }
}

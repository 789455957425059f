//! What is to be done with the authorities, and when: pure.
//!
//! ```text
//! signing ──two thirds of its life──> a next one is made, goes into every bundle
//!         ──all have it, and have settled──> next signs; the old one counts until all that it signed is gone
//! ```
//!
//! Sidecars learn of a certificate by a file that a kubelet refreshes within minutes, so what signs must have been in every
//! bundle for a while. A namespace that cannot be written holds this up, but not for ever: everybody's trust ends with the
//! old authority.

use std::{
    cmp::max,
    time::{Duration, SystemTime},
};

use super::document::{Document, Issuer, MOST_OLD, Made, Next, Old, seconds, time};

/// How long things last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Of an authority. It is renewed at two thirds of it.
    pub life: Duration,
    /// Of a serving certificate.
    pub serving: Duration,
    /// From the last bundle that was written to the last sidecar that can have read it.
    pub settle: Duration,
    /// How much longer an old authority counts than anything that it signed.
    pub margin: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        let day = Duration::from_secs(24 * 3600);
        Self { life: 365 * day, serving: 7 * day, settle: Duration::from_secs(10 * 60), margin: day }
    }
}

/// How the bundles stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spread {
    /// Every bundle that can be written holds every authority of the document.
    pub(super) complete: bool,
    /// When the last of those was written that had been without one of them.
    pub(super) replaced: Option<SystemTime>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing until then, or until something else happens.
    Wait(Option<SystemTime>),
    /// Another authority is to be made, for the bundles first.
    MakeNext,
    /// Note that every bundle holds the next one.
    Distributed,
    /// The next one signs.
    Promote,
    /// Nothing counts any more: another is to be made, and signs at once.
    Replace,
    /// What has gone is to be forgotten.
    Forget,
}

/// What is to be done with `document` at `now`.
pub(super) fn step(document: &Document, spread: Spread, now: SystemTime, timing: &Timing) -> Step {
    let Document { signing, next, old, .. } = document;
    // One that ends before it could sign is none.
    let next = next.as_ref().filter(|next| now < next.issuer.ends());
    if now >= signing.ends() {
        // What it has signed counts for nobody: to wait for bundles would help nobody.
        return if next.is_some() { Step::Promote } else { Step::Replace };
    }
    if old.iter().any(|old| now >= time(old.until)) {
        return Step::Forget;
    }
    let goes = old.iter().map(|old| time(old.until)).min();
    let until = |at: SystemTime| Step::Wait(Some(goes.map_or(at, |goes| goes.min(at))));
    let Some(next) = next else {
        let due = renew_at(signing);
        return if now >= due { Step::MakeNext } else { until(due) };
    };
    let latest = latest(signing, &next.issuer);
    if now >= latest {
        return Step::Promote;
    }
    match next.distributed {
        _ if !spread.complete => until(latest),
        None => Step::Distributed,
        Some(distributed) => {
            let since = spread.replaced.map_or(time(distributed), |replaced| max(replaced, time(distributed)));
            let due = since + timing.settle;
            if now >= due { Step::Promote } else { until(due.min(latest)) }
        }
    }
}

/// When two thirds of its life are over.
fn renew_at(issuer: &Issuer) -> SystemTime {
    let life = issuer.ends().duration_since(issuer.made()).unwrap_or_default();
    issuer.made() + life * 2 / 3
}

/// When the next one signs whoever does not have it yet: with half of what was left when it was made, everybody else has
/// long had it, and serving certificates must not come close to their authority's end.
fn latest(signing: &Issuer, next: &Issuer) -> SystemTime {
    let left = signing.ends().duration_since(next.made()).unwrap_or_default();
    next.made() + left / 2
}

impl Document {
    /// With another authority that is to sign next.
    pub fn with_next(&self, made: Made, now: SystemTime, timing: &Timing) -> Self {
        Self { next: Some(Next { issuer: Issuer::new(made, now, timing.life), distributed: None }), ..self.clone() }
    }

    /// Every bundle holds the next one.
    pub fn distributed(&self, now: SystemTime) -> Self {
        let next = self.next.clone().map(|next| Next { distributed: Some(seconds(now)), ..next });
        Self { next, ..self.clone() }
    }

    /// The next one signs; the one before counts for as long as anything that it signed.
    pub fn promoted(&self, now: SystemTime, timing: &Timing) -> Self {
        let Some(next) = &self.next else { return self.clone() };
        let (mut old, ends) = (self.old.clone(), self.signing.ends());
        let until = seconds(ends.min(now + timing.serving + timing.margin));
        if now < ends {
            old.push(Old { certificate: self.signing.certificate().to_owned(), until });
        }
        // Bounded whatever the times are: those that go first are at the front.
        let over = old.len().saturating_sub(MOST_OLD);
        old.drain(..over);
        Self { signing: next.issuer.clone(), next: None, old, ..self.clone() }
    }

    /// With one that signs at once, since none counts.
    pub fn replaced(&self, made: Made, now: SystemTime, timing: &Timing) -> Self {
        Self { signing: Issuer::new(made, now, timing.life), next: None, ..self.clone() }
    }

    /// Without what has gone.
    pub fn forgotten(&self, now: SystemTime) -> Self {
        let old = self.old.iter().filter(|old| now < time(old.until)).cloned().collect();
        Self { old, ..self.clone() }
    }
}

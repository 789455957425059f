//! Attempts that do not begin at once. While everything cools, one request at a time looks whether a target has recovered
//! early (H24), and a few at a time once its rest is over (C6): a hundred that each looked would be what keeps it down.

use std::time::Duration;

use outrigger_wire::{Failure, Kind};

use super::context::Context;
use crate::signals::{Held, Probe};

/// How often those who wait look what became of it.
const LOOK: Duration = Duration::from_millis(50);

/// Waits until candidate `at` may be asked: at once where nobody else looks, and then this is the look until it is dropped;
/// else when the look of another has been answered. The failure tells when to come back.
pub(super) async fn turn(cx: &Context<'_>, at: usize) -> Result<Option<Probe>, Failure> {
    let health = &cx.published.health[cx.plan.candidates[at].target.slot as usize];
    if let Some(probe) = health.probe() {
        return Ok(Some(probe));
    }
    let (ended, answered) = health.probes();
    let patience = (cx.now() + cx.plan.route.failover.max_wait).min(cx.deadline);
    loop {
        let now = cx.now();
        let Some(until) = health.cools_until(now) else { return Ok(None) };
        let (ended_since, answered_since) = health.probes();
        if answered_since != answered {
            return Ok(None);
        }
        if now >= patience || ended_since != ended {
            return Err(told(until.saturating_sub(now)));
        }
        tokio::time::sleep(LOOK.min(patience.saturating_sub(now))).await;
    }
}

fn told(wait: Duration) -> Failure {
    let text = "every allowed provider rests after failures, and another request has just asked or is asking whether one \
                has recovered; nothing was sent";
    refusal(Kind::Recovering, 503, text, Some(wait.max(Duration::from_secs(1))))
}

/// What is said of an attempt that did not begin at `now`.
pub(super) fn failure(held: Held, now: Duration) -> Failure {
    match held {
        Held::Limited(until) => {
            let text = "the limit that policy sets for this provider is used up; nothing was sent";
            refusal(Kind::TryAgain, 429, text, Some(until.saturating_sub(now)))
        }
        Held::Recovers(until) => {
            let text = "this provider rests after failures, or as many requests as may ask already whether it has \
                        recovered; nothing was sent";
            refusal(Kind::Recovering, 503, text, until.map(|until| until.saturating_sub(now)))
        }
    }
}

fn refusal(kind: Kind, status: u16, text: &str, wait: Option<Duration>) -> Failure {
    let mut failure = Failure::local(kind, text);
    (failure.status, failure.retry_after) = (Some(status), wait);
    failure
}

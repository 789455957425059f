//! While everything cools, one request at a time looks whether a target has recovered early (H24): a hundred that each
//! looked would be what keeps it down.

use std::time::Duration;

use outrigger_wire::{Failure, Kind};

use super::Context;

/// How often those who wait look what became of it.
const LOOK: Duration = Duration::from_millis(50);

/// Waits until it is this request's turn to ask candidate `at`: because nobody else does, or because somebody did and was
/// answered. The failure tells when to come back.
pub(super) async fn turn(cx: &Context<'_>, at: usize) -> Result<(), Failure> {
    let health = &cx.published.health[cx.plan.candidates[at].target.slot as usize];
    let patience = (cx.app.now() + cx.plan.route.failover.max_wait).min(cx.deadline);
    loop {
        let now = cx.app.now();
        if health.may_probe(now) {
            return Ok(());
        }
        let Some(until) = health.cools_until(now) else { return Ok(()) };
        if now >= patience {
            return Err(told(until.saturating_sub(now)));
        }
        tokio::time::sleep(LOOK.min(patience.saturating_sub(now))).await;
    }
}

fn told(wait: Duration) -> Failure {
    let text = "every allowed provider rests after failures, and another request is finding out whether one has recovered; \
                nothing was sent";
    let mut failure = Failure::local(Kind::Overloaded, text);
    (failure.status, failure.retry_after) = (Some(503), Some(wait.max(Duration::from_secs(1))));
    failure
}

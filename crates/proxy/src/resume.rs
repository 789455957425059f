//! Going on from a broken answer on another target: the explicit step that a route opts into with `continueOnBreak`.

use std::{sync::Arc, time::Duration};

use outrigger_route::{Plan, snapshot::Route};
use outrigger_wire::{
    Kind,
    profile::{Claude, Prefill},
    resume::Partial,
};

use crate::{
    allowance::Allowance,
    attempt::{self, answered::Committed, context::Context},
    books::Books,
    intake::{self, Taken},
    ledger::sheet::Sheet,
    record::{attempts::Attempts, served::Served},
    state::Published,
    tokens::Tokens,
    trace::trail::Trail,
};

/// What a request uses of its sidecar, kept for as long as its answer may have to be gone on with.
#[derive(Debug)]
pub(crate) struct Means {
    pub(crate) books: Arc<Books>,
    pub(crate) allowance: Arc<Allowance>,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) sheet: Option<Arc<Sheet>>,
    pub(crate) trail: Option<Arc<Trail>>,
}

/// What is needed to ask another target to go on. Holds the request's body for as long as the stream runs.
pub(crate) struct Resume {
    pub(crate) partial: Partial,
    means: Means,
    published: Arc<Published>,
    taken: Taken,
    plan: Plan,
    deadline: Duration,
}

/// How asking ended. The `Resume` comes back, for the next break.
pub(crate) struct Resumed {
    pub(crate) resume: Box<Resume>,
    pub(crate) attempts: Attempts,
    pub(crate) found: Option<(Box<Committed>, Served)>,
}

/// Whether a stream that broke for this reason may be continued elsewhere.
pub(crate) fn continues(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Reset | Kind::Truncated | Kind::IdleTimeout | Kind::Overloaded | Kind::ServerError | Kind::Malformed
    )
}

impl Resume {
    pub(crate) fn new(
        means: Means,
        published: Arc<Published>,
        taken: Taken,
        plan: Plan,
        partial: Partial,
        deadline: Duration,
    ) -> Self {
        Self { partial, means, published, taken, plan, deadline }
    }

    /// Asks the targets that have not been tried and can continue, one by one, within what `used` upstream calls have
    /// left of the budget (F1).
    pub(crate) async fn go(self: Box<Self>, tried: Vec<u64>, used: usize) -> Resumed {
        let mut attempts = Attempts::new();
        let mut found = None;
        for at in 0..self.plan.candidates.len() {
            let budget = self.plan.route.failover.attempts as usize;
            if found.is_some() || used + attempts.len() >= budget || self.means.books.clock.now() >= self.deadline {
                break;
            }
            let target = &self.plan.candidates[at].target;
            if !tried.contains(&target.id) {
                found = self.ask(at, &mut attempts).await;
            }
        }
        Resumed { resume: self, attempts, found }
    }

    async fn ask(&self, at: usize, attempts: &mut Attempts) -> Option<(Box<Committed>, Served)> {
        let candidate = &self.plan.candidates[at];
        let provider = &candidate.target.provider;
        let dialect = self.taken.operation.dialect();
        if !provider.dialects.contains(dialect) {
            return None;
        }
        if Claude::of(&candidate.target.model).is_some_and(|claude| !claude.prefill) {
            return None;
        }
        let style = Prefill::of(dialect, &provider.slug)?;
        let original = intake::read(self.taken.operation, &self.taken.headers, &self.taken.body).ok()?;
        let body = self.partial.request(style, &self.taken.body, &original.head)?;
        drop(original);
        let taken = self.taken.with_body(body);
        let reading = intake::read(taken.operation, &taken.headers, &taken.body).ok()?;
        let mut plan = self.plan.clone();
        plan.candidates = vec![candidate.clone()];
        let mut route = Route::clone(&plan.route);
        route.failover.attempts = 1;
        plan.route = Arc::new(route);
        let context = Context {
            clock: self.means.books.clock,
            metrics: &self.means.books.metrics,
            allowance: &self.means.allowance,
            tokens: &self.means.tokens,
            published: &self.published,
            taken: &taken,
            reading: &reading,
            plan: &plan,
            // Nothing is translated when a broken answer is continued.
            id: "",
            sheet: self.means.sheet.as_deref(),
            trail: self.means.trail.as_deref(),
            deadline: self.deadline,
        };
        match attempt::run(&context, attempts, None).await {
            Ok(found) => Some(found),
            Err(exhausted) => {
                attempts.extend(exhausted.attempts);
                None
            }
        }
    }
}

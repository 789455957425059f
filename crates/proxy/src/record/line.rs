//! The line of a request in the log. Each field has its row in `reference::fields`.

use std::time::Duration;

use outrigger_catalog::NanoUsd;

use super::{Record, attempts::Tried, settle::Worth};

impl Record {
    pub(super) fn log(&self, Worth { took, cost, price }: &Worth) {
        let served = self.served.as_ref();
        let target = served.map(|served| &served.target);
        let usage = self.heard.usage();
        let lost = self.heard.all_lost();
        let about = self.books.about.load();
        let about = about.as_deref();
        tracing::info!(
            id = &*self.id,
            operation = self.operation.as_str(),
            route = self.route(),
            workload_namespace = about.and_then(|about| about.namespace.as_deref()),
            workload = about.and_then(|about| about.owner.as_deref()),
            team = about.and_then(|about| about.team.as_deref()),
            outcome = self.end.outcome.as_str(),
            code = self.end.code,
            status = self.end.status,
            provider = target.map(|target| &*target.provider.name),
            model = target.map(|target| &*target.model),
            attempts = self.attempts.len(),
            streamed = self.asked.streamed,
            duration_ms = rounded_ms(*took),
            first_token_ms = self.heard.first_token().map(|at| rounded_ms(at.saturating_sub(self.started))),
            input_tokens = usage.input,
            output_tokens = usage.output,
            cached_tokens = usage.cache_read,
            estimated = usage.estimated,
            cost_usd = cost.map(|cost| NanoUsd(cost).to_usd_string()),
            priced_by = price.as_ref().zip(served).map(|(price, served)| served.priced_by(price)),
            estimated_cost_usd = price.and_then(|price| price.estimate).map(|cost| NanoUsd(cost).to_usd_string()),
            finish = self.heard.finished(),
            dropped = (!self.losses.is_empty()).then(|| self.losses.to_string()),
            lost = (!lost.is_empty()).then(|| lost.join(", ")),
            tried = %Tried(&self.attempts),
            "request"
        );
    }
}

/// Milliseconds with three decimal places.
fn rounded_ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

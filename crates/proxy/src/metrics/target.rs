//! What is counted of a target, whoever reaches it.

use std::sync::Arc;

use metrics::Histogram;
use outrigger_route::Target;
use outrigger_telemetry::Registry;

use super::families::{ATTEMPT_DURATION, FIRST_TOKEN, GAP};

/// Handles of one target, whoever reaches it.
#[derive(Debug)]
pub(crate) struct TargetMetrics {
    pub(super) provider: Box<str>,
    pub(super) model: Box<str>,
    pub(super) duration: Histogram,
    pub(super) first_token: Histogram,
    pub(super) gap: Histogram,
}

impl TargetMetrics {
    pub(crate) fn register(registry: &Registry, target: &Target) -> Arc<Self> {
        let (provider, model) = (target.provider.name.clone(), target.model.clone());
        let labels = [("provider", &*provider), ("model", &*model)];
        Arc::new(Self {
            duration: registry.histogram(&ATTEMPT_DURATION, &labels),
            first_token: registry.histogram(&FIRST_TOKEN, &labels),
            gap: registry.histogram(&GAP, &labels),
            provider: provider.clone(),
            model: model.clone(),
        })
    }
}

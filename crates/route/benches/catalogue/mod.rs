//! A policy of any size: `models` models, of which the first is served by all `providers` and the others by a few.

use std::{sync::Arc, time::Duration};

use outrigger_catalog::{Prices, Rate};
use outrigger_route::{
    Health, Percentiles, Signals, Snapshot, Standing, Target,
    snapshot::{Operations, Provider, Route},
    words::{Modalities, Modality, Parameters, Quantization, Retention},
};
use outrigger_wire::{AuthScheme, Dialect, Dialects};

/// The model that every provider serves.
pub(crate) const POPULAR: &str = "author/model-0";

/// Builds the snapshot: every provider serves the first model and one in ten of the others.
pub(crate) fn snapshot(models: u32, providers: u32) -> Snapshot {
    let providers: Vec<Arc<Provider>> = (0..providers).map(|n| Arc::new(provider(n))).collect();
    let mut snapshot = Snapshot { direct: Arc::new(Route::default()), ..Snapshot::default() };
    for model in 0..models {
        let mut slots = Vec::new();
        for (n, provider) in providers.iter().enumerate() {
            if model == 0 || (model as usize + n).is_multiple_of(10) {
                let slot = u32::try_from(snapshot.targets.len()).unwrap_or_default();
                snapshot.targets.push(Arc::new(target(slot, model, provider)));
                slots.push(slot);
            }
        }
        snapshot.models.insert(format!("author/model-{model}").into(), slots.into());
    }
    snapshot
}

fn provider(n: u32) -> Provider {
    let name = format!("provider-{n}");
    Provider {
        name: format!("demo/{name}").into(),
        slug: name.clone().into(),
        short_name: name.clone().into(),
        display: name.into(),
        dialects: Dialects::only(Dialect::ChatCompletions),
        base_url: "http://localhost".into(),
        authorities: None,
        auth: AuthScheme::None,
        credentials: Arc::default(),
        region: Some("eu".into()),
        trains: Some(false),
        retention: Some(Retention::Zero),
        requests_per_minute: None,
        tokens_per_minute: None,
        headers: Vec::new(),
    }
}

fn target(slot: u32, model: u32, provider: &Arc<Provider>) -> Target {
    let price = Rate(u64::from(slot % 17 + 1) * 100_000_000);
    Target {
        slot,
        id: u64::from(slot),
        provider: provider.clone(),
        model: format!("author/model-{model}").into(),
        upstream_name: format!("model-{model}").into(),
        operations: Operations::of_dialects(&Dialects::only(Dialect::ChatCompletions)),
        quantization: Quantization::Fp8,
        prices: Some(Prices::flat(price, price, "policy", "2026-01-01")),
        context_length: Some(128_000),
        max_output: Some(8192),
        input_modalities: [Modality::Text].into_iter().collect::<Modalities>(),
        parameters: Parameters::all(),
    }
}

/// Health that is different for every target, answered without a lock.
#[derive(Debug)]
pub(crate) struct Measured;

impl Signals for Measured {
    fn standing(&self, target: &Target, _: Duration) -> Standing {
        let slot = f64::from(target.slot % 61);
        Standing {
            health: if target.slot.is_multiple_of(13) { Health::Degraded } else { Health::Good },
            outstanding: target.slot % 7,
            latency: Some(Percentiles { at: [0.2 + (slot as f32) / 100.0, 0.5, 0.9, 1.5] }),
            throughput: Some(Percentiles { at: [20.0 + (slot as f32), 15.0, 10.0, 5.0] }),
            uptime: Some(0.99),
        }
    }
}

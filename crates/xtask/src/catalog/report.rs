//! What the generator did, for the person who reviews the diff.

use super::merge::{Dispute, Merged};
use outrigger_catalog::{Catalog, Kind};
use std::collections::BTreeMap;

/// How many disputes are listed unless all are asked for.
const LISTED: usize = 25;

/// Counts and disagreements, collected while building.
#[derive(Default)]
pub(crate) struct Report {
    by_sources: BTreeMap<usize, usize>,
    disputes: Vec<(String, Dispute, String)>,
}

impl Report {
    pub(crate) fn add(&mut self, provider: &str, upstream: &str, merged: &Merged) {
        *self.by_sources.entry(merged.sources).or_default() += 1;
        if let (Some(dispute), Some(prices)) = (&merged.dispute, &merged.prices) {
            let dispute = Dispute { opinions: dispute.opinions.clone(), why: dispute.why };
            self.disputes.push((format!("{provider} {upstream}"), dispute, prices.source.clone()));
        }
    }

    pub(crate) fn print(&self, catalog: &Catalog, bytes: usize, all: bool) {
        let shown = if all { self.disputes.len() } else { LISTED };
        println!("prices the sources disagree about ({}):", self.disputes.len());
        for (row, dispute, winner) in self.disputes.iter().take(shown) {
            let said: Vec<String> =
                dispute.opinions.iter().map(|p| format!("{} {}/{}", p.source, p.input, p.output)).collect();
            println!("  {row}: {} -> {winner}, {}", said.join(", "), dispute.why);
        }
        if self.disputes.len() > shown {
            println!("  ... and {} more (--all lists them)", self.disputes.len() - shown);
        }

        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for model in catalog.models() {
            *kinds.entry(kind(model.kind).to_owned()).or_default() += 1;
        }
        let priced = catalog.offers().iter().filter(|offer| offer.prices.is_some()).count();
        let deprecated = catalog.offers().iter().filter(|offer| offer.deprecated).count();
        println!(
            "{} providers, {} models, {} offers ({priced} priced, {deprecated} deprecated), {bytes} bytes, version {}, as of {}",
            catalog.providers().len(),
            catalog.models().len(),
            catalog.offers().len(),
            catalog.version(),
            catalog.as_of(),
        );
        println!("models by kind: {kinds:?}");
        println!("offers by number of sources with a price: {:?}", self.by_sources);
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Chat => "chat",
        Kind::Embedding => "embedding",
        Kind::Image => "image",
        Kind::Speech => "speech",
        Kind::Transcription => "transcription",
        Kind::Rerank => "rerank",
        Kind::Moderation => "moderation",
        Kind::Completion => "completion",
    }
}

//! The immutable whole and its look-ups.

use crate::{
    model::{Model, Offer},
    provider::Provider,
};

/// All providers, models and offers; immutable after load, cheap to share behind an `Arc`.
///
/// Look-ups are binary searches and allocate nothing.
#[derive(Clone, Debug)]
pub struct Catalog {
    pub(crate) version: String,
    pub(crate) as_of: String,
    /// By slug.
    pub(crate) providers: Vec<Provider>,
    /// By id.
    pub(crate) models: Vec<Model>,
    /// By provider, then model; among offers of one model at one provider the preferred one first.
    pub(crate) offers: Vec<Offer>,
    /// Indices into `offers`, by model, then provider.
    pub(crate) by_model: Vec<u32>,
    /// Indices into `offers`, by provider, then upstream name.
    pub(crate) by_upstream: Vec<u32>,
}

impl Catalog {
    /// Hash of the content, 16 hexadecimal digits: equal data, equal version, on every machine.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// ISO date of the newest source.
    #[must_use]
    pub fn as_of(&self) -> &str {
        &self.as_of
    }

    /// Every provider, by slug.
    #[must_use]
    pub fn providers(&self) -> &[Provider] {
        &self.providers
    }

    /// The provider with this slug.
    #[must_use]
    pub fn provider(&self, slug: &str) -> Option<&Provider> {
        find(&self.providers, slug, |provider| &provider.slug)
    }

    /// Every model, by id.
    #[must_use]
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The model with this id (`author/slug`).
    #[must_use]
    pub fn model(&self, id: &str) -> Option<&Model> {
        find(&self.models, id, |model| &model.id)
    }

    /// Every offer, by provider, then model.
    #[must_use]
    pub fn offers(&self) -> &[Offer] {
        &self.offers
    }

    /// What this provider serves, by model; nothing for an unknown slug.
    pub fn offers_of(&self, provider_slug: &str) -> impl Iterator<Item = &Offer> {
        run(&self.offers, |offer| offer.provider.as_str().cmp(provider_slug)).iter()
    }

    /// Who serves this model, by provider; nothing for an unknown id.
    pub fn offers_for(&self, model_id: &str) -> impl Iterator<Item = &Offer> {
        run(&self.by_model, |at| self.at(*at).model.as_str().cmp(model_id)).iter().map(|at| self.at(*at))
    }

    /// The offer of this provider that goes by this name: its own upstream name first, else the model's id.
    ///
    /// Where a provider serves one model under several names (an alias and dated ones), the id finds the alias.
    #[must_use]
    pub fn offer(&self, provider_slug: &str, model_id_or_upstream_name: &str) -> Option<&Offer> {
        let name = model_id_or_upstream_name;
        let by_name = self.by_upstream.binary_search_by(|at| {
            let offer = self.at(*at);
            (offer.provider.as_str(), offer.upstream_name.as_str()).cmp(&(provider_slug, name))
        });
        if let Ok(found) = by_name {
            return Some(self.at(self.by_upstream[found]));
        }
        run(&self.offers, |offer| (offer.provider.as_str(), offer.model.as_str()).cmp(&(provider_slug, name))).first()
    }

    fn at(&self, index: u32) -> &Offer {
        &self.offers[index as usize]
    }
}

fn find<'a, T>(sorted: &'a [T], key: &str, key_of: impl Fn(&T) -> &String) -> Option<&'a T> {
    sorted.binary_search_by(|item| key_of(item).as_str().cmp(key)).ok().map(|at| &sorted[at])
}

/// The run of equal items in a sorted slice.
fn run<T>(sorted: &[T], compare: impl Fn(&T) -> std::cmp::Ordering) -> &[T] {
    let from = sorted.partition_point(|item| compare(item).is_lt());
    let to = sorted.partition_point(|item| compare(item).is_le());
    &sorted[from..to]
}

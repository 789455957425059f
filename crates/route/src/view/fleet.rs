//! The providers of a view with their keys, numbered: what a name or a line of a route means among them.

use std::{
    collections::{BTreeMap, HashSet},
    ops::Range,
    sync::Arc,
};

use outrigger_wire::AuthScheme;

use super::{Called, Key, Line, Offer, Offering, Providers};
use crate::{
    Authorities, Target,
    hash::Hash,
    snapshot::{Credential, Names, Provider, RouteTarget},
};

/// Every target that can be called.
#[derive(Debug, Default)]
pub struct Fleet {
    /// In order of their providers' keys.
    pub targets: Vec<Arc<Target>>,
    called: Vec<Called>,
    /// Where each provider's targets stand.
    of: BTreeMap<Key, Range<usize>>,
}

impl Fleet {
    /// Numbers what `providers` offer. One that needs a key and has none is left out, and so is one of whom nobody is
    /// trusted to be it.
    pub fn new(providers: &BTreeMap<Key, Arc<Offering>>, credentials: &BTreeMap<Key, Arc<[Credential]>>) -> Self {
        let usable = |key: &Key, offering: &Offering| {
            let own = credentials.get(key).cloned().unwrap_or_default();
            let keyed = !own.is_empty() || offering.provider.auth == AuthScheme::None;
            (keyed && offering.provider.is_known()).then_some(own)
        };
        Self::numbered(providers, usable)
    }

    /// As if every provider had its keys: for asking what names mean.
    pub fn keyless(providers: &BTreeMap<Key, Arc<Offering>>) -> Self {
        Self::numbered(providers, |_, _| Some(Arc::default()))
    }

    fn numbered(
        providers: &BTreeMap<Key, Arc<Offering>>,
        keys: impl Fn(&Key, &Offering) -> Option<Arc<[Credential]>>,
    ) -> Self {
        let mut fleet = Self::default();
        for (key, offering) in providers {
            let Some(own) = keys(key, offering) else { continue };
            let provider = Arc::new(offering.provider.with(own));
            let from = fleet.targets.len();
            for offer in &offering.offers {
                let slot = u32::try_from(fleet.targets.len()).unwrap_or(u32::MAX);
                fleet.targets.push(Arc::new(target(slot, &provider, offer)));
                fleet.called.push(offer.called);
            }
            fleet.of.insert(key.clone(), from..fleet.targets.len());
        }
        fleet
    }

    /// Whether `provider` can be called.
    pub fn has(&self, provider: &str) -> bool {
        self.of.contains_key(provider)
    }

    /// The targets of `provider`.
    pub fn at(&self, provider: &str) -> &[Arc<Target>] {
        self.of.get(provider).map_or(&[], |range| &self.targets[range.clone()])
    }

    /// What `model` means at `provider`: its id first, else the vendor's own name.
    pub fn slots(&self, provider: &str, model: &str) -> Vec<u32> {
        let own = self.at(provider);
        let ids = own.iter().filter(|target| *target.model == *model && self.called[target.slot as usize].by_id);
        let ids: Vec<u32> = ids.map(|target| target.slot).collect();
        if !ids.is_empty() {
            return ids;
        }
        own.iter().filter(|target| *target.upstream_name == *model).map(|target| target.slot).collect()
    }

    /// What a line means.
    pub fn line(&self, line: &Line) -> Vec<u32> {
        match &line.providers {
            Providers::Any => self.of.keys().flat_map(|provider| self.slots(provider, &line.model)).collect(),
            Providers::These(list) => list.iter().flat_map(|provider| self.slots(provider, &line.model)).collect(),
        }
    }

    /// The targets of a route. Of two lines that mean one target the first is used.
    pub fn lines(&self, lines: &[Line]) -> Vec<RouteTarget> {
        let mut used = HashSet::new();
        let mut targets = Vec::new();
        for line in lines {
            targets.extend(self.line(line).into_iter().filter(|slot| used.insert(*slot)).map(|slot| RouteTarget {
                slot,
                priority: line.priority,
                weight: line.weight,
                parameters: line.parameters.clone(),
            }));
        }
        targets
    }

    /// Model names to slots: catalogue ids, vendors' own ids, and `provider/vendor's id` where that is nobody's id.
    pub fn models(&self) -> Names<Arc<[u32]>> {
        let mut slots: BTreeMap<Box<str>, Vec<u32>> = BTreeMap::new();
        let mut at_provider: BTreeMap<Box<str>, Vec<u32>> = BTreeMap::new();
        for (target, called) in self.targets.iter().zip(&self.called) {
            let Target { slot, provider, model, upstream_name, .. } = &**target;
            let Called { by_id, by_upstream_name, by_qualified_name } = *called;
            if by_id {
                slots.entry(model.clone()).or_default().push(*slot);
            }
            if by_upstream_name {
                slots.entry(upstream_name.clone()).or_default().push(*slot);
            }
            if by_qualified_name {
                at_provider.entry(format!("{}/{upstream_name}", provider.slug).into()).or_default().push(*slot);
            }
        }
        for (name, found) in at_provider {
            slots.entry(name).or_insert(found);
        }
        slots.into_iter().map(|(name, slots)| (name, slots.into())).collect()
    }
}

impl Provider {
    /// Whether somebody is trusted to say that it is it: not where authorities are asked for that are not there.
    pub fn is_known(&self) -> bool {
        !self.authorities.as_ref().is_some_and(Authorities::is_nobody)
    }

    /// The same provider with these keys.
    pub fn with(&self, credentials: Arc<[Credential]>) -> Self {
        // Without `..`: a new field must not be lost here.
        let Self {
            name,
            slug,
            short_name,
            display,
            dialects,
            base_url,
            authorities,
            auth,
            credentials: _,
            region,
            trains,
            retention,
            requests_per_minute,
            tokens_per_minute,
            headers,
        } = self;
        Self {
            name: name.clone(),
            slug: slug.clone(),
            short_name: short_name.clone(),
            display: display.clone(),
            dialects: *dialects,
            base_url: base_url.clone(),
            authorities: authorities.clone(),
            auth: auth.clone(),
            credentials,
            region: region.clone(),
            trains: *trains,
            retention: *retention,
            requests_per_minute: *requests_per_minute,
            tokens_per_minute: *tokens_per_minute,
            headers: headers.clone(),
        }
    }
}

fn target(slot: u32, provider: &Arc<Provider>, offer: &Offer) -> Target {
    let Offer {
        model,
        upstream_name,
        operations,
        quantization,
        prices,
        context_length,
        max_output,
        input_modalities,
        parameters,
        called: _,
    } = offer;
    let id = Hash::new().part(&*provider.name).part(&**model).part(&**upstream_name).part(&*provider.base_url);
    Target {
        slot,
        id: id.finish(),
        provider: provider.clone(),
        model: model.clone(),
        upstream_name: upstream_name.clone(),
        operations: *operations,
        quantization: *quantization,
        prices: prices.clone(),
        context_length: *context_length,
        max_output: *max_output,
        input_modalities: *input_modalities,
        parameters: *parameters,
    }
}

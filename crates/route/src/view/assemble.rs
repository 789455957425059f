//! A view into the snapshot that requests are decided on.

use std::{collections::BTreeMap, sync::Arc};

use outrigger_wire::AuthScheme;

use super::{Broken, Fleet, Header, Key, Kind, Line, Offering, Providers, RoutePart, View};
use crate::{
    Snapshot,
    closed::{Closed, Forbidden},
    snapshot::{Names, Route},
};

impl View {
    /// The snapshot that the parts make together. Parts that name what is not there lead nowhere, and their names are
    /// closed with the reason; nothing falls through to something with fewer limits.
    pub fn assemble(&self) -> Snapshot {
        let fleet = Fleet::new(&self.providers, &self.credentials);
        self.assemble_with(fleet)
    }

    /// [`assemble`](Self::assemble), for whoever has the fleet of this view already.
    pub fn assemble_with(&self, fleet: Fleet) -> Snapshot {
        let Self { revision, providers: _, credentials: _, routes, policies, broken, alive: _, header } = self;
        let Header { limits: _, policies: _, refused, alive: _, closed, forbidden, forbidden_more: _ } = &**header;
        let mut snapshot = Snapshot { revision: revision.clone(), ..Snapshot::default() };
        if refused.is_some() {
            snapshot.otherwise = refused.clone();
            return snapshot;
        }
        snapshot.models = fleet.models();
        let strict = policies.iter().find(|(_, policy)| policy.require_parameters).map(|(name, _)| name.clone());
        let require = |route: &mut Route| route.constraints.require_parameters |= strict.is_some();
        let mut direct = Route::default();
        require(&mut direct);
        snapshot.direct = Arc::new(direct);

        snapshot.closed = closed.iter().cloned().collect();
        for ((kind, key), part) in broken {
            let Broken { names, spec: _, reason } = &**part;
            let object = format!("{} {key}", kind.as_str());
            for name in names {
                let why = Closed::Broken { object: object.as_str().into(), reason: reason.clone() };
                snapshot.closed.entry(name.clone()).or_insert(why);
            }
        }
        for (key, part) in routes {
            let RoutePart { names, route, lines } = &**part;
            let mut route = route.clone();
            require(&mut route);
            route.targets = fleet.lines(lines);
            let lost: Vec<Forbidden> =
                forbidden.iter().filter(|it| lines.iter().any(|line| line.means(it))).cloned().collect();
            if route.targets.is_empty() {
                let why = self.nothing_left(key, lines, lost);
                snapshot.closed.extend(names.iter().map(|name| (name.clone(), why.clone())));
                continue;
            }
            let (route, lost) = (Arc::new(route), Arc::<[Forbidden]>::from(lost));
            for name in names {
                snapshot.routes.insert(name.clone(), route.clone());
                if !lost.is_empty() {
                    snapshot.forbidden.insert(name.clone(), lost.clone());
                }
            }
        }
        // A closed name is no model either, or a request would lose the limits that were written for it.
        snapshot.models.retain(|name, _| !snapshot.closed.contains_key(name));
        if let Some((policy, _)) = policies.iter().find(|(_, policy)| policy.bare_models_denied) {
            snapshot.models = Names::default();
            snapshot.otherwise = Some(Closed::BareModel { policy: policy.clone() });
        } else {
            close_forbidden(&mut snapshot, forbidden);
            self.close_pending(&mut snapshot);
        }
        snapshot.targets = fleet.targets;
        snapshot.strict = strict;
        snapshot
    }

    /// Whether nobody has said yet which keys `provider` (`namespace/name`) has. That it has none is something that is said.
    pub fn is_pending(&self, provider: &str) -> bool {
        let offering = self.providers.get(provider);
        offering.is_some_and(|it| it.provider.auth != AuthScheme::None) && !self.credentials.contains_key(provider)
    }

    /// Bare models that will be there with their providers' keys.
    fn close_pending(&self, snapshot: &mut Snapshot) {
        let pending = self.providers.iter().filter(|(key, _)| self.is_pending(key));
        for offer in pending.flat_map(|(_, offering)| &offering.offers) {
            for name in [&offer.model, &offer.upstream_name] {
                if !snapshot.models.contains_key(name) && !snapshot.routes.contains_key(name) {
                    snapshot.closed.entry(name.clone()).or_insert(Closed::CredentialsPending);
                }
            }
        }
    }

    /// Why a route has no target.
    fn nothing_left(&self, key: &str, lines: &[Line], lost: Vec<Forbidden>) -> Closed {
        if !lost.is_empty() {
            return Closed::Forbidden(lost.into());
        }
        let meant = |key: &Key, offering: &Offering, line: &Line| {
            let asked = match &line.providers {
                Providers::Any => true,
                Providers::These(list) => list.contains(key),
            };
            asked && offering.offers.iter().any(|it| it.model == line.model || it.upstream_name == line.model)
        };
        let waits = |(key, offering): (&Key, &Arc<Offering>)| {
            self.is_pending(key) && lines.iter().any(|line| meant(key, offering, line))
        };
        if self.providers.iter().any(waits) {
            return Closed::CredentialsPending;
        }
        let named = lines.iter().find_map(|line| match &line.providers {
            Providers::Any => None,
            Providers::These(list) => list.first(),
        });
        let reason = match named {
            Some(provider) if self.broken.contains_key(&(Kind::Provider, provider.clone())) => {
                let broken = &self.broken[&(Kind::Provider, provider.clone())];
                format!("ModelProvider {provider} is broken: {}", broken.reason)
            }
            Some(provider) if self.providers.get(provider).is_some_and(|it| !it.provider.is_known()) => {
                format!(
                    "ModelProvider {provider} asks for certificates of authorities (spec.tls.caRef) that are not there"
                )
            }
            Some(provider) if self.providers.contains_key(provider) => {
                format!("ModelProvider {provider} has no key that can be used, or does not serve its models")
            }
            // What a spec calls it may be anything, a key among it.
            Some(_) => "there is no ModelProvider of the name that it gives".to_owned(),
            None => "no provider serves its models".to_owned(),
        };
        Closed::NoTargets { object: format!("ModelRoute {key}").into(), reason: reason.into() }
    }
}

/// Bare models that policy took away, as a whole or at some providers.
fn close_forbidden(snapshot: &mut Snapshot, forbidden: &[Forbidden]) {
    let mut by_name: BTreeMap<&str, Vec<Forbidden>> = BTreeMap::new();
    for one in forbidden {
        by_name.entry(&one.model).or_default().push(one.clone());
        if one.upstream_name != one.model {
            by_name.entry(&one.upstream_name).or_default().push(one.clone());
        }
    }
    for (name, list) in by_name {
        if snapshot.routes.contains_key(name) || snapshot.closed.contains_key(name) {
            continue;
        }
        match snapshot.models.contains_key(name) {
            true => drop(snapshot.forbidden.insert(name.into(), list.into())),
            false => drop(snapshot.closed.insert(name.into(), Closed::Forbidden(list.into()))),
        }
    }
}

impl Line {
    /// Whether it would mean what was taken away.
    pub fn means(&self, lost: &Forbidden) -> bool {
        let provider = match &self.providers {
            Providers::Any => true,
            Providers::These(list) => list.contains(&lost.provider),
        };
        provider && (self.model == lost.model || self.model == lost.upstream_name)
    }
}

//! What a view lets through.

use std::collections::{BTreeMap, BTreeSet};

use outrigger_route::{
    View,
    closed::Closed,
    snapshot::RouteTarget,
    view::{Fleet, Key, Kind as Part, RoutePart},
};

/// Model and provider.
pub(super) type Target = (Box<str>, Key);

/// Routes with what they lead to, and the models that may be named by themselves.
#[derive(Debug, Default)]
pub(super) struct Reach {
    pub(super) routes: BTreeMap<Key, BTreeSet<Target>>,
    pub(super) models: BTreeSet<Target>,
    /// Why nothing at all is served, if that is so.
    pub(super) refused: Option<String>,
}

impl Reach {
    /// Of `view`. A route that is broken in it goes on as it was in `before`, as far as that still leads anywhere.
    pub(super) fn of(view: &View, before: Option<&View>) -> Self {
        if let Some(why) = &view.header.refused {
            let why = match why {
                Closed::Broken { object, reason } => format!("{object} is broken: {reason}"),
                other => other.code().to_owned(),
            };
            return Self { refused: Some(why), ..Self::default() };
        }
        let fleet = Fleet::new(&view.providers, &view.credentials);
        let meant = |part: &RoutePart| {
            let target = |it: &RouteTarget| {
                let target = &fleet.targets[it.slot as usize];
                (target.model.clone(), target.provider.name.clone())
            };
            fleet.lines(&part.lines).iter().map(target).collect::<BTreeSet<Target>>()
        };
        let mut routes: BTreeMap<Key, BTreeSet<Target>> =
            view.routes.iter().map(|(key, part)| (key.clone(), meant(part))).collect();
        let broken = view.broken.keys().filter(|(kind, _)| *kind == Part::Route).map(|(_, key)| key);
        for key in broken {
            if let Some(part) = before.and_then(|before| before.routes.get(key)) {
                routes.insert(key.clone(), meant(part));
            }
        }
        let snapshot = view.assemble_with(fleet);
        let slots: BTreeSet<u32> = snapshot.models.values().flat_map(|slots| slots.iter().copied()).collect();
        let model = |slot: u32| {
            let target = &snapshot.targets[slot as usize];
            (target.model.clone(), target.provider.name.clone())
        };
        Self { routes, models: slots.into_iter().map(model).collect(), refused: None }
    }
}

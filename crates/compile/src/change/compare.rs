//! Two views of the same workloads, compared.

use std::collections::{BTreeMap, BTreeSet};

use outrigger_route::{View, view::Key};

use super::{
    Passage, What,
    reach::{Reach, Target},
    touched::{LISTED, Touched},
};
use crate::{
    access,
    problem::{full_name, namespace},
    world::World,
};

/// What was found so far. The same of several views is one passage.
#[derive(Debug, Default)]
pub(super) struct Found {
    opened: BTreeMap<Way, Whom>,
    closed: BTreeMap<Way, Whom>,
}

/// A passage without whose it is.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    what: What,
    /// The whole ones first.
    part: bool,
    targets: Vec<String>,
    total: u64,
    why: String,
}

#[derive(Debug, Default)]
struct Whom {
    namespaces: BTreeSet<String>,
    workloads: u64,
    sidecars: u64,
}

/// A view and the world that it was compiled from.
type Seen<'a> = (&'a View, &'a World);

impl Found {
    /// Compares two views that are `whose`.
    pub(super) fn compare(&mut self, before: Seen<'_>, after: Seen<'_>, whose: &Touched) {
        let (was, is) = (Reach::of(before.0, None), Reach::of(after.0, Some(before.0)));
        match (&was.refused, &is.refused) {
            (None, None) => {}
            (Some(_), Some(_)) => return,
            // What goes on where it runs is not opened when it may run again, nor closed while it may not.
            (None, Some(why)) => {
                return note(&mut self.closed, What::Everything, true, Vec::new(), why.clone(), whose);
            }
            (Some(why), None) => {
                let why = format!("no longer so: {why}");
                return note(&mut self.opened, What::Everything, true, Vec::new(), why, whose);
            }
        }
        let nothing = BTreeSet::new();
        let names: BTreeSet<&Key> = was.routes.keys().chain(is.routes.keys()).collect();
        for name in names {
            let old = was.routes.get(name).unwrap_or(&nothing);
            let new = is.routes.get(name).unwrap_or(&nothing);
            let what = || What::Route(name.to_string());
            let lost: Vec<&Target> = old.difference(new).collect();
            if !lost.is_empty() {
                let gone = !is.routes.contains_key(name);
                let why = if gone { absent(after, name) } else { why_lost(before, after, &lost, &whose.namespace) };
                note(&mut self.closed, what(), new.is_empty(), lost.iter().map(|it| shown(it)).collect(), why, whose);
            }
            let won: Vec<&Target> = new.difference(old).collect();
            if !won.is_empty() {
                let why = why_won(before, &won);
                note(&mut self.opened, what(), old.is_empty(), won.iter().map(|it| shown(it)).collect(), why, whose);
            }
        }
        for (provider, lost) in by_provider(was.models.difference(&is.models)) {
            let whole = !is.models.iter().any(|(_, other)| other == provider);
            let why = why_lost(before, after, &lost, &whose.namespace);
            let models = lost.iter().map(|(model, _)| model.to_string()).collect();
            note(&mut self.closed, What::Models(provider.to_string()), whole, models, why, whose);
        }
        for (provider, won) in by_provider(is.models.difference(&was.models)) {
            let whole = !was.models.iter().any(|(_, other)| other == provider);
            let models = won.iter().map(|(model, _)| model.to_string()).collect();
            note(&mut self.opened, What::Models(provider.to_string()), whole, models, why_won(before, &won), whose);
        }
    }

    /// Opened, and closed: those first of which most is said, then in order of their names.
    pub(super) fn passages(self) -> (Vec<Passage>, Vec<Passage>) {
        let list = |ways: BTreeMap<Way, Whom>| {
            let mut all: Vec<Passage> = ways.into_iter().map(passage).collect();
            all.sort_by_key(|it| (!it.whole, matches!(it.what, What::Models(_)), std::cmp::Reverse(it.sidecars)));
            all
        };
        (list(self.opened), list(self.closed))
    }
}

fn by_provider<'t>(targets: impl Iterator<Item = &'t Target>) -> BTreeMap<&'t Key, Vec<&'t Target>> {
    let mut all: BTreeMap<&Key, Vec<&Target>> = BTreeMap::new();
    for target in targets {
        all.entry(&target.1).or_default().push(target);
    }
    all
}

fn passage((way, whom): (Way, Whom)) -> Passage {
    let Way { what, part, targets, total, why } = way;
    let Whom { namespaces, workloads, sidecars } = whom;
    let namespaces = namespaces.into_iter().collect();
    Passage { what, whole: !part, targets, total, why, namespaces, workloads, sidecars }
}

fn note(
    into: &mut BTreeMap<Way, Whom>,
    what: What,
    whole: bool,
    mut targets: Vec<String>,
    why: String,
    whose: &Touched,
) {
    let total = targets.len() as u64;
    targets.sort();
    targets.truncate(LISTED);
    let whom = into.entry(Way { what, part: !whole, targets, total, why }).or_default();
    whom.namespaces.insert(whose.namespace.clone());
    whom.workloads += whose.total;
    whom.sidecars += whose.sidecars;
}

fn shown((model, provider): &Target) -> String {
    format!("{model} at {provider}")
}

/// Why a route is in no view of it any more.
fn absent((_, world): Seen<'_>, name: &str) -> String {
    match world.routes.iter().any(|it| full_name(&it.metadata) == name) {
        true => "its spec.workloads selects others".to_owned(),
        false => "it is deleted".to_owned(),
    }
}

/// Why targets cannot be reached any more; the first reason stands for all.
fn why_lost((before, _): Seen<'_>, (after, world): Seen<'_>, lost: &[&Target], home: &str) -> String {
    let policy = lost.iter().find_map(|(model, provider)| {
        let found = after.header.forbidden.iter().find(|it| it.provider == *provider && it.model == *model)?;
        Some(format!("ModelPolicy {} ({})", found.policy, found.rule))
    });
    if let Some(policy) = policy {
        return policy;
    }
    let bare = |view: &View| view.policies.iter().find(|(_, it)| it.bare_models_denied).map(|(name, _)| name.clone());
    if let (None, Some(name)) = (bare(before), bare(after)) {
        return format!("ModelPolicy {name} (bareModels)");
    }
    let Some((_, provider)) = lost.first() else { return String::new() };
    let Some(object) = world.providers.iter().find(|it| full_name(&it.metadata) == **provider) else {
        return format!("ModelProvider {provider} is gone");
    };
    if !access::allows(object, home, world) {
        return format!("ModelProvider {provider} does not allow namespace {home:?}");
    }
    let Some(offering) = after.providers.get(provider) else {
        let own = namespace(&object.metadata) == home;
        return if own { String::new() } else { format!("ModelProvider {provider} is broken") };
    };
    let keyless = offering.provider.auth != outrigger_wire::AuthScheme::None
        && after.credentials.get(provider).is_none_or(|keys| keys.is_empty());
    if keyless { format!("ModelProvider {provider} has no key that can be used") } else { String::new() }
}

/// What forbade targets that can be reached now.
fn why_won((before, _): Seen<'_>, won: &[&Target]) -> String {
    let of = |(model, provider): &&Target| {
        before.header.forbidden.iter().find(|it| it.provider == *provider && it.model == *model)
    };
    won.iter().find_map(of).map_or_else(String::new, |it| format!("ModelPolicy {} ({}) forbade it", it.policy, it.rule))
}

//! What an edit of policy means for those under it: the world before and the world after, compiled and compared. Pure: the
//! admission webhook and the command line say what is found here, each in its own words.
//!
//! ```text
//! edited    which objects are different, and in which namespaces that could matter
//! reach     what a view lets through: routes with their targets, bare models
//! compare   two of these -> passages opened and closed, with the reason
//! widened   what an edited policy lets through by its own words
//! ```

mod compare;
mod edited;
mod passage;
mod reach;
mod touched;
mod widened;

use std::collections::{BTreeMap, BTreeSet};

use outrigger_catalog::Catalog;
use outrigger_route::View;
use serde::{Deserialize, Serialize};

pub use edited::{Edited, How};
pub use passage::{Passage, What};
pub use touched::{LISTED, Reader, Touched};
pub use widened::opened;

use crate::{
    compile::{is_own, of_policies, revision, view},
    problem::{Cause, Kind, ObjectRef, Problem, Severity},
    select,
    views::narrow,
    world::{Scope, Selection, World},
};

/// What an edit means. Every list is in a fixed order; the same worlds give the same change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Change {
    /// The objects that are different.
    pub edited: Vec<Edited>,
    /// Policies that forbid less than before, by what they say.
    pub widened: Vec<Widened>,
    /// What can be reached that could not.
    pub opened: Vec<Passage>,
    /// What could be reached and cannot be any more.
    pub closed: Vec<Passage>,
    /// What is wrong that was not: of the objects edited and of those that name them.
    pub broken: Vec<Problem>,
    /// What was wrong and is not any more.
    pub mended: Vec<Problem>,
    /// What was and is wrong with the objects edited.
    pub remaining: Vec<Problem>,
    /// The views that are different, with whose they are.
    pub touched: Vec<Touched>,
}

/// A policy that forbids less than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Widened {
    /// Which.
    pub policy: ObjectRef,
    /// What it lets through, one phrase each: `regions eu -> any`.
    pub says: Vec<String>,
}

impl Change {
    /// Whether nothing is different for anybody.
    pub fn is_nothing(&self) -> bool {
        self.edited.is_empty()
    }

    /// Whether something is opened, or something broken that was not.
    pub fn is_grave(&self) -> bool {
        let broken = self.broken.iter().any(|it| it.severity != Severity::Warning);
        broken || !self.opened.is_empty() || !self.widened.is_empty()
    }
}

/// What becomes different between two worlds. `readers`: those who are under policy now; a namespace of which none is
/// known is compared as a whole.
pub fn change(before: &World, after: &World, catalog: &Catalog, readers: &[Reader]) -> Change {
    let edited = edited::edited(before, after);
    if edited.is_empty() {
        return Change::default();
    }
    let mut change = Change { widened: widened(before, after, &edited), ..Change::default() };
    let mut found = compare::Found::default();
    let (mut old, mut new) = (problems(before), problems(after));
    for home in edited::homes(before, after, &edited, readers) {
        // Everything that pods of it could depend on, whatever selects them.
        let narrowed = |world: &World| narrow(world, &whole(world, &home));
        if narrowed(before) == narrowed(after) {
            continue;
        }
        let scope = Scope::Namespace(home.clone());
        let whole = [view(before, catalog, &scope), view(after, catalog, &scope)];
        let [(was, was_wrong), (is, is_wrong)] = whole;
        old.extend(was_wrong.into_iter().filter(|it| is_own(it, &home)));
        new.extend(is_wrong.into_iter().filter(|it| is_own(it, &home)));
        let groups = groups(before, after, &home, readers);
        if groups.is_empty() {
            let nobody = Touched { namespace: home.clone(), ..Touched::default() };
            see(&mut found, &mut change, [(&was, before), (&is, after)], catalog, nobody);
        }
        for ((from, to), whose) in groups {
            let (was, _) = view(before, catalog, &Scope::Selected(from));
            let (is, _) = view(after, catalog, &Scope::Selected(to));
            see(&mut found, &mut change, [(&was, before), (&is, after)], catalog, whose);
        }
    }
    (change.opened, change.closed) = found.passages();
    let known: BTreeSet<&ObjectRef> = edited.iter().map(|it| &it.object).collect();
    change.mended = told(old.difference(&new));
    change.broken = told(new.difference(&old));
    change.remaining = told(new.intersection(&old).filter(|it| known.contains(&it.object)));
    change.touched.sort();
    change.edited = edited;
    change
}

/// In order of their objects; of one, what says no more than that there are others (`spec.targets`, beside
/// `spec.targets[0].model`) behind those.
fn told<'p>(problems: impl Iterator<Item = &'p Problem>) -> Vec<Problem> {
    let mut all: Vec<Problem> = problems.cloned().collect();
    let is_sum = |it: &Problem| {
        let part = |other: &Problem| other.field.strip_prefix(&it.field).is_some_and(|rest| rest.starts_with('['));
        all.iter().any(|other| other.object == it.object && part(other))
    };
    let order: Vec<(ObjectRef, bool)> = all.iter().map(|it| (it.object.clone(), is_sum(it))).collect();
    let mut order: Vec<_> = order.into_iter().zip(all.drain(..)).collect();
    order.sort_by(|(left, _), (right, _)| left.cmp(right));
    order.into_iter().map(|(_, it)| it).collect()
}

/// Compares one view, if it is different.
fn see(
    found: &mut compare::Found,
    change: &mut Change,
    [(was, before), (is, after)]: [(&View, &World); 2],
    catalog: &Catalog,
    whose: Touched,
) {
    if revision(was, catalog) != revision(is, catalog) {
        found.compare((was, before), (is, after), &whose);
        change.touched.push(whose);
    }
}

/// The policies that are edited and forbid less.
fn widened(before: &World, after: &World, edited: &[Edited]) -> Vec<Widened> {
    let of = |world: &World, object: &ObjectRef| {
        world.policies.iter().find(|it| ObjectRef::new(Kind::ModelPolicy, &it.metadata) == *object).cloned()
    };
    let policies = edited.iter().filter(|it| it.object.kind == Kind::ModelPolicy);
    let widened = policies.filter_map(|Edited { object, .. }| {
        // One that cannot be read forbids everything.
        if after.unreadable.iter().any(|it| it.object == *object) {
            return None;
        }
        let says = opened(&of(before, object)?.spec, of(after, object).map(|it| it.spec).as_ref());
        (!says.is_empty()).then(|| Widened { policy: object.clone(), says })
    });
    widened.collect()
}

/// What is wrong whatever the namespace: policies, and what cannot be read.
fn problems(world: &World) -> BTreeSet<Problem> {
    let unread =
        world.unreadable.iter().filter(|it| !matches!(it.object.kind, Kind::Secret | Kind::ConfigMap)).map(|it| {
            Problem {
                object: it.object.clone(),
                field: String::new(),
                reason: it.reason.clone(),
                severity: Severity::Error,
                cause: Cause::Spec,
            }
        });
    of_policies(world).into_iter().chain(unread).collect()
}

/// Of a namespace, all that could select anybody.
fn whole(world: &World, home: &str) -> Selection {
    let policies = select::policies(world, &Scope::Namespace(home.to_owned()));
    let policies = policies.into_iter().map(|it| ObjectRef::new(Kind::ModelPolicy, &it.metadata)).collect();
    Selection { namespace: home.to_owned(), routes: Vec::new(), policies }
}

/// Those of a namespace, by what selects them before and after.
fn groups(before: &World, after: &World, home: &str, readers: &[Reader]) -> BTreeMap<(Selection, Selection), Touched> {
    let mut groups: BTreeMap<(Selection, Selection), Touched> = BTreeMap::new();
    for Reader { workload, name, sidecars } in readers.iter().filter(|it| it.workload.namespace == home) {
        let group = groups.entry((before.select(workload), after.select(workload))).or_default();
        home.clone_into(&mut group.namespace);
        group.total += 1;
        group.sidecars += sidecars;
        // In order, so that it does not matter who was asked first.
        if let Err(at) = group.workloads.binary_search(name) {
            group.workloads.insert(at, name.clone());
            group.workloads.truncate(LISTED);
        }
    }
    groups
}

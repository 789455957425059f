//! What an edit broke, as it was before.

use std::collections::BTreeSet;

use super::*;
use crate::{Kind, ObjectRef, Unreadable};

/// A world without the objects that cannot be read, which are named.
fn unread(yaml: &str, objects: &[(Kind, &str)]) -> World {
    let unreadable = objects.iter().map(|(kind, name)| Unreadable {
        object: ObjectRef { kind: *kind, namespace: "demo".to_owned(), name: (*name).to_owned() },
        reason: "spec.x: unknown field".to_owned(),
        aliases: Vec::new(),
    });
    World { unreadable: unreadable.collect(), ..world(yaml).0 }
}

fn policy(spec: &str) -> String {
    format!(
        "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelPolicy\nmetadata: {{name: p, namespace: demo}}\nspec: {spec}\n"
    )
}

/// R-CFG-5: an object that cannot be read any more stays as it was, and is whole.
#[test]
fn what_cannot_be_read_is_as_it_was_and_no_more_unreadable() {
    let good = format!("{MAIN}{}{}", route("r", "{targets: [{model: a}]}"), policy("{models: {deny: [b]}}"));
    let all = [(Kind::ModelProvider, "main"), (Kind::ModelRoute, "r"), (Kind::ModelPolicy, "p")];
    let pinned = unread("", &all).pinned(&world(&good).0, &BTreeSet::new(), false);
    assert_eq!(pinned, world(&good).0);
    let (snapshot, problems) = compile(&pinned, &CATALOG, &Scope::All);
    assert_eq!((routes_of(&snapshot).len(), problems), (2, Vec::new()));
    assert!(snapshot.otherwise.is_none(), "a policy that is known refuses no more than it says");
}

/// What is new and cannot be read has no earlier value: its name stays known, so that calling it says why.
#[test]
fn what_is_new_and_cannot_be_read_stays_known_by_name() {
    let pinned = unread(MAIN, &[(Kind::ModelRoute, "r")]).pinned(&world(MAIN).0, &BTreeSet::new(), false);
    assert_eq!(pinned.unreadable.len(), 1);
    let (snapshot, _) = compile(&pinned, &CATALOG, &Scope::All);
    assert_eq!(snapshot.closed.get("r").map(|why| why.code()), Some("policy_broken"));
}

/// The aliases of a route that cannot be read are its own: one that is a model's name too must not fall through to it.
#[test]
fn what_cannot_be_read_keeps_its_aliases() {
    let text = format!("{MAIN}{}", route("r", "{aliases: [fast, a], attemps: 2, targets: [{model: a}]}"));
    let (_, problems) = manifest::parse("f.yaml", &text, &|_| None);
    assert_eq!((problems.len(), problems[0].aliases.as_slice()), (1, &["fast".to_owned(), "a".to_owned()][..]));
    let mut world = unread(MAIN, &[(Kind::ModelRoute, "r")]);
    world.unreadable[0].aliases = problems[0].aliases.clone();
    let (snapshot, _) = compile(&world, &CATALOG, &Scope::All);
    for name in ["r", "fast", "a"] {
        assert_eq!(snapshot.closed.get(name).map(|why| why.code()), Some("policy_broken"), "{name}");
    }
}

/// A removal is none while something is there of which not even the name is known.
#[test]
fn what_is_missing_is_kept_if_something_cannot_be_read_at_all() {
    let before = world(&format!("{MAIN}{}", route("r", "{targets: [{model: a}]}"))).0;
    for (missing, routes) in [(false, 0), (true, 1)] {
        assert_eq!(world(MAIN).0.pinned(&before, &BTreeSet::new(), missing).routes.len(), routes);
    }
}

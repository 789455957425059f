//! What kind of thing is wrong, which decides which condition says it.

use super::{CATALOG, world};
use crate::{Cause, Kind, ObjectRef, Severity, Unreadable, World, problems};

const KEYED: &str = "
apiVersion: outrigger.dev/v1alpha1
kind: ModelProvider
metadata: {name: keyed, namespace: demo}
spec:
  dialects: [ChatCompletions]
  baseURL: http://keyed/v1
  models: [{model: a}]
  credentials: [{name: first, secretKeyRef: {name: keys, key: first}}]
";

const SECRET: &str = "
---
apiVersion: v1
kind: Secret
metadata: {name: keys, namespace: demo}
stringData: {first: sk-first}
";

fn causes(world: &World) -> Vec<(String, Cause, Severity)> {
    problems(world, &CATALOG).into_iter().map(|it| (it.field, it.cause, it.severity)).collect()
}

#[test]
fn a_secret_that_is_not_there_and_one_that_may_not_be_read_are_two_things() {
    let (mut world, ..) = world(KEYED);
    let key = "spec.credentials[0].secretKeyRef".to_owned();
    let none = ("spec.credentials".to_owned(), Cause::RefNotFound, Severity::Error);
    assert_eq!(causes(&world), [(key.clone(), Cause::RefNotFound, Severity::Error), none.clone()]);

    let object = ObjectRef { kind: Kind::Secret, namespace: "demo".to_owned(), name: "keys".to_owned() };
    world.unreadable.push(Unreadable { object, reason: "may not be read".to_owned(), aliases: Vec::new() });
    assert_eq!(causes(&world), [(key, Cause::RefNotPermitted, Severity::Error), none]);
}

#[test]
fn a_key_that_may_be_read_no_more_goes_on_and_is_told() {
    let (mut world, ..) = world(&format!("{KEYED}{SECRET}"));
    assert_eq!(causes(&world), []);
    let object = ObjectRef { kind: Kind::Secret, namespace: "demo".to_owned(), name: "keys".to_owned() };
    world.unreadable.push(Unreadable { object, reason: "may not be read".to_owned(), aliases: Vec::new() });
    let key = "spec.credentials[0].secretKeyRef".to_owned();
    assert_eq!(causes(&world), [(key, Cause::RefNotPermitted, Severity::Warning)]);
}

#[test]
fn routes_blame_what_they_name_and_not_themselves() {
    let route = |targets: &str, aliases: &str| {
        format!(
            "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelRoute\nmetadata: {{name: r, namespace: demo}}\n\
             spec: {{targets: [{targets}], aliases: [{aliases}]}}\n"
        )
    };
    let other = "
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelProvider
metadata: {name: theirs, namespace: other}
spec: {dialects: [ChatCompletions], baseURL: 'http://theirs/v1', models: [{model: c}]}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelRoute
metadata: {name: older, namespace: demo, creationTimestamp: '2020-01-01T00:00:00Z'}
spec: {targets: [{model: a}], aliases: [taken]}
";
    for (targets, aliases, cause) in [
        ("{model: a}, {model: a, provider: nobody}", "", Cause::RefNotFound),
        ("{model: a}, {model: c, provider: other/theirs}", "", Cause::RefNotPermitted),
        ("{model: a}", "taken", Cause::Conflict),
        ("{model: a}", "'no name'", Cause::Spec),
    ] {
        let (world, ..) = world(&format!("{}{other}{}", super::MAIN, route(targets, aliases)));
        let found: Vec<Cause> = causes(&world).into_iter().map(|(_, cause, _)| cause).collect();
        assert_eq!(found, [cause], "{targets} {aliases}");
    }
}

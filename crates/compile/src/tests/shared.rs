//! Views that are shared, and what makes one be compiled again.

use std::{collections::BTreeMap, sync::Arc};

use super::*;
use crate::{Selection, Views, Workload};

fn workload(app: &str) -> Workload {
    let labels =
        BTreeMap::from([("app".to_owned(), app.to_owned()), ("pod-template-hash".to_owned(), format!("{app}-1"))]);
    Workload { namespace: "demo".into(), service_account: "default".into(), labels }
}

fn policy() -> String {
    let keyed = "{preset: groq, credentials: [{name: k, secretKeyRef: {name: s, key: k}}]}";
    secret("s", "{k: sk-1}")
        + &provider("x", keyed)
        + &format!("---{MAIN}")
        + &route("web", "{workloads: {selector: {matchLabels: {app: web}}}, targets: [{model: a}]}")
        + &route("all", "{targets: [{model: b}]}")
}

/// R-CFG-1: workloads that the same objects select share one view, whatever else their labels say.
#[test]
fn a_view_is_the_objects_that_select_a_workload() {
    let world = world(&policy()).0;
    let mut views = Views::<()>::default();
    let of = |app: &str| world.select(&workload(app));
    let all: Vec<Selection> = ["web", "batch", "jobs", "cron"].into_iter().map(of).collect();
    for _ in 0..100 {
        all.iter().for_each(|selection| drop(views.view(selection, &world, &CATALOG, |_, _| Arc::default())));
    }
    assert_eq!((views.len(), views.compilations()), (2, 2));
    assert_eq!(all[1], all[3]);
}

/// An edit compiles again the views it touches, and a write that changes no spec compiles none.
#[test]
fn an_edit_compiles_what_it_touches() {
    let before = world(&policy()).0;
    let mut views = Views::<()>::default();
    let mut compiled = |world: &World, namespace: &str| {
        let workload = Workload { namespace: namespace.into(), ..workload("web") };
        let at = views.compilations();
        views.view(&world.select(&workload), world, &CATALOG, |_, _| Arc::default());
        views.compilations() - at
    };
    assert_eq!((compiled(&before, "demo"), compiled(&before, "other")), (1, 1));

    let mut status = before.clone();
    status.routes[0].metadata.resource_version = Some("7".into());
    status.routes[0].status = Some(outrigger_crd::Status::default());
    assert_eq!((compiled(&status, "demo"), compiled(&status, "other")), (0, 0));

    let edited = world(&policy().replace("model: b}", "model: b, weight: 2}")).0;
    assert_eq!((compiled(&edited, "demo"), compiled(&edited, "other")), (1, 0));
    let rotated = world(&policy().replace("sk-1", "sk-2")).0;
    assert_eq!((compiled(&rotated, "demo"), compiled(&rotated, "other")), (1, 0));
    let unrelated = world(&(policy() + &secret("t", "{k: sk-9}"))).0;
    compiled(&before, "demo");
    assert_eq!((compiled(&unrelated, "demo"), compiled(&unrelated, "other")), (0, 0));
}

/// Names of other namespaces' routes are no conflict for a fleet, and every object is judged once.
#[test]
fn each_object_is_judged_in_its_own_namespace() {
    let there = |yaml: String| yaml.replace("namespace: demo", "namespace: other");
    let shared = provider(
        "main",
        "{dialects: [ChatCompletions], baseURL: 'http://x', models: [{model: m}], allowedNamespaces: {from: All}, \
        credentials: [{name: k, secretKeyRef: {name: none, key: k}}]}",
    );
    let fast = route("r", "{aliases: [fast], targets: [{model: m, provider: demo/main}]}");
    let torn = "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelPolicy\nmetadata: {name: p, namespace: outrigger-system}\n\
        spec: {namespaceSelector: {matchLabels: {a: b}}, models: {deny: ['a*b']}}\n";
    let world = world(&(shared + &fast + &there(fast.clone()) + torn)).0;
    let told: Vec<String> = crate::problems(&world, &CATALOG).iter().map(ToString::to_string).collect();
    let count = |text: &str| told.iter().filter(|line| line.contains(text)).count();
    assert_eq!(
        (count("means ModelRoute"), count("there is no secret"), count("spec.models.deny[0]")),
        (0, 1, 1),
        "{told:?}"
    );
}

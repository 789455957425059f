//! YAML in, routes and problems out, as text.

use std::sync::LazyLock;

use outrigger_catalog::Catalog;
use outrigger_route::Snapshot;

use crate::{Scope, World, compile, describe, manifest};

mod causes;
mod changes;
mod examples;
mod files;
mod misplaced;
mod pins;
mod policies;
mod providers;
mod routes;
mod rules;
mod secrets;
mod shared;
mod trust;
mod whole;

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::embedded);

/// A provider `demo/main` of two models and no key, which most stories need.
const MAIN: &str = "
apiVersion: outrigger.dev/v1alpha1
kind: ModelProvider
metadata: {name: main, namespace: demo}
spec: {dialects: [ChatCompletions], baseURL: 'http://main/v1', models: [{model: a}, {model: b}]}
";

fn env(name: &str) -> Option<String> {
    (name.ends_with("_KEY") || name.ends_with("_SPARE")).then(|| format!("sk-of-{name}"))
}

fn world(yaml: &str) -> (World, manifest::Locations, Vec<manifest::FileProblem>) {
    let (objects, mut problems) = manifest::parse("p.yaml", yaml, &env);
    let (world, locations, more) = manifest::assemble(objects);
    problems.extend(more);
    (world, locations, problems)
}

/// Every route as `name: provider/model p0 w1, ...`, then every problem as it is shown.
fn told_to(yaml: &str, view: &Scope) -> String {
    let (world, locations, files) = world(yaml);
    let (snapshot, problems) = compile(&world, &CATALOG, view);
    let mut lines = routes_of(&snapshot);
    lines.extend(files.iter().map(ToString::to_string));
    lines.extend(problems.iter().map(|problem| describe(problem, &locations)));
    lines.join("\n")
}

fn told(yaml: &str) -> String {
    told_to(yaml, &Scope::All)
}

fn snapshot(yaml: &str) -> Snapshot {
    compile(&world(yaml).0, &CATALOG, &Scope::All).0
}

fn routes_of(snapshot: &Snapshot) -> Vec<String> {
    let mut lines: Vec<String> = snapshot
        .routes
        .iter()
        .map(|(name, route)| {
            let target = |it: &outrigger_route::snapshot::RouteTarget| {
                let target = &snapshot.targets[it.slot as usize];
                format!("{}:{} p{} w{}", target.provider.short_name, target.model, it.priority, it.weight)
            };
            format!("{name}: {}", route.targets.iter().map(target).collect::<Vec<_>>().join(", "))
        })
        .collect();
    lines.sort();
    lines
}

fn provider(name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelProvider\nmetadata: {{name: {name}, namespace: demo}}\nspec: {spec}\n"
    )
}

fn route(name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelRoute\nmetadata: {{name: {name}, namespace: demo}}\nspec: {spec}\n"
    )
}

fn secret(name: &str, data: &str) -> String {
    format!("---\napiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: demo}}\nstringData: {data}\n")
}

#[track_caller]
fn check(told: &str, expected: &[&str]) {
    assert_eq!(told.lines().collect::<Vec<_>>(), expected);
}

use outrigger_compile::manifest;

use super::*;

const OBJECTS: &str = r#"
apiVersion: outrigger.dev/v1alpha1
kind: ModelRoute
metadata: {name: all, namespace: demo}
spec: {targets: [{model: a/b}]}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelRoute
metadata: {name: web, namespace: demo}
spec: {workloads: {selector: {matchLabels: {app: web}}}, targets: [{model: a/b}]}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelPolicy
metadata: {name: batch, namespace: demo}
spec: {workloads: {serviceAccounts: [batch]}, bareModels: Deny}
"#;

fn world(yaml: &str) -> World {
    let (objects, _) = manifest::parse("p.yaml", yaml, &|_| None);
    manifest::assemble(objects).0
}

fn pod(labels: &[(&str, &str)]) -> Labels {
    Labels::of(&labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
}

fn told(world: &World, connected: &[Workload], pods: &[Labels]) -> (Vec<String>, usize) {
    let (all, more) = selections(world, "demo", &world.selecting("demo"), connected.iter(), pods);
    let words = |it: Selection| [it.routes, it.policies.into_iter().map(|it| it.name).collect()].concat().join(" ");
    (all.into_iter().map(words).collect(), more)
}

#[test]
fn a_workload_that_nothing_names_is_always_known_and_pods_may_be_of_any_account() {
    let world = world(OBJECTS);
    assert_eq!(told(&world, &[], &[]).0, ["all", "all batch"]);
    let pods = [pod(&[("app", "web"), ("pod-template-hash", "1")]), pod(&[("app", "web"), ("pod-template-hash", "2")])];
    assert_eq!(told(&world, &[], &pods).0, ["all", "all web", "all batch", "all web batch"]);
    // A sidecar that is connected comes first.
    let web = Workload { namespace: "demo".into(), labels: pods[0].to_map(), ..Workload::default() };
    assert_eq!(told(&world, &[web], &pods).0[0], "all web");
    // Where nobody asks for anything, all are one.
    assert_eq!(told(&World::default(), &[], &pods), (vec![String::new()], 0));
}

#[test]
fn views_are_no_more_than_the_bound() {
    let route = |at: usize| {
        let spec = format!("{{workloads: {{selector: {{matchLabels: {{app: a{at}}}}}}}, targets: [{{model: a/b}}]}}");
        format!(
            "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelRoute\nmetadata: {{name: r{at}, namespace: demo}}\nspec: {spec}\n"
        )
    };
    // One more is that of a workload which nothing names.
    for (routes, listed, more) in [(MOST - 1, MOST, 0), (MOST, MOST, 1)] {
        let world = world(&(0..routes).map(route).collect::<String>());
        let pods: Vec<Labels> = (0..routes).map(|at| pod(&[("app", &format!("a{at}"))])).collect();
        let (all, beyond) = told(&world, &[], &pods);
        assert_eq!((all.len(), beyond), (listed, more));
    }
}

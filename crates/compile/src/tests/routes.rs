//! Names, targets and limits of routes.

use super::*;

fn of(spec: &str) -> String {
    told(&(MAIN.to_owned() + &route("r", spec)))
}

#[test]
fn a_target_without_provider_means_every_one_that_serves_it() {
    let second = provider(
        "second",
        "{dialects: [ChatCompletions], baseURL: 'http://second', models: [{model: a, upstreamName: z}]}",
    );
    let told = told(
        &(MAIN.to_owned() + &second + &route("r", "{targets: [{model: a}, {model: z}, {model: b, priority: 3}]}")),
    );
    let line = "main:a p0 w1, second:a p0 w1, main:b p3 w1";
    check(
        &told,
        &[
            &format!("demo/r: {line}"),
            &format!("r: {line}"),
            "p.yaml:15: ModelRoute demo/r spec.targets[1]: warning: is among the targets above already, so it changes nothing",
        ],
    );
}

/// R-CFG-5: a target that cannot be resolved leaves the others of its route.
#[test]
fn an_unknown_provider_costs_one_target() {
    check(
        &of("{targets: [{model: a, provider: mian}, {model: b, provider: demo/main}]}"),
        &[
            "demo/r: main:b p0 w1",
            "r: main:b p0 w1",
            "p.yaml:10: ModelRoute demo/r spec.targets[0].provider: there is no ModelProvider of this name; did you mean demo/main?",
        ],
    );
}

#[test]
fn a_route_without_a_target_left_is_left_out() {
    check(
        &of("{targets: [{model: zzzzzzzzzz, provider: main}]}"),
        &[
            "p.yaml:10: ModelRoute demo/r spec.targets[0].model: ModelProvider demo/main does not serve it",
            "p.yaml:10: ModelRoute demo/r spec.targets: none of them can be used, so the route is left out",
        ],
    );
}

#[test]
fn bounds_and_durations_are_checked_and_leave_the_route_out() {
    check(
        &of("{targets: [{model: a}], failover: {attempts: 33, hedgeAfter: 1.5s}, timeouts: {idle: 0s}, \
        constraints: {maxPrice: {input: lots}}}"),
        &[
            "p.yaml:10: ModelRoute demo/r spec.constraints.maxPrice.input: is not a plain decimal number; write US \
         dollars as a plain decimal in quotes, such as \"0.15\"",
            "p.yaml:10: ModelRoute demo/r spec.failover.attempts: must be 1 to 32",
            "p.yaml:10: ModelRoute demo/r spec.failover.hedgeAfter: is not a duration: write whole numbers with h, \
         m, s or ms, such as 2s, 500ms or 1h30m",
            "p.yaml:10: ModelRoute demo/r spec.timeouts.idle: must be longer than 0s; remove the field for the default",
        ],
    );
}

#[test]
fn an_alias_belongs_to_one_route_and_may_shadow_a_model() {
    let yaml = MAIN.to_owned()
        + &route("r", "{aliases: [x, b], targets: [{model: a}]}")
        + &route("s", "{aliases: [x, r], targets: [{model: b}]}");
    check(
        &told(&yaml),
        &[
            "b: main:a p0 w1",
            "demo/r: main:a p0 w1",
            "demo/s: main:b p0 w1",
            "r: main:a p0 w1",
            "s: main:b p0 w1",
            "x: main:a p0 w1",
            "p.yaml:10: ModelRoute demo/r spec.aliases[1]: warning: is also a model: its requests are answered by this route",
            "p.yaml:15: ModelRoute demo/s spec.aliases[0]: means ModelRoute demo/r already: choose another alias or remove one",
            "p.yaml:15: ModelRoute demo/s spec.aliases[1]: means ModelRoute demo/r already: choose another alias or remove one",
        ],
    );
}

/// A route's limits do not vanish with it: its alias does not fall through to the bare model.
#[test]
fn the_name_of_a_route_that_is_left_out_is_no_model() {
    let snapshot =
        snapshot(&(MAIN.to_owned() + &route("r", "{aliases: [a], targets: [{model: a}], timeouts: {idle: x}}")));
    assert!(!snapshot.models.contains_key("a") && snapshot.models.contains_key("b"));
    assert_eq!(snapshot.closed["a"].code(), "policy_broken");
}

#[test]
fn parameters_are_set_and_removed_as_raw_json() {
    let snapshot = snapshot(
        &(MAIN.to_owned()
            + &route(
                "r",
                "{targets: [{model: a, parameters: {set: {temperature: 0.2, x: {y: [1]}}, remove: [seed]}}]}",
            )),
    );
    let edits: Vec<_> = snapshot.routes["r"].targets[0].parameters.iter().map(|(k, v)| (&**k, v.as_deref())).collect();
    assert_eq!(edits, [("temperature", Some("0.2")), ("x", Some(r#"{"y":[1]}"#)), ("seed", None)]);
}

#[test]
fn the_model_itself_cannot_be_edited_per_target() {
    check(
        &of("{targets: [{model: a, parameters: {set: {model: x}}}]}"),
        &["p.yaml:10: ModelRoute demo/r spec.targets[0].parameters: \"model\" cannot be changed per target"],
    );
}

#[test]
fn a_provider_is_used_by_the_namespaces_it_allows() {
    let shared = |from: &str| {
        let main = MAIN.replace("models:", &format!("allowedNamespaces: {from}, models:"));
        let team = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: team, labels: {tier: gold}}\n";
        let route =
            route("r", "{targets: [{model: a, provider: demo/main}]}").replace("namespace: demo", "namespace: team");
        told_to(&(main + team + &route), &Scope::Namespace("team".into())).lines().last().unwrap().to_owned()
    };
    assert_eq!(shared("{from: All}"), "team/r: main:a p0 w1");
    assert_eq!(shared("{from: Selector, selector: {matchLabels: {tier: gold}}}"), "team/r: main:a p0 w1");
    let refused = "p.yaml:14: ModelRoute team/r spec.targets: none of them can be used, so the route is left out";
    assert_eq!(shared("{from: Same}"), refused);
    assert_eq!(
        shared("{from: Selector, selector: {matchExpressions: [{key: tier, operator: NotIn, values: [gold]}]}}"),
        refused
    );
}

#[test]
fn a_view_holds_the_routes_of_its_namespace_alone() {
    let yaml = MAIN.to_owned() + &route("r", "{targets: [{model: a}]}");
    check(&told_to(&yaml, &Scope::Namespace("other".into())), &[]);
}

//! What an edit means for those under it: two worlds, compared.

use std::collections::BTreeMap;

use super::*;
use crate::{
    Kind, ObjectRef, Workload,
    change::{Change, Passage, Reader, change},
};

fn policy(name: &str, namespace: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelPolicy\n\
         metadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"
    )
}

/// A provider in the EU and one in the US, of one model each; a route over both, one over the US alone.
fn two() -> String {
    let spec = |region: &str| {
        format!(
            "{{dialects: [ChatCompletions], baseURL: 'http://{region}/v1', region: {region}, models: [{{model: a/{region}}}]}}"
        )
    };
    provider("eu", &spec("eu"))
        + &provider("us", &spec("us"))
        + &route("both", "{targets: [{model: a/eu}, {model: a/us}]}")
        + &route("far", "{targets: [{model: a/us, provider: us}]}")
}

fn reader(name: &str, app: &str, sidecars: u64) -> Reader {
    let labels = BTreeMap::from([("app".to_owned(), app.to_owned())]);
    let workload = Workload { namespace: "demo".to_owned(), service_account: "default".to_owned(), labels };
    Reader { workload, name: name.to_owned(), sidecars }
}

fn between(before: &str, after: &str, readers: &[Reader]) -> Change {
    change(&world(before).0, &world(after).0, &CATALOG, readers)
}

fn shown(mark: &str, passage: &Passage) -> String {
    let Passage { what, whole, why, .. } = passage;
    let part = if *whole { "" } else { " in part" };
    format!("{mark}{part} {what}: {} {}: {why}", passage.listed(), passage.for_whom())
}

fn lines(change: &Change) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(change.widened.iter().map(|it| format!("widened {}: {}", it.policy, it.says.join("; "))));
    lines.extend(change.opened.iter().map(|it| shown("opened", it)));
    lines.extend(change.closed.iter().map(|it| shown("closed", it)));
    lines.extend(change.broken.iter().map(|it| format!("broken {} {}", it.object, it.field)));
    lines.extend(change.mended.iter().map(|it| format!("mended {} {}", it.object, it.field)));
    lines
}

#[track_caller]
fn means(before: &str, after: &str, expected: &[&str]) {
    assert_eq!(lines(&between(before, after, &[])), expected);
}

const EU: &str = "{constraints: {regions: [eu]}}";
const NOBODY: &str = "in demo, where nobody is connected";

#[test]
fn nothing_changes_where_nothing_is_different() {
    let change = between(&two(), &two(), &[reader("w", "w", 1)]);
    assert!(change.is_nothing() && !change.is_grave(), "{change:?}");
}

#[test]
fn a_limit_closes_and_its_removal_opens() {
    let limited = two() + &policy("eu", "demo", EU);
    let why = "ModelPolicy demo/eu (data_region)";
    means(
        &two(),
        &limited,
        &[
            &format!("closed ModelRoute demo/far: a/us at demo/us {NOBODY}: {why}"),
            &format!("closed models of demo/us: a/us {NOBODY}: {why}"),
            &format!("closed in part ModelRoute demo/both: a/us at demo/us {NOBODY}: {why}"),
            "broken ModelRoute demo/both spec.targets[1].model",
            "broken ModelRoute demo/far spec.targets[0].provider",
            "broken ModelRoute demo/far spec.targets",
        ],
    );
    let told = lines(&between(&limited, &two(), &[]));
    assert_eq!(told[0], "widened ModelPolicy demo/eu: regions eu -> any");
    assert_eq!(told[1], format!("opened ModelRoute demo/far: a/us at demo/us {NOBODY}: {why} forbade it"));
    assert!(between(&limited, &two(), &[]).is_grave());
}

#[test]
fn only_those_are_counted_whom_it_concerns() {
    let readers = [reader("Deployment/web", "web", 3), reader("Deployment/job", "job", 1)];
    let limit = "{workloads: {selector: {matchLabels: {app: web}}}, constraints: {regions: [eu]}}";
    let change = between(&two(), &(two() + &policy("eu", "demo", limit)), &readers);
    assert_eq!(change.touched.len(), 1, "{change:?}");
    let touched = &change.touched[0];
    assert_eq!((&touched.workloads[..], touched.total, touched.sidecars), (&["Deployment/web".to_owned()][..], 1, 3));
    assert_eq!(change.closed[0].for_whom(), "for 1 workload with 3 sidecars in demo");
}

#[test]
fn a_provider_that_goes_takes_routes_with_it() {
    let spec = "{dialects: [ChatCompletions], baseURL: 'http://eu/v1', region: eu, models: [{model: a/eu}]}";
    let left = provider("eu", spec)
        + &route("both", "{targets: [{model: a/eu}, {model: a/us}]}")
        + &route("far", "{targets: [{model: a/us, provider: us}]}");
    let why = "ModelProvider demo/us is gone";
    means(
        &two(),
        &left,
        &[
            &format!("closed ModelRoute demo/far: a/us at demo/us {NOBODY}: {why}"),
            &format!("closed models of demo/us: a/us {NOBODY}: {why}"),
            &format!("closed in part ModelRoute demo/both: a/us at demo/us {NOBODY}: {why}"),
            "broken ModelRoute demo/both spec.targets[1].model",
            "broken ModelRoute demo/far spec.targets[0].provider",
            "broken ModelRoute demo/far spec.targets",
        ],
    );
}

/// Routes of other namespaces go with a provider that they may use no more.
#[test]
fn unsharing_is_felt_elsewhere() {
    let shared = |from: &str| {
        provider(
            "main",
            &format!(
                "{{dialects: [ChatCompletions], baseURL: 'http://m/v1', models: [{{model: a}}], allowedNamespaces: {{from: {from}}}}}"
            ),
        )
    };
    let user = route("r", "{targets: [{model: a, provider: demo/main}]}").replace("namespace: demo", "namespace: shop");
    let change = between(&(shared("All") + &user), &(shared("Same") + &user), &[]);
    let told = lines(&change);
    let why = "ModelProvider demo/main does not allow namespace \"shop\"";
    assert_eq!(told[0], format!("closed ModelRoute shop/r: a at demo/main in shop, where nobody is connected: {why}"));
    assert!(change.broken.iter().any(|it| it.object.full_name() == "shop/r"), "{told:?}");
    assert!(change.opened.is_empty());
}

#[test]
fn a_route_that_is_new_opens_and_one_that_is_deleted_closes() {
    let one = two() + &route("new", "{targets: [{model: a/eu}]}");
    means(&two(), &one, &[&format!("opened ModelRoute demo/new: a/eu at demo/eu {NOBODY}: ")]);
    means(&one, &two(), &[&format!("closed ModelRoute demo/new: a/eu at demo/eu {NOBODY}: it is deleted")]);
}

/// What was broken goes on as it was: it is told, and closes nothing.
#[test]
fn a_route_that_breaks_is_no_route_that_is_closed() {
    let bad = two().replace("{targets: [{model: a/us, provider: us}]}", "{targets: [{model: a/us, weight: 0}]}");
    let change = between(&two(), &bad, &[]);
    assert!(change.closed.is_empty(), "{change:?}");
    assert_eq!(lines(&change), ["broken ModelRoute demo/far spec.targets"]);
    assert_eq!(lines(&between(&bad, &two(), &[])).last().unwrap(), "mended ModelRoute demo/far spec.targets");
    // And again: what was wrong before is still said to whoever edits it.
    let still = bad.replace("weight: 0", "weight: 0, priority: 1");
    assert_eq!(between(&bad, &still, &[]).remaining.len(), 1);
}

#[test]
fn a_policy_that_means_nothing_closes_everything() {
    let told = lines(&between(&two(), &(two() + &policy("p", "demo", "{namespaceSelector: {}}")), &[]));
    assert!(told[0].starts_with(&format!("closed everything:  {NOBODY}: ModelPolicy demo/p is broken")), "{told:?}");
}

#[test]
fn bare_models_are_closed_by_the_policy_that_says_so() {
    let told = lines(&between(&two(), &(two() + &policy("p", "demo", "{bareModels: Deny}")), &[]));
    let why = format!("{NOBODY}: ModelPolicy demo/p (bareModels)");
    assert_eq!(
        told,
        [format!("closed models of demo/eu: a/eu {why}"), format!("closed models of demo/us: a/us {why}")]
    );
}

#[test]
fn objects_are_put_and_taken_out() {
    let mut all = world(&two()).0;
    let far = ObjectRef { kind: Kind::ModelRoute, namespace: "demo".to_owned(), name: "far".to_owned() };
    let before = all.clone();
    assert!(all.remove(&far) && !all.remove(&far));
    let object = serde_json::json!({"apiVersion": "outrigger.dev/v1alpha1", "kind": "ModelRoute",
        "metadata": {"name": "far", "namespace": "demo"}, "spec": {"targets": "many"}});
    all.put(manifest::object(object));
    assert_eq!((all.routes.len(), all.unreadable.len()), (1, 1));
    let told = change(&before, &all, &CATALOG, &[]);
    assert!(told.closed.is_empty() && told.broken.len() == 1 && told.is_grave(), "{told:?}");
    let good = before.routes.iter().find(|it| it.metadata.name.as_deref() == Some("far")).unwrap();
    all.put(Ok(manifest::Object::Route(Box::new(good.clone()))));
    assert!(change(&before, &all, &CATALOG, &[]).is_nothing());
}

/// A change is sent as JSON, and read as what it was.
#[test]
fn a_change_goes_over_the_wire() {
    let change = between(&two(), &(two() + &policy("eu", "demo", EU)), &[reader("w", "w", 1)]);
    let json = serde_json::to_value(&change).unwrap();
    assert_eq!(json["closed"][0]["what"], serde_json::json!({"route": "demo/far"}), "{json:#}");
    assert_eq!(json["edited"][0]["object"]["kind"], "ModelPolicy");
    assert_eq!(serde_json::from_value::<Change>(json).unwrap(), change);
}

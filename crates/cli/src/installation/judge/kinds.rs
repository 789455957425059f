//! The definitions of our kinds, held against those that this program prints.

use std::{collections::BTreeSet, sync::LazyLock};

use outrigger_crd::{GROUP, VERSION};

use super::{super::finding::Code, words::*};
use crate::installation::found::Seen;

/// The release that has our kinds.
const RELEASE: &str = "meta.helm.sh/release-namespace";

/// As this program prints them.
pub(super) static EXPECTED: LazyLock<Vec<Value>> =
    LazyLock::new(|| outrigger_crd::all().iter().filter_map(|it| serde_json::to_value(it).ok()).collect());

pub(super) fn judge(found: &Found, out: &mut Findings) {
    let mut none = true;
    for expected in EXPECTED.iter() {
        let name = text(expected, "/metadata/name");
        let object = format!("CustomResourceDefinition {name}");
        match found.kinds.get(name) {
            Some(Seen::There(is)) => {
                none = false;
                one(found, out, &object, expected, is);
            }
            Some(Seen::Unknown(why)) => {
                none = false;
                out.unknown(object, why);
            }
            // Before it is installed there need be none.
            _ if found.is_installed() => {
                none = false;
                let what = "is not there: its objects cannot be made, and what was made of it is gone";
                out.say(Code::KindMissing, object, what, kinds_again(found));
            }
            _ => {}
        }
    }
    if none {
        out.ok("CustomResourceDefinitions", "none of ours is there: nothing is in the way");
    }
}

fn one(found: &Found, out: &mut Findings, object: &str, expected: &Value, is: &Value) {
    let again = kinds_again(found);
    let name = text(expected, "/metadata/name");
    let shape = |it: &Value| {
        ["/spec/group", "/spec/scope", "/spec/names/kind", "/spec/names/plural"].map(|at| text(it, at).to_owned())
    };
    if shape(is) != shape(expected) {
        let what = format!("is another kind of the same name ({})", shape(is).join(" "));
        return out.say(
            Code::KindForeign,
            object,
            what,
            format!("kubectl get customresourcedefinition {name} -o yaml"),
        );
    }
    if is["metadata"]["deletionTimestamp"].is_string() {
        let what = "is being deleted, and all its objects with it";
        return out.say(Code::KindLeaving, object, what, again);
    }
    let owner = is["metadata"]["annotations"][RELEASE].as_str();
    if let Some(owner) = owner.filter(|owner| *owner != found.system) {
        let what = format!("belongs to a release in the namespace {owner}: Helm refuses it to another");
        out.say(Code::KindOfOtherOwner, object, what, format!("helm list --namespace {owner}"));
    }
    if owner.is_none() && !found.is_installed() {
        let what = "was not installed by Helm, which refuses what it does not own: let it take the kinds, or leave out \
                    the chart outrigger-crds";
        out.say(Code::KindWithoutOwner, object, what, format!("{again} --take-ownership"));
    }
    let conditions = list(is, "/status/conditions");
    if let Some(bad) = conditions
        .iter()
        .find(|it| ["Established", "NamesAccepted"].contains(&text(it, "/type")) && it["status"] != "True")
    {
        let what = format!("is not served ({}): {}", text(bad, "/reason"), text(bad, "/message"));
        return out.say(
            Code::KindNotEstablished,
            object,
            what,
            format!("kubectl describe customresourcedefinition {name}"),
        );
    }
    if !conditions.iter().any(|it| it["type"] == "Established") {
        let what = "is not served yet";
        let next = format!("kubectl wait --for=condition=Established customresourcedefinition/{name}");
        return out.say(Code::KindNotEstablished, object, what, next);
    }
    let Some(version) = list(is, "/spec/versions").iter().find(|it| it["name"] == VERSION && it["served"] == true)
    else {
        return out.say(Code::KindNotServed, object, format!("does not serve {GROUP}/{VERSION}"), again);
    };
    let stored: Vec<&str> = list(is, "/status/storedVersions").iter().filter_map(Value::as_str).collect();
    if version["storage"] != true || stored.iter().any(|it| *it != VERSION) {
        let what = format!("stores objects as {}, not as {VERSION} alone", stored.join(", "));
        return out.say(Code::KindStoredOtherwise, object, what, again);
    }
    let fields = |of: &Value| {
        let mut all = BTreeSet::new();
        let schema = list(of, "/spec/versions").iter().find(|it| it["name"] == VERSION);
        if let Some(schema) = schema.and_then(|it| it.pointer("/schema/openAPIV3Schema")) {
            paths(schema, "", &mut all);
        }
        all
    };
    let (is, expected) = (fields(is), fields(expected));
    let (lacks, has): (Vec<String>, Vec<String>) =
        (expected.difference(&is).cloned().collect(), is.difference(&expected).cloned().collect());
    match (lacks.is_empty(), has.is_empty()) {
        (false, _) => {
            let what = format!("is of another version: it lacks {}", named(&lacks));
            out.say(Code::KindOlder, object, what, again);
        }
        (_, false) => {
            let what = format!("is newer than this program, which does not know {}", named(&has));
            out.say(Code::KindNewer, object, what, "kubectl outrigger --version");
        }
        _ => out.ok(object, format!("Established; {VERSION} is served and stored, with every field")),
    }
}

/// Every field of a schema, as a path.
fn paths(schema: &Value, at: &str, all: &mut BTreeSet<String>) {
    for (name, of) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{at}.{name}");
        paths(of, &path, all);
        all.insert(path);
    }
    for (part, mark) in [("items", "[]"), ("additionalProperties", "{}")] {
        if let Some(of) = schema.get(part) {
            paths(of, &format!("{at}{mark}"), all);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::testing::*, *};

    const ROUTES: &str = "modelroutes.outrigger.dev";

    fn kind(found: &mut Found) -> &mut Value {
        let Some(Seen::There(kind)) = found.kinds.get_mut(ROUTES) else { panic!("no {ROUTES}") };
        kind
    }

    fn set(found: &mut Found, place: &str, value: Value) {
        *kind(found).pointer_mut(place).unwrap() = value;
    }

    #[test]
    fn what_is_wrong_with_a_kind_is_named() {
        type Case = (&'static str, fn(&mut Found), &'static [&'static str]);
        let cases: &[Case] = &[
            ("deleted", |it| drop(it.kinds.insert(ROUTES.into(), Seen::Missing)), &["kind_missing"]),
            ("hidden", |it| drop(it.kinds.insert(ROUTES.into(), Seen::Unknown("no".into()))), &["not_looked"]),
            ("somebody else's", |it| set(it, "/spec/names/kind", json!("Route")), &["kind_foreign"]),
            ("wide", |it| set(it, "/spec/scope", json!("Cluster")), &["kind_foreign"]),
            (
                "on its way out",
                |it| {
                    let metadata = kind(it)["metadata"].as_object_mut().unwrap();
                    metadata.insert("deletionTimestamp".into(), json!("2026-01-01T00:00:00Z"));
                },
                &["kind_leaving"],
            ),
            (
                "another release's",
                |it| set(it, "/metadata/annotations", json!({RELEASE: "elsewhere"})),
                &["kind_of_other_owner"],
            ),
            (
                "its names are taken",
                |it| set(it, "/status/conditions", json!([{"type": "NamesAccepted", "status": "False"}])),
                &["kind_not_established"],
            ),
            ("just made", |it| set(it, "/status/conditions", json!([])), &["kind_not_established"]),
            ("another version", |it| set(it, "/spec/versions/0/name", json!("v1beta1")), &["kind_not_served"]),
            ("not served", |it| set(it, "/spec/versions/0/served", json!(false)), &["kind_not_served"]),
            ("not stored", |it| set(it, "/spec/versions/0/storage", json!(false)), &["kind_stored_otherwise"]),
            (
                "stored before",
                |it| set(it, "/status/storedVersions", json!(["v1alpha0", "v1alpha1"])),
                &["kind_stored_otherwise"],
            ),
            (
                "an older one",
                |it| {
                    let spec = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties";
                    kind(it).pointer_mut(spec).unwrap().as_object_mut().unwrap().remove("aliases").unwrap();
                },
                &["kind_older"],
            ),
            (
                "a newer one",
                |it| {
                    let spec = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties";
                    let spec = kind(it).pointer_mut(spec).unwrap().as_object_mut().unwrap();
                    spec.insert("wings".into(), json!({"type": "string"}));
                },
                &["kind_newer"],
            ),
        ];
        for (name, change, expected) in cases {
            let mut found = installed();
            change(&mut found);
            assert_eq!(codes(&found), *expected, "{name}");
        }
    }

    #[test]
    fn before_an_install_none_is_missing_and_whose_they_are_counts() {
        assert_eq!(codes(&empty()), Vec::<&str>::new());
        let mut found = empty();
        found.kinds = kinds();
        assert_eq!(codes(&found), ["kind_without_owner"; 4], "kubectl apply, and Helm would refuse it");
        set(&mut found, "/metadata/annotations", json!({RELEASE: "outrigger-system"}));
        assert_eq!(codes(&found).len(), 3, "of the same release");
    }

    #[test]
    fn the_field_that_is_missing_is_named() {
        let mut found = installed();
        let spec = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/targets/items/properties";
        kind(&mut found).pointer_mut(spec).unwrap().as_object_mut().unwrap().remove("weight").unwrap();
        assert!(only(&found).what.contains(".spec.targets[].weight"), "{:?}", only(&found));
    }
}

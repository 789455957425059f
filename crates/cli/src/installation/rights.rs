//! Rights that have to be there: the programs' as the chart gives them, and those that it takes to install it. Pure.

use std::sync::LazyLock;

use serde_json::Value;

use super::found::{Attributes, CONTROL_PLANE, INJECTOR, LEDGER};

/// What the chart of this version gives the programs: the one list of it.
const GIVEN: &str = include_str!("../../../../deploy/kubernetes/rbac.yaml");
/// The same for the ledger, which has to be asked for.
const GIVEN_TO_LEDGER: &str = include_str!("../../../../deploy/kubernetes/ledger.yaml");

/// What the charts make, as group and plural, and whether it has a namespace. The first chart makes the kinds.
const MADE: [(&str, &str, bool); 11] = [
    ("apiextensions.k8s.io", "customresourcedefinitions", false),
    ("rbac.authorization.k8s.io", "clusterroles", false),
    ("rbac.authorization.k8s.io", "clusterrolebindings", false),
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations", false),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations", false),
    ("rbac.authorization.k8s.io", "roles", true),
    ("rbac.authorization.k8s.io", "rolebindings", true),
    ("", "serviceaccounts", true),
    ("", "services", true),
    ("apps", "deployments", true),
    ("policy", "poddisruptionbudgets", true),
];
/// How Helm and kubectl make them, and change them at an upgrade.
const HOW: [&str; 3] = ["create", "get", "patch"];
/// Where Helm keeps its releases.
const RELEASES: (&str, &str) = ("", "secrets");
/// By these somebody may give what it does not have.
pub(super) const GIVES: [&str; 2] = ["escalate", "bind"];

/// Who a program is to the API server.
pub(super) fn user(system: &str, program: &str) -> String {
    format!("system:serviceaccount:{system}:{program}")
}

/// What each of the programs needs, the ledger too.
pub(super) fn needed(system: &str) -> Vec<(&'static str, Attributes)> {
    // A test reads it; that it can be read depends on nothing else.
    static OBJECTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
        let read = |text: &str| -> Vec<Value> { serde_saphyr::from_multiple(text).unwrap_or_default() };
        [read(GIVEN), read(GIVEN_TO_LEDGER)].concat()
    });
    let mut all = Vec::new();
    for object in OBJECTS.iter() {
        let namespace = match object["kind"].as_str() {
            Some("ClusterRole") => "",
            Some("Role") => system,
            _ => continue,
        };
        let named = [CONTROL_PLANE, INJECTOR, LEDGER].into_iter().find(|name| object["metadata"]["name"] == *name);
        let Some(program) = named else { continue };
        for rule in object["rules"].as_array().into_iter().flatten() {
            all.extend(rights(rule, namespace).into_iter().map(|it| (program, it)));
        }
    }
    all
}

/// What a rule allows, one by one.
fn rights(rule: &Value, namespace: &str) -> Vec<Attributes> {
    let words = |of: &str| -> Vec<String> {
        rule[of].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut names = words("resourceNames");
    if names.is_empty() {
        names.push(String::new());
    }
    let mut all = Vec::new();
    for group in words("apiGroups") {
        for resource in words("resources") {
            let (resource, subresource) = resource.split_once('/').unwrap_or((&resource, ""));
            for name in &names {
                all.extend(words("verbs").into_iter().map(|verb| Attributes {
                    namespace: namespace.to_owned(),
                    verb,
                    group: group.clone(),
                    resource: resource.to_owned(),
                    subresource: subresource.to_owned(),
                    name: name.clone(),
                }));
            }
        }
    }
    all
}

/// What whoever installs both charts needs, but for what it gives.
pub(super) fn to_install(system: &str) -> Vec<Attributes> {
    let mut all = Vec::new();
    for (group, resource, has_namespace) in MADE.into_iter().chain([(RELEASES.0, RELEASES.1, true)]) {
        let namespace = if has_namespace { system } else { "" };
        all.extend(HOW.map(|verb| attributes(namespace, verb, group, resource)));
    }
    all
}

/// By what it may give what it does not have.
pub(super) fn to_give(system: &str) -> Vec<Attributes> {
    let roles = [("", "clusterroles"), (system, "roles")];
    let each =
        |verb| roles.map(|(namespace, resource)| attributes(namespace, verb, "rbac.authorization.k8s.io", resource));
    GIVES.into_iter().flat_map(each).collect()
}

fn attributes(namespace: &str, verb: &str, group: &str, resource: &str) -> Attributes {
    let [namespace, verb, group, resource] = [namespace, verb, group, resource].map(str::to_owned);
    Attributes { namespace, verb, group, resource, ..Attributes::default() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_the_chart_gives_is_what_is_asked_for() {
        let needed = needed("mine");
        let has = |program: &str, text: &str| {
            needed.iter().any(|(of, it)| {
                let Attributes { namespace, verb, group, resource, subresource, name } = it;
                *of == program
                    && [namespace, verb, group, resource, subresource, name].map(|it| it.as_str()).join("|") == text
            })
        };
        assert!(has(CONTROL_PLANE, "|patch|outrigger.dev|modelroutes|status|"));
        assert!(has(CONTROL_PLANE, "mine|update|coordination.k8s.io|leases||outrigger-control-plane"));
        assert!(has(INJECTOR, "|patch|admissionregistration.k8s.io|mutatingwebhookconfigurations||outrigger-injector"));
        assert!(!has(INJECTOR, "mine|get||secrets||"), "no Secret but its own");
        assert!(
            has(LEDGER, "mine|watch||secrets||outrigger-ca")
                && has(LEDGER, "|create|authentication.k8s.io|tokenreviews||")
        );
        assert!(needed.len() > 60, "{}", needed.len());
    }

    #[test]
    fn what_it_takes_to_install_is_what_the_charts_make() {
        let plural = |kind: &str| format!("{}s", kind.to_lowercase());
        let rendered = [
            include_str!("../../../../deploy/kubernetes/outrigger.yaml"),
            include_str!("../../../../deploy/kubernetes/crds.yaml"),
        ];
        let kinds: BTreeSet<String> = rendered
            .into_iter()
            .flat_map(str::lines)
            .filter_map(|line| line.strip_prefix("kind: "))
            .map(plural)
            .collect();
        let mut asked: BTreeSet<String> = MADE.iter().map(|(_, resource, _)| (*resource).to_owned()).collect();
        // `--create-namespace` where there is none yet.
        asked.insert("namespaces".to_owned());
        assert_eq!(asked, kinds);
    }
}

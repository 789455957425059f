//! What each account may do in the cluster, as a table, of the manifest that the chart renders.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, anyhow};
use serde_json::Value;

/// Rendered from the chart, and held to it, by `cargo xtask charts`.
pub(super) const MANIFEST: &str = "deploy/kubernetes/rbac.yaml";

/// One row for each rule of each role, in the order of the manifest: who, where, what, of what.
pub(super) fn table(manifest: &str) -> Result<String> {
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(manifest).map_err(|error| anyhow!("{MANIFEST}: {error}"))?;
    let of_kind = |kinds: [&'static str; 2]| {
        documents.iter().filter(move |object| kinds.iter().any(|kind| object["kind"] == **kind))
    };
    let mut table = "| account | where | may | of | by the names |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for role in of_kind(["ClusterRole", "Role"]) {
        let binding = of_kind(["ClusterRoleBinding", "RoleBinding"])
            .find(|binding| {
                let to = &binding["roleRef"];
                to["name"] == role["metadata"]["name"] && to["kind"] == role["kind"]
            })
            .with_context(|| format!("{MANIFEST}: nobody is bound to {}", role["metadata"]["name"]))?;
        let account = binding["subjects"][0]["name"].as_str().context("a binding without a subject")?;
        let place = match role["metadata"]["namespace"].as_str() {
            _ if role["kind"] == "ClusterRole" => "every namespace".to_owned(),
            namespace => format!("`{}`", namespace.context("a Role without a namespace")?),
        };
        for rule in role["rules"].as_array().context("a role without rules")? {
            let groups = words(&rule["apiGroups"]).join(", ");
            let of = if groups.is_empty() { String::new() } else { format!(" ({groups})") };
            let names: Vec<String> = words(&rule["resourceNames"]).iter().map(|name| format!("`{name}`")).collect();
            let names = if names.is_empty() { "all".to_owned() } else { names.join(", ") };
            let (verbs, resources) = (words(&rule["verbs"]).join(", "), words(&rule["resources"]).join(", "));
            let resources = if resources.is_empty() { words(&rule["nonResourceURLs"]).join(", ") } else { resources };
            writeln!(table, "| `{account}` | {place} | {verbs} | {resources}{of} | {names} |")?;
        }
    }
    Ok(table)
}

fn words(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_is_a_row_of_whoever_is_bound_to_it() {
        let manifest = "kind: Role\nmetadata: {name: r, namespace: shop}\nrules:\n- apiGroups: ['']\n  resources: [secrets]\n  \
                        resourceNames: [a, b]\n  verbs: [get, patch]\n- apiGroups: [x.io]\n  resources: [ys]\n  verbs: [list]\n\
                        ---\nkind: RoleBinding\nroleRef: {kind: Role, name: r}\nsubjects: [{kind: ServiceAccount, name: who}]\n";
        assert_eq!(
            table(manifest).unwrap().lines().skip(2).collect::<Vec<_>>(),
            ["| `who` | `shop` | get, patch | secrets | `a`, `b` |", "| `who` | `shop` | list | ys (x.io) | all |",]
        );
        let unbound = manifest.split("---").next().unwrap();
        assert!(table(unbound).unwrap_err().to_string().contains("nobody is bound"));
    }
}

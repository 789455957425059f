//! What holds of everything that the chart renders, whatever the values.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};
use serde_json::{Value as Json, json};

use super::bench::NAMESPACE;

/// Kinds that are in no namespace.
const WIDE: [&str; 6] = [
    "ClusterRole",
    "ClusterRoleBinding",
    "MutatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
];
/// Namespaces that a webhook which refuses pods must never be asked about.
const NEVER: [&str; 5] = ["kube-system", "kube-node-lease", "kube-public", "cert-manager", NAMESPACE];

/// Holds the objects to all of it. `named`: other namespaces that values name.
pub(super) fn hold(objects: &[Json], named: &BTreeSet<String>) -> Result<()> {
    let mut seen = BTreeSet::new();
    for object in objects {
        let (kind, name) = (text(&object["kind"]), text(&object["metadata"]["name"]));
        ensure!(
            !text(&object["apiVersion"]).is_empty() && !kind.is_empty() && !name.is_empty(),
            "not whole: {object:#}"
        );
        let namespace = text(&object["metadata"]["namespace"]);
        ensure!(seen.insert((kind, namespace, name)), "{kind} {namespace}/{name} is there twice");
        match WIDE.contains(&kind) {
            true => ensure!(namespace.is_empty(), "{kind} {name} has no namespace, and says {namespace}"),
            false => ensure!(namespace == NAMESPACE || named.contains(namespace), "{kind} {name} is in {namespace:?}"),
        }
        let labels = &object["metadata"]["labels"];
        ensure!(labels["app.kubernetes.io/name"] == "outrigger", "{kind} {name} has no name of the application");
        each(object).map_err(|why| why.context(format!("{kind} {name}")))?;
    }
    selected(objects)
}

fn each(object: &Json) -> Result<()> {
    match text(&object["kind"]) {
        "Deployment" | "Job" | "StatefulSet" => {
            let template = &object["spec"]["template"];
            let selector = object["spec"]["selector"]["matchLabels"].as_object();
            for (key, value) in selector.into_iter().flatten() {
                ensure!(template["metadata"]["labels"][key] == *value, "its pods are not selected: {key}");
            }
            pod(&template["spec"])
        }
        "Pod" => pod(&object["spec"]),
        "Role" | "ClusterRole" => rules(&object["rules"]),
        "RoleBinding" | "ClusterRoleBinding" => {
            let subjects = list(&object["subjects"]);
            let ours = |it: &&Json| it["kind"] == "ServiceAccount" && it["namespace"] == NAMESPACE;
            ensure!(!subjects.is_empty() && subjects.iter().all(|it| ours(&it)), "rights for somebody else");
            Ok(())
        }
        "MutatingWebhookConfiguration" => list(&object["webhooks"]).iter().try_for_each(webhook),
        _ => Ok(()),
    }
}

/// The level "restricted" of the Pod Security Standards, a read-only root file system, and nothing of the node.
fn pod(spec: &Json) -> Result<()> {
    let security = &spec["securityContext"];
    ensure!(security["runAsNonRoot"] == true && security["runAsUser"] == 65532, "may run as root");
    ensure!(security["seccompProfile"]["type"] == "RuntimeDefault", "seccomp");
    for of_node in ["hostNetwork", "hostPID", "hostIPC", "volumes", "initContainers"] {
        ensure!(spec[of_node].is_null(), "{of_node}");
    }
    let containers = list(&spec["containers"]);
    ensure!(containers.len() == 1, "one program in a pod");
    for container in containers {
        let security = &container["securityContext"];
        ensure!(security["privileged"] == false && security["allowPrivilegeEscalation"] == false, "privileged");
        ensure!(security["readOnlyRootFilesystem"] == true, "may write to its root");
        ensure!(security["capabilities"] == json!({"drop": ["ALL"]}), "capabilities");
        ensure!(text(&container["image"]).contains([':', '@']), "an image without a version: {}", container["image"]);
        for port in list(&container["ports"]) {
            ensure!(port["hostPort"].is_null(), "hostPort");
        }
        for word in list(&container["args"]) {
            ensure!(word.is_string(), "{word} is no text");
        }
    }
    Ok(())
}

/// Least: nothing by `*`, and what changes a Secret or a webhook names it.
fn rules(rules: &Json) -> Result<()> {
    for rule in list(rules) {
        ensure!(!rule.to_string().contains("\"*\""), "{rule}");
        let has = |field: &str, word: &str| list(&rule[field]).iter().any(|it| it == word);
        let changes = ["update", "patch", "delete"].iter().any(|verb| has("verbs", verb));
        let kept =
            ["secrets", "leases", "configmaps", "mutatingwebhookconfigurations", "validatingwebhookconfigurations"];
        if changes && kept.iter().any(|kind| has("resources", kind)) {
            ensure!(!list(&rule["resourceNames"]).is_empty(), "changes whatever is there: {rule}");
        }
        // An empty list of names would mean all of them.
        ensure!(rule["resourceNames"].is_null() || !list(&rule["resourceNames"]).is_empty(), "{rule}");
        for never in ["escalate", "bind", "impersonate", "deletecollection"] {
            ensure!(!has("verbs", never), "{rule}");
        }
    }
    Ok(())
}

fn webhook(entry: &Json) -> Result<()> {
    let expressions = list(&entry["namespaceSelector"]["matchExpressions"]);
    let by_name = expressions
        .iter()
        .find(|it| it["key"] == "kubernetes.io/metadata.name" && it["operator"] == "NotIn")
        .map(|it| list(&it["values"]))
        .unwrap_or_default();
    for namespace in NEVER {
        ensure!(by_name.iter().any(|it| it == namespace), "{} is asked about {namespace}", entry["name"]);
    }
    ensure!(!entry["objectSelector"]["matchExpressions"].is_null(), "{} is asked about every pod", entry["name"]);
    Ok(())
}

/// Whatever selects pods finds some.
fn selected(objects: &[Json]) -> Result<()> {
    let pods: Vec<&Json> = objects.iter().map(|object| &object["spec"]["template"]["metadata"]["labels"]).collect();
    for object in objects {
        if object["kind"] == "ServiceMonitor" {
            monitored(objects, object)?;
        }
        let selector = match text(&object["kind"]) {
            "Service" => &object["spec"]["selector"],
            // Sidecars are in other people's pods.
            "PodMonitor" if object["spec"]["namespaceSelector"]["any"] == true => continue,
            "PodDisruptionBudget" | "PodMonitor" => &object["spec"]["selector"]["matchLabels"],
            "NetworkPolicy" => &object["spec"]["podSelector"]["matchLabels"],
            _ => continue,
        };
        let Some(selector) = selector.as_object().filter(|selector| !selector.is_empty()) else {
            bail!("selects everything: {object:#}");
        };
        let found = pods.iter().any(|labels| selector.iter().all(|(key, value)| labels[key] == *value));
        ensure!(found, "{} {} selects no pod", object["kind"], object["metadata"]["name"]);
    }
    Ok(())
}

/// A ServiceMonitor finds every Service of ours, and each has the port that it reads, which is one of its pods'.
fn monitored(objects: &[Json], monitor: &Json) -> Result<()> {
    let labels = monitor["spec"]["selector"]["matchLabels"].as_object();
    let wanted: Vec<&str> = list(&monitor["spec"]["endpoints"]).iter().map(|it| text(&it["port"])).collect();
    let mut found = 0;
    for service in objects.iter().filter(|object| object["kind"] == "Service") {
        let name = &service["metadata"]["name"];
        let selected = labels.into_iter().flatten().all(|(key, value)| service["metadata"]["labels"][key] == *value);
        ensure!(selected, "Service {name} is read by nobody");
        for port in &wanted {
            let ports = list(&service["spec"]["ports"]);
            let target = ports.iter().find(|it| it["name"] == *port).map(|it| text(&it["targetPort"]));
            let of_pods = objects
                .iter()
                .flat_map(|object| list(&object["spec"]["template"]["spec"]["containers"]))
                .flat_map(|container| list(&container["ports"]));
            let has = target.is_some_and(|target| of_pods.clone().any(|it| it["name"] == target));
            ensure!(has, "Service {name} has no port {port}");
        }
        found += 1;
    }
    ensure!(found > 0 && !wanted.is_empty(), "a ServiceMonitor of nothing");
    Ok(())
}

fn text(value: &Json) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Json) -> &[Json] {
    value.as_array().map_or(&[], Vec::as_slice)
}

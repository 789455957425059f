//! Each switch on and off, and what else a value changes.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value as Json, json};

use super::{
    bench::{Bench, NAMESPACE, find, get, refusal},
    invariants,
};
use crate::charts::values::{self, Is, Kind};

/// A value, and an object that is there with it and not without.
const SWITCHES: [(&str, bool, &str, &str); 25] = [
    ("injector.enabled", true, "Deployment", "outrigger-injector"),
    ("injector.enabled", true, "Service", "outrigger-injector"),
    ("injector.enabled", true, "ServiceAccount", "outrigger-injector"),
    ("injector.enabled", true, "ClusterRole", "outrigger-injector"),
    ("injector.enabled", true, "MutatingWebhookConfiguration", "outrigger-injector"),
    ("injector.podDisruptionBudget.enabled", true, "PodDisruptionBudget", "outrigger-injector"),
    ("injector.bootstrapSecrets.enabled", false, "ValidatingAdmissionPolicy", "outrigger-bootstrap"),
    ("injector.bootstrapSecrets.enabled", false, "ValidatingAdmissionPolicyBinding", "outrigger-bootstrap"),
    ("ledger.enabled", false, "StatefulSet", "outrigger-ledger"),
    ("ledger.enabled", false, "Service", "outrigger-ledger"),
    ("ledger.enabled", false, "ServiceAccount", "outrigger-ledger"),
    ("ledger.enabled", false, "ClusterRole", "outrigger-ledger"),
    ("ledger.enabled", false, "ClusterRole", "outrigger-usage-reader"),
    // Of one pod that is a disk there is nothing to be kept up.
    ("ledger.podDisruptionBudget.enabled", false, "PodDisruptionBudget", "outrigger-ledger"),
    ("controlPlane.podDisruptionBudget.enabled", true, "PodDisruptionBudget", "outrigger-control-plane"),
    ("policyWebhook.enabled", true, "ValidatingWebhookConfiguration", "outrigger-policy"),
    ("networkPolicy.enabled", false, "NetworkPolicy", "outrigger-control-plane"),
    ("networkPolicy.enabled", false, "NetworkPolicy", "outrigger-injector"),
    ("certManager.enabled", false, "Certificate", "outrigger-injector"),
    ("certManager.enabled", false, "Issuer", "outrigger"),
    ("podMonitor.enabled", false, "PodMonitor", "outrigger"),
    ("serviceMonitor.enabled", false, "ServiceMonitor", "outrigger"),
    ("prometheusRule.enabled", false, "PrometheusRule", "outrigger"),
    ("grafana.dashboards.enabled", false, "ConfigMap", "outrigger-dashboard-overview"),
    ("uninstall.enabled", true, "Job", "outrigger-uninstall"),
];

pub(super) fn each(bench: &Bench) -> Result<()> {
    let paths: BTreeSet<&str> = SWITCHES.iter().map(|(path, ..)| *path).collect();
    let table = values::outrigger();
    for (path, value) in values::leaves(&table) {
        let switch = matches!(value.is, Is::One { kind: Kind::Bool, .. });
        ensure!(!switch || paths.contains(path.as_str()), "nothing is said here of {path}");
    }
    let plain = bench.objects(&[])?;
    for path in paths {
        for on in [true, false] {
            // What is within the ledger is nothing without it.
            let within = if path.starts_with("ledger.") { "ledger.enabled=true," } else { "" };
            let rendered = bench.objects(&["--set", &format!("{within}{path}={on}")])?;
            invariants::hold(&rendered, &BTreeSet::new()).context(format!("{path}={on}"))?;
            for (_, by_default, kind, name) in SWITCHES.iter().filter(|(of, ..)| *of == path) {
                ensure!(find(&rendered, kind, name).is_some() == on, "{path}={on}: {kind} {name}");
                ensure!(find(&plain, kind, name).is_some() == *by_default, "by default: {kind} {name}");
            }
        }
    }
    // All that one may have at one time.
    let all = bench.objects(&[
        "--set=networkPolicy.enabled=true,certManager.enabled=true,podMonitor.enabled=true,listenAddress=::",
        "--set=prometheusRule.enabled=true,grafana.dashboards.enabled=true,metrics.from=Pods",
        "--set=ledger.enabled=true,serviceMonitor.enabled=true",
    ])?;
    invariants::hold(&all, &BTreeSet::new())?;
    ensure!(args(&all, "outrigger-control-plane")?.contains(&"--listen=[::]:4119".to_owned()), "an address of IPv6");
    metrics(bench)
}

/// What sidecars count is read at one of two places: the control plane reaches them, or a Prometheus is told where they are.
fn metrics(bench: &Bench) -> Result<()> {
    for (from, here) in [("ControlPlane", true), ("Pods", false)] {
        let set = format!("--set=networkPolicy.enabled=true,podMonitor.enabled=true,metrics.from={from}");
        let all = bench.objects(&[&set])?;
        let args = args(&all, "outrigger-control-plane")?;
        ensure!(args.contains(&"--metrics-from=pods".to_owned()) != here, "{from}: {args:?}");
        let monitor = find(&all, "PodMonitor", "outrigger-sidecars");
        ensure!(monitor.is_some() != here, "{from}: a PodMonitor of sidecars");
        let policy = get(&all, "NetworkPolicy", "outrigger-control-plane")?["spec"]["egress"].to_string();
        ensure!(policy.contains(r#""namespaceSelector":{}"#) == here, "{from}: {policy}");
    }
    // What a ServiceMonitor has read no PodMonitor reads once more: sums would be twice what they are.
    for (from, left) in [("ControlPlane", 0), ("Pods", 1)] {
        let set = format!(
            "--set=serviceMonitor.enabled=true,podMonitor.enabled=true,metrics.from={from},ledger.enabled=true"
        );
        let all = bench.objects(&[&set])?;
        invariants::hold(&all, &BTreeSet::new())?;
        let monitors: Vec<&Json> = all.iter().filter(|it| it["kind"] == "PodMonitor").collect();
        ensure!(monitors.len() == left, "{from}: {monitors:#?}");
        ensure!(monitors.iter().all(|it| it["metadata"]["name"] == "outrigger-sidecars"), "{from}: {monitors:#?}");
        get(&all, "ServiceMonitor", "outrigger")?;
    }
    let neither = refusal("metrics.from=Both", bench.objects(&["--set=metrics.from=Both"]))?;
    ensure!(neither.contains("metrics"), "{neither}");
    Ok(())
}

/// Rules read what there is: sums of the control plane, or pods, which then have to be read.
pub(super) fn figures(bench: &Bench) -> Result<()> {
    for (from, of_pods) in [("ControlPlane", false), ("Pods", true)] {
        let from = format!("metrics.from={from}");
        let rendered = bench.objects(&[
            "--set=podMonitor.enabled=true,prometheusRule.enabled=true,grafana.dashboards.enabled=true",
            "--set=prometheusRule.runbooks=https://wiki/o/,grafana.dashboards.label=shown",
            "--set",
            &from,
        ])?;
        let rule = get(&rendered, "PrometheusRule", "outrigger")?.to_string();
        ensure!(rule.contains("outrigger_fleet_") != of_pods, "{from}: whose figures rules read");
        let link = "\"runbook_url\":\"https://wiki/o/provider-down.md\"";
        ensure!(rule.contains(link) && !rule.contains("\"docs/runbooks"), "{from}: links of alerts");
        ensure!(find(&rendered, "PodMonitor", "outrigger-sidecars").is_some() == of_pods, "{from}: who is read");
        let board = get(&rendered, "ConfigMap", "outrigger-dashboard-cost")?;
        ensure!(board["metadata"]["labels"]["shown"] == "1", "{from}: the label of dashboards");
        let text = board["data"]["cost.json"].as_str().unwrap_or_default();
        let json: Json = serde_json::from_str(text).context("a dashboard is JSON")?;
        ensure!(json["uid"] == "outrigger-cost", "{from}: whose dashboard it is");
    }
    Ok(())
}

pub(super) fn images(bench: &Bench) -> Result<()> {
    let image = |words: &[&str]| -> Result<(String, String)> {
        let rendered = bench.objects(words)?;
        let container =
            &get(&rendered, "Deployment", "outrigger-control-plane")?["spec"]["template"]["spec"]["containers"][0];
        let words = args(&rendered, "outrigger-injector")?;
        let sidecar = words.iter().find_map(|word| word.strip_prefix("--image=")).context("--image")?;
        Ok((container["image"].as_str().unwrap_or_default().to_owned(), sidecar.to_owned()))
    };
    let version = env!("CARGO_PKG_VERSION");
    let plain = image(&[])?;
    // The chart's version is the programs'.
    ensure!(
        plain == (format!("outrigger-control-plane:{version}"), format!("outrigger-sidecar:{version}")),
        "{plain:?}"
    );
    let digest = format!("sha256:{}", "a".repeat(64));
    let words = [
        "--set=imageRegistry=registry.example.com/llm,controlPlane.image.tag=1.2,sidecar.image.tag=1.3",
        &format!("--set=controlPlane.image.digest={digest}"),
    ];
    let (own, sidecar) = image(&words)?;
    ensure!(own == format!("registry.example.com/llm/outrigger-control-plane@{digest}"), "{own}");
    ensure!(sidecar == "registry.example.com/llm/outrigger-sidecar:1.3", "{sidecar}");
    Ok(())
}

pub(super) fn named(bench: &Bench) -> Result<()> {
    for (value, resource) in [("secrets", "secrets"), ("configMaps", "configmaps")] {
        let words = [format!("--set={value}.namespaces={{team-a,team-b}},{value}.named.prod={{openai,mistral}}")];
        let rendered = bench.objects(&words.each_ref().map(String::as_str))?;
        invariants::hold(&rendered, &["team-a", "team-b", "prod"].map(str::to_owned).into())?;
        let role = |namespace: &str| {
            let roles = rendered.iter().filter(|it| it["kind"] == "Role" && it["metadata"]["namespace"] == namespace);
            roles.map(|role| role["rules"].clone()).next().context("no role")
        };
        let rule = |names: Option<Json>| {
            let mut rule = json!({"apiGroups": [""], "resources": [resource], "verbs": ["get", "list", "watch"]});
            if let Some(names) = names {
                rule["resourceNames"] = names;
            }
            json!([rule])
        };
        ensure!(role("team-a")? == rule(None), "{}", role("team-a")?);
        ensure!(role("prod")? == rule(Some(json!(["openai", "mistral"]))), "{}", role("prod")?);
    }
    let rendered = bench.objects(&["--set=watchNamespaces={a,b}"])?;
    let words = args(&rendered, "outrigger-control-plane")?;
    ensure!(words.ends_with(&["--watch-namespace=a".to_owned(), "--watch-namespace=b".to_owned()]), "{words:?}");
    Ok(())
}

pub(super) fn contradictions(bench: &Bench) -> Result<()> {
    for (words, says) in [
        ("secrets.namespaces={a},secrets.named.a={x}", "secrets.named.a narrows nothing"),
        ("configMaps.namespaces={a},configMaps.named.a={x}", "configMaps.named.a narrows nothing"),
        ("certManager.enabled=true,injector.tlsSecret=x", "certManager.enabled and injector.tlsSecret"),
        ("certManager.enabled=true,controlPlane.tlsSecret=x", "certManager.enabled and controlPlane.tlsSecret"),
        ("certManager.enabled=true,ledger.tlsSecret=x", "certManager.enabled and ledger.tlsSecret"),
        ("ledger.enabled=true,ledger.store=PostgreSQL", "ledger.postgresql.secret"),
        ("ledger.enabled=true,ledger.replicas=2", "replicas"),
    ] {
        let said = refusal(words, bench.text(&["--set", words]))?;
        ensure!(said.contains(says), "{said}");
    }
    Ok(())
}

/// One file has one process and a disk of its own; of a database there may be many, which have none and no password in sight.
pub(super) fn books(bench: &Bench) -> Result<()> {
    let rendered = bench.objects(&["--set=ledger.enabled=true,ledger.storage.size=3Gi"])?;
    let set = &get(&rendered, "StatefulSet", "outrigger-ledger")?["spec"];
    ensure!(set["replicas"] == 1, "{}", set["replicas"]);
    let claim = &set["volumeClaimTemplates"][0]["spec"];
    ensure!(claim["resources"]["requests"]["storage"] == "3Gi" && claim["storageClassName"].is_null(), "{claim:#}");
    let container = &set["template"]["spec"]["containers"][0];
    ensure!(container["args"].to_string().contains("--store=sqlite:/var/lib/outrigger/"), "{}", container["args"]);
    ensure!(container["volumeMounts"][0]["mountPath"] == "/var/lib/outrigger", "{}", container["volumeMounts"]);
    let words = "--set=ledger.enabled=true,ledger.store=PostgreSQL,ledger.replicas=3,ledger.postgresql.secret=db";
    let rendered = bench.objects(&[words])?;
    invariants::hold(&rendered, &BTreeSet::new())?;
    ensure!(find(&rendered, "StatefulSet", "outrigger-ledger").is_none(), "a file beside a database");
    let spec = &get(&rendered, "Deployment", "outrigger-ledger")?["spec"];
    ensure!(spec["replicas"] == 3, "{}", spec["replicas"]);
    let container = &spec["template"]["spec"]["containers"][0];
    ensure!(!container["args"].to_string().contains("--store"), "{}", container["args"]);
    let named = json!({"name": "OUTRIGGER_LEDGER_STORE", "valueFrom": {"secretKeyRef": {"name": "db", "key": "url"}}});
    let env = container["env"].as_array().context("env")?;
    ensure!(env.contains(&named), "{}", container["env"]);
    // Sidecars are told of it, and of none that is not there.
    for (words, told) in [("ledger.enabled=true", true), ("ledger.enabled=false", false)] {
        let words = args(&bench.objects(&["--set", words])?, "outrigger-injector")?;
        let ledger = words.iter().find_map(|word| word.strip_prefix("--ledger="));
        ensure!(ledger.is_some() == told, "{words:?}");
        ensure!(ledger.is_none_or(|url| url == format!("https://outrigger-ledger.{NAMESPACE}.svc:4122")), "{ledger:?}");
    }
    Ok(())
}

pub(super) fn ca_bundle(bench: &Bench) -> Result<()> {
    const KINDS: [(&str, &str, usize); 2] = [
        ("MutatingWebhookConfiguration", "outrigger-injector", 3),
        ("ValidatingWebhookConfiguration", "outrigger-policy", 1),
    ];
    for cert_manager in [false, true] {
        let rendered = bench.objects(&["--set", &format!("certManager.enabled={cert_manager}")])?;
        for (kind, name, entries) in KINDS {
            let found = get(&rendered, kind, name)?;
            ensure!(!found.to_string().contains("caBundle"), "{kind} has a caBundle, which an upgrade would write");
            ensure!(found["webhooks"].as_array().is_some_and(|webhooks| webhooks.len() == entries), "{found:#}");
            // Either somebody else writes it, or we.
            let from = found["metadata"]["annotations"]["cert-manager.io/inject-ca-from"].as_str();
            ensure!(from.is_some() == cert_manager, "{from:?}");
            if let Some(certificate) = from.and_then(|from| from.strip_prefix(&format!("{NAMESPACE}/"))) {
                get(&rendered, "Certificate", certificate)?;
            }
            let program = if kind.starts_with('M') { "outrigger-injector" } else { "outrigger-control-plane" };
            let words = args(&rendered, program)?;
            ensure!(words.contains(&format!("--webhook-configuration={name}")) != cert_manager, "{words:?}");
            ensure!(words.iter().any(|word| word.starts_with("--tls-secret=")) == cert_manager, "{words:?}");
        }
    }
    Ok(())
}

/// What goes with a hook is itself a hook: else it would be gone before, or stay behind.
pub(super) fn hooks(bench: &Bench) -> Result<()> {
    let rendered = bench.objects(&[])?;
    let hook = |object: &Json| object["metadata"]["annotations"]["helm.sh/hook"].as_str().map(str::to_owned);
    let mut kinds = BTreeSet::new();
    for object in rendered.iter().filter(|object| object["metadata"]["name"] == "outrigger-uninstall") {
        ensure!(hook(object).as_deref() == Some("post-delete"), "{object:#}");
        let policy = object["metadata"]["annotations"]["helm.sh/hook-delete-policy"].as_str().unwrap_or_default();
        ensure!(policy == "before-hook-creation,hook-succeeded", "{policy}");
        kinds.insert(object["kind"].as_str().unwrap_or_default());
    }
    let wanted = ["ClusterRole", "ClusterRoleBinding", "Job", "Role", "RoleBinding", "ServiceAccount"];
    ensure!(kinds == wanted.into(), "{kinds:?}");
    ensure!(hook(get(&rendered, "Pod", "outrigger-test")?).as_deref() == Some("test"), "the test is a test");
    Ok(())
}

fn args(objects: &[Json], deployment: &str) -> Result<Vec<String>> {
    let container = &get(objects, "Deployment", deployment)?["spec"]["template"]["spec"]["containers"][0];
    let words = container["args"].as_array().context("args")?;
    Ok(words.iter().filter_map(|word| Some(word.as_str()?.to_owned())).collect())
}

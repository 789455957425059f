//! What is added to a pod, and that nothing else is changed.

use serde_json::json;

use super::{plain, pod, settings, sidecar, variables};
use crate::{Settings, Tracing};

#[test]
fn a_pod_gets_one_native_sidecar_first() {
    let (after, notes) = pod(
        "{metadata: {}, spec: {initContainers: [{name: migrate, image: m}], containers: [{name: app, image: a}, {name: log, image: l}]}}",
    )
    .injected();
    let names: Vec<_> = after["spec"]["initContainers"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["outrigger", "migrate"]);
    assert_eq!(sidecar(&after)["restartPolicy"], "Always");
    assert_eq!(sidecar(&after)["startupProbe"]["httpGet"], json!({"path": "/readyz", "port": 4121, "scheme": "HTTP"}));
    assert_eq!(after["metadata"]["annotations"], json!({"outrigger.dev/status": "injected"}));
    // Those that start after it call models too.
    for container in
        [&after["spec"]["initContainers"][1], &after["spec"]["containers"][0], &after["spec"]["containers"][1]]
    {
        assert_eq!(
            variables(container),
            [
                "OPENAI_BASE_URL=http://127.0.0.1:4117/v1",
                "OPENAI_API_BASE=http://127.0.0.1:4117/v1",
                "OPENAI_API_KEY=injected-by-outrigger",
                "ANTHROPIC_BASE_URL=http://127.0.0.1:4117",
                "ANTHROPIC_API_KEY=injected-by-outrigger",
            ]
        );
    }
    assert_eq!(notes, Vec::<String>::new());
}

/// R-INJ-9: it asks for nothing that Pod Security's `restricted` refuses, and R-ID-3: it has a token of its own alone.
#[test]
fn it_asks_for_no_right() {
    let (after, _) = plain("", "automountServiceAccountToken: false").injected();
    assert_eq!(
        sidecar(&after)["securityContext"],
        json!({
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "privileged": false,
            "readOnlyRootFilesystem": true,
            "runAsGroup": 4117,
            "runAsNonRoot": true,
            "runAsUser": 4117,
            "seccompProfile": {"type": "RuntimeDefault"},
        })
    );
    let mounts = sidecar(&after)["volumeMounts"].as_array().unwrap();
    let mounts: Vec<_> =
        mounts.iter().map(|it| format!("{} {}", it["name"], it["mountPath"]).replace('"', "")).collect();
    assert_eq!(
        mounts,
        [
            "outrigger /var/run/outrigger",
            "outrigger-state /var/lib/outrigger",
            // Something is there already: the API server mounts no token of the pod's service account over it.
            "outrigger-no-token /var/run/secrets/kubernetes.io/serviceaccount",
            "outrigger-bootstrap /var/run/outrigger-bootstrap/0",
            "outrigger-bootstrap-1 /var/run/outrigger-bootstrap/1",
            "outrigger-bootstrap-2 /var/run/outrigger-bootstrap/2",
            "outrigger-bootstrap-3 /var/run/outrigger-bootstrap/3",
        ]
    );
    // Below the mount, which everybody may write in, and so which no sidecar would use.
    let all = sidecar(&after)["env"].as_array().unwrap();
    let state = all.iter().find(|it| it["name"] == "OUTRIGGER_STATE").unwrap();
    assert_eq!(state["value"], "/var/lib/outrigger/state");
    let token = &after["spec"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"];
    assert_eq!(*token, json!({"audience": "outrigger-control-plane", "expirationSeconds": 3600, "path": "token"}));
    assert_eq!(after["spec"]["automountServiceAccountToken"], false);
}

/// What the ledger has not got outlives the container on a disk that is bounded, and its limit is below the volume's: a pod is
/// thrown off its node by a volume that grows beyond it.
#[test]
fn a_spool_is_there_where_a_ledger_is() {
    let url = "https://outrigger-ledger.outrigger-system.svc:4122";
    let (after, _) = plain("", "").injected_with(&Settings { ledger: Some(url.to_owned()), ..settings() });
    let volumes = after["spec"]["volumes"].as_array().unwrap();
    let spool = volumes.iter().find(|it| it["name"] == "outrigger-spool").unwrap();
    assert_eq!(spool["emptyDir"], json!({"sizeLimit": "96Mi"}));
    let mounts = sidecar(&after)["volumeMounts"].as_array().unwrap();
    assert!(mounts.contains(&json!({"name": "outrigger-spool", "mountPath": "/var/spool/outrigger"})), "{mounts:?}");
    let all = sidecar(&after)["env"].as_array().unwrap();
    let value = |name: &str| all.iter().find(|it| it["name"] == name).map(|it| it["value"].clone());
    assert_eq!(value("OUTRIGGER_LEDGER"), Some(json!(url)));
    assert_eq!(value("OUTRIGGER_SPOOL"), Some(json!("/var/spool/outrigger/spool")));
    assert_eq!(value("OUTRIGGER_SPOOL_LIMIT"), Some(json!("64MiB")));
    assert!(value("OUTRIGGER_POD").is_some() && value("OUTRIGGER_NODE").is_some());
    let (without, _) = plain("", "").injected();
    let text = without.to_string();
    assert!(
        !text.contains("SPOOL") && !text.contains("outrigger-spool") && !text.contains("OUTRIGGER_LEDGER"),
        "{text}"
    );
}

/// Spans go where the installation says, with a key that stays in its Secret; without a collector nothing speaks of one.
#[test]
fn a_collector_of_traces_is_told_by_the_variables_of_opentelemetry() {
    let tracing = Tracing {
        endpoint: "http://collector.observability.svc:4317".to_owned(),
        sampler: Some("parentbased_traceidratio".to_owned()),
        ratio: Some("0.1".to_owned()),
        headers: Some(("otlp".to_owned(), "headers".to_owned())),
        decisions: true,
    };
    let settings = Settings { tracing: Some(tracing), genai_metrics: true, ..settings() };
    let (after, _) = plain("", "").injected_with(&settings);
    let all = sidecar(&after)["env"].as_array().unwrap();
    let of = |name: &str| all.iter().find(|it| it["name"] == name).cloned().unwrap_or_default();
    assert_eq!(of("OTEL_EXPORTER_OTLP_ENDPOINT")["value"], "http://collector.observability.svc:4317");
    assert_eq!(of("OTEL_TRACES_SAMPLER")["value"], "parentbased_traceidratio");
    assert_eq!(of("OTEL_TRACES_SAMPLER_ARG")["value"], "0.1");
    let secret = json!({"secretKeyRef": {"name": "otlp", "key": "headers", "optional": true}});
    assert_eq!(of("OTEL_EXPORTER_OTLP_HEADERS")["valueFrom"], secret);
    assert!(of("OUTRIGGER_POD").is_object() && of("OUTRIGGER_NODE").is_object());
    assert_eq!(of("OUTRIGGER_DECISION_LOG_TO")["value"], "otlp");
    assert_eq!(of("OUTRIGGER_GENAI_METRICS")["value"], "true");
    let without = plain("", "").injected().0.to_string();
    assert!(!without.contains("OTEL") && !without.contains("DECISION") && !without.contains("GENAI"), "{without}");
}

/// What is there stays as it is, byte for byte: only things are added.
#[test]
fn nothing_is_taken_away_or_changed() {
    let case = pod("{metadata: {name: p, annotations: {a: b}, labels: {app: web}}, \
          spec: {volumes: [{name: v, emptyDir: {}}], serviceAccountName: s, nodeName: node1, \
                 containers: [{name: app, image: a, env: [{name: A, value: b}], ports: [{containerPort: 80}], \
                               resources: {limits: {cpu: '1'}}}]}}");
    let (mut after, _) = case.injected();
    after["spec"].as_object_mut().unwrap().remove("initContainers");
    after["spec"]["volumes"].as_array_mut().unwrap().truncate(1);
    after["spec"]["containers"][0]["env"].as_array_mut().unwrap().truncate(1);
    after["metadata"]["annotations"].as_object_mut().unwrap().remove("outrigger.dev/status");
    assert_eq!(after, case.pod);
}

/// R-INJ-4: the API server may ask again about what came of it, and another webhook may have moved things.
#[test]
fn asked_again_it_changes_nothing() {
    let (mut after, _) = plain("", "").injected();
    let again = |after: &serde_json::Value| super::Case { pod: after.clone(), ..plain("", "") }.skipped();
    assert_eq!(again(&after), "already_injected");
    let containers = after["spec"]["initContainers"].as_array_mut().unwrap();
    containers.insert(0, json!({"name": "mesh", "image": "m"}));
    assert_eq!(again(&after), "already_injected");
}

/// R-DRAIN-5: one knob, the pod's own, five seconds before the kubelet kills.
#[test]
fn the_drain_ends_before_the_pod_is_killed() {
    for (spec, profile, drain, said) in [
        ("", "{}", "25s", ""),
        ("terminationGracePeriodSeconds: 120", "{}", "115s", ""),
        ("terminationGracePeriodSeconds: 120", "{drain: 90s}", "90s", ""),
        (
            "",
            "{drain: 2m}",
            "25s",
            "DrainShortened: the sidecar is to let requests go on for 120s, but the pod is killed after 30s: it does for \
             25s; set terminationGracePeriodSeconds to 125 or more",
        ),
        ("terminationGracePeriodSeconds: 0", "{}", "1s", ""),
    ] {
        let (after, notes) = plain("", spec).with("shop", "default", profile).injected();
        let found = variables(sidecar(&after));
        assert!(found.contains(&format!("OUTRIGGER_DRAIN_TIMEOUT={drain}")), "{spec} {profile}: {found:?}");
        assert_eq!(notes.concat(), said);
        assert_eq!(
            after["spec"]["terminationGracePeriodSeconds"],
            plain("", spec).pod["spec"]["terminationGracePeriodSeconds"]
        );
    }
}

/// Another process of the same user could read the memory that holds keys.
#[test]
fn its_user_is_nobody_elses() {
    for (spec, user) in [
        ("securityContext: {runAsUser: 1000}", 4117),
        ("securityContext: {runAsUser: 4117}", 4118),
        (
            "securityContext: {runAsUser: 4118}, initContainers: [{name: i, image: i, securityContext: {runAsUser: 4117}}]",
            4119,
        ),
    ] {
        let (after, _) = plain("", spec).injected();
        assert_eq!(sidecar(&after)["securityContext"]["runAsUser"], user, "{spec}");
    }
}

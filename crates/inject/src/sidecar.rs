//! The container that is added, and its volumes.

use outrigger_crd::profile::{Amounts, BootstrapSecrets, LogFormat};
use serde_json::{Map, Value, json};

use crate::{
    SecretKey, Settings, Tracing, keys,
    names::{AUDIENCE, BOOTSTRAPS, CA, CONTAINER, KEYS, NO_TOKEN, SPOOL, STATE},
    plan::Plan,
    ports::Ports,
};

/// Where what it is given is mounted: token, certificates, labels.
const GIVEN: &str = "/var/run/outrigger";
/// Where what it starts with while the control plane is away is mounted, each part in a folder of its own: `0`, `1` ...
const STARTED_WITH: &str = "/var/run/outrigger-bootstrap";
/// Where keys for such a start are mounted, each as `SECRET/KEY`.
const KEYS_OF_START: &str = "/var/run/outrigger-keys";
/// Where the volume of what it remembers is mounted.
const REMEMBERED: &str = "/var/lib/outrigger";
/// Its own folder there, which it makes. An `emptyDir` is root's and lets everybody write, and a sidecar trusts no such folder.
const STATE_FOLDER: &str = "/var/lib/outrigger/state";
/// Where the volume of what the ledger has not got yet is mounted. On the node's disk: it outlives the container, and a node
/// that is short of memory.
const SPOOLED: &str = "/var/spool/outrigger";
/// Its own folder there, which it makes.
const SPOOL_FOLDER: &str = "/var/spool/outrigger/spool";
/// What lies there at most, and how large the volume may become before the pod is thrown off its node: half as much again, for
/// the file that is being written while the oldest goes.
const SPOOL_LIMIT: &str = "64MiB";
const SPOOL_SIZE: &str = "96Mi";
/// Where the API server mounts the token of the pod's service account, unless something is there.
const TOKEN_OF_POD: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// How long its own token counts: the kubelet renews it at four fifths.
const TOKEN_SECONDS: u32 = 3600;
/// The policy and keys of one workload, twice for the moment of a change.
const STATE_SIZE: &str = "32Mi";
/// How often it is asked whether it is ready before it is started anew: once a second.
const STARTS: u32 = 600;

/// The container.
pub(crate) fn container(settings: &Settings, plan: &Plan, keys: &[SecretKey]) -> Value {
    let Settings { image, pull_policy, control_plane: _, ledger, tracing: _, genai_metrics: _, system_namespace: _ } =
        settings;
    let mut container = json!({
        "name": CONTAINER,
        "image": image,
        // A sidecar in Kubernetes' own sense: it is ready before the application starts, and ends after it (R-LIFE-1).
        "restartPolicy": "Always",
        "env": environment(settings, plan),
        "ports": [{"name": "outrigger-probe", "containerPort": plan.ports.probe, "protocol": "TCP"}],
        "resources": {"requests": amounts(&plan.requests), "limits": amounts(&plan.limits)},
        "startupProbe": probe("/readyz", plan.ports, 1, STARTS),
        "livenessProbe": probe("/livez", plan.ports, 10, 6),
        "readinessProbe": probe("/readyz", plan.ports, 5, 2),
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "privileged": false,
            "readOnlyRootFilesystem": true,
            "runAsGroup": plan.user,
            "runAsNonRoot": true,
            "runAsUser": plan.user,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts(!keys.is_empty(), ledger.is_some()),
    });
    if let (Some(policy), Some(container)) = (pull_policy, container.as_object_mut()) {
        container.insert("imagePullPolicy".to_owned(), json!(policy));
    }
    container
}

/// What it is given, what it remembers, and nothing where a token would be.
pub(crate) fn volumes(settings: &Settings, keys: &[SecretKey]) -> Vec<Value> {
    let given = [
        json!({"serviceAccountToken": {"audience": AUDIENCE, "expirationSeconds": TOKEN_SECONDS, "path": "token"}}),
        // The pod waits for it: without it no control plane would be believed.
        json!({"configMap": {"name": CA, "items": [{"key": "ca.crt", "path": "ca.crt"}]}}),
        json!({"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}}),
    ];
    let mut volumes = vec![
        json!({"name": CONTAINER, "projected": {"defaultMode": 0o444, "sources": given}}),
        // In memory, since keys are in it.
        json!({"name": STATE, "emptyDir": {"medium": "Memory", "sizeLimit": STATE_SIZE}}),
        json!({"name": NO_TOKEN, "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}),
    ];
    if settings.ledger.is_some() {
        volumes.push(json!({"name": SPOOL, "emptyDir": {"sizeLimit": SPOOL_SIZE}}));
    }
    // Where there is none the pod starts without. Volumes of their own: no key in one of them hides a certificate.
    let bootstrap = |name| json!({"name": name, "configMap": {"name": name, "optional": true, "defaultMode": 0o444}});
    volumes.extend(BOOTSTRAPS.map(bootstrap));
    volumes.extend(keys::volume(keys));
    volumes
}

fn mounts(keys: bool, ledger: bool) -> Vec<Value> {
    let mut mounts = vec![
        json!({"name": CONTAINER, "mountPath": GIVEN, "readOnly": true}),
        json!({"name": STATE, "mountPath": REMEMBERED}),
        json!({"name": NO_TOKEN, "mountPath": TOKEN_OF_POD, "readOnly": true}),
    ];
    let bootstrap = |(at, name)| json!({"name": name, "mountPath": format!("{STARTED_WITH}/{at}"), "readOnly": true});
    mounts.extend(BOOTSTRAPS.into_iter().enumerate().map(bootstrap));
    mounts.extend(ledger.then(|| json!({"name": SPOOL, "mountPath": SPOOLED})));
    mounts.extend(keys.then(|| json!({"name": KEYS, "mountPath": KEYS_OF_START, "readOnly": true})));
    mounts
}

fn environment(settings: &Settings, plan: &Plan) -> Vec<Value> {
    let Ports { listen, admin, probe } = plan.ports;
    let format = match plan.log_format {
        LogFormat::Text => "text",
        LogFormat::Json => "json",
    };
    let mut set: Vec<(&str, String)> = vec![
        ("OUTRIGGER_CONTROL_PLANE", settings.control_plane.clone()),
        ("OUTRIGGER_TOKEN_FILE", format!("{GIVEN}/token")),
        ("OUTRIGGER_CA_FILE", format!("{GIVEN}/ca.crt")),
        ("OUTRIGGER_STATE", STATE_FOLDER.to_owned()),
        ("OUTRIGGER_BOOTSTRAP", STARTED_WITH.to_owned()),
        ("OUTRIGGER_POD_LABELS", format!("{GIVEN}/labels")),
        ("OUTRIGGER_LISTEN", format!("127.0.0.1:{listen}")),
        ("OUTRIGGER_ADMIN_LISTEN", format!("127.0.0.1:{admin}")),
        ("OUTRIGGER_PROBE_LISTEN", format!("*:{probe}")),
        ("OUTRIGGER_DRAIN_TIMEOUT", format!("{}s", plan.drain.as_secs())),
        ("OUTRIGGER_LOG_FORMAT", format.to_owned()),
    ];
    set.extend(plan.decisions.clone().map(|which| ("OUTRIGGER_DECISION_LOG", which)));
    if let Some(ledger) = &settings.ledger {
        set.push(("OUTRIGGER_LEDGER", ledger.clone()));
        set.push(("OUTRIGGER_SPOOL", SPOOL_FOLDER.to_owned()));
        set.push(("OUTRIGGER_SPOOL_LIMIT", SPOOL_LIMIT.to_owned()));
    }
    if let Some(Tracing { endpoint, sampler, ratio, headers: _, decisions }) = &settings.tracing {
        set.push(("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.clone()));
        set.extend(sampler.clone().map(|word| ("OTEL_TRACES_SAMPLER", word)));
        set.extend(ratio.clone().map(|ratio| ("OTEL_TRACES_SAMPLER_ARG", ratio)));
        set.extend(decisions.then(|| ("OUTRIGGER_DECISION_LOG_TO", "otlp".to_owned())));
    }
    set.extend(settings.genai_metrics.then(|| ("OUTRIGGER_GENAI_METRICS", "true".to_owned())));
    let Plan { log, max_body, buffer, threads, max_staleness, secrets, proxy, .. } = plan;
    // Also where none is mounted: then it says which it waits for.
    let mounts = *secrets == BootstrapSecrets::Mount;
    set.extend(mounts.then(|| ("OUTRIGGER_BOOTSTRAP_SECRETS", KEYS_OF_START.to_owned())));
    set.extend(log.clone().map(|log| ("OUTRIGGER_LOG", log)));
    set.extend(max_body.map(|bytes| ("OUTRIGGER_MAX_BODY", bytes.to_string())));
    set.extend(buffer.map(|bytes| ("OUTRIGGER_BUFFER_BUDGET", bytes.to_string())));
    set.extend(threads.map(|threads| ("OUTRIGGER_THREADS", threads.to_string())));
    set.extend(max_staleness.clone().map(|time| ("OUTRIGGER_MAX_STALENESS", time)));
    if let Some(url) = &proxy.https_proxy {
        set.push(("HTTPS_PROXY", url.clone()));
        set.push(("NO_PROXY", proxy.no_proxy.join(",")));
    }
    let field = |name: &str, path: &str| json!({"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}});
    let mut environment: Vec<Value> =
        set.into_iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    environment.push(field("OUTRIGGER_NAMESPACE", "metadata.namespace"));
    environment.push(field("OUTRIGGER_SERVICE_ACCOUNT", "spec.serviceAccountName"));
    if let Some((name, key)) = settings.tracing.as_ref().and_then(|tracing| tracing.headers.as_ref()) {
        // A namespace without it has no key for the collector, which is no reason to have no pods.
        let reference = json!({"secretKeyRef": {"name": name, "key": key, "optional": true}});
        environment.push(json!({"name": "OTEL_EXPORTER_OTLP_HEADERS", "valueFrom": reference}));
    }
    if settings.ledger.is_some() || settings.tracing.is_some() {
        environment.push(field("OUTRIGGER_POD", "metadata.name"));
        environment.push(field("OUTRIGGER_NODE", "spec.nodeName"));
    }
    environment
}

fn amounts(amounts: &Amounts) -> Value {
    let Amounts { cpu, memory } = amounts;
    let both = [("cpu", cpu), ("memory", memory)];
    Value::Object(
        both.into_iter().filter_map(|(name, it)| Some((name.to_owned(), json!(it.as_ref()?)))).collect::<Map<_, _>>(),
    )
}

fn probe(path: &str, ports: Ports, period: u32, failures: u32) -> Value {
    json!({
        "httpGet": {"path": path, "port": ports.probe, "scheme": "HTTP"},
        "periodSeconds": period,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    })
}

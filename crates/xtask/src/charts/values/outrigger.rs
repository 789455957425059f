//! The chart of the control plane, the injector and the ledger.

use serde_json::json;

use super::{Foreign, Kind, Text, Value, common, group, one, switch, text};

pub(in crate::charts) fn outrigger() -> Vec<Value> {
    let everywhere = vec![
        text(
            "imageRegistry",
            Text::Registry,
            "",
            "Registry before every repository, such as `registry.example.com/llm`",
        ),
        one(
            "imagePullSecrets",
            Kind::PullSecrets,
            json!([]),
            "Secrets of the release's namespace to fetch images with: `[{name: x}]`",
        ),
        text(
            "listenAddress",
            Text::Address,
            "0.0.0.0",
            "Address to listen on: `0.0.0.0`, or `::` for IPv6 beside IPv4",
        ),
        text(
            "clusterDomain",
            Text::Domain,
            "cluster.local",
            "Domain of the cluster's Services, for certificates of cert-manager",
        ),
    ];
    let policy = vec![
        one(
            "watchNamespaces",
            Kind::Texts(Text::Label),
            json!([]),
            "Namespaces whose policy counts, beside the release's own; empty: all",
        ),
        group(
            "secrets",
            "Keys of providers that the control plane may read, beside those in the release's namespace",
            vec![
                one("namespaces", Kind::Texts(Text::Label), json!([]), "Namespaces of which it may read every Secret"),
                one(
                    "named",
                    Kind::NamesByNamespace,
                    json!({}),
                    "Namespaces of which it may read these Secrets alone: `{prod: [openai, mistral]}`",
                ),
            ],
        ),
        group(
            "configMaps",
            "Certificates by which providers are known (`spec.tls.caRef`) that the control plane may read, beside those in \
             the release's namespace",
            vec![
                one(
                    "namespaces",
                    Kind::Texts(Text::Label),
                    json!([]),
                    "Namespaces of which it may read every ConfigMap",
                ),
                one(
                    "named",
                    Kind::NamesByNamespace,
                    json!({}),
                    "Namespaces of which it may read these ConfigMaps alone: `{prod: [corporate-ca]}`",
                ),
            ],
        ),
    ];
    let programs = vec![
        group("controlPlane", "The control plane: gives sidecars their policy", control_plane()),
        group("injector", "The injector: puts a sidecar into pods that want one", injector()),
        group("ledger", "The ledger: books what every request used and cost, and is asked about it", ledger()),
        group("sidecar", "The sidecar: what is put into pods", vec![image("outrigger-sidecar")]),
        group("tracing", "Traces of requests, which sidecars send to a collector", tracing()),
        group(
            "policyWebhook",
            "The webhook that tells people at apply what is wrong with policy",
            vec![switch("enabled", true, "Run it, in the control plane")],
        ),
    ];
    let around = vec![
        group("certManager", "Certificates of cert-manager, in place of authorities of our own", cert_manager()),
        group(
            "networkPolicy",
            "Who may connect to whom",
            vec![
                switch("enabled", false, "Let no pod of ours be reached, or reach anything, but where it must"),
                one(
                    "apiServerPorts",
                    Kind::Ports,
                    json!([443, 6443]),
                    "Ports of the API server, behind its Service too: many networks look at both",
                ),
                one(
                    "sidecarPorts",
                    Kind::Ports,
                    json!([4121]),
                    "Probe ports of sidecars, where a control plane reads what they count: those of SidecarProfiles, if they name \
                     others",
                ),
            ],
        ),
        group(
            "metrics",
            "What sidecars count",
            vec![
                one(
                    "from",
                    Kind::Word(&["ControlPlane", "Pods"]),
                    json!("ControlPlane"),
                    "Where a Prometheus reads it: at the control plane, which asks its sidecars and adds them up by workload \
                     (`ControlPlane`), or at each pod (`Pods`)",
                ),
                text("interval", Text::Duration, "15s", "How often the control plane asks each sidecar"),
                one(
                    "names",
                    Kind::Word(&["Outrigger", "Both"]),
                    json!("Outrigger"),
                    "By which names sidecars count requests: by ours (`Outrigger`), or by those of OpenTelemetry's conventions for \
                     generative AI beside them (`Both`), which only `Pods` has a Prometheus read",
                ),
            ],
        ),
        group(
            "grafana",
            "For Grafana",
            vec![group(
                "dashboards",
                "ConfigMaps with dashboards, which Grafana's sidecar finds by a label",
                vec![
                    switch("enabled", false, "Make them"),
                    text("label", Text::Key, "grafana_dashboard", "Key of the label; its value is 1"),
                ],
            )],
        ),
        group(
            "prometheusRule",
            "A PrometheusRule of the Prometheus operator: records that the dashboards read, and alerts",
            vec![
                switch("enabled", false, "Make one"),
                one("labels", Kind::Labels, json!({}), "Labels by which a Prometheus finds it"),
                text(
                    "runbooks",
                    Text::Pages,
                    "docs/runbooks/",
                    "Where your copy of the pages in docs/runbooks is, for links of alerts: `https://wiki.example.com/outrigger/`",
                ),
            ],
        ),
        group(
            "podMonitor",
            "PodMonitors of the Prometheus operator",
            vec![
                switch(
                    "enabled",
                    false,
                    "Make one, of control plane, injector and ledger, and with `metrics.from: Pods` one of all sidecars",
                ),
                text("interval", Text::Duration, "30s", "How often metrics are read"),
                one("labels", Kind::Labels, json!({}), "Labels by which a Prometheus finds it"),
            ],
        ),
        group(
            "serviceMonitor",
            "ServiceMonitors of the Prometheus operator, where it does not look for PodMonitors",
            vec![
                switch(
                    "enabled",
                    false,
                    "Make one, of the Services of control plane, injector and ledger; a PodMonitor is then of sidecars alone, so that nothing is read twice",
                ),
                text("interval", Text::Duration, "30s", "How often metrics are read"),
                one("labels", Kind::Labels, json!({}), "Labels by which a Prometheus finds it"),
            ],
        ),
        group(
            "uninstall",
            "What `helm uninstall` does beyond what was installed",
            vec![switch(
                "enabled",
                true,
                "Remove, by a Job after everything else, what was made at run time: authorities, leases, ConfigMaps beside sidecars",
            )],
        ),
    ];
    [everywhere, common().to_vec(), policy, programs, around].concat()
}

fn control_plane() -> Vec<Value> {
    let own = vec![
        image("outrigger-control-plane"),
        one(
            "maxSidecars",
            Kind::Whole(1, 1_000_000),
            json!(20_000),
            "Sidecars that one replica takes; others find another",
        ),
        one("threads", Kind::Whole(1, 256), json!(2), "Threads of a replica"),
        text(
            "teamLabel",
            Text::Key,
            "team",
            "Label of a pod, or else of its namespace, that names the team that is charged",
        ),
        text("tlsSecret", Text::Name, "", &tls_secret("4119 and 9443")),
    ];
    let resources = [json!({"cpu": "100m", "memory": "128Mi"}), json!({"memory": "1Gi"})];
    [own, pod(10, 2, resources)].concat()
}

fn injector() -> Vec<Value> {
    let own = vec![
        switch("enabled", true, "Run it; without it sidecars are put into pods by hand"),
        one(
            "failurePolicy",
            Kind::Word(&["Fail", "Ignore"]),
            json!("Fail"),
            "While no injector answers, pods that want a sidecar are refused (`Fail`), or start without one (`Ignore`)",
        ),
        one(
            "excludedNamespaces",
            Kind::Texts(Text::Label),
            json!([]),
            "Namespaces that never get a sidecar, beside the release's own, kube-system, kube-public, kube-node-lease and cert-manager",
        ),
        group(
            "bootstrapSecrets",
            "Keys for pods that start while no control plane can be asked",
            vec![switch(
                "enabled",
                false,
                "Let SidecarProfiles say `bootstrapSecrets: Mount`: the injector may then read the ConfigMaps `outrigger-bootstrap`, and nobody but the control plane may write them. Needs Kubernetes 1.30",
            )],
        ),
        text("tlsSecret", Text::Name, "", &tls_secret("9443")),
    ];
    let resources = [json!({"cpu": "50m", "memory": "64Mi"}), json!({"memory": "256Mi"})];
    [own, pod(10, 2, resources)].concat()
}

fn ledger() -> Vec<Value> {
    let own = vec![
        switch("enabled", false, "Run it, and have sidecars tell it"),
        one(
            "store",
            Kind::Word(&["SQLite", "PostgreSQL"]),
            json!("SQLite"),
            "Where the books are: in a file of its own pod, of which there is then exactly one (`SQLite`), or in a database that \
             is there already (`PostgreSQL`)",
        ),
        group(
            "storage",
            "The volume of a ledger in SQLite. It has to be a disk of the node or a block device: a network file system is refused",
            vec![
                one("size", Kind::Amount, json!("10Gi"), "How large it is"),
                text("className", Text::Name, "", "StorageClass of it; empty: the cluster's default"),
            ],
        ),
        group(
            "postgresql",
            "The database of a ledger in PostgreSQL",
            vec![
                text("secret", Text::Name, "", "Secret of the release's namespace with its URL"),
                text("key", Text::Entry, "url", "Entry of it: `postgres://USER:PASSWORD@HOST/DATABASE`"),
                one("port", Kind::Whole(1, 65_535), json!(5432), "Port of it, for the NetworkPolicy"),
            ],
        ),
        one("threads", Kind::Whole(1, 256), json!(2), "Threads of a replica"),
        text(
            "tlsSecret",
            Text::Name,
            "",
            "Secret of type kubernetes.io/tls, with ca.crt beside it, whose certificate is served on 4122; empty: one that the \
             control plane's authority signs",
        ),
    ];
    let resources = [json!({"cpu": "100m", "memory": "128Mi"}), json!({"memory": "1Gi"})];
    [own, pod(30, 1, resources)].concat()
}

fn tracing() -> Vec<Value> {
    let samplers = &[
        "",
        "always_on",
        "always_off",
        "traceidratio",
        "parentbased_always_on",
        "parentbased_always_off",
        "parentbased_traceidratio",
    ];
    vec![
        text(
            "endpoint",
            Text::Url,
            "",
            "Where the collector is, OTLP over gRPC: `http://otel-collector.observability.svc:4317`; empty: nothing is traced",
        ),
        one(
            "sampler",
            Kind::Word(samplers),
            json!(""),
            "Which requests are traced, decided at their head; empty: those of callers that trace and all others. What failed over or \
             broke is told in any case, unless it is `always_off`",
        ),
        text("ratio", Text::Ratio, "", "How many of those of `traceidratio`, as text: `\"0.1\"`; empty: all"),
        one(
            "decisions",
            Kind::Word(&["StandardOutput", "Collector"]),
            json!("StandardOutput"),
            "Where the decision log goes that a SidecarProfile asks for: to the sidecar's standard output, or to the collector, as logs \
             of OTLP",
        ),
        group(
            "headers",
            "What sidecars show the collector",
            vec![
                text(
                    "secret",
                    Text::Name,
                    "",
                    "Secret of each pod's own namespace; pods of a namespace without it show nothing",
                ),
                text("key", Text::Entry, "headers", "Entry of it: `NAME=VALUE,...`, values percent-encoded"),
            ],
        ),
    ]
}

fn tls_secret(ports: &str) -> String {
    format!(
        "Secret of type kubernetes.io/tls, with ca.crt beside it, whose certificate is served on {ports}; empty: an authority of its own"
    )
}

/// What the pods of every program have.
fn pod(grace: u32, replicas: u32, [requests, limits]: [serde_json::Value; 2]) -> Vec<Value> {
    let spread = Kind::Word(&["ScheduleAnyway", "DoNotSchedule", ""]);
    let says = if replicas == 1 { "Pods of it; in SQLite exactly one" } else { "Pods of it" };
    vec![
        one("replicas", Kind::Whole(1, 100), json!(replicas), says),
        group(
            "resources",
            "What its container is given",
            vec![
                one("requests", Kind::Amounts, requests, "What a node sets aside for it"),
                one("limits", Kind::Amounts, limits, "What it may not exceed"),
            ],
        ),
        group(
            "log",
            "What it writes to its log",
            vec![
                text("level", Text::Filter, "", "A level (`debug`) or directives; empty: the program's own default"),
                one("format", Kind::Word(&["json", "text"]), json!("json"), "How lines look"),
            ],
        ),
        group(
            "podDisruptionBudget",
            "What a node that is drained has to wait for",
            vec![
                switch("enabled", true, "Have one"),
                one("maxUnavailable", Kind::Whole(0, 100), json!(1), "Pods that may be away at one time"),
            ],
        ),
        group(
            "topologySpread",
            "How its pods keep apart: `ScheduleAnyway`, `DoNotSchedule`, or empty for not at all",
            vec![
                one("zone", spread.clone(), json!("ScheduleAnyway"), "By zone"),
                one("node", spread, json!("ScheduleAnyway"), "By node"),
            ],
        ),
        group(
            "serviceAccount",
            "The account that it runs as",
            vec![one("annotations", Kind::Annotations, json!({}), "Annotations of it")],
        ),
        one("terminationGracePeriodSeconds", Kind::Whole(1, 3600), json!(grace), "How long it may take to leave"),
        text("priorityClassName", Text::Name, "", "PriorityClass of its pods"),
        one("podLabels", Kind::Labels, json!({}), "Labels of its pods, beside the chart's own"),
        one("podAnnotations", Kind::Annotations, json!({}), "Annotations of its pods"),
        one("nodeSelector", Kind::Labels, json!({}), "Labels of nodes that it may run on"),
        one("tolerations", Kind::Foreign(Foreign::Tolerations), json!([]), "Taints that it tolerates, as in a pod"),
        one("affinity", Kind::Foreign(Foreign::Affinity), json!({}), "Affinity, as in a pod"),
    ]
}

fn image(repository: &str) -> Value {
    group(
        "image",
        "Where its image is",
        vec![
            text("repository", Text::Repository, repository, "Repository, below imageRegistry where that is given"),
            text("tag", Text::Tag, "", "Tag; empty: the chart's appVersion"),
            text("digest", Text::Digest, "", "Digest, such as `sha256:...`; wins over the tag"),
            one(
                "pullPolicy",
                Kind::Word(&["IfNotPresent", "Always", "Never"]),
                json!("IfNotPresent"),
                "When it is fetched",
            ),
        ],
    )
}

fn cert_manager() -> Vec<Value> {
    vec![
        switch("enabled", false, "Have cert-manager issue the certificates and write the webhooks' caBundle"),
        text("duration", Text::Duration, "2160h", "How long a certificate lasts"),
        group(
            "issuerRef",
            "An issuer that is there already",
            vec![
                text("name", Text::Name, "", "Name of it; empty: an authority of this release alone is made"),
                one("kind", Kind::Word(&["Issuer", "ClusterIssuer"]), json!("Issuer"), "Kind of it"),
                text("group", Text::Domain, "cert-manager.io", "API group of it"),
            ],
        ),
    ]
}

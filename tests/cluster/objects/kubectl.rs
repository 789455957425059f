//! What kubectl shows of the kinds: their text, their columns, what an edit would change.

use super::*;

/// The schema that is installed, by kind.
async fn schema(cluster: &Cluster, plural: &str) -> serde_json::Value {
    let crd = cluster.get(&["crd", &format!("{plural}.outrigger.dev")]).await;
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

/// Every field is named, typed and described where a newcomer asks for what is around it.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn explain_names_and_describes_every_field() {
    let cluster = Cluster::shared().await;
    cluster.crds().await;
    for (kind, plural, paths) in [
        ("modelprovider", "modelproviders", &["spec", "spec.auth", "spec.credentials", "spec.models.prices"][..]),
        ("modelroute", "modelroutes", &["spec", "spec.targets", "spec.failover", "spec.timeouts", "spec.constraints"]),
        ("modelpolicy", "modelpolicies", &["spec", "spec.models", "spec.workloads", "status"]),
    ] {
        let schema = schema(&cluster, plural).await;
        for path in paths {
            let text = cluster.kubectl_ok(&["explain", &format!("{kind}.{path}")]).await;
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let field = path.split('.').fold(&schema, |schema, name| {
                let inner = &schema["properties"][name];
                if inner["items"].is_object() { &inner["items"] } else { inner }
            });
            let fields = field["properties"].as_object().unwrap();
            assert!(!words.contains("<no description>") && fields.len() > 1, "{kind}.{path}: {text}");
            for (name, field) in fields {
                let described = field["description"].as_str().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(words.contains(&format!("{name} <")) && words.contains(&described), "{path}.{name}: {text}");
            }
        }
    }
    let failover = cluster.kubectl_ok(&["explain", "modelroute.spec.failover"]).await;
    for field in
        ["alsoOn", "attempts", "continueOnBreak", "hedgeAfter", "maxWait", "enum: Never, TextOnly", "Default: 4"]
    {
        assert!(failover.contains(field), "{field}: {failover}");
    }
}

/// What a person sees at a glance, and with `--output wide`.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn columns_say_what_is_looked_for() {
    let cluster = Cluster::shared().await;
    cluster.crds().await;
    let namespace = cluster.namespace().await;
    let here = namespace.name.as_str();
    let objects = [
        object(
            "ModelProvider",
            here,
            "p",
            "{preset: openai, region: eu, dataPolicy: {retention: Zero, training: Deny}}",
        ),
        object("ModelRoute", here, "r", "{targets: [{model: a}, {model: b}], aliases: [t], strategy: Price}"),
        object(
            "ModelPolicy",
            here,
            "l",
            "{bareModels: Deny, constraints: {regions: [eu, us]}, models: {allow: ['a*']}}",
        ),
    ];
    namespace.apply(objects.join("---\n")).await;
    let table = async |kind: &str, wide: bool| {
        let words = if wide { &["get", kind, "--output", "wide"][..] } else { &["get", kind] };
        namespace.kubectl_ok(words).await
    };
    let status = ["ACCEPTED", "RESOLVED", "PROGRAMMED", "AGE"];
    for (kind, first, more, row) in [
        (
            "mprov",
            &["NAME", "PRESET", "REGION", "ACCEPTED", "RESOLVED", "PROGRAMMED", "AGE"][..],
            &["BASE URL", "RETENTION", "TRAINING", "NAMESPACES", "MESSAGE"][..],
            &["p", "openai", "eu", "Unknown", "Zero", "Deny", "Waiting for the control plane"][..],
        ),
        (
            "mroute",
            &["NAME", "STRATEGY", "FIRST TARGET", "ACCEPTED", "RESOLVED", "PROGRAMMED", "AGE"],
            &["ALIASES", "REGIONS", "MESSAGE"],
            &["r", "Price", "a", r#"["t"]"#, "Waiting for the control plane"],
        ),
        (
            "mpol",
            &["NAME", "BARE MODELS", "REGIONS", "ACCEPTED", "PROGRAMMED", "AGE"],
            &["ZERO RETENTION", "ALLOWED PROVIDERS", "ALLOWED MODELS", "MESSAGE"],
            &["l", "Deny", r#"["eu","us"]"#, "false", r#"["a*"]"#, "Waiting for the control plane"],
        ),
    ] {
        assert_eq!(headings(&table(kind, false).await), first);
        let wide = table(kind, true).await;
        assert_eq!(headings(&wide), [first, more].concat());
        let line = wide.lines().nth(1).unwrap_or_default();
        assert!(row.iter().all(|cell| line.contains(cell)), "{row:?}: {wide}");
    }
    // One word for all of them.
    let all = namespace.kubectl_ok(&["get", "outrigger"]).await;
    assert!(status.iter().all(|column| all.contains(column)), "{all}");
    for name in ["modelprovider.outrigger.dev/p", "modelroute.outrigger.dev/r", "modelpolicy.outrigger.dev/l"] {
        assert!(all.contains(name), "{name}: {all}");
    }
}

/// Nothing differs from what was applied, and an edit is shown as what it changes.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn diff_shows_an_edit_and_nothing_else() {
    let cluster = Cluster::shared().await;
    cluster.crds().await;
    let namespace = cluster.namespace().await;
    let route = |wait: &str| {
        let spec = format!("{{targets: [{{model: a}}], failover: {{maxWait: {wait}}}}}");
        object("ModelRoute", &namespace.name, "r", &spec)
    };
    accepted(&cluster.kubectl_with(&["apply", "--filename", "-"], &route("5s")).await, "a route");
    let diff = async |yaml: String| cluster.kubectl_with(&["diff", "--filename", "-"], &yaml).await;
    let same = diff(route("5s")).await;
    assert_eq!((same.status.code(), &*same.stdout), (Some(0), &b""[..]), "{}", String::from_utf8_lossy(&same.stderr));
    let changed = diff(route("6s")).await;
    let text = String::from_utf8_lossy(&changed.stdout);
    assert_eq!(changed.status.code(), Some(1), "{text}");
    assert!(text.contains("-    maxWait: 5s") && text.contains("+    maxWait: 6s"), "{text}");
    assert!(!text.contains("status"), "{text}");
    // One that would be refused is refused here already.
    let refused = refusal(&diff(route("0s")).await);
    assert!(refused.contains("spec.failover.maxWait"), "{refused}");
    // And a dry run of the API server keeps nothing.
    accepted(&cluster.kubectl_with(&["apply", "--dry-run=server", "--filename", "-"], &route("7s")).await, "a dry run");
    let now = namespace.get(&["modelroute", "r"]).await;
    assert_eq!(now["spec"]["failover"]["maxWait"], "5s");
}

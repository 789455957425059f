//! The ledger with the chart's rights and no others: whose requests it books, and whom it answers.

use std::{fs, path::PathBuf, time::SystemTime};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use outrigger_api::ledger::{Attempt, Cost, Entry, Payer, Record, Target, Tokens, entry};
use prost::Message as _;
use serde_json::{Value, json};

use crate::harness::*;

/// A control plane, the ledger, and the bundle by which sidecars know both.
struct Books<'a> {
    cluster: &'a Cluster,
    installed: Installed<'a>,
    plane: Plane,
    ledger: Plane,
    ca: PathBuf,
}

impl<'a> Books<'a> {
    async fn start(cluster: &'a Cluster) -> Self {
        let installed = Installed::new(cluster).await;
        // Before there is an authority: it waits for the Secret that the control plane makes.
        let ledger = installed.ledger().await;
        let waiting = ledger.admin_client().get("/readyz").await;
        assert_eq!(waiting.status, 503, "{}", waiting.text());
        let plane = installed.plane().await;
        ledger.wait_ready(SOON).await;
        let ca = installed.ca_file(&installed.namespace).await;
        Self { cluster, installed, plane, ledger, ca }
    }

    /// Has a record booked with this token, as somebody does who found it in a sidecar's log; the exit code, and what was said.
    async fn append(&self, epoch: u8, token: &str) -> (i32, String) {
        let home = self.installed.namespace.home();
        let (log, file) = (home.join("log"), home.join("append.token"));
        fs::write(&log, undelivered(epoch, "somebody-elses")).unwrap();
        fs::write(&file, token).unwrap();
        let (url, words) = (self.ledger.url(), [&log, &file, &self.ca].map(|path| path.to_str().unwrap()));
        let [log, file, ca] = words;
        let words = ["usage", "import", log, "--ledger", &url, "--token-file", file, "--ca-file", ca];
        let (code, told, said) = self.plane.outrigger(&words, self.cluster.bin()).await;
        let all = told + &said;
        assert!(!all.contains(token), "the token is shown");
        (code, all)
    }

    /// What `kubectl outrigger usage` answers to the user of this kubeconfig, asked with these words.
    async fn usage(&self, kubeconfig: &str, words: &[&str]) -> (i32, Value, String) {
        let (from, system) = (self.ledger.url(), &self.installed.namespace.name);
        let always = ["--kubeconfig", kubeconfig, "--from", &from, "--system-namespace", system];
        let all = [&["usage", "--output", "json"], words, &always].concat();
        let (code, told, said) = self.plane.outrigger(&all, self.cluster.bin()).await;
        (code, serde_json::from_str(&told).unwrap_or_default(), said)
    }

    /// Everything, as this machine sees it: requests by namespace.
    async fn booked(&self) -> Vec<(String, i64)> {
        let from = self.ledger.pages();
        let words = ["usage", "--output", "json", "--by", "namespace", "--from", &from];
        let (code, told, said) = self.plane.outrigger(&words, self.cluster.bin()).await;
        assert_eq!(code, 0, "{said}");
        let told: Value = serde_json::from_str(&told).unwrap();
        let row = |it: &Value| (text(&it["names"][0]).to_owned(), it["booked"]["requests"].as_i64().unwrap());
        told["rows"].as_array().unwrap().iter().map(row).collect()
    }
}

/// A line of a sidecar's log with one request that says it is of this namespace.
fn undelivered(epoch: u8, namespace: &str) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as u64;
    let target = Target { provider: "x/a".into(), vendor: "a".into(), model: "m".into() };
    let attempt = Attempt {
        target: Some(target),
        status: 200,
        code: "ok".into(),
        tokens: Some(Tokens { input: Some(5), output: Some(2), ..Tokens::default() }),
        cost: Some(Cost { nano_usd: 700, source: 2, row: "a/m@1".into(), ..Cost::default() }),
        ..Attempt::default()
    };
    let record = Record {
        id: format!("gen-{epoch}"),
        at_ms: now - 1_000,
        payer: Some(Payer { namespace: namespace.into(), team: "search".into(), ..Payer::default() }),
        route: "x/r".into(),
        operation: "chat_completions".into(),
        attempts: vec![attempt],
        served: Some(0),
        outcome: 1,
        code: "ok".into(),
        status: 200,
        took_us: 1_000,
        ..Record::default()
    };
    let entry = Entry { sequence: 1, entry: Some(entry::Entry::Record(record)) };
    let epoch: String = [epoch; 16].iter().map(|byte| format!("{byte:02x}")).collect();
    let entry = BASE64_STANDARD.encode(entry.encode_to_vec());
    json!({"code": "usage_undelivered", "epoch": epoch, "started_at_ms": now - 9_000, "issued": 1, "sequence": 1, "entry": entry})
        .to_string()
        + "\n"
}

/// A token with another claim. Nobody has signed it.
fn with_claim(token: &str, change: impl FnOnce(&mut Value)) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let mut claims: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    change(&mut claims);
    [parts[0], &BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()), parts[2]].join(".")
}

/// A sidecar's requests are booked under its token's namespace, over a connection that its bundle verifies; by a RoleBinding
/// somebody reads one namespace, by a ClusterRoleBinding all.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn requests_are_booked_by_token_and_shown_by_role() {
    let cluster = Cluster::shared().await;
    let books = Books::start(&cluster).await;
    let (here, other) = (&books.installed.namespace, cluster.namespace().await);
    let a = Upstream::start([chat_ok_usage("a", 11, 7)]).await;
    here.apply(Policy::new().provider("a", a.base_url()).route("r", &["a"]).to_string()).await;
    let pod = here.pod("web-0", &[], "default").await;
    let sidecar = books.installed.sidecar(&books.plane, &pod).await.arg("--ledger").arg(books.ledger.url());
    let sidecar = sidecar.start().await;
    becomes(&sidecar.client(), "r", "a").await;
    for _ in 0..2 {
        assert_eq!(told(&sidecar.client(), "r").await, "a");
    }
    let foreign = other.pod_token(&other.pod("job-0", &[], "default").await, AUDIENCE).await;
    assert_eq!(books.append(1, &foreign).await.0, 0);
    let mut both = vec![(here.name.clone(), 3), (other.name.clone(), 1)];
    both.sort();
    wait_for("what was told", SOON, async || (books.booked().await == both).then_some(())).await;

    // People: the certificates from the ConfigMap and the token from a kubeconfig, as kubectl's plugin has them.
    for name in ["ann", "finance", "nobody"] {
        here.account(name).await;
        let ca = r#"- {apiGroups: [""], resources: [configmaps], resourceNames: [outrigger-ca], verbs: [get]}"#;
        here.allow(name, ca).await;
    }
    let (role, subject) = (here.reader(), |name: &str| format!("--serviceaccount={}:{name}", here.name));
    let cluster_role = format!("--clusterrole={role}");
    here.kubectl_ok(&["create", "rolebinding", "usage", &cluster_role, &subject("ann")]).await;
    let wide = format!("{}-usage", here.name);
    cluster.kubectl_ok(&["create", "clusterrolebinding", &wide, &cluster_role, &subject("finance")]).await;
    let story = format!("outrigger.dev/story={}", here.name);
    cluster.kubectl_ok(&["label", "clusterrolebinding", &wide, &story]).await;
    let [ann, finance, nobody] =
        [here.kubeconfig("ann").await, here.kubeconfig("finance").await, here.kubeconfig("nobody").await];

    let (code, told, said) = books.usage(&ann, &["--namespace", &here.name]).await;
    let sums = &told["total"]["booked"];
    // 11 tokens at 1 USD and 7 at 2 USD for a million.
    assert_eq!((code, &sums["requests"], &sums["nano"]), (0, &json!(3), &json!(75_000)), "{told:#}{said}");
    for words in [&["--namespace", &other.name][..], &[]] {
        let (code, told, said) = books.usage(&ann, words).await;
        assert!(code != 0 && told.is_null() && said.contains("the resource usage of"), "{words:?}: {told} {said}");
    }
    let (code, told, said) = books.usage(&finance, &["--by", "namespace"]).await;
    assert_eq!((code, told["rows"].as_array().map(Vec::len)), (0, Some(2)), "{told:#}{said}");
    assert_eq!(told["total"]["booked"]["nano"], json!(75_700), "{told:#}");
    let (code, _, said) = books.usage(&nobody, &["--namespace", &here.name]).await;
    assert!(code != 0 && said.contains("may not read"), "{said}");
    // Who reads all changes nothing.
    let (from, system) = (books.ledger.url(), here.name.as_str());
    let close = ["usage", "close", "2026-Q3", "--kubeconfig", &finance, "--from", &from, "--system-namespace", system];
    let (code, _, said) = books.plane.outrigger(&close, cluster.bin()).await;
    assert!(code != 0 && said.contains("update"), "{said}");
}

/// Booking what is in a log, pricing again and forgetting are rights of their own, each in a namespace of its own: who has them in
/// one has none in another, and who reads a namespace changes nothing of it.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn what_changes_the_books_is_a_right_of_each_namespace() {
    let cluster = Cluster::shared().await;
    let books = Books::start(&cluster).await;
    let (here, other) = (&books.installed.namespace, cluster.namespace().await);
    for (name, verbs) in [("keeper", "get, create, update, delete"), ("reader", "get")] {
        here.account(name).await;
        let ca = r#"- {apiGroups: [""], resources: [configmaps], resourceNames: [outrigger-ca], verbs: [get]}"#;
        here.allow(name, ca).await;
        here.allow(name, &format!("- {{apiGroups: [outrigger.dev], resources: [usage], verbs: [{verbs}]}}")).await;
    }
    let [keeper, reader] = [here.kubeconfig("keeper").await, here.kubeconfig("reader").await];
    let (from, system, bin) = (books.ledger.url(), here.name.as_str(), cluster.bin());
    let asks = async |kubeconfig: &str, words: &[&str]| {
        let always = ["--kubeconfig", kubeconfig, "--from", &from, "--system-namespace", system];
        let (code, told, said) = books.plane.outrigger(&[&["usage"], words, &always].concat(), bin).await;
        (code, told + &said)
    };
    let log = here.home().join("log");
    fs::write(&log, undelivered(1, system) + &undelivered(2, &other.name)).unwrap();
    let log = log.to_str().unwrap();
    let may_not: [(&[&str], &str); 3] = [
        (&["import", log], "create"),
        (&["forget", "--user", "ann", "--namespace", system], "delete"),
        (&["reprice", "--since", "1d", "--namespace", system], "update"),
    ];
    for (words, verb) in may_not {
        let (code, said) = asks(&reader, words).await;
        assert!(code != 0 && said.contains(verb), "{words:?}: {said}");
    }
    assert_eq!(books.booked().await, []);
    // The first is of its namespace, and the second is not.
    let (code, said) = asks(&keeper, &["import", log]).await;
    assert!(code != 0 && said.contains("create") && said.contains(&other.name), "{said}");
    assert_eq!(books.booked().await, [(here.name.clone(), 1)]);
    for (words, verb) in [(&["forget", "--user", "ann"][..], "delete"), (&["reprice", "--since", "1d"], "update")] {
        let (code, said) = asks(&keeper, &[words, &["--namespace", system]].concat()).await;
        assert_eq!(code, 0, "{words:?}: {said}");
        for beyond in [&["--namespace", other.name.as_str()][..], &[]] {
            let (code, said) = asks(&keeper, &[words, beyond].concat()).await;
            assert!(code != 0 && said.contains(verb), "{words:?} {beyond:?}: {said}");
        }
    }
}

/// R-ID-1: whose token is of another audience, over, of nobody's pod or changed on its way books nothing.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn who_has_no_good_token_books_nothing() {
    let cluster = Cluster::shared().await;
    let books = Books::start(&cluster).await;
    let here = &books.installed.namespace;
    let (pod, gone) = (here.pod("web-0", &[], "default").await, here.pod("web-1", &[], "default").await);
    let (good, late) = (here.pod_token(&pod, AUDIENCE).await, here.pod_token(&gone, AUDIENCE).await);
    here.delete_pod(&gone).await;
    // Over is over, whoever has signed it; and a namespace that a thief writes into it is in no signature.
    let over = with_claim(&good, |claims| claims["exp"] = json!(1_700_000_000));
    let moved = with_claim(&good, |claims| claims["kubernetes.io"]["namespace"] = json!("prod"));
    for (token, code) in [
        (here.pod_token(&pod, "somebody-else").await, "token_wrong_audience"),
        (here.kubectl_ok(&["create", "token", "default"]).await, "token_wrong_audience"),
        (here.kubectl_ok(&["create", "token", "default", "--audience", AUDIENCE]).await, "token_not_bound"),
        (over, "token_expired"),
        (moved, "token_not_authenticated"),
        (late, "token_not_authenticated"),
        ("nonsense".to_owned(), "token_malformed"),
    ] {
        let (exit, said) = books.append(2, &token).await;
        assert!(exit != 0 && said.contains(code), "{code}: {said}");
    }
    assert_eq!(books.booked().await, []);
    let (exit, said) = books.append(2, &good).await;
    assert_eq!(exit, 0, "{said}");
    assert_eq!(books.booked().await, [(here.name.clone(), 1)]);
    let metrics = books.ledger.metrics().await;
    let outcome = |outcome: &str| metrics.sum("outrigger_ledger_calls_total", &[("outcome", outcome)]);
    assert_eq!(outcome("booked"), 1.0);
}

/// Its account may ask who somebody is and what they may, and read the one Secret that its certificate is signed with.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn it_may_do_no_more_than_it_needs() {
    let cluster = Cluster::shared().await;
    let books = Books::start(&cluster).await;
    let here = &books.installed.namespace;
    let own = format!("system:serviceaccount:{}:{LEDGER}", here.name);
    for (verb, resource, may) in [
        ("create", "tokenreviews.authentication.k8s.io", true),
        ("create", "subjectaccessreviews.authorization.k8s.io", true),
        ("get", "secrets/outrigger-ca", true),
        ("update", "secrets/outrigger-ca", false),
        ("get", "secrets/other", false),
        ("list", "secrets", false),
        ("list", "pods", false),
        ("list", "modelroutes.outrigger.dev", false),
        ("get", "usage.outrigger.dev", false),
    ] {
        let asked = here.kubectl(&["auth", "can-i", verb, resource, "--as", &own]).await;
        assert_eq!(asked.status.success(), may, "{verb} {resource}");
    }
    // Whom the bundle does not sign is not talked to.
    let other = cluster.get(&["configmap", "kube-root-ca.crt", "--namespace", "default"]).await;
    let foreign = here.home().join("foreign.crt");
    fs::write(&foreign, text(&other["data"]["ca.crt"])).unwrap();
    let pod = here.pod("web-0", &[], "default").await;
    let token = here.pod_token(&pod, AUDIENCE).await;
    let stranger = Books { ca: foreign, ..books };
    let (exit, said) = stranger.append(3, &token).await;
    assert!(exit != 0 && said.contains("not the ledger that --ca-file knows"), "{said}");
}

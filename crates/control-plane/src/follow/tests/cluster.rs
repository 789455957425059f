//! A control plane in a cluster that is made up.

use std::{collections::BTreeMap, future::Future, net::SocketAddr, pin::Pin, sync::Mutex};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use outrigger_catalog::Catalog;
use outrigger_cluster::{
    Pods, Reviewer,
    pods::{Event, Fetch, Meta, NotTold, Settings},
    review::{Ask, NoAnswer, TokenReviewStatus},
};
use outrigger_compile::{World, manifest};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;
use crate::{
    desk::Desk,
    fingerprint::Fingerprints,
    identity::Authority,
    lock::lock,
    metrics::Metrics,
    push::{self, People, Service},
    roster::Roster,
    source::Standing,
};

type Answer<'a, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

/// What the API server answers: it knows every token whose `sub` is `NAMESPACE/POD`, and these pods.
#[derive(Clone, Default)]
pub(super) struct Server {
    pods: Arc<Mutex<Vec<Meta>>>,
    away: Arc<Mutex<bool>>,
}

impl Ask for Server {
    fn ask<'a>(&'a self, token: &'a str) -> Answer<'a, TokenReviewStatus, NoAnswer> {
        Box::pin(async move {
            if *lock(&self.away) {
                return Err(NoAnswer::Unreachable("away".to_owned()));
            }
            let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
            let sub = serde_json::from_slice::<Value>(&payload).unwrap()["sub"].as_str().unwrap().to_owned();
            let Some((namespace, pod)) = sub.split_once('/') else { return Ok(TokenReviewStatus::default()) };
            let extra = json!({
                "authentication.kubernetes.io/pod-name": [pod],
                "authentication.kubernetes.io/pod-uid": [uid(pod)],
            });
            let user = json!({"username": format!("system:serviceaccount:{namespace}:chat"), "extra": extra});
            let audiences = ["outrigger-control-plane"];
            let status = json!({"authenticated": true, "audiences": audiences, "user": user});
            Ok(serde_json::from_value(status).unwrap())
        })
    }
}

impl Fetch for Server {
    fn fetch<'a>(&'a self, namespace: &'a str, name: &'a str) -> Answer<'a, Option<Meta>, NotTold> {
        Box::pin(async move {
            if *lock(&self.away) {
                return Err(NotTold("away".to_owned()));
            }
            Ok(lock(&self.pods).iter().find(|pod| pod.namespace == namespace && pod.name == name).cloned())
        })
    }
}

fn uid(pod: &str) -> String {
    format!("uid-of-{pod}")
}

/// `demo/NAME` of Deployment `web`, with labels as `key=value,key=value`.
pub(super) fn pod(name: &str, labels: &str) -> Meta {
    let labels = format!("{labels},pod-template-hash=5d9c");
    let labels = labels.split(',').filter_map(|label| label.split_once('='));
    Meta {
        uid: uid(name),
        namespace: "demo".to_owned(),
        name: name.to_owned(),
        labels: labels.map(|(key, value)| (key.to_owned(), value.to_owned())).collect::<BTreeMap<_, _>>(),
        controller: Some(("ReplicaSet".to_owned(), "web-5d9c".to_owned())),
        injected: false,
    }
}

/// A token of pod `demo/NAME` that lives for so long from now.
pub(super) fn token(name: &str, lives: Duration) -> String {
    let exp = (SystemTime::now() + lives).duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let payload = json!({"aud": ["outrigger-control-plane"], "exp": exp, "sub": name});
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload.to_string()))
}

/// Two routes, one for each tier, and a limit for namespaces that are closed.
pub(super) fn world(namespace_labels: &str) -> World {
    let object = |kind: &str, name: &str, namespace: &str, spec: &str| {
        format!(
            "---\napiVersion: outrigger.dev/v1alpha1\nkind: {kind}\n\
             metadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"
        )
    };
    let route = |tier: &str| {
        let spec = "{workloads: {selector: {matchLabels: {tier: TIER}}}, targets: [{model: m, provider: main}]}";
        object("ModelRoute", tier, "demo", &spec.replace("TIER", tier))
    };
    let yaml = [
        format!("---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: demo, labels: {{{namespace_labels}}}}}\n"),
        object(
            "ModelProvider",
            "main",
            "demo",
            "{dialects: [ChatCompletions], baseURL: 'http://a/v1', models: [{model: m}]}",
        ),
        route("gold"),
        route("tin"),
        object(
            "ModelPolicy",
            "closed",
            "outrigger-system",
            "{namespaceSelector: {matchLabels: {closed: 'yes'}}, bareModels: Deny}",
        ),
    ]
    .concat();
    let (objects, problems) = manifest::parse("p.yaml", &yaml, &|_| None);
    assert!(problems.is_empty(), "{problems:?}");
    manifest::assemble(objects).0
}

/// A control plane that listens.
pub(super) struct Plane {
    pub(super) address: SocketAddr,
    pub(super) server: Server,
    pub(super) pods: Pods,
    pub(super) fleet: Arc<Fleet>,
    pub(super) publisher: Arc<Publisher>,
    pub(super) metrics: Arc<Metrics>,
}

impl Plane {
    /// One that has listed `pods`.
    pub(super) async fn start(pods: &[Meta]) -> Self {
        let (server, fleet) = (Server::default(), Arc::new(Fleet::default()));
        *lock(&server.pods) = pods.to_vec();
        let metrics = Arc::new(Metrics::new().unwrap());
        let publisher = Arc::new(Publisher::new(Arc::new(Catalog::embedded()), fleet.clone(), metrics.clone()));
        publisher.publish(Arc::new(world("team: blue")));
        let of = publisher.clone();
        let namespace_label = Box::new(move |namespace: &str, key: &str| of.namespace_label(namespace, key));
        let settings = Settings { namespace_label, ..Settings::default() };
        let cluster = InCluster { reviewer: Reviewer::new(server.clone()), pods: Pods::new(server.clone(), settings) };
        let cluster = Arc::new(cluster);
        metrics.watch(cluster.clone());
        let fingerprints = Arc::new(Fingerprints::of_secret(b"s"));
        let roster = Roster::new(fleet.clone(), Arc::new(Standing::new()), fingerprints);
        let service = Service {
            authority: Authority::Cluster(cluster.clone()),
            publisher: publisher.clone(),
            fleet: fleet.clone(),
            metrics: metrics.clone(),
            peers: None,
            people: People::new(None, Desk::idle(roster, &fleet)),
            check_delay: Duration::ZERO,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(push::accept(listener, None, Arc::new(service), 100));
        tokio::spawn(follow_pods(cluster.clone(), fleet.clone(), publisher.clone()));
        let plane = Self { address, server, pods: cluster.pods.clone(), fleet, publisher, metrics };
        plane.list(pods);
        plane
    }

    /// What the watch tells when it lists.
    pub(super) fn list(&self, pods: &[Meta]) {
        self.pods.apply(Event::Listing);
        pods.iter().for_each(|pod| self.pods.apply(Event::Listed(pod.clone())));
        self.pods.apply(Event::Complete);
    }

    pub(super) fn relabel(&self, pod: Meta) {
        self.pods.apply(Event::Applied(pod));
    }

    pub(super) fn delete(&self, name: &str) {
        self.pods.apply(Event::Deleted(uid(name)));
    }

    /// The API server answers nothing, or again.
    pub(super) fn away(&self, away: bool) {
        *lock(&self.server.away) = away;
    }

    /// A pod that the watch has not told.
    pub(super) fn create(&self, pod: Meta) {
        lock(&self.server.pods).push(pod);
    }

    /// The sidecar of pod `demo/NAME`.
    pub(super) async fn sidecar(&self, name: &str) -> Sidecar {
        Sidecar::connect(self.address, &token(&format!("demo/{name}"), Duration::from_secs(3600))).await
    }

    /// Team of the one stream that is open.
    pub(super) fn team(&self) -> Option<String> {
        let [connection] = &self.fleet.connections()[..] else { panic!("not one stream") };
        connection.seat().account.team.as_deref().map(str::to_owned)
    }
}

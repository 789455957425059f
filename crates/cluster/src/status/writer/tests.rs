use http::{Method, StatusCode};
use outrigger_compile::Kind;
use outrigger_crd::{ModelPolicy, ModelRoute};
use serde_json::{Value, json};

use super::*;
use crate::{
    status::{Counts, Reach},
    testing::{Gate, Server, Way},
};

const ROUTES: &str = "/apis/outrigger.dev/v1alpha1/namespaces/demo/modelroutes";
const EVENTS: &str = "/apis/events.k8s.io/v1/namespaces/demo/events";

/// The writer, and everything that it looks at.
struct Stage {
    server: Server,
    worlds: watch::Sender<Option<Arc<World>>>,
    observed: watch::Sender<Arc<Vec<Observed>>>,
    tally: watch::Sender<Arc<Tally>>,
    leading: watch::Sender<bool>,
    gate: Gate,
    task: JoinHandle<()>,
}

fn object(name: &str) -> ObjectRef {
    ObjectRef { kind: Kind::ModelRoute, namespace: "demo".to_owned(), name: name.to_owned() }
}

fn path(name: &str) -> String {
    format!("{ROUTES}/{name}")
}

impl Stage {
    fn new(names: &[&str]) -> Self {
        let server = Server::default();
        for name in names {
            let metadata = json!({"name": name, "namespace": "demo", "uid": format!("uid-{name}"), "generation": 1});
            let spec = json!({"targets": []});
            let object = json!({"apiVersion": "outrigger.dev/v1alpha1", "kind": "ModelRoute", "metadata": metadata, "spec": spec});
            server.put(&path(name), object);
        }
        let (worlds, world) = watch::channel(None);
        let (observed, seen) = watch::channel(Arc::default());
        let (tally, counts) = watch::channel(Arc::default());
        let (leading, leads) = watch::channel(false);
        let gate = Gate::default();
        let task = spawn(Inputs {
            client: server.client_behind(gate.clone()),
            instance: "pod-0".to_owned(),
            worlds: world,
            observed: seen,
            problems: Arc::new(|_| Vec::new()),
            tally: counts,
            leading: leads,
        });
        let stage = Self { server, worlds, observed, tally, leading, gate, task };
        stage.watch(names);
        stage
    }

    /// What the watch brings.
    fn watch(&self, names: &[&str]) {
        let found = |name: &&str| self.server.get(&path(name));
        let routes: Vec<ModelRoute> =
            names.iter().filter_map(found).filter_map(|it| serde_json::from_value(it).ok()).collect();
        let seen = |it: Value| Observed {
            object: object(it["metadata"]["name"].as_str().unwrap()),
            uid: it["metadata"]["uid"].as_str().unwrap().to_owned(),
            generation: it["metadata"]["generation"].as_i64().unwrap(),
            version: it["metadata"]["resourceVersion"].as_str().unwrap().to_owned(),
            manager: String::new(),
            status: serde_json::from_value(it["status"].clone()).unwrap_or_default(),
        };
        self.observed.send_replace(Arc::new(names.iter().filter_map(found).map(seen).collect()));
        let bare = routes.into_iter().map(|it| ModelRoute { status: None, ..it });
        self.worlds.send_replace(Some(Arc::new(World { routes: bare.collect(), ..World::default() })));
    }

    fn count(&self, name: &str, total: u32, current: u32) {
        let mut tally = Tally::new(Reach::Whole);
        tally.add([(&object(name), &Counts { generation: Some(1), total, current, ..Counts::default() })]);
        self.tally.send_replace(Arc::new(tally));
    }

    fn patches(&self) -> Vec<(String, Value)> {
        self.server.calls(&Method::PATCH)
    }

    fn events(&self) -> Vec<String> {
        let events = self.server.calls(&Method::POST);
        assert!(events.iter().all(|(at, _)| at == EVENTS));
        events.iter().map(|(_, it)| format!("{} {}", it["reason"], it["note"]).replace('"', "")).collect()
    }
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn only_who_leads_writes_and_nothing_twice() {
    let stage = Stage::new(&["r"]);
    stage.count("r", 2, 2);
    seconds(100).await;
    assert!(stage.patches().is_empty());
    stage.leading.send_replace(true);
    seconds(3).await;
    let patches = stage.patches();
    let [(at, body)] = &patches[..] else { panic!("{patches:?}") };
    assert_eq!(*at, format!("{ROUTES}/r/status"));
    assert_eq!(body["metadata"]["uid"], "uid-r");
    assert_eq!(body["status"]["conditions"][2]["message"], "2 of 2 sidecars");
    assert_eq!(stage.events(), ["Programmed 2 of 2 sidecars"]);
    // The watch brings it, late; or another replica leads for a while.
    stage.watch(&["r"]);
    seconds(100).await;
    stage.leading.send_replace(false);
    seconds(1).await;
    stage.count("r", 3, 2);
    seconds(100).await;
    stage.count("r", 2, 2);
    stage.leading.send_replace(true);
    seconds(100).await;
    assert_eq!(stage.patches().len(), 1);
    stage.task.abort();
}

#[tokio::test(start_paused = true)]
async fn errors_are_tried_again_and_what_is_gone_is_none() {
    let stage = Stage::new(&["r", "s", "t"]);
    stage.leading.send_replace(true);
    stage.server.remove(&path("s"));
    let mut anew = stage.server.get(&path("t")).unwrap();
    anew["metadata"]["uid"] = "another".into();
    stage.server.put(&path("t"), anew);
    stage.server.fail(Some(StatusCode::INTERNAL_SERVER_ERROR));
    seconds(60).await;
    let tried = stage.patches().len();
    assert!((9..=24).contains(&tried), "{tried}");
    stage.server.fail(None);
    seconds(100).await;
    let of = |name: &str| stage.server.get(&path(name)).map(|it| it["status"]["observedGeneration"].clone());
    assert_eq!((of("r"), of("s"), of("t")), (Some(1.into()), None, Some(Value::Null)));
    let ended = stage.patches().len();
    seconds(1000).await;
    assert_eq!(stage.patches().len(), ended);
}

/// A server that does not answer holds four calls for four seconds each, and nothing else.
#[tokio::test(start_paused = true)]
async fn an_api_server_that_hangs_is_given_up_and_asked_again() {
    let names: Vec<String> = (0..20).map(|at| format!("r{at}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let stage = Stage::new(&names);
    stage.gate.set(Way::Shut);
    stage.leading.send_replace(true);
    seconds(30).await;
    stage.gate.set(Way::Open);
    seconds(60).await;
    assert_eq!(stage.patches().len(), 20);
    assert!(names.iter().all(|name| stage.server.get(&path(name)).unwrap()["status"].is_object()));
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_opens_something_is_an_event_of_who_leads() {
    let stage = Stage::new(&[]);
    let policy = |spec: Value| {
        let mut policy = ModelPolicy::new("p", serde_json::from_value(spec).unwrap());
        policy.metadata.namespace = Some("demo".to_owned());
        policy.metadata.uid = Some("u".to_owned());
        Some(Arc::new(World { policies: vec![policy], ..World::default() }))
    };
    stage.leading.send_replace(true);
    stage.server.fail(None);
    stage.worlds.send_replace(policy(json!({"models": {"deny": ["a", "b"]}})));
    seconds(10).await;
    stage.worlds.send_replace(policy(json!({"models": {"deny": ["a"]}})));
    seconds(10).await;
    stage.worlds.send_replace(Some(Arc::new(World::default())));
    seconds(10).await;
    assert_eq!(stage.events(), ["Widened no longer forbids model b", "Deleted no longer forbids model a"]);
}

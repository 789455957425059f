use std::{fs, sync::LazyLock};

use outrigger_api::{
    bootstrap::{self as files, selecting},
    encode::encode,
    key::Kind,
    v1::{BootstrapIndex, BootstrapStored},
};
use outrigger_catalog::Catalog;
use outrigger_compile::{Kind as Object, Scope, Workload, World, manifest};
use tempfile::TempDir;

use super::*;
use crate::holdings::{Holdings, tests::Pair};

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::embedded);

/// One provider with a key, one without; a route for all, and one for the workload `web`.
pub(crate) const POLICY: &str = r#"
apiVersion: v1
kind: Secret
metadata: {name: keys, namespace: demo}
stringData: {main: sk-main}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelProvider
metadata: {name: keyed, namespace: demo}
spec:
  dialects: [ChatCompletions]
  baseURL: http://keyed:8000/v1
  credentials: [{name: main, secretKeyRef: {name: keys, key: main}}]
  models: [{model: own/k}]
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelProvider
metadata: {name: free, namespace: demo}
spec: {dialects: [ChatCompletions], baseURL: "http://free:8000/v1", models: [{model: own/f}]}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelRoute
metadata: {name: k, namespace: demo}
spec: {targets: [{model: own/k, provider: keyed}]}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelRoute
metadata: {name: both, namespace: demo}
spec: {targets: [{model: own/k, provider: keyed}, {model: own/f, provider: free, priority: 1}]}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelRoute
metadata: {name: w, namespace: demo}
spec: {workloads: {selector: {matchLabels: {app: web}}}, targets: [{model: own/f, provider: free}]}
"#;

fn world(yaml: &str) -> World {
    let (objects, _) = manifest::parse("p.yaml", yaml, &|_| None);
    manifest::assemble(objects).0
}

pub(crate) fn workload(labels: &[(&str, &str)]) -> Workload {
    let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Workload { namespace: "demo".to_owned(), service_account: "default".to_owned(), labels }
}

pub(crate) fn pod(labels: &[(&str, &str)]) -> Pod {
    let Workload { namespace, service_account, labels } = workload(labels);
    Pod { namespace, service_account, labels }
}

/// Leaves the views of these workloads in `folder`, as a control plane does: the index in the first map, views in the last.
pub(crate) fn leave(folder: &Path, yaml: &str, workloads: &[Workload], written: u64) {
    let world = world(yaml);
    let objects = world.selecting("demo");
    let keys = keys(&world);
    let mut views = Vec::new();
    ["0", "3"].iter().for_each(|place| fs::create_dir_all(folder.join(place)).unwrap());
    for workload in workloads {
        let selection = world.select(workload);
        let resources = encode(&outrigger_compile::view(&world, &CATALOG, &Scope::Selected(selection.clone())).0);
        let file = files::view(&resources).unwrap();
        fs::write(folder.join("3").join(&*file.name), &file.bytes).unwrap();
        let selected = objects.iter().enumerate().filter(|(_, it)| match it.object.kind {
            Object::ModelRoute => selection.routes.contains(&it.object.name),
            _ => selection.policies.contains(&it.object),
        });
        let objects = selected.map(|(at, _)| u32::try_from(at).unwrap()).collect();
        let keys = (0..).take(keys.len()).collect();
        views.push(BootstrapStored { file: file.name.to_string(), objects, keys });
    }
    let key = |it: &outrigger_compile::ObjectRef| match it.kind {
        Object::ModelRoute => Kind::Route.key(&it.full_name()),
        _ => Kind::Policy.key(&it.full_name()),
    };
    let objects = objects.iter().map(|it| selecting(key(&it.object), it.accounts, it.labels.clone())).collect();
    let index = files::index(&BootstrapIndex { namespace: "demo".to_owned(), objects, views, keys }).unwrap();
    fs::write(folder.join("0").join(INDEX), &index.bytes).unwrap();
    fs::write(folder.join("0").join(WRITTEN), written.to_string()).unwrap();
}

/// Where the keys of the providers of `demo` lie, all of which every view here can use.
fn keys(world: &World) -> Vec<v1::BootstrapKey> {
    let own = world.providers.iter().filter(|it| it.metadata.namespace.as_deref() == Some("demo"));
    let keys = own.flat_map(|it| {
        it.spec.credentials.iter().map(|key| v1::BootstrapKey {
            provider: format!("demo/{}", it.metadata.name.as_deref().unwrap()),
            name: key.name.clone(),
            weight: key.weight,
            secret: key.secret_key_ref.name.clone(),
            key: key.secret_key_ref.key.clone(),
        })
    });
    keys.collect()
}

fn left(workloads: &[Workload]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    leave(folder.path(), POLICY, workloads, 5000);
    folder
}

pub(crate) fn serves(holdings: &Holdings, name: &str) -> String {
    let snapshot = holdings.view().assemble();
    match snapshot.routes.get(name) {
        Some(route) => {
            let target = |line: &outrigger_route::snapshot::RouteTarget| {
                snapshot.targets[line.slot as usize].provider.short_name.to_string()
            };
            route.targets.iter().map(target).collect::<Vec<_>>().join(" ")
        }
        None => {
            snapshot.closed.get(name).or(snapshot.otherwise.as_ref()).map_or("unknown", |why| why.code()).to_owned()
        }
    }
}

/// A pod that nobody has seen has the view of the others like it, and no wider one.
#[test]
fn a_pod_finds_its_own_view() {
    let folder = left(&[workload(&[]), workload(&[("app", "web")])]);
    for (labels, w) in [(&[][..], "route_not_for_workload"), (&[("app", "web"), ("new", "x")], "free")] {
        let bootstrap = Bootstrap::read(folder.path(), &pod(labels)).unwrap();
        assert_eq!(bootstrap.written, SystemTime::UNIX_EPOCH + Duration::from_secs(5));
        let holdings = Holdings::default().boot(bootstrap).unwrap();
        let told = ["k", "both", "w"].map(|name| serves(&holdings, name));
        assert_eq!(told, ["credentials_pending", "free", w], "{labels:?}");
    }
    // What was left for others is none for it.
    let folder = left(&[workload(&[("app", "web")])]);
    let none = Bootstrap::read(folder.path(), &pod(&[])).unwrap_err();
    assert_eq!(none.code(), "bootstrap_not_for_pod");
    assert!(none.shown().contains("2 objects"), "{}", none.shown());
}

/// The first words with a control plane are short: it sends the keys alone.
#[test]
fn only_keys_are_missing() {
    let folder = left(&[workload(&[])]);
    let holdings = Holdings::default().boot(Bootstrap::read(folder.path(), &pod(&[])).unwrap()).unwrap();
    let mut pair = Pair::default();
    pair.sidecar = holdings;
    // That a provider has none is said too.
    assert_eq!(pair.missing(POLICY), ["credentials/demo/free", "credentials/demo/keyed"]);
    assert!(pair.push(POLICY).is_empty());
    assert_eq!(serves(&pair.sidecar, "k"), "keyed");
}

/// A bootstrap that is newer than what was kept takes its place; keys go on where they are for the same place.
#[test]
fn keys_that_are_held_outlive_a_newer_bootstrap() {
    let mut pair = Pair::default();
    pair.push(POLICY);
    let booted = |yaml: &str| {
        let folder = tempfile::tempdir().unwrap();
        leave(folder.path(), yaml, &[workload(&[])], 9000);
        pair.sidecar.boot(Bootstrap::read(folder.path(), &pod(&[])).unwrap()).unwrap()
    };
    let same = booted(POLICY);
    assert_eq!((serves(&same, "k").as_str(), &same.revision), ("keyed", &pair.sidecar.revision));
    assert_eq!(serves(&booted(&POLICY.replace("own/k}]", "own/k}, {model: own/new}]")), "k"), "keyed");
    // To another place no key goes that was not meant for it.
    assert_eq!(serves(&booted(&POLICY.replace("keyed:8000", "other:8000")), "k"), "credentials_pending");
    // What is gone is gone.
    let (gone, _) = POLICY.split_once("---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelRoute").unwrap();
    assert_eq!(serves(&booted(gone), "k"), "unknown");
}

/// Whatever is wrong with it is said, and is no bootstrap.
#[test]
fn what_is_broken_is_not_used() {
    let read = |spoil: &dyn Fn(&Path)| {
        let folder = left(&[workload(&[])]);
        spoil(folder.path());
        Bootstrap::read(folder.path(), &pod(&[])).map(|_| ()).map_err(|why| why.code())
    };
    let view = |folder: &Path| fs::read_dir(folder.join("3")).unwrap().next().unwrap().unwrap().path();
    assert_eq!(read(&|_| ()), Ok(()));
    let broken = Err("bootstrap_broken");
    assert_eq!(read(&|it| fs::remove_file(it.join("0").join(INDEX)).unwrap()), Err("bootstrap_missing"));
    assert_eq!(read(&|it| fs::write(it.join("0").join(INDEX), "no gzip").unwrap()), broken);
    assert_eq!(read(&|it| fs::write(it.join("0").join(INDEX), vec![0; FILE + 1]).unwrap()), broken);
    assert_eq!(read(&|it| fs::remove_file(it.join("0").join(WRITTEN)).unwrap()), broken);
    assert_eq!(read(&|it| fs::write(it.join("0").join(WRITTEN), "yesterday").unwrap()), broken);
    assert_eq!(read(&|it| fs::remove_file(view(it)).unwrap()), broken);
    assert_eq!(read(&|it| fs::write(view(it), fs::read(it.join("0").join(INDEX)).unwrap()).unwrap()), broken);
    // All in one folder is as good.
    assert_eq!(read(&|it| fs::rename(view(it), it.join(view(it).file_name().unwrap())).unwrap()), Ok(()));
    // Labels that cannot be read may be what a limit selects by.
    assert_eq!(Pod::read("demo", "default", Path::new("/nowhere")).unwrap_err().code(), "bootstrap_broken");
}

/// A resource that is not what it says leaves nothing of a bootstrap: what is left may be wider.
#[test]
fn a_bootstrap_is_whole_or_none() {
    let folder = left(&[workload(&[])]);
    let mut bootstrap = Bootstrap::read(folder.path(), &pod(&[])).unwrap();
    bootstrap.resources[0].hash = vec![0; 32].into();
    assert!(Holdings::default().boot(bootstrap).unwrap_err().contains("malformed"));
}

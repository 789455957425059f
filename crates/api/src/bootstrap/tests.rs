use std::{collections::BTreeMap, sync::LazyLock};

use outrigger_catalog::Catalog;
use outrigger_compile::{Scope, Workload, World, manifest};

use super::*;
use crate::encode::encode;

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::embedded);

/// Objects that select by everything there is to select by, and keys.
const OBJECTS: &str = r#"
apiVersion: v1
kind: Secret
metadata: {name: keys, namespace: demo}
stringData: {main: sk-canary-0123456789}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelProvider
metadata: {name: main, namespace: demo}
spec:
  preset: openai
  region: us
  credentials: [{name: main, secretKeyRef: {name: keys, key: main}}]
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelRoute
metadata: {name: all, namespace: demo}
spec: {targets: [{model: openai/gpt-4o-mini}]}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelRoute
metadata: {name: web, namespace: demo}
spec:
  workloads: {selector: {matchLabels: {app: web}}}
  targets: [{model: openai/gpt-4o-mini}]
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelRoute
metadata: {name: tiers, namespace: demo}
spec:
  workloads:
    serviceAccounts: [batch, other]
    selector:
      matchExpressions:
      - {key: tier, operator: In, values: [gold, silver]}
      - {key: app, operator: NotIn, values: [web]}
  targets: [{model: openai/gpt-4o-mini}]
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelPolicy
metadata: {name: marked, namespace: demo}
spec:
  workloads: {selector: {matchExpressions: [{key: marked, operator: Exists}, {key: free, operator: DoesNotExist}]}}
  constraints: {regions: [eu]}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelPolicy
metadata: {name: nonsense, namespace: demo}
spec:
  workloads: {selector: {matchExpressions: [{key: a, operator: In}]}}
  constraints: {regions: [us]}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelPolicy
metadata: {name: org, namespace: outrigger-system}
spec: {namespaceSelector: {}, workloads: {serviceAccounts: [batch]}, bareModels: Deny}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelPolicy
metadata: {name: elsewhere, namespace: other}
spec: {bareModels: Deny}
"#;

/// The same without the policy that breaks everything.
fn sound() -> String {
    OBJECTS.replace("{key: a, operator: In}", "{key: a, operator: Exists}")
}

fn world(yaml: &str) -> World {
    let (objects, _) = manifest::parse("p.yaml", yaml, &|_| None);
    manifest::assemble(objects).0
}

fn resources(world: &World, workload: &Workload) -> Resources {
    encode(&outrigger_compile::view(world, &CATALOG, &Scope::Selected(world.select(workload))).0)
}

fn workload(account: &str, labels: &[(&str, &str)]) -> Workload {
    let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Workload { namespace: "demo".to_owned(), service_account: account.to_owned(), labels }
}

/// Every workload of the table, by its account and labels.
fn workloads() -> Vec<Workload> {
    let mut all = Vec::new();
    for account in ["default", "batch", "other", ""] {
        for app in [None, Some("web"), Some("api")] {
            for tier in [None, Some("gold"), Some("lead")] {
                for marks in [&[][..], &[("marked", "")], &[("marked", "x"), ("free", "x")]] {
                    let pair = |key, value: Option<&'static str>| value.map(|value| (key, value));
                    let labels: Vec<_> =
                        pair("app", app).into_iter().chain(pair("tier", tier)).chain(marks.iter().copied()).collect();
                    all.push(workload(account, &labels));
                }
            }
        }
    }
    all
}

fn key_of(object: &outrigger_compile::ObjectRef) -> String {
    let kind = match object.kind {
        outrigger_compile::Kind::ModelRoute => Kind::Route,
        _ => Kind::Policy,
    };
    kind.key(&object.full_name())
}

fn index_of(world: &World, views: Vec<BootstrapStored>) -> BootstrapIndex {
    let objects = world.selecting("demo").into_iter();
    let objects = objects.map(|it| selecting(key_of(&it.object), it.accounts, it.labels)).collect();
    BootstrapIndex { namespace: "demo".to_owned(), objects, views, keys: Vec::new() }
}

fn of<'i>(index: &'i BootstrapIndex, workload: &Workload) -> Result<&'i BootstrapStored, NoView> {
    let label = |key: &str| workload.labels.get(key).map(String::as_str);
    find(index, &workload.namespace, &workload.service_account, label)
}

/// Over the wire and back, an index says of every workload what the control plane says, though it never saw it.
#[test]
fn an_index_selects_what_the_objects_select() {
    let world = world(OBJECTS);
    let index = index_of(&world, Vec::new());
    let index = BootstrapIndex::decode(&*unpack(&super::index(&index).unwrap().bytes).unwrap()).unwrap();
    let mut seen = BTreeMap::new();
    for workload in workloads() {
        let label = |key: &str| workload.labels.get(key).map(String::as_str);
        let here: Vec<&str> = index
            .objects
            .iter()
            .filter(|it| selects(it, &workload.service_account, label).unwrap())
            .map(|it| it.key.as_str())
            .collect();
        let selection = world.select(&workload);
        let mut there: Vec<String> = selection.routes.iter().map(|name| format!("route/demo/{name}")).collect();
        there.extend(selection.policies.iter().map(key_of));
        let (mut here_sorted, mut there_sorted) = (here.clone(), there.iter().map(String::as_str).collect::<Vec<_>>());
        here_sorted.sort_unstable();
        there_sorted.sort_unstable();
        assert_eq!(here_sorted, there_sorted, "{workload:?}");
        assert!(here.contains(&"policy/demo/nonsense"), "what means nothing holds over everybody");
        seen.insert(there, ());
    }
    assert!(seen.len() > 8, "{seen:?}");
}

/// The view of a workload is the one that was made of exactly what selects it, and no other is ever taken for it.
#[test]
fn only_the_view_of_what_selects_a_pod_is_its_own() {
    let world = world(OBJECTS);
    let all = index_of(&world, Vec::new()).objects;
    let place = |key: &str| u32::try_from(all.iter().position(|it| it.key == key).unwrap()).unwrap();
    let stored = |keys: &[&str], file: &str| {
        let mut objects: Vec<u32> = keys.iter().map(|key| place(key)).collect();
        objects.sort_unstable();
        BootstrapStored { file: file.to_owned(), objects, keys: Vec::new() }
    };
    let views = vec![
        stored(&["route/demo/all", "policy/demo/nonsense"], "plain"),
        stored(&["route/demo/all", "route/demo/web", "policy/demo/nonsense"], "web"),
    ];
    let index = index_of(&world, views);
    let file = |workload: &Workload| of(&index, workload).map(|it| it.file.as_str());
    assert_eq!(file(&workload("default", &[("new", "pod")])), Ok("plain"));
    assert_eq!(file(&workload("never-seen", &[("app", "web")])), Ok("web"));
    // One that a policy more selects has none rather than one without that policy.
    let marked = file(&workload("default", &[("marked", "x")])).unwrap_err();
    assert_eq!(marked, NoView::NotStored(3));
    assert!(marked.to_string().contains("3 objects"), "{marked}");
    assert_eq!(
        of(&index, &Workload { namespace: "other".to_owned(), ..workload("default", &[]) }),
        Err(NoView::Elsewhere("demo".to_owned()))
    );
}

/// What is not known of a limit narrows for all anybody knows.
#[test]
fn a_requirement_that_is_not_known_is_none_that_holds() {
    let mut index = index_of(
        &world(OBJECTS),
        vec![BootstrapStored { file: "f".to_owned(), objects: Vec::new(), keys: Vec::new() }],
    );
    let web = index.objects.iter_mut().find(|it| it.key == "route/demo/web").unwrap();
    web.labels[0].requires = None;
    assert_eq!(of(&index, &workload("default", &[])), Err(NoView::Unknown));
    assert_eq!(of(&index, &workload("default", &[("app", "web")])), Err(NoView::Unknown));
}

/// A test that would see one: the same search finds the key in what is sent to a sidecar.
#[test]
fn no_key_and_no_hash_of_one_is_in_a_file() {
    const KEY: &[u8] = b"sk-canary-0123456789";
    for (yaml, refused) in [(sound().as_str(), false), (OBJECTS, true)] {
        let resources = resources(&world(yaml), &workload("default", &[]));
        let sent: Vec<u8> = resources.values().flat_map(|it| it.body.to_vec()).collect();
        let has = |hay: &[u8], needle: &[u8]| hay.windows(needle.len()).any(|it| it == needle);
        let set = v1::CredentialSet {
            provider: "demo/main".to_owned(),
            credentials: vec![v1::Credential {
                name: "main".to_owned(),
                secret: String::from_utf8(KEY.to_vec()).unwrap(),
                weight: 1,
            }],
        };
        let set = v1::Body { body: Some(v1::body::Body::Credentials(set)) }.encode_to_vec();
        let secrets: [&[u8]; 3] = [KEY, &hash(KEY), &hash(&set)];
        assert!(secrets.iter().any(|secret| has(&sent, secret)), "the search would see one: {refused}");
        let file = view(&resources).unwrap();
        let unpacked = unpack(&file.bytes).unwrap();
        for secret in secrets {
            assert!(!has(&unpacked, secret) && !has(file.name.as_bytes(), Hex(secret).to_string().as_bytes()));
        }
        let stored = BootstrapView::decode(&*unpacked).unwrap();
        assert!(stored.resources.iter().all(|it| !it.key.starts_with("credentials/")));
        assert!(stored.resources.iter().any(|it| it.key == "header"));
        assert_eq!(stored.resources.iter().any(|it| it.key == "provider/demo/main"), !refused);
    }
}

/// What a sidecar without anything is sent differs from the file by the keys alone: they are all that is sent then.
#[test]
fn a_file_holds_all_but_the_keys_as_it_is_sent() {
    let resources = resources(&world(&sound()), &workload("default", &[]));
    let stored = BootstrapView::decode(&*unpack(&view(&resources).unwrap().bytes).unwrap()).unwrap();
    let missing: Vec<&str> = resources
        .iter()
        .filter(|(key, it)| !stored.resources.iter().any(|has| *has.key == ***key && has.hash[..] == it.hash))
        .map(|(key, _)| &**key)
        .collect();
    assert_eq!(missing, ["credentials/demo/main"]);
}

/// The same policy is the same bytes and the same name, and another key changes nothing of it.
#[test]
fn a_file_is_named_by_what_it_holds() {
    let of = |yaml: &str| view(&resources(&world(yaml), &workload("default", &[]))).unwrap();
    let objects = sound();
    let one = of(&objects);
    assert_eq!(one, of(&objects));
    assert_eq!(one, of(&objects.replace("sk-canary", "sk-rotated")));
    assert_ne!(one.name, of(&objects.replace("region: us", "region: eu")).name);
    let unpacked = unpack(&one.bytes).unwrap();
    assert!(is_of_its_name(&one.name, &unpacked));
    assert!(!is_of_its_name(&one.name, &unpacked[1..]) && !is_of_its_name("view-.gz", &unpacked));
}

/// Bytes that nothing makes smaller.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1_u64;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(bytes)
    .collect()
}

#[test]
fn a_file_has_a_bound_packed_and_unpacked() {
    let fits = |bytes: usize| pack(&noise(bytes)).is_ok();
    let (mut small, mut large) = (FILE / 2, 2 * FILE);
    while large - small > 1 {
        let middle = usize::midpoint(small, large);
        if fits(middle) { small = middle } else { large = middle }
    }
    let at = pack(&noise(small)).unwrap();
    assert_eq!(at.len(), FILE);
    assert_eq!(unpack(&at).unwrap().len(), small);
    assert_eq!(pack(&noise(large)), Err(TooLarge { packed: FILE + 1, unpacked: large }));
    let zeros = pack(&vec![0; UNPACKED]).unwrap();
    assert_eq!(unpack(&zeros).unwrap().len(), UNPACKED);
    assert!(matches!(pack(&vec![0; UNPACKED + 1]), Err(TooLarge { unpacked, .. }) if unpacked == UNPACKED + 1));
}

/// Whoever may write a ConfigMap can put anything there.
#[test]
fn what_is_no_file_of_ours_is_not_unpacked() {
    let gzip = |body: &[u8]| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(body).unwrap();
        gzip.finish().unwrap()
    };
    assert!(unpack(&gzip(&vec![0; UNPACKED])).is_ok());
    assert!(unpack(&gzip(&vec![0; UNPACKED + 1])).unwrap_err().to_string().contains("unpacked"));
    assert!(unpack(&vec![0; FILE + 1]).unwrap_err().to_string().contains("larger"));
    let good = gzip(b"good");
    for bad in [&b""[..], b"no gzip at all", &good[..good.len() - 1], &good[..6]] {
        assert!(unpack(bad).is_err());
    }
}
